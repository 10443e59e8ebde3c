// What a running harvest shows, and how it looks ahead.
#include "program/harvest/run.hpp"

#include "program/harvest/line_pace.hpp"

#include <unipile/store/sqlite.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <utility>

namespace unipile::program {
namespace {

namespace asio = boost::asio;
using std::chrono::milliseconds;

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);
constexpr milliseconds live_interval{250};
constexpr milliseconds plain_interval{1'000};
/// How often the outlook is looked at anew, if that takes next to no time; and for how small a share of it otherwise.
constexpr milliseconds outlook_interval{10'000};
constexpr int outlook_share = 100;

/// What a log reports at once when it changes.
std::string state_of(const harvest_snapshot& s)
{
    return s.phase + (s.accounts.outage ? ", outage, " : ", ") + std::to_string(s.accounts.parked_count);
}

}  // namespace

asio::awaitable<void> harvest_run::show()
{
    const bool live = console_.shows_progress();
    line_pace pace;
    rate_.emplace(std::chrono::steady_clock::now());
    for (;;) {
        redraw_.expires_after(live ? live_interval : plain_interval);
        co_await redraw_.async_wait(as_result);
        const harvest_snapshot s = snapshot();
        if (live)
            console_.live(live_lines(s, console_.width()));
        else if (pace.is_due(s.elapsed, state_of(s)))
            console_.say(plain_line(s));
    }
}

harvest_snapshot harvest_run::snapshot()
{
    harvest_snapshot s;
    add_up(s.tally, s.accounts);
    s.elapsed = elapsed();
    s.now = wall_now();
    rate_->add(std::chrono::steady_clock::now(), s.tally.posts);
    s.posts_per_second = rate_->per_second();
    s.phase = phase_;
    const std::uint64_t over = s.tally.jobs_done + s.tally.jobs_failed;
    const std::uint64_t waiting = counts_.queued + counts_.delayed + counts_.leased;
    s.jobs.done = counts_.done + s.tally.jobs_done;
    s.jobs.failed = counts_.failed + s.tally.jobs_failed;
    s.jobs.leased = s.accounts.running;
    s.jobs.queued = waiting - std::min<std::uint64_t>(waiting, over + s.accounts.running);
    s.eta = time_left(basis_of(s, over));
    return s;
}

eta_basis harvest_run::basis_of(const harvest_snapshot& s, std::uint64_t jobs_over) const
{
    eta_basis basis;
    basis.elapsed = s.elapsed;
    basis.jobs_over = jobs_over;
    basis.jobs_left = s.jobs.queued + s.jobs.leased;
    if (!outlook_) return basis;
    basis.jobs_parked = outlook_->parked_jobs;
    const auto since = std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - outlook_from_);
    basis.paced = std::max(milliseconds{0}, outlook_->duration - since);
    return basis;
}

/// Keeps an eye on what the accounts' pace asks for. In a large store that takes a while, so a thread of its own does
/// it.
asio::awaitable<void> harvest_run::look_ahead()
{
    for (;;) {
        const auto began = std::chrono::steady_clock::now();
        const double each = requests_per_job();
        const auto seen = co_await asio::co_spawn(reading_, outlook(each), asio::use_awaitable);
        if (seen) {
            outlook_ = seen;
            outlook_from_ = began;
        }
        const auto took = std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - began);
        ahead_.expires_after(std::max(outlook_interval, took * outlook_share));
        co_await ahead_.async_wait(as_result);
    }
}

/// On the thread for it. Nothing if the store can't be read just now.
asio::awaitable<std::optional<pace_outlook>> harvest_run::outlook(double requests_per_job) const
{
    estimate_rules rules;
    rules.pace = plan_.pace;
    rules.pace_by_provider = plan_.pace_by_provider;
    rules.now = wall_now();
    std::optional<pace_outlook> seen;
    try {
        seen = read_outlook(*store::open_sqlite_reader(arguments_.store), std::move(rules), requests_per_job);
    } catch (const store::store_error&) {
        // Whoever writes it will say so.
    }
    co_return seen;
}

/// Of the jobs that are over, or what is usual.
double harvest_run::requests_per_job() const
{
    harvest_tally tally;
    accounts_view ignored;
    add_up(tally, ignored);
    const std::uint64_t over = tally.jobs_done + tally.jobs_failed;
    return over > 0 ? static_cast<double>(tally.requests) / static_cast<double>(over) : requests_of_new_job;
}

}  // namespace unipile::program
