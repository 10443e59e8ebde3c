// A simulator on a thread of its own, and the program run against it.
#pragma once

#include "program/output/minify.hpp"
#include "program/process.hpp"

#include <unipile/simulator.hpp>

#include <boost/test/unit_test.hpp>

#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <thread>
#include <utility>
#include <vector>

/// A simulator that serves while this lives.
class served {
public:
    explicit served(unipile::simulator::options options = {})
        : key(options.api_key), server(context_.get_executor(), std::move(options))
    {
        server.start();
        thread_ = std::thread{[this] { context_.run(); }};
    }
    ~served()
    {
        server.stop();
        context_.stop();
        thread_.join();
    }
    served(const served&) = delete;
    served& operator=(const served&) = delete;

    std::string first() const { return server.identifiers().front().identifier; }
    /// The account that lists `identifier`.
    std::string account_of(const std::string& identifier) const
    {
        for (const auto& p : server.identifiers())
            if (p.identifier == identifier) return p.account;
        return {};
    }
    /// The lines that a complete run writes for `identifier`, in order.
    std::vector<std::string> truth(const std::string& identifier) const
    {
        std::vector<std::string> lines;
        for (std::uint64_t i = 0; i < server.post_count(identifier); ++i) {
            lines.emplace_back();
            unipile::program::append_minified(lines.back(), server.post_at(identifier, i).json);
        }
        return lines;
    }
    /// The command line for `identifiers`, with further options.
    std::vector<std::string> arguments(std::vector<std::string> identifiers,
                                       std::vector<std::string> options = {}) const
    {
        std::vector<std::string> out{"posts", "--account", account_of(identifiers.front())};
        if (is_company(identifiers.front())) out.emplace_back("--company");
        out.insert(out.end(), options.begin(), options.end());
        out.insert(out.end(), identifiers.begin(), identifiers.end());
        return out;
    }
    std::map<std::string, std::string> environment() const
    {
        return {{"UNIPILE_API_KEY", key}, {"UNIPILE_DSN", server.base_url()}};
    }
    /// Runs to the end. No output may ever hold the key, and no message repeats itself.
    finished run(const std::vector<std::string>& command) const
    {
        process p{UNIPILE_PROGRAM, command, environment()};
        finished f = p.wait();
        BOOST_TEST(f.out.find(key) == std::string::npos);
        BOOST_TEST(f.err.find(key) == std::string::npos);
        BOOST_TEST(f.err.find("failed (failed)") == std::string::npos, f.err);
        BOOST_TEST(f.signal == 0);
        return f;
    }

private:
    bool is_company(const std::string& identifier) const
    {
        for (const auto& p : server.identifiers())
            if (p.identifier == identifier) return p.is_company;
        return false;
    }

    boost::asio::io_context context_{1};
    std::thread thread_;

public:
    std::string key;
    unipile::simulator::server server;
};

/// A jobs file with all that a simulator serves.
inline void write_jobs(const served& world, const std::string& file)
{
    std::ofstream out{file, std::ios::binary};
    out << "account,identifier,company\n";
    for (const auto& p : world.server.identifiers())
        out << p.account << ',' << p.identifier << ',' << (p.is_company ? "true" : "false") << '\n';
}

/// Every post that a simulator holds, as a line of an export, sorted.
inline std::vector<std::string> whole_truth(const served& world)
{
    std::vector<std::string> all;
    for (const auto& p : world.server.identifiers()) {
        std::vector<std::string> lines = world.truth(p.identifier);
        std::move(lines.begin(), lines.end(), std::back_inserter(all));
    }
    std::sort(all.begin(), all.end());
    return all;
}

/// Persons only, so that one command line can list several.
inline unipile::simulator::options small_world(std::uint64_t posts, std::uint32_t identifiers = 1)
{
    unipile::simulator::options o;
    o.identifiers = identifiers;
    o.posts_min = o.posts_max = posts;
    o.company_share = 0;
    return o;
}

/// Compares lines that are too long to be shown all.
inline boost::test_tools::predicate_result same_lines(const std::vector<std::string>& got,
                                                      const std::vector<std::string>& expected)
{
    boost::test_tools::predicate_result result{got == expected};
    std::size_t i = 0;
    while (i < got.size() && i < expected.size() && got[i] == expected[i]) ++i;
    result.message() << got.size() << " lines, expected " << expected.size() << "; they part at line " << i + 1;
    if (i < got.size()) result.message() << ": " << got[i].substr(0, 300);
    return result;
}

/// The value of a text field in a line of `--summary json`.
inline std::string field(const std::string& json, const std::string& name)
{
    const std::string start = '"' + name + "\":\"";
    const std::size_t at = json.find(start);
    if (at == std::string::npos) return {};
    const std::size_t begin = at + start.size();
    return json.substr(begin, json.find('"', begin) - begin);
}
