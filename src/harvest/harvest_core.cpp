// The consumer's side of a harvest.
#include "harvest/harvest_core.hpp"

#include "paging/client_core.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <limits>
#include <random>
#include <utility>

namespace unipile::harvest {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

std::uint64_t seed_of(const harvest_options& options)
{
    if (options.seed) return options.seed;
    std::random_device device;
    return std::uint64_t{device()} << 32 | device();
}

scheduler_options scheduling_of(const client& c, const harvest_options& options)
{
    scheduler_options s;
    s.max_running = options.max_connections ? options.max_connections : c.core()->options().max_connections;
    s.max_in_flight = options.max_in_flight;
    s.turn = options.turn_pages;
    s.fail_parked = options.when_parked == harvest_options::parked_jobs::fail;
    s.outage_patience = options.outage_patience;
    s.seed = seed_of(options);
    return s;
}

}  // namespace

harvest_core::harvest_core(const client& c, std::unique_ptr<job_source> source, harvest_options options)
    : executor_(c.get_executor()),
      client_(c.get_executor(), c.core()),
      source_(std::move(source)),
      options_(std::move(options)),
      registry_(paging::keeper_registry::of(executor_)),
      scheduler_(scheduling_of(client_, options_)),
      timer_(executor_)
{
    if (options_.pace) known_rules_.push_back(std::make_shared<pacer>(*options_.pace));
    registry_->add(*this);
}

harvest_core::~harvest_core() { registry_->remove(*this); }

// Pulls.

void harvest_core::start(std::uint64_t ticket, element_pull p)
{
    if (pulled()) {
        asio::post(executor_,
                   [p = std::move(p)]() mutable { std::move(p).finish(errc::operation_in_progress, std::nullopt); });
        return;
    }
    pull_.emplace(std::move(p));
    phase_of_pull_ = pull_phase::waiting;
    ticket_ = ticket;
    begun_ = true;
    notify();
    if (!ready()) schedule_work();
}

void harvest_core::notify()
{
    if (phase_of_pull_ == pull_phase::waiting && ready()) schedule_end_of_pull();
}

void harvest_core::schedule_end_of_pull()
{
    // Settled at the last moment, so that a cancellation up to then loses nothing.
    phase_of_pull_ = pull_phase::ending;
    element_pull p(std::move(*pull_));
    pull_.reset();
    asio::post(executor_, [self = shared_from_this(), p = std::move(p)]() mutable { self->end_pull(std::move(p)); });
}

void harvest_core::end_pull(element_pull p)
{
    phase_of_pull_ = pull_phase::none;
    error_code code = std::exchange(end_of_pull_, {});
    std::optional<harvest_element> element;
    if (!code && !p.takes_nothing()) {
        if (!elements_.empty())
            element = take();
        else if (failure_)
            code = failure_->code();
    }
    std::move(p).finish(code, std::move(element));
}

void harvest_core::cancel_pull(std::uint64_t ticket)
{
    if (!pulled() || ticket != ticket_) return;
    end_of_pull_ = asio::error::operation_aborted;
    if (phase_of_pull_ == pull_phase::waiting) schedule_end_of_pull();
}

std::optional<harvest_element> harvest_core::take()
{
    if (elements_.empty()) {
        if (over_ && failure_) throw failure(*failure_);
        return {};
    }
    const bool was_full = !has_room();
    std::optional<harvest_element> e(elements_.pop());
    if (was_full && has_room()) schedule_work();
    return e;
}

failure harvest_core::failure_of(error_code code) const
{
    return failure_ && failure_->code() == code ? *failure_ : failure(code);
}

void harvest_core::abandon(std::vector<std::shared_ptr<void>>& out) noexcept
{
    if (!pull_) return;
    out.push_back(std::make_shared<element_pull>(std::move(*pull_)));
    pull_.reset();
    phase_of_pull_ = pull_phase::none;
}

void harvest_core::client_closed() noexcept
{
    // Listings that wait for their turn don't ask for anything, and would not hear of it.
    begun_ = true;
    stop_for(failure(errc::client_closed));
}

// Elements.

/// What listings have brought, and the place behind it.
void harvest_core::deliver(job_listing& l, bool page_ends)
{
    if (l.pending.empty() && !page_ends) return;
    const auto& j = jobs_[l.index];
    harvest_element e;
    e.job = j.what;
    e.number = j.number;
    e.posts = std::exchange(l.pending, {});
    e.position = l.stream.position();
    e.page_ends = page_ends;
    if (page_ends) e.page_items = l.take_items();
    e.overlapped = j.overlapped;
    e.stats = l.stats_before + l.stream.stats();
    elements_.push(std::move(e));
}

void harvest_core::emit_end(const job& j, unipile::end_reason reason, std::optional<failure> f)
{
    harvest_element e;
    e.job = j.what;
    e.number = j.number;
    e.position = j.listing ? j.listing->stream.position() : j.at;
    e.ended = true;
    if (j.listing) e.page_items = j.listing->take_items();
    e.overlapped = j.overlapped;
    e.end_reason = reason;
    e.failure = std::move(f);
    e.stats = j.listing ? j.listing->stats_before + j.listing->stream.stats() : j.stats;
    ++(is_failure(reason) ? failed_ : completed_);
    listings_ = listings_ + e.stats;
    elements_.push(std::move(e));
}

// Answers to pages that ended.

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

bool harvest_core::jump(std::uint64_t number, const position& to, wall_time trusted_until, const position& overlap)
{
    const auto at = held_.find(number);
    if (at == held_.end()) return false;
    auto& j = jobs_[at->second];
    if (!to.belongs_to(j.what->query) || !overlap.belongs_to(j.what->query)) throw failure(errc::position_mismatch);
    std::unique_ptr<fallback> instead;
    if (trusted_until != wall_time::max()) instead = std::make_unique<fallback>(fallback{trusted_until, overlap});
    position where = to;
    set_aside(j);
    j.at = std::move(where);
    j.memory.reset();
    j.instead = std::move(instead);
    return go_on(number);
}

bool harvest_core::finish(std::uint64_t number)
{
    const auto i = held_job(number);
    if (!i) return false;
    emit_end(jobs_[*i], end_reason::stopped, std::nullopt);
    jobs_[*i] = {};
    scheduler_.drop(*i);
    notify();
    schedule_work();
    return true;
}

// The whole.

void harvest_core::stop()
{
    scheduler_.stop();
    begun_ = true;
    schedule_work();
}

void harvest_core::cancel()
{
    stop();
    for (job_index i = 0; i < jobs_.size(); ++i) {
        if (!scheduler_.is_running(i)) continue;
        auto& j = jobs_[i];
        request_result broken_off;
        const bool sent = j.admission == 0 && j.listing && !j.listing->is_unused();
        broken_off.times_sent = sent ? std::max(1u, j.listing->stream.core()->under_way()) : 0;
        if (j.listing) deliver(*j.listing, false);
        emit_end(j, end_reason::cancelled, failure(errc::harvest_stopped));
        j = {};
        request_ended(i, broken_off);
    }
    notify();
}

void harvest_core::close() noexcept
{
    closed_ = true;
    if (pulled()) end_of_pull_ = asio::error::operation_aborted;
    if (phase_of_pull_ == pull_phase::waiting) schedule_end_of_pull();
    timer_.cancel();
    jobs_.clear();
    elements_.clear();
    source_.reset();
}

bool harvest_core::unpark(std::string_view account)
{
    const auto at = accounts_.find(std::string(account));
    if (at == accounts_.end()) return false;
    scheduler_.unpark(at->second, now());
    save_ledger(at->second);
    schedule_work();
    return true;
}

// Looking on.

account_status harvest_core::status_of(account_index i, wall_time t) const
{
    const auto& ledger = scheduler_.ledger(i);
    const auto& rules = scheduler_.rules(i);
    account_status s{names_[i], ledger, rules.rules()};
    s.queued = scheduler_.queued(i);
    s.running = scheduler_.in_flight(i);
    s.next_request = rules.earliest(ledger, t);
    const auto windows = rules.rules().windows.size();
    s.left_today = windows ? rules.left(ledger, windows - 1, t) : std::numeric_limits<std::uint32_t>::max();
    return s;
}

bool harvest_core::account(std::string_view name, const std::function<void(const account_status&)>& visit) const
{
    const auto at = accounts_.find(std::string(name));
    if (at == accounts_.end()) return false;
    visit(status_of(at->second, now()));
    return true;
}

void harvest_core::accounts(const std::function<void(const account_status&)>& visit) const
{
    const wall_time t = now();
    for (account_index i = 0; i < names_.size(); ++i) visit(status_of(i, t));
}

harvest_stats harvest_core::stats() const
{
    harvest_stats s;
    s.jobs = next_number_;
    s.completed = completed_;
    s.failed = failed_;
    s.queued = scheduler_.queued();
    s.running = scheduler_.running();
    s.accounts = names_.size();
    s.parked = scheduler_.parked();
    s.buffered_bytes = elements_.bytes();
    s.source_exhausted = exhausted_;
    s.listings = listings_;
    for (const auto& j : jobs_)
        s.listings = s.listings + (j.listing ? j.listing->stats_before + j.listing->stream.stats() : j.stats);
    return s;
}

std::optional<harvest_outage> harvest_core::outage() const
{
    const outage_watch& o = scheduler_.outage();
    if (!o.is_cut_off()) return {};
    return harvest_outage{o.since(), o.next_probe(), no_answer_.value_or(failure(errc::connect_failed))};
}

wall_time harvest_core::now() const
{
    // The system's clock, since ledgers outlive the process, and since it knows how long a machine slept. Where it is
    // set back, time goes on all the same: nobody waits for it to catch up. It is read first, so that a pause between
    // the two does not look like a leap ahead.
    const auto wall = std::chrono::system_clock::now().time_since_epoch();
    const auto steady = std::chrono::steady_clock::now().time_since_epoch();
    wall_ahead_ = std::max<std::chrono::nanoseconds>(wall_ahead_, wall - steady);
    return wall_time{std::chrono::floor<std::chrono::milliseconds>(steady + wall_ahead_)};
}

stream_stats operator+(const stream_stats& a, const stream_stats& b) noexcept
{
    stream_stats s = a;
    s.posts += b.posts;
    s.pages += b.pages;
    s.rereads += b.rereads;
    s.requests += b.requests;
    s.resent += b.resent;
    s.retries += b.retries;
    s.wire_bytes += b.wire_bytes;
    s.json_bytes += b.json_bytes;
    s.anomalies += b.anomalies;
    s.quarantined += b.quarantined;
    s.repeated += b.repeated;
    s.too_old += b.too_old;
    s.waits += b.waits;
    s.waited += b.waited;
    return s;
}

}  // namespace unipile::harvest
