#include "harvest/pacer.hpp"

#include <algorithm>
#include <utility>

namespace unipile::harvest {
namespace {

using std::chrono::milliseconds;

/// Windows up to this limit are exact; the history of others is kept in this many slices.
constexpr std::uint32_t exact_limit = 128;
/// History that no window needs is kept this long, since the rules of the next run may need it.
constexpr milliseconds least_horizon = std::chrono::hours{24};
/// Bounds of what is drawn for an even spread.
constexpr double longest_exponential = 4, longest_uniform = 1.5;

milliseconds scaled(milliseconds d, double by)
{
    constexpr double most = 1e13;  // 300 years
    return milliseconds{static_cast<std::int64_t>(std::min(most, static_cast<double>(d.count()) * by))};
}

}  // namespace

pacer::pacer(pacing rules) : written_(std::move(rules)), rules_(written_), horizon_(least_horizon)
{
    rules_.check();
    if (rules_.hours) hours_.emplace(*rules_.hours);
    for (const auto& w : rules_.windows) horizon_ = std::max(horizon_, w.length);
    std::sort(rules_.windows.begin(), rules_.windows.end(),
              [](const rate_window& a, const rate_window& b) { return a.length < b.length; });
}

bool pacer::looks_back() const noexcept { return !rules_.windows.empty() || rules_.gap.most.count() > 0; }

double pacer::ramp_at(const account_ledger& ledger, wall_time now) const
{
    if (rules_.ramp.length.count() == 0) return 1;
    if (!ledger.first_used || now <= *ledger.first_used) return rules_.ramp.start;
    const double through =
        std::chrono::duration<double>(now - *ledger.first_used) / std::chrono::duration<double>(rules_.ramp.length);
    return std::min(1.0, rules_.ramp.start + (1 - rules_.ramp.start) * through);
}

std::uint32_t pacer::limit_at(const rate_window& w, const account_ledger& ledger, wall_time now) const
{
    return share_of(w, ramp_at(ledger, now) * std::clamp(ledger.pace, 0.0, 1.0));
}

std::uint32_t pacer::allowed(const rate_window& w, const account_ledger& ledger, wall_time t) const
{
    return share_of(w, ramp_at(ledger, t));
}

std::uint32_t pacer::share_of(const rate_window& w, double share) noexcept
{
    // The small addition keeps 0.3 * 10 from becoming 2.
    const auto limit = static_cast<std::uint32_t>(static_cast<double>(w.limit) * share + 1e-9);
    return std::clamp(limit, 1u, w.limit);
}

/// Returns the first time from `t` on with fewer than `limit` requests in the window.
wall_time pacer::free_from(const rate_window& w, const account_ledger& ledger, std::uint32_t limit, wall_time t)
{
    std::uint64_t counted = ledger.in_flight;
    if (counted >= limit) return t + w.length;
    for (auto it = ledger.used.rbegin(); it != ledger.used.rend() && it->at + w.length > t; ++it) {
        counted += it->count;
        if (counted >= limit) return it->at + w.length;
    }
    return t;
}

wall_time pacer::earliest(const account_ledger& ledger, wall_time now, milliseconds ahead) const
{
    wall_time t = std::max({now, ledger.next_request, ledger.resting_until});
    const bool ramps = ramp_at(ledger, t) < 1;
    for (const auto& w : rules_.windows) {
        wall_time late = free_from(w, ledger, limit_at(w, ledger, t), t);
        // During a ramp the limit may grow before the window empties. Once free, it stays free.
        for (wall_time soon = t; ramps && late - soon > milliseconds{1};) {
            const wall_time middle = soon + (late - soon) / 2;
            (free_from(w, ledger, limit_at(w, ledger, middle), middle) > middle ? soon : late) = middle;
        }
        t = std::max(t, late);
    }
    // A later time is never worse for the windows, so the hours are applied last.
    return hours_ ? hours_->next_open(t + ahead) - ahead : t;
}

std::uint32_t pacer::left(const account_ledger& ledger, std::size_t window, wall_time now) const
{
    const auto& w = rules_.windows[window];
    const std::uint32_t limit = limit_at(w, ledger, now);
    const std::uint64_t counted = ledger.used_after(now - w.length);
    return counted >= limit ? 0 : limit - static_cast<std::uint32_t>(counted);
}

milliseconds pacer::draw_gap(const account_ledger& ledger, wall_time now, random_source& random) const
{
    const double pace = std::clamp(ledger.pace, rules_.on_throttle.least_pace, 1.0);
    const auto& g = rules_.gap;
    const bool exponential = g.draw == request_gap::shape::exponential;
    milliseconds gap = g.least;
    if (g.most > g.least) {
        // The mean is a third of the range, so that the cut at its end is rarely reached.
        const double part = exponential ? std::min(1.0, random.exponential() / 3) : random.unit();
        gap += scaled(g.most - g.least, part);
    }
    if (rules_.spread > 0) {
        const double part =
            exponential ? std::min(longest_exponential, random.exponential()) : random.between(0.5, longest_uniform);
        const double even = even_gap(ledger, now) * part * rules_.spread;
        gap = std::max(gap, milliseconds{static_cast<std::int64_t>(std::min(1e13, even))});
    }
    if (pace < 1) gap = scaled(gap, 1 / pace) + scaled(rules_.on_throttle.gap, 1 / pace - 1);
    return gap;
}

/// Returns the gap that would spread the requests of each window evenly.
double pacer::even_gap(const account_ledger& ledger, wall_time now) const
{
    double even = 0;
    for (const auto& w : rules_.windows) {
        double length = static_cast<double>(w.length.count());
        // Some days of a week are closed; a window of one day is used on an open one.
        if (hours_ && w.length >= std::chrono::days{7})
            length *= hours_->share();
        else if (hours_ && w.length >= std::chrono::days{1})
            length *= hours_->day_share();
        even = std::max(even, length / (w.limit * ramp_at(ledger, now)));
    }
    return even;
}

/// Returns the upper bound of `draw_gap` at the last requests before `now`: the pace has grown and the ramp has risen
/// since.
milliseconds pacer::longest_gap(const account_ledger& ledger, wall_time now) const
{
    const double part = rules_.gap.draw == request_gap::shape::exponential ? longest_exponential : longest_uniform;
    const double pace =
        std::max(rules_.on_throttle.least_pace, std::min(1.0, ledger.pace) - rules_.on_throttle.recovery);
    const milliseconds even = scaled(milliseconds{1}, even_gap(ledger, now) * part * rules_.spread * 1.1);
    return scaled(std::max(rules_.gap.most, even), 1 / pace) + scaled(rules_.on_throttle.gap, 1 / pace - 1);
}

void pacer::adopt(account_ledger& ledger, wall_time now, random_source& random) const
{
    const wall_time last = ledger.used.empty() || ledger.in_flight > 0 ? now : ledger.used.back().at;
    if (ledger.next_request <= last + longest_gap(ledger, last)) return;
    ledger.next_request = last + draw_gap(ledger, last, random);
}

void pacer::spend(account_ledger& ledger, wall_time now, random_source& random) const
{
    if (!ledger.first_used) ledger.first_used = now;
    ++ledger.requests;
    ++ledger.in_flight;
    ledger.next_request = now + draw_gap(ledger, now, random);
}

void pacer::ended(account_ledger& ledger, wall_time now, std::uint32_t times) const
{
    --ledger.in_flight;
    ledger.requests += times - 1;
    auto& used = ledger.used;
    const auto fine = grain(milliseconds{0});
    constexpr std::uint32_t full = 0xffffffff;
    if (!used.empty() && fine.count() > 0 && used.back().count <= full - times &&
        used.back().at.time_since_epoch() / fine == now.time_since_epoch() / fine) {
        used.back().at = now;
        used.back().count += times;
    } else {
        used.push_back({now, times});
        if (used.size() % 64 == 0) compact(ledger, now);
    }
}

void pacer::pause(account_ledger& ledger, milliseconds drawn, wall_time now) const
{
    milliseconds most = rules_.gap.most;
    const double pace = std::clamp(ledger.pace, rules_.on_throttle.least_pace, 1.0);
    if (pace < 1) most = scaled(most, 1 / pace) + scaled(rules_.on_throttle.gap, 1 / pace - 1);
    ledger.next_request = std::max(ledger.next_request, now + std::min(drawn, most));
}

void pacer::rest(account_ledger& ledger, wall_time now, random_source& random) const
{
    ledger.next_request = std::max(ledger.next_request, now + draw_gap(ledger, now, random));
}

void pacer::take_back(account_ledger& ledger, bool latest, wall_time now) const
{
    --ledger.in_flight;
    if (--ledger.requests == 0) ledger.first_used.reset();
    // The gap before it had ended when the request was spent.
    if (latest) ledger.next_request = std::min(ledger.next_request, now);
}

void pacer::succeeded(account_ledger& ledger) const
{
    ledger.strikes = 0;
    ledger.pace = std::min(1.0, ledger.pace + rules_.on_throttle.recovery);
}

void pacer::throttled(account_ledger& ledger, wall_time now, std::optional<milliseconds> asked, bool long_rest,
                      random_source& random) const
{
    const auto& s = rules_.on_throttle;
    ++ledger.strikes;
    ledger.pace = std::max(s.least_pace, ledger.pace * s.factor);
    milliseconds rest = long_rest ? s.long_rest : s.first_rest;
    if (asked)
        rest = std::clamp(*asked, milliseconds{0}, s.longest_rest);
    else if (!long_rest)
        rest = std::min(s.longest_rest, scaled(s.first_rest, std::exp2(std::min(ledger.strikes - 1, 40u))));
    ledger.resting_until = std::max(ledger.resting_until, now + jittered(rest, random));
    if (s.park_after > 0 && ledger.strikes >= s.park_after && !ledger.parked)
        ledger.parked = account_ledger::parking{now, "throttled too many times in a row"};
}

milliseconds pacer::jittered(milliseconds wait, random_source& random)
{
    constexpr milliseconds most = std::chrono::minutes{5};
    return wait + scaled(std::min(wait / 10, most), random.unit());
}

/// Returns the resolution of history of that age: zero is exact, else the length of its slices.
milliseconds pacer::grain(milliseconds age) const
{
    for (const auto& w : rules_.windows) {
        if (w.length <= age) continue;
        if (w.limit <= exact_limit) return milliseconds{0};
        return w.length / exact_limit;
    }
    return least_horizon / exact_limit;
}

void pacer::compact(account_ledger& ledger, wall_time now) const
{
    auto& used = ledger.used;
    auto kept = used.begin();
    for (auto it = used.begin(); it != used.end(); ++it) {
        if (it->at + horizon_ <= now) continue;
        const auto slice = grain(now - it->at);
        if (slice.count() > 0 && kept != used.begin()) {
            auto& last = *(kept - 1);
            if (last.at.time_since_epoch() / slice == it->at.time_since_epoch() / slice &&
                last.count <= 0xffffffff - it->count) {
                last.at = it->at;
                last.count += it->count;
                continue;
            }
        }
        *kept++ = *it;
    }
    used.erase(kept, used.end());
}

void settle(account_ledger& ledger, wall_time now)
{
    milliseconds ahead{0};
    for (auto& e : ledger.used) {
        ahead = std::max(ahead, e.at - now);
        e.at = std::min(e.at, now);
    }
    std::sort(ledger.used.begin(), ledger.used.end(),
              [](const account_ledger::entry& a, const account_ledger::entry& b) { return a.at < b.at; });
    if (const auto n = std::exchange(ledger.in_flight, 0)) ledger.used.push_back({now, n});
    // Waits were set by the same clock as the last request.
    constexpr milliseconds longest = std::chrono::hours{24 * 366};
    for (auto* t : {&ledger.next_request, &ledger.resting_until}) *t = std::min(*t - ahead, now + longest);
    if (ledger.first_used) ledger.first_used = std::min(*ledger.first_used, now);
    if (ledger.parked) ledger.parked->since = std::min(ledger.parked->since, now);
    if (!(ledger.pace > 0 && ledger.pace <= 1)) ledger.pace = 1;
}

void shift(account_ledger& ledger, milliseconds by) noexcept
{
    if (by.count() == 0) return;
    for (auto& e : ledger.used) e.at += by;
    for (auto* t : {&ledger.next_request, &ledger.resting_until})
        if (*t != wall_time{}) *t += by;
    if (ledger.first_used) *ledger.first_used += by;
    if (ledger.parked) ledger.parked->since += by;
}

}  // namespace unipile::harvest
