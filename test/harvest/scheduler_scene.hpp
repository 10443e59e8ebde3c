// A scheduler with accounts and jobs, and what its tests do with it.
#pragma once

#include "harvest/scheduler.hpp"

#include <chrono>
#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

namespace unipile::harvest::scene {

inline constexpr wall_time start{std::chrono::milliseconds{1'700'000'000'000}};

inline std::shared_ptr<const pacer> rules(std::string_view text) { return std::make_shared<pacer>(parse_pacing(text)); }

inline request_result result(request_result::then next, request_result::sign signal = request_result::sign::good)
{
    request_result r;
    r.next = next;
    r.signal = signal;
    return r;
}

/// Starts all that may start now.
inline std::vector<job_index> starts(scheduler& s, wall_time now)
{
    std::vector<job_index> jobs;
    for (decision d = s.next(now); d.what == decision::kind::start; d = s.next(now)) jobs.push_back(d.job);
    return jobs;
}

inline std::vector<job_index> fails(scheduler& s, wall_time now)
{
    std::vector<job_index> jobs;
    for (decision d = s.next(now); d.what == decision::kind::fail; d = s.next(now)) jobs.push_back(d.job);
    return jobs;
}

struct fixture {
    scheduler s;
    std::vector<account_index> accounts;
    std::vector<job_index> jobs;  // account after account

    fixture(scheduler_options options, std::size_t n, std::size_t each, std::string_view text = "none") : s(options)
    {
        const auto r = rules(text);
        for (std::size_t a = 0; a < n; ++a) {
            accounts.push_back(s.add_account(r, {}, start));
            for (std::size_t j = 0; j < each; ++j) jobs.push_back(s.add_job(accounts.back(), start));
        }
    }
};

using list = std::vector<job_index>;

}  // namespace unipile::harvest::scene
