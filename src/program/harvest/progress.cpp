#include "program/harvest/progress.hpp"

#include "program/harvest/estimate_lines.hpp"
#include "program/harvest/line_pace.hpp"
#include "program/output/call_result.hpp"
#include "program/stored/open_store.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <utility>

namespace unipile::program {
namespace {

namespace asio = boost::asio;
using std::chrono::milliseconds;

constexpr milliseconds live_interval{250};
constexpr milliseconds plain_interval{1'000};
/// How often the outlook is updated if that is fast, and the share of the time that it may take otherwise.
constexpr milliseconds outlook_interval{10'000};
constexpr int outlook_share = 100;

/// Returns the state whose changes are logged at once.
std::string state_of(const harvest_snapshot& s)
{
    return s.phase + (s.accounts.outage ? ", outage, " : ", ") + std::to_string(s.accounts.parked_count);
}

/// Runs on its own thread. Returns nothing if the store can't be read at the moment.
asio::awaitable<std::optional<pace_outlook>> outlook(std::string store, estimate_rules rules, double requests_per_job,
                                                     std::shared_ptr<std::atomic<bool>> over)
{
    std::optional<pace_outlook> seen;
    try {
        const auto reader = open_reader(store, [over](const store_wait&) { return !*over; });
        const auto keep_going = [&over] { return !*over; };
        seen = read_outlook(*reader, std::move(rules), requests_per_job, keep_going);
    } catch (const store::store_error&) {
        // The process that writes the store reports the error.
    }
    co_return seen;
}

}  // namespace

harvest_progress::harvest_progress(asio::io_context& context, console& out, std::function<harvest_snapshot()> take,
                                   std::string store, estimate_rules rules)
    : console_(out),
      take_(std::move(take)),
      store_(std::move(store)),
      rules_(std::move(rules)),
      redraw_(context),
      ahead_(context)
{}

harvest_progress::~harvest_progress() { *over_ = true; }

asio::awaitable<void> harvest_progress::show()
{
    const bool live = console_.shows_progress();
    line_pace pace;
    rate_.emplace(std::chrono::steady_clock::now());
    for (;;) {
        redraw_.expires_after(live ? live_interval : plain_interval);
        co_await redraw_.async_wait(as_result);
        const harvest_snapshot s = snapshot();
        console_.flush();
        if (live)
            console_.live(live_lines(s, console_.width()));
        else if (pace.is_due(s.elapsed, state_of(s)))
            console_.say(plain_line(s));
    }
}

harvest_snapshot harvest_progress::snapshot()
{
    harvest_snapshot s = take_();
    rate_->add(std::chrono::steady_clock::now(), s.tally.posts);
    s.posts_per_second = rate_->per_second();
    s.eta = time_left(basis_of(s));
    return s;
}

eta_basis harvest_progress::basis_of(const harvest_snapshot& s) const
{
    eta_basis basis;
    basis.elapsed = s.elapsed;
    basis.jobs_over = s.jobs_over;
    basis.jobs_left = s.jobs.open();
    if (!outlook_) return basis;
    basis.jobs_parked = outlook_->parked_jobs;
    const auto since = std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - outlook_from_);
    basis.paced = std::max(milliseconds{0}, outlook_->duration - since);
    return basis;
}

asio::awaitable<void> harvest_progress::look_ahead()
{
    for (;;) {
        const auto began = std::chrono::steady_clock::now();
        estimate_rules rules = rules_;
        rules.now = wall_now();
        auto look = outlook(store_, std::move(rules), requests_per_job(), over_);
        const auto seen = co_await asio::co_spawn(reading_, std::move(look), asio::use_awaitable);
        if (seen) {
            outlook_ = seen;
            outlook_from_ = began;
        }
        const auto took = std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - began);
        ahead_.expires_after(std::max(outlook_interval, took * outlook_share));
        co_await ahead_.async_wait(as_result);
    }
}

/// Returns the average of the jobs that are over, or the usual one.
double harvest_progress::requests_per_job() const
{
    const harvest_snapshot s = take_();
    const std::uint64_t over = s.tally.jobs_done + s.tally.jobs_failed;
    return over > 0 ? static_cast<double>(s.tally.requests) / static_cast<double>(over) : requests_of_new_job;
}

}  // namespace unipile::program
