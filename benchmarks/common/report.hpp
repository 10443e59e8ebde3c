// What a measured client saw, as one line of JSON on stdout.
#pragma once

#include <sys/resource.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

namespace benchmark {

/// What every client must have touched of every post; compared with the corpus' own sums.
struct seen {
    std::uint64_t pages = 0;
    std::uint64_t posts = 0;
    std::uint64_t ids = 0;        ///< lengths and last characters
    std::uint64_t text = 0;       ///< bytes of the unescaped texts
    std::uint64_t counters = 0;   ///< the sums of reactions, comments, reposts; likes and comments on Instagram
    std::vector<float> first_ms;  ///< a page: from asking for it to holding its first post

    void first_post(std::chrono::steady_clock::time_point asked)
    {
        using milliseconds = std::chrono::duration<float, std::milli>;
        first_ms.push_back(milliseconds(std::chrono::steady_clock::now() - asked).count());
    }
    void id(std::string_view value) { ids += value.size() * 256 + static_cast<unsigned char>(value.back()); }
    seen& operator+=(const seen& other)
    {
        pages += other.pages;
        posts += other.posts;
        ids += other.ids;
        text += other.text;
        counters += other.counters;
        first_ms.insert(first_ms.end(), other.first_ms.begin(), other.first_ms.end());
        return *this;
    }
};

class stopwatch {
public:
    double wall() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count(); }

private:
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

inline double seconds(const timeval& t) { return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6; }

/// The program's own peak. `ru_maxrss` won't do: it starts with what the process that started this one had.
inline unsigned long peak_rss_kb()
{
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);)
        if (line.starts_with("VmHWM:")) return std::stoul(line.substr(6));
    return 0;
}

/// The CPU time is the whole process's: start-up and handshakes are in it.
inline void report(const seen& s, const stopwatch& watch)
{
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    std::printf(
        "{\"pages\":%llu,\"posts\":%llu,\"ids\":%llu,\"text\":%llu,\"text_unit\":\"bytes\",\"counters\":%llu,"
        "\"user\":%.6f,\"system\":%.6f,\"wall\":%.6f,\"rss_kb\":%lu",
        static_cast<unsigned long long>(s.pages), static_cast<unsigned long long>(s.posts),
        static_cast<unsigned long long>(s.ids), static_cast<unsigned long long>(s.text),
        static_cast<unsigned long long>(s.counters), seconds(usage.ru_utime), seconds(usage.ru_stime), watch.wall(),
        peak_rss_kb());
    if (std::getenv("BENCH_FIRST")) {
        const char* separator = ",\"first_ms\":[";
        for (const float ms : s.first_ms) {
            std::printf("%s%.3f", separator, static_cast<double>(ms));
            separator = ",";
        }
        std::printf("]");
    }
    std::printf("}\n");
}

}  // namespace benchmark
