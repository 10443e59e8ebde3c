#include <unipile/harvest_estimate.hpp>

#include "harvest/pacer.hpp"
#include "splitmix.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <stdexcept>
#include <utility>

namespace unipile {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds longest = std::chrono::hours{24 * 365'250};  // 1000 years
constexpr std::size_t most_curves = 64;
constexpr std::uint64_t most_forecasts = 20'000;
constexpr std::uint64_t longest_forecast = 2'000;
/// More requests than any usual account needs for its ramp.
constexpr std::uint64_t longest_curve = 10'000;

milliseconds capped(double ms)
{
    const auto most = static_cast<double>(longest.count());
    return ms < most ? milliseconds{static_cast<std::int64_t>(std::max(0.0, ms))} : longest;
}

milliseconds sum_of(milliseconds a, milliseconds b)
{
    return std::min(longest, std::min(a, longest) + std::min(b, longest));
}

std::uint64_t saturated_sum(std::uint64_t a, std::uint64_t b)
{
    return a > std::numeric_limits<std::uint64_t>::max() - b ? std::numeric_limits<std::uint64_t>::max() : a + b;
}

std::uint64_t requests_of(const account_load& load)
{
    const double each = load.requests_per_job >= 1 ? load.requests_per_job : 1;  // also if it is not a number
    const double all = std::ceil(static_cast<double>(load.jobs) * each - 1e-6);
    return all < 1e18 ? std::max(load.jobs, static_cast<std::uint64_t>(all)) : std::uint64_t{1'000'000'000'000'000'000};
}

}  // namespace

/// When a new account's requests would be sent, the first at or after zero. Computed on demand.
class harvest_estimator::curve {
public:
    curve(pacing rules, wall_time now) : pacer_(std::move(rules)), began_(now), now_(now) {}

    /// Returns how long after the beginning the n-th request is sent; n from 1 on.
    milliseconds at(std::uint64_t n)
    {
        const milliseconds t = walked(n);
        return n <= times_.size() ? t : std::max(t, least(n));
    }

    /// Returns how long `n` more requests take an account with a history.
    milliseconds after(const account_ledger& ledger, std::uint64_t n)
    {
        const milliseconds wait = pacer_.earliest(ledger, began_) - began_;
        const std::uint64_t made = ledger.first_used ? made_by(began_ - *ledger.first_used) : 0;
        const milliseconds like_new = walked(saturated_sum(made, n)) - walked(made + 1);
        return sum_of(wait, n <= longest_curve ? like_new : std::max(like_new, least(n)));
    }

    void adopt(account_ledger& ledger) { pacer_.adopt(ledger, began_, random_); }

    /// Returns how long `n` more requests take, simulated one by one.
    milliseconds forecast(account_ledger ledger, std::uint64_t n) const { return walk(ledger, n, began_) - began_; }

private:
    milliseconds walked(std::uint64_t n)
    {
        extend(n);
        return n <= times_.size() ? times_[n - 1] : straight_on(n);
    }

    wall_time walk(account_ledger& ledger, std::uint64_t n, wall_time now) const
    {
        random_source random{1};
        for (; n > 0 && now - began_ < longest; --n) {
            now = pacer_.earliest(ledger, now);
            pacer_.spend(ledger, now, random);
            pacer_.ended(ledger, now);
            pacer_.succeeded(ledger);
        }
        return now;
    }

    void extend(std::uint64_t n)
    {
        for (n = std::min(n, longest_curve); times_.size() < n;) {
            if (now_ - began_ < longest) {
                now_ = pacer_.earliest(ledger_, now_);
                pacer_.spend(ledger_, now_, random_);
                pacer_.ended(ledger_, now_);
            }
            times_.push_back(std::min(longest, std::chrono::duration_cast<milliseconds>(now_ - began_)));
        }
    }

    /// Extrapolates at the rate of the curve's later half.
    milliseconds straight_on(std::uint64_t n) const
    {
        const std::size_t half = times_.size() / 2;
        const auto gained = static_cast<double>((times_.back() - times_[half]).count());
        const double each = gained / static_cast<double>(times_.size() - 1 - half);
        return sum_of(times_.back(), capped(each * static_cast<double>(n - times_.size())));
    }

    /// Returns the minimum that each window requires.
    milliseconds least(std::uint64_t n) const
    {
        milliseconds most{0};
        for (const rate_window& w : pacer_.rules().windows) {
            const std::uint64_t full = (n - 1) / w.limit;
            most = std::max(most, capped(static_cast<double>(full) * static_cast<double>(w.length.count())));
        }
        return most;
    }

    /// Returns how many requests a new account would have made after that time.
    std::uint64_t made_by(milliseconds age)
    {
        while (times_.size() < longest_curve && (times_.empty() || times_.back() < age)) extend(times_.size() + 64);
        const auto past = std::upper_bound(times_.begin(), times_.end(), age);
        return static_cast<std::uint64_t>(past - times_.begin());
    }

    harvest::pacer pacer_;
    wall_time began_, now_;
    account_ledger ledger_;
    random_source random_{1};
    std::vector<milliseconds> times_;  ///< of each request, since the beginning
};

harvest_estimator::harvest_estimator(estimate_rules rules) : rules_(std::move(rules)), forecasts_left_(most_forecasts)
{
    rules_.pace.check();
    if (rules_.connections == 0) throw std::invalid_argument{"an estimate needs at least one connection"};
}

harvest_estimator::~harvest_estimator() = default;

harvest_estimator::curve& harvest_estimator::curve_for(const account_load& load, const std::string& provider)
{
    if (const auto own = rules_.pace_of ? rules_.pace_of(load.account) : std::nullopt) {
        std::string text = "= " + to_string(*own);
        const bool is_kept = curves_.contains(text) || curves_.size() < most_curves;
        std::unique_ptr<curve>& c = is_kept ? curves_[std::move(text)] : another_;
        if (!c || !is_kept) c = std::make_unique<curve>(*own, rules_.now);
        return *c;
    }
    // Foreign names may all differ; the recommendation differs for two of them.
    const bool known = rules_.pace_by_provider && (provider == "LINKEDIN" || provider == "INSTAGRAM");
    const std::string key = known ? provider : std::string{};
    std::unique_ptr<curve>& c = curves_[key];
    if (!c) c = std::make_unique<curve>(rules_.pace_by_provider ? pacing::recommended(key) : rules_.pace, rules_.now);
    return *c;
}

milliseconds harvest_estimator::time_for(curve& c, const account_ledger* ledger, std::uint64_t requests)
{
    if (ledger == nullptr) return c.at(requests);
    if (requests > std::min(longest_forecast, forecasts_left_)) return c.after(*ledger, requests);
    forecasts_left_ -= requests;
    return c.forecast(*ledger, requests);
}

void harvest_estimator::add(const account_load& load)
{
    if (load.jobs == 0) return;
    std::optional<account_ledger> ledger;
    if (!load.ledger.empty())
        ledger = account_ledger::from_text(load.ledger).value_or(account_ledger::used_up(rules_.now));
    if (ledger && ledger->parked && load.unparked) ledger->unpark(rules_.now);
    if (ledger && ledger->parked) {
        ++sum_.parked_accounts;
        sum_.parked_jobs = saturated_sum(sum_.parked_jobs, load.jobs);
        return;
    }
    if (ledger) harvest::settle(*ledger, rules_.now);
    const std::string& provider = load.provider.empty() && ledger ? ledger->provider : load.provider;
    curve& rules = curve_for(load, provider);
    if (ledger) rules.adopt(*ledger);
    const std::uint64_t requests = requests_of(load);
    const milliseconds time = sum_of(time_for(rules, ledger ? &*ledger : nullptr, requests), rules_.per_request);

    ++sum_.accounts;
    sum_.jobs = saturated_sum(sum_.jobs, load.jobs);
    sum_.requests = saturated_sum(sum_.requests, requests);
    if (time > std::chrono::hours{24}) ++sum_.over_a_day;
    if (sum_.accounts > 1 && time <= sum_.slowest_duration) return;
    sum_.slowest = load.account;
    sum_.slowest_duration = time;
    sum_.slowest_jobs = load.jobs;
}

harvest_estimate harvest_estimator::result() const
{
    harvest_estimate e = sum_;
    const milliseconds busy = capped(static_cast<double>(e.requests) * static_cast<double>(rules_.per_request.count()) /
                                     static_cast<double>(rules_.connections));
    e.connection_bound = e.accounts > 0 && busy > e.slowest_duration;
    e.duration = std::max(busy, e.slowest_duration);
    return e;
}

}  // namespace unipile
