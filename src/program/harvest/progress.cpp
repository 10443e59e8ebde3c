#include "program/harvest/progress.hpp"

#include "program/harvest/estimate_lines.hpp"
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

/// How often the outlook is updated if that is fast, and the share of the time that it may take otherwise.
constexpr milliseconds outlook_interval{10'000};
constexpr int outlook_share = 100;

/// Runs on its own thread. Returns nothing if the store can't be read at the moment.
asio::awaitable<std::optional<pace_outlook>> outlook(std::string store, estimate_rules rules, account_speeds speeds,
                                                     std::shared_ptr<std::atomic<bool>> over)
{
    std::optional<pace_outlook> seen;
    try {
        const auto reader = open_reader(store, [over](const store_wait&) { return !*over; });
        const auto keep_going = [&over] { return !*over; };
        seen = read_outlook(*reader, std::move(rules), speeds, keep_going);
    } catch (const store::store_error&) {
        // The process that writes the store reports the error.
    }
    co_return seen;
}

}  // namespace

harvest_progress::harvest_progress(asio::io_context& context, std::function<harvest_state(detail)> take,
                                   std::string store, estimate_rules rules)
    : take_(std::move(take)),
      store_(std::move(store)),
      rules_(std::move(rules)),
      tick_(context),
      ahead_(context),
      rate_(std::chrono::steady_clock::now())
{}

harvest_progress::~harvest_progress() { *over_ = true; }

asio::awaitable<void> harvest_progress::follow(milliseconds interval, std::function<void(const harvest_state&)> show)
{
    for (;;) {
        tick_.expires_after(interval);
        co_await tick_.async_wait(as_result);
        show(state(detail::totals));
    }
}

harvest_state harvest_progress::state(detail how_much)
{
    harvest_state s = take_(how_much);
    rate_.add(std::chrono::steady_clock::now(), s.tally.posts);
    s.posts_per_second = rate_.per_second();
    history_.add(s.elapsed, s.tally.posts);
    if (how_much == detail::all) s.posts_so_far = history_.steps();
    s.eta = time_left(basis_of(s));
    return s;
}

eta_basis harvest_progress::basis_of(const harvest_state& s) const
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
        auto look = outlook(store_, std::move(rules), speeds(), over_);
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

account_speeds harvest_progress::speeds() const
{
    const harvest_state s = take_(detail::all);
    account_speeds speeds;
    speeds.elapsed = s.elapsed;
    for (const auto& [account, counts] : s.tally.by_account) speeds.jobs_over[account] = counts.done + counts.failed;
    const std::uint64_t over = s.tally.jobs_done + s.tally.jobs_failed;
    // The average of the jobs that are over, or the usual one.
    speeds.requests_per_job =
        over > 0 ? static_cast<double>(s.tally.requests) / static_cast<double>(over) : requests_of_new_job;
    return speeds;
}

}  // namespace unipile::program
