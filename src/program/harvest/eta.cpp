#include "program/harvest/eta.hpp"

#include <algorithm>
#include <utility>

namespace unipile::program {

using std::chrono::milliseconds;

namespace {

constexpr milliseconds longest = std::chrono::hours{24 * 365'250};  // 1000 years

/// Returns the time of `left` jobs if `jobs` jobs took `time`, at most `longest`.
milliseconds scaled(milliseconds time, std::uint64_t jobs, std::uint64_t left)
{
    const double each = static_cast<double>(time.count()) / static_cast<double>(jobs);
    const double all = std::clamp(each * static_cast<double>(left), 0.0, static_cast<double>(longest.count()));
    return milliseconds{static_cast<std::int64_t>(all)};
}

/// Returns true if the account was throttled, and has not sent many requests since.
bool was_throttled(const std::string& ledger)
{
    const auto known = account_ledger::from_text(ledger);
    return known && (known->strikes > 0 || known->pace < 1);
}

}  // namespace

pace_outlook read_outlook(store::post_reader& reader, estimate_rules rules, const account_speeds& speeds,
                          const std::function<bool()>& keep_going)
{
    rules.per_request = milliseconds{0};  // the current rate covers how long requests take
    harvest_estimator estimator{std::move(rules)};
    milliseconds at_speed{0};
    reader.accounts([&](const store::account_row& row, const store::account_summary& s) {
        account_load load;
        load.account = row.account;
        load.ledger = row.ledger;
        load.provider = row.provider;
        load.jobs = s.jobs.open();
        load.requests_per_job = speeds.requests_per_job;
        load.unparked = !row.parked;
        estimator.add(load);
        const auto over = speeds.jobs_over.find(row.account);
        if (load.jobs > 0 && !row.parked && over != speeds.jobs_over.end() && over->second > 0 &&
            was_throttled(row.ledger))
            at_speed = std::max(at_speed, scaled(speeds.elapsed, over->second, load.jobs));
        return !keep_going || keep_going();
    });
    const harvest_estimate e = estimator.result();
    return {std::max(at_speed, e.duration), e.parked_jobs};
}

std::optional<milliseconds> time_left(const eta_basis& basis)
{
    const std::uint64_t left = basis.jobs_left - std::min(basis.jobs_left, basis.jobs_parked);
    if (left == 0) return std::nullopt;
    const milliseconds paced = std::min(longest, basis.paced.value_or(milliseconds{0}));
    if (basis.jobs_over == 0) return paced.count() > 0 ? std::optional{paced} : std::nullopt;
    return std::max(paced, scaled(basis.elapsed, basis.jobs_over, left));
}

}  // namespace unipile::program
