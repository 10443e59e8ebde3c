#include "program/harvest/store_watch.hpp"

#include "program/terminal/figures.hpp"
#include "program/terminal/safe_text.hpp"

#include <algorithm>
#include <iostream>
#include <utility>

namespace unipile::program {
namespace {

constexpr std::size_t longest_owner = 100;
constexpr std::size_t longest_reason = 200;

std::string text_of(const store_wait& wait)
{
    const std::string time = human_duration(wait.waited);
    switch (wait.what) {
        case store_wait::reason::lock: break;
        case store_wait::reason::contact:
            return "unipile: the database has not answered for " + time +
                   (wait.why.empty() ? "" : " (" + printable(wait.why, longest_reason) + ")") + ": it is waited for " +
                   human_duration(wait.longest - std::min(wait.longest, wait.waited)) + " more";
        case store_wait::reason::server:
            return "unipile: the database has not answered for " + time +
                   (wait.why.empty() ? "" : " (" + printable(wait.why, longest_reason) + ")") +
                   ": the harvest goes on when it does";
        case store_wait::reason::worker:
            return "unipile: another harvest (" + printable(wait.who, longest_owner) +
                   ") has this store; if it shows no heartbeat for " +
                   human_duration(wait.longest - std::min(wait.longest, wait.waited)) + " more, this one takes over";
        case store_wait::reason::upgrade:
            return "unipile: the tables of an earlier version of this program are converted, once: " +
                   std::to_string(wait.percent) + " % after " + time + "; Ctrl-C leaves the store as it was";
    }
    return "unipile: another process has locked the store for " + time +
           ": end it, or wait; the harvest goes on behind it";
}

}  // namespace

std::string store_watch::line(const store_wait& wait)
{
    constexpr std::chrono::seconds usual{3}, a_minute{60}, between_percents{10};
    if (std::exchange(last_, wait.waited) >= wait.waited) next_ = usual;
    if (wait.waited < next_) return {};
    if (wait.what == store_wait::reason::upgrade)
        next_ = wait.waited + between_percents;
    else
        next_ = std::max<std::chrono::milliseconds>(a_minute, 2 * wait.waited);
    return text_of(wait);
}

store_patience with_upgrade_lines(const std::string& store)
{
    if (is_database(store)) return {};
    return [watch = store_watch()](const store_wait& wait) mutable {
        const bool upgrade = wait.what == store_wait::reason::upgrade;
        if (const std::string line = watch.line(wait); upgrade && !line.empty()) std::cerr << line << '\n';
        return true;
    };
}

}  // namespace unipile::program
