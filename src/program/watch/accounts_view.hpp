// The state of a harvest's accounts.
#pragma once

#include <unipile/pacing.hpp>
#include <unipile/store/harvester.hpp>
#include <unipile/window_use.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace unipile::program {

/// A current outage of the server.
struct outage_view {
    wall_time since, next_attempt;
    std::string why;
};

/// One account.
struct account_view {
    std::string account, provider;
    const char* state = "";             ///< sending, ready, resting, idle, unknown, parked
    std::string why;                    ///< of a parked account
    std::size_t running = 0;            ///< requests under way
    std::size_t queued = 0;             ///< claimed jobs that are not running
    wall_time next_request{};           ///< undefined if parked
    std::optional<std::uint32_t> left;  ///< requests that the longest window still allows; empty without windows
    std::string pace;
    store::account_counts counts;     ///< of this process
    std::vector<window_use> windows;  ///< at the end: how much of its pace it has used at most
};

/// How much of a state is taken.
enum class detail {
    totals,  ///< what is counted
    all,     ///< each account, too, and what happened lately
};

struct accounts_view {
    std::size_t running = 0;       ///< requests under way
    std::size_t queued = 0;        ///< claimed jobs that are not running
    std::size_t accounts = 0;      ///< accounts that had a job in this run
    std::size_t resting = 0;       ///< of those, unable to send a request for more than a minute
    std::size_t parked_count = 0;  ///< of those, parked
    std::vector<std::pair<std::string, std::string>> parked;  ///< the first few, with the reason
    std::uint64_t left_today = 0;  ///< requests that the longest windows still allow, over all accounts
    bool bounded = false;          ///< there are such windows
    std::optional<outage_view> outage;
    std::vector<account_view> each;  ///< with `detail::all`
};

/// Returns the totals. Takes about a microsecond per account.
accounts_view view_of(const store::harvester& harvester);
/// Returns each account, with what it has done, and at the end with the use of its windows.
std::vector<account_view> each_account(const store::harvester& harvester,
                                       const std::map<std::string, store::account_counts>& counts, bool at_end = false);

}  // namespace unipile::program
