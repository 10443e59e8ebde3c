// The consumer's side of a harvest.
#include "harvest/harvest_core.hpp"

#include "paging/client_core.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/errc.hpp>

#include <algorithm>
#include <new>
#include <utility>

namespace unipile::harvest {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

failure out_of_memory_failure()
{
    failure::details d;
    d.scope = failure_scope::passing;
    d.may_pass = true;
    return failure(make_error_code(boost::system::errc::not_enough_memory), std::move(d));
}

scheduler_options scheduling_of(const paging::client_core& c, const harvest_options& options)
{
    scheduler_options s;
    s.max_running = options.max_connections ? options.max_connections : c.options().max_connections;
    s.max_in_flight = options.max_in_flight;
    s.turn = options.turn_pages;
    s.fail_parked = options.when_parked == harvest_options::parked_jobs::fail;
    // Longer values are no bound; a sum with a time must not overflow.
    s.outage_patience = std::min<std::chrono::milliseconds>(options.outage_patience, std::chrono::years{100});
    s.seed = seed_or_random(options.seed);
    return s;
}

}  // namespace

harvest_core::harvest_core(const client& c, std::shared_ptr<job_source> source, harvest_options options,
                           std::shared_ptr<harvest_clock> time)
    : executor_(c.get_executor()),
      client_(detail::access::core(c)),
      source_(std::move(source)),
      options_(std::move(options)),
      registry_(paging::keeper_registry::of(executor_)),
      clock_(std::move(time)),
      scheduler_(scheduling_of(*client_, options_)),
      no_memory_(out_of_memory_failure())
{
    if (options_.pace) known_rules_.push_back(std::make_shared<pacer>(*options_.pace));
    registry_->add(*this);
}

harvest_core::~harvest_core() { registry_->remove(*this); }

// Pulls.

void harvest_core::start(std::uint64_t ticket, element_pull p)
{
    if (!pull_.begin(executor_, ticket, std::move(p))) return;
    begun_ = true;
    if (ready())
        if (const auto at_once = pull_.immediate(executor_)) return end_pull(at_once);
    guarded([&] {
        notify();
        if (!ready()) schedule_work();
        return true;
    });
}

void harvest_core::notify()
{
    if (pull_.is_waiting() && ready()) schedule_end_of_pull();
}

void harvest_core::schedule_end_of_pull() { pull_.schedule_end(executor_, shared_from_this()); }

void harvest_core::end_pull(const asio::any_completion_executor& at_once)
{
    element_pull p(pull_.take());
    pull_result result;
    result.code = pull_.take_code();
    if (!result.code && p.is_for<next_handler>()) {
        if (!elements_.empty())
            result.element = take();
        else if (failure_)
            result.code = failure_->code();
    }
    std::move(p).finish(std::move(result), at_once);
}

void harvest_core::cancel_pull(std::uint64_t ticket)
{
    if (!pull_.cancel(ticket)) return;
    guarded([&] {
        if (pull_.is_waiting()) schedule_end_of_pull();
        return true;
    });
}

std::optional<harvest_element> harvest_core::take()
{
    if (elements_.empty()) {
        if (over_ && failure_) throw failure(*failure_);
        return {};
    }
    const bool was_full = !has_capacity();
    std::optional<harvest_element> e(elements_.pop());
    if (was_full && has_capacity()) guarded([&] { return schedule_work(), true; });
    return e;
}

failure harvest_core::failure_of(error_code code) const
{
    return failure_ && failure_->code() == code ? *failure_ : failure(code);
}

void harvest_core::client_closed() noexcept
{
    // Listings that wait for their turn do not send requests, and would not notice.
    begun_ = true;
    guarded([&] { return stop_for(failure(errc::client_closed)), true; });
}

// Elements.

/// Delivers the posts of a listing, and the place behind them.
void harvest_core::deliver(job_listing& l, bool page_ends)
{
    if (l.pending.empty() && l.no_posts.empty() && !page_ends) return;
    const auto& j = jobs_[l.index];
    harvest_element e;
    e.job = j.what;
    e.number = j.number;
    e.position = l.safe;
    e.page_ends = page_ends;
    e.overlapped = j.overlapped;
    e.reread = std::exchange(l.reread, false);
    e.stats = l.stats();
    // The posts are taken from the listing only when their element is stored.
    elements_.push(std::move(e));
    auto& pushed = elements_.back();
    if (page_ends) pushed.page_items = l.take_items();
    elements_.give(std::exchange(l.pending, {}), std::exchange(l.no_posts, {}));
}

void harvest_core::emit_end(const job& j, unipile::end_reason reason, std::optional<failure> f)
{
    harvest_element e;
    e.job = j.what;
    e.number = j.number;
    e.position = j.listing ? j.listing->state().place() : j.at;
    e.ended = true;
    e.overlapped = j.overlapped;
    e.end_reason = reason;
    e.failure = std::move(f);
    e.stats = j.listing ? j.listing->stats() : j.stats;
    const auto stats = e.stats;
    elements_.push(std::move(e));
    if (j.listing) elements_.back().page_items = j.listing->take_items();
    ++(is_failure(reason) ? failed_ : completed_);
    listings_ = listings_ + stats;
}

// Answers to pages that have ended.

std::optional<job_index> harvest_core::held_job(std::uint64_t number)
{
    const auto at = held_.find(number);
    if (at == held_.end()) return {};
    const job_index i = at->second;
    held_.erase(at);
    return i;
}

bool harvest_core::go_on(std::uint64_t number)
{
    const auto i = held_job(number);
    if (!i) return false;
    scheduler_.release(*i, now());
    schedule_work();
    return true;
}

/// Returns null if positions do not expire.
auto harvest_core::fallback_of(wall_time trusted_until, const position& overlap) const -> std::unique_ptr<fallback>
{
    if (trusted_until > now() + std::chrono::years(100)) return nullptr;
    return std::make_unique<fallback>(fallback{trusted_until - clock_.ahead(), overlap});
}

bool harvest_core::jump(std::uint64_t number, const position& to, wall_time trusted_until, const position& overlap)
{
    const auto at = held_.find(number);
    if (at == held_.end()) return false;
    auto& j = jobs_[at->second];
    if (!to.belongs_to(j.what->query) || !overlap.belongs_to(j.what->query)) throw failure(errc::position_mismatch);
    auto instead = fallback_of(trusted_until, overlap);
    position where = to;
    set_aside(j);
    j.at = std::move(where);
    j.memory.reset();
    j.instead = std::move(instead);
    j.overlapped = false;
    return go_on(number);
}

bool harvest_core::finish(std::uint64_t number)
{
    const auto at = held_.find(number);
    if (at == held_.end()) return false;
    const job_index i = at->second;
    emit_end(jobs_[i], end_reason::stopped, std::nullopt);
    release(jobs_[i]);
    held_.erase(at);
    scheduler_.drop(i);
    notify();
    schedule_work();
    return true;
}

// The end of the harvest.

void harvest_core::stop()
{
    scheduler_.stop();
    begun_ = true;
    // Requests that wait for a connection are further ones, and the wait may be long.
    break_off_running([this](job_index i) { return waits_for_connection(i); });
    schedule_work();
}

void harvest_core::cancel()
{
    cancelled_ = true;
    stop();
    break_off_running([](job_index) { return true; });
}

bool harvest_core::waits_for_connection(job_index i) const
{
    const job& j = jobs_[i];
    return j.admission == 0 && j.listing && j.listing->is_unsent();
}

void harvest_core::break_off_running(const std::function<bool(job_index)>& is_meant)
{
    for (job_index i = 0; i < jobs_.size() && !closed_; ++i)
        if (scheduler_.is_running(i) && jobs_[i].what && is_meant(i)) break_off(i);
    notify();
}

/// Ends a job during its request.
void harvest_core::break_off(job_index i)
{
    auto& j = jobs_[i];
    request_result broken_off;
    const bool sent = j.admission == 0 && j.listing && j.listing->is_sent();
    broken_off.times_sent = sent ? std::max(1u, j.listing->under_way()) : 0;
    if (j.listing) deliver(*j.listing, false);
    emit_end(j, end_reason::cancelled, stopped_);
    release_listing(std::move(j.listing));
    j = {};
    request_ended(i, broken_off);
}

/// Releases a listing, which may be within a call of its observer, in which it must not be stopped.
void harvest_core::release_listing(std::shared_ptr<job_listing> l) noexcept
{
    if (!l) return;
    l->over = true;
    try {
        asio::post(executor_, [l] { l->stop(); });
    } catch (const std::bad_alloc&) {
        l->stop();
    }
}

void harvest_core::close() noexcept
{
    closed_ = true;
    pull_.cancel();
    try {
        if (pull_.is_waiting()) schedule_end_of_pull();
    } catch (const std::bad_alloc&) {
        // Its handler is destroyed together with this core.
    }
    clock_.source().cancel();
    for (auto& j : jobs_) release_listing(std::move(j.listing));
    jobs_.clear();
    arrivals_.clear();
    elements_.clear();
    source_.reset();
}

void harvest_core::set_paused(bool paused)
{
    scheduler_.set_paused(paused);
    schedule_work();
}

void harvest_core::set_max_connections(std::size_t n)
{
    const std::size_t most = client_->options().max_connections;
    scheduler_.set_max_running(n == 0 ? most : std::min(n, most));
    schedule_work();
}

bool harvest_core::park(std::string_view account, std::string reason)
{
    const auto at = accounts_.find(std::string(account));
    if (at == accounts_.end() || gone_[at->second]) return false;
    scheduler_.park(at->second, std::move(reason), now());
    schedule_work();
    save_ledger(at->second);
    return true;
}

bool harvest_core::unpark(std::string_view account)
{
    const auto at = accounts_.find(std::string(account));
    // The ledger of one that was forgotten is elsewhere.
    if (at == accounts_.end() || gone_[at->second]) return false;
    scheduler_.unpark(at->second, now());
    schedule_work();
    save_ledger(at->second);
    return true;
}

bool harvest_core::leave(std::string_view account)
{
    const auto at = accounts_.find(std::string(account));
    if (at == accounts_.end()) return false;
    const account_index a = at->second;
    if (!scheduler_.is_leaving(a)) {
        scheduler_.leave(a, now());
        break_off_running([this, a](job_index i) { return scheduler_.account_of(i) == a && waits_for_connection(i); });
        schedule_work();
    }
    return true;
}

bool harvest_core::forget(std::string_view account)
{
    const auto at = accounts_.find(std::string(account));
    if (at == accounts_.end()) return true;
    if (!gone_[at->second]) gone_[at->second] = scheduler_.forget_account(at->second);
    return gone_[at->second];
}

}  // namespace unipile::harvest
