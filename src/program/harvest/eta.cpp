#include "program/harvest/eta.hpp"

#include <algorithm>
#include <utility>

namespace unipile::program {

using std::chrono::milliseconds;

namespace {

constexpr milliseconds longest = std::chrono::hours{24 * 365'250};  // 1000 years

}  // namespace

pace_outlook read_outlook(store::post_reader& reader, estimate_rules rules, double requests_per_job,
                          const std::function<bool()>& keep_going)
{
    rules.per_request = milliseconds{0};  // the current rate covers how long requests take
    harvest_estimator estimator{std::move(rules)};
    reader.accounts([&](const store::account_row& row, const store::account_summary& s) {
        account_load load;
        load.account = row.account;
        load.ledger = row.ledger;
        load.provider = row.provider;
        load.jobs = s.jobs.open();
        load.requests_per_job = requests_per_job;
        load.unparked = !row.parked;
        estimator.add(load);
        return !keep_going || keep_going();
    });
    const harvest_estimate e = estimator.result();
    return {e.duration, e.parked_jobs};
}

std::optional<milliseconds> time_left(const eta_basis& basis)
{
    const std::uint64_t left = basis.jobs_left - std::min(basis.jobs_left, basis.jobs_parked);
    if (left == 0) return std::nullopt;
    const milliseconds paced = std::min(longest, basis.paced.value_or(milliseconds{0}));
    if (basis.jobs_over == 0) return paced.count() > 0 ? std::optional{paced} : std::nullopt;
    const double each = static_cast<double>(basis.elapsed.count()) / static_cast<double>(basis.jobs_over);
    const double all = std::clamp(each * static_cast<double>(left), 0.0, static_cast<double>(longest.count()));
    return std::max(paced, milliseconds{static_cast<std::int64_t>(all)});
}

}  // namespace unipile::program
