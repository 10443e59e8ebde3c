// What a measured client is asked to do: the same words for every language, from the environment.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace benchmark {

struct task {
    std::string url;                       ///< BENCH_URL: `https://localhost:PORT`
    std::string port;                      ///< of `url`
    std::string ca_file;                   ///< BENCH_CA
    std::string api_key;                   ///< UNIPILE_API_KEY
    std::vector<std::string> identifiers;  ///< the lines of the file BENCH_JOBS
    std::size_t connections = 8;           ///< BENCH_CONNECTIONS
    std::size_t open = 8;                  ///< BENCH_OPEN: listings open at once; default: one a connection
    std::size_t threads = 1;               ///< BENCH_THREADS, a client each
};

inline std::string environment(const char* name, const char* fallback = nullptr)
{
    if (const char* value = std::getenv(name); value && *value) return value;
    if (fallback) return fallback;
    throw std::runtime_error(std::string(name) + " is not set");
}

inline task task_from_environment()
{
    task t;
    t.url = environment("BENCH_URL");
    t.port = t.url.substr(t.url.rfind(':') + 1);
    t.ca_file = environment("BENCH_CA");
    t.api_key = environment("UNIPILE_API_KEY");
    t.connections = std::stoul(environment("BENCH_CONNECTIONS", "8"));
    t.open = std::stoul(environment("BENCH_OPEN", std::to_string(t.connections).c_str()));
    t.threads = std::stoul(environment("BENCH_THREADS", "1"));
    std::ifstream jobs(environment("BENCH_JOBS"));
    for (std::string line; std::getline(jobs, line);)
        if (!line.empty()) t.identifiers.push_back(line);
    if (t.identifiers.empty()) throw std::runtime_error("BENCH_JOBS names no identifiers");
    return t;
}

inline std::string target(const std::string& identifier, const std::string& cursor)
{
    std::string out = "/api/v1/users/" + identifier + "/posts?account_id=account&limit=100";
    if (!cursor.empty()) out.append("&cursor=").append(cursor);
    return out;
}

}  // namespace benchmark
