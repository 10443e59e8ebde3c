// The expected duration of a harvest.
#pragma once

#include <unipile/account_ledger.hpp>
#include <unipile/pacing.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#pragma GCC visibility push(default)
namespace unipile {

/// The work that an account has left.
struct account_load {
    std::string account;
    std::string ledger;    ///< stored text of its ledger; empty or damaged: as for an account that was never used
    std::string provider;  ///< as the API spells it; empty: as in the ledger
    std::uint64_t jobs = 0;
    double requests_per_job = 2;  ///< expected, on average
    bool unparked = false;        ///< the account was unparked after its ledger was stored
};

/// What the estimate assumes.
struct estimate_rules {
    pacing pace;
    bool pace_by_provider = false;  ///< use the recommended pace of each account's provider instead of `pace`
    /// The rules for single accounts, see `harvest_options::pace_of`; empty: none has its own.
    std::function<std::optional<pacing>(std::string_view account)> pace_of;
    std::size_t connections = 1;                   ///< requests at once, at least 1
    std::chrono::milliseconds per_request{1'000};  ///< about how long one request takes
    wall_time now{};
};

/// The result of an estimate.
struct harvest_estimate {
    std::uint64_t accounts = 0;  ///< accounts with jobs that are not parked
    std::uint64_t jobs = 0, requests = 0;
    std::chrono::milliseconds duration{0};  ///< until the last answer; capped at 1000 years
    bool connection_bound = false;          ///< more connections would shorten it
    std::string slowest;                    ///< the account that takes longest; empty if there is none
    std::chrono::milliseconds slowest_duration{0};
    std::uint64_t slowest_jobs = 0;
    std::uint64_t over_a_day = 0;                        ///< accounts that need longer than a day
    std::uint64_t parked_accounts = 0, parked_jobs = 0;  ///< waiting for their owner; not included elsewhere
};

/// Adds up accounts, in a few microseconds each, whatever their number and their jobs. The first accounts with a
/// history are simulated request by request; further ones are taken for new accounts from the same day of their life
/// on. Pure: no clock, no I/O.
class harvest_estimator {
public:
    /// Throws std::invalid_argument for rules that can't work.
    explicit harvest_estimator(estimate_rules rules);
    ~harvest_estimator();

    /// Adds an account. One without jobs changes nothing.
    void add(const account_load& load);
    /// Returns the estimate for the accounts added so far.
    harvest_estimate result() const;

private:
    class curve;
    curve& curve_for(const account_load& load, const std::string& provider);
    std::chrono::milliseconds time_for(curve& c, const account_ledger* ledger, std::uint64_t requests);

    estimate_rules rules_;
    harvest_estimate sum_;
    std::uint64_t forecasts_left_;                          ///< requests that may still be simulated one by one
    std::map<std::string, std::unique_ptr<curve>> curves_;  ///< by provider, or by rules
    std::unique_ptr<curve> another_;                        ///< of rules beyond the first few
};

}  // namespace unipile
#pragma GCC visibility pop
