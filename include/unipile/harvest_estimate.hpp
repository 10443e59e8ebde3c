// How long a harvest is going to take.
#pragma once

#include <unipile/account_ledger.hpp>
#include <unipile/pacing.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

namespace unipile {

/// What an account has still to do.
struct account_load {
    std::string account;
    std::string ledger;    ///< its stored text; empty, damaged: as for an account that was never used
    std::string provider;  ///< as the API spells it; empty: as the ledger says
    std::uint64_t jobs = 0;
    double requests_per_job = 2;  ///< expected, on average
    bool unparked = false;        ///< since its ledger was stored
};

struct estimate_rules {
    pacing pace;
    bool pace_by_provider = false;  ///< what is recommended for each account's provider, instead of `pace`
    std::size_t connections = 1;
    std::chrono::milliseconds per_request{1'000};  ///< how long a connection is busy with a request, about
    wall_time now{};
};

struct harvest_estimate {
    std::uint64_t accounts = 0;  ///< with jobs, and not parked
    std::uint64_t jobs = 0, requests = 0;
    std::chrono::milliseconds duration{0};  ///< until the last answer, capped at 1000 years
    bool connection_bound = false;          ///< more connections would make it shorter
    std::string slowest;                    ///< account; empty if there is none
    std::chrono::milliseconds slowest_duration{0};
    std::uint64_t slowest_jobs = 0;
    std::uint64_t over_a_day = 0;                        ///< accounts that need longer than a day
    std::uint64_t parked_accounts = 0, parked_jobs = 0;  ///< wait for their owner; counted nowhere else
};

/// Adds up accounts; a few microseconds each, whatever their number and their jobs: the first ones with a history are
/// forecast request by request, further ones by what a new account would do from the same day of its life on. Pure: no
/// clock, no I/O.
class harvest_estimator {
public:
    /// Throws std::invalid_argument for rules that make no sense.
    explicit harvest_estimator(estimate_rules rules);
    ~harvest_estimator();

    /// An account without jobs changes nothing.
    void add(const account_load& load);
    harvest_estimate result() const;

private:
    class curve;
    curve& curve_for(const std::string& provider);
    std::chrono::milliseconds time_for(const account_ledger* ledger, const std::string& provider,
                                       std::uint64_t requests);

    estimate_rules rules_;
    harvest_estimate sum_;
    std::uint64_t forecasts_left_;                          ///< requests that may still be forecast one by one
    std::map<std::string, std::unique_ptr<curve>> curves_;  ///< by provider
};

}  // namespace unipile
