// What a harvest does when something has happened.
#include "harvest/harvest_core.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <chrono>
#include <new>
#include <utility>

namespace unipile::harvest {

namespace asio = boost::asio;
using boost::system::error_code;
using std::chrono::milliseconds;

namespace {

/// Elements that may wait, whatever their size: those of failed jobs have none.
constexpr std::size_t max_waiting_elements = 1024;
/// Jobs taken from the source at once.
std::size_t handful(std::size_t max_queued) noexcept { return std::clamp<std::size_t>(max_queued / 4, 1, 256); }
/// The longest sleep, so that a change of the system's clock is noticed.
constexpr milliseconds longest_sleep{30'000};

failure stopped() { return failure(errc::harvest_stopped); }

failure parked(const account_ledger& ledger)
{
    failure::details d;
    d.scope = failure_scope::account;
    d.may_pass = false;
    if (ledger.parked) d.note = ledger.parked->reason;
    return failure(errc::account_parked, std::move(d));
}

}  // namespace

void harvest_core::schedule_work()
{
    if (work_scheduled_ || closed_) return;
    work_scheduled_ = true;
    asio::post(executor_, [weak = weak_from_this()] {
        if (const auto self = weak.lock()) {
            self->work_scheduled_ = false;
            self->work();
        }
    });
}

void harvest_core::work()
try {
    if (closed_ || over_ || !begun_) return;
    resume_stalled();
    decide();
    pull_jobs();
    if (is_over()) {
        over_ = true;
        timer_.cancel();
        source_.reset();
    }
    notify();
} catch (const std::bad_alloc&) {
    stop_for(failure(make_error_code(boost::system::errc::not_enough_memory)));
}

bool harvest_core::has_room() const noexcept
{
    return elements_.bytes() < options_.max_buffered_bytes && elements_.size() < max_waiting_elements;
}

bool harvest_core::is_over() const noexcept
{
    if (scheduler_.queued() > 0 || scheduler_.running() > 0) return false;
    return scheduler_.stopped() || (exhausted_ && !pulling_);
}

/// Nothing runs, nothing can come, and what is left belongs to accounts that are parked.
bool harvest_core::is_stuck() const noexcept
{
    return !wants_jobs() && !pulling_ && held_.empty() && scheduler_.running() == 0 && scheduler_.queued() > 0;
}

void harvest_core::decide()
{
    while (has_room()) {
        const decision d = scheduler_.next(now());
        switch (d.what) {
            case decision::kind::start: start_request(d.job); break;
            case decision::kind::fail: end_unstarted(d.job); break;
            case decision::kind::wait: return sleep_until(d.until);
            case decision::kind::nothing:
                if (scheduler_.stopped() || !is_stuck()) return;
                scheduler_.give_up_parked();
                break;
        }
    }
}

void harvest_core::sleep_until(wall_time t)
{
    if (sleeps_ && wakes_ <= t) return;
    sleeps_ = true;
    const wall_time from = now();
    wakes_ = std::min(t, from + longest_sleep);
    timer_.expires_after(std::max(wakes_ - from, milliseconds{1}));
    timer_.async_wait([weak = weak_from_this()](error_code error) {
        const auto self = weak.lock();
        if (!self || error) return;
        self->sleeps_ = false;
        self->work();
    });
}

// Jobs come in.

bool harvest_core::wants_jobs() const noexcept
{
    if (exhausted_ || scheduler_.stopped()) return false;
    return scheduler_.queued() + handful(options_.max_queued) <= options_.max_queued;
}

void harvest_core::pull_jobs()
{
    if (pulling_ || !wants_jobs() || !has_room()) return;
    pulling_ = true;
    job_request request;
    request.count = handful(options_.max_queued);
    request.has_enough = [weak = weak_from_this()](std::string_view account) {
        const auto self = weak.lock();
        if (!self) return true;
        const auto at = self->accounts_.find(std::string(account));
        if (at == self->accounts_.end()) return false;
        return self->scheduler_.ledger(at->second).parked.has_value() ||
               self->scheduler_.queued(at->second) >= self->options_.max_queued_per_account;
    };
    source_->async_pull(std::move(request), [weak = weak_from_this(), executor = executor_](
                                                error_code code, std::vector<harvest_job> jobs) {
        asio::post(executor, [weak, code, jobs = std::move(jobs)]() mutable {
            if (const auto self = weak.lock()) self->jobs_arrived(code, std::move(jobs));
        });
    });
}

void harvest_core::jobs_arrived(error_code code, std::vector<harvest_job> jobs)
{
    pulling_ = false;
    if (closed_ || over_) return;
    if (code) stop_for(failure(code));
    if (jobs.empty()) exhausted_ = true;
    for (auto& j : jobs) take_in(std::move(j));
    work();
}

void harvest_core::take_in(harvest_job taken)
{
    job j;
    j.what = std::make_shared<const harvest_job>(std::move(taken));
    j.at = j.what->from;
    j.number = next_number_++;
    if (j.at.ended() != end_reason::none) return emit_end(j, j.at.ended(), std::nullopt);
    if (j.what->trusted_until != wall_time::max())
        j.instead = std::make_unique<fallback>(fallback{j.what->trusted_until, j.what->overlap});
    try {
        // Only to see whether it can be sent at all, before it costs its account a request.
        (void)client_.posts(j.what->query, j.at);
        if (j.instead) (void)client_.posts(j.what->query, j.instead->overlap);
    } catch (const failure& f) {
        return emit_end(j, end_reason::failed, f);
    }
    const account_index a = account_of(j.what->query.account_id);
    const job_index i = scheduler_.add_job(a, now());
    if (i >= jobs_.size()) jobs_.resize(i + 1);
    jobs_[i] = std::move(j);
}

account_index harvest_core::account_of(const std::string& name)
{
    if (const auto at = accounts_.find(name); at != accounts_.end()) return at->second;
    account_ledger ledger;
    if (options_.load_ledger) ledger = options_.load_ledger(name).value_or(account_ledger());
    auto rules = rules_for(name, ledger.provider);
    const account_index i = scheduler_.add_account(std::move(rules), std::move(ledger), now());
    names_.push_back(name);
    accounts_.emplace(name, i);
    return i;
}

std::shared_ptr<const pacer> harvest_core::rules_for(const std::string& account, const std::string& provider)
{
    std::optional<pacing> own;
    if (options_.pace_of) own = options_.pace_of(account);
    if (!own) own = options_.pace ? *options_.pace : pacing::recommended(provider);
    const auto same = [&](const auto& known) { return known->written() == *own; };
    if (const auto at = std::find_if(known_rules_.begin(), known_rules_.end(), same); at != known_rules_.end())
        return *at;
    // Accounts that go by the same rules share them. If nearly all have rules of their own, searching costs too much.
    auto made = std::make_shared<pacer>(std::move(*own));
    if (known_rules_.size() < 64) known_rules_.push_back(made);
    return made;
}

void harvest_core::learn_provider(account_index i, std::string_view provider)
{
    if (provider.empty() || scheduler_.ledger(i).provider == provider) return;
    scheduler_.set_provider(i, std::string(provider));
    scheduler_.set_rules(i, rules_for(names_[i], std::string(provider)), now());
}

void harvest_core::save_ledger(account_index i) const
{
    if (options_.save_ledger) options_.save_ledger(names_[i], scheduler_.ledger(i));
}

// Jobs end without having run.

void harvest_core::end_unstarted(job_index i)
{
    const job j = std::exchange(jobs_[i], {});
    held_.erase(j.number);
    if (scheduler_.stopped())
        emit_end(j, end_reason::cancelled, stopped());
    else
        emit_end(j, end_reason::failed, parked(scheduler_.ledger(scheduler_.account_of(i))));
}

void harvest_core::stop_for(failure f)
{
    if (!failure_) failure_ = std::move(f);
    scheduler_.stop();
    schedule_work();
}

// Listings.

void harvest_core::start_request(job_index i)
{
    const account_index a = scheduler_.account_of(i);
    if (!options_.admit || !scheduler_.rules(a).looks_back()) {
        save_ledger(a);
        return send_request(i);
    }
    const auto admission = jobs_[i].admission = ++last_admission_;
    jobs_[i].asked = now();
    options_.admit(names_[a], scheduler_.ledger(a),
                   [weak = weak_from_this(), executor = executor_, i, admission](error_code code) {
                       asio::post(executor, [weak, i, admission, code] {
                           if (const auto self = weak.lock()) self->admitted(i, admission, code);
                       });
                   });
}

void harvest_core::admitted(job_index i, std::uint64_t admission, error_code code)
try {
    // Cancelled meanwhile, or all is gone.
    if (closed_ || i >= jobs_.size() || jobs_[i].admission != admission) return;
    jobs_[i].admission = 0;
    scheduler_.held_up(i, now() - jobs_[i].asked);
    if (code) stop_for(failure(code));
    if (scheduler_.stopped())
        scheduler_.not_sent(i, now()), save_ledger(scheduler_.account_of(i));
    else
        send_request(i);
    work();
} catch (const std::bad_alloc&) {
    stop_for(failure(make_error_code(boost::system::errc::not_enough_memory)));
}

void harvest_core::send_request(job_index i)
{
    auto& j = jobs_[i];
    choose_position(j);
    if (!j.listing) {
        try {
            j.listing = std::make_shared<job_listing>(i, client_.posts(query_from(j), j.at), j.stats);
            if (const auto memory = std::exchange(j.memory, nullptr))
                j.listing->stream.core()->remember(std::move(*memory));
        } catch (const failure& f) {
            emit_end(j, end_reason::failed, f);
            jobs_[i] = {};
            request_result nothing;
            nothing.times_sent = 0;
            return request_ended(i, nothing);
        }
    }
    listen_elsewhere();
    j.listing->grant(scheduler_.others_were_answered(i));
    pull_posts(*j.listing);
}

/// Positions are judged when they are used.
void harvest_core::choose_position(job& j) const
{
    const auto instead = std::exchange(j.instead, nullptr);
    if (!instead || j.listing || now() <= instead->trusted_until) return;
    j.at = std::move(instead->overlap);
    j.memory.reset();
    j.overlapped = true;
}

/// The query of a job that goes on: what it has brought counts against its bounds.
posts_query harvest_core::query_from(const job& j) const
{
    posts_query q = j.what->query;
    if (q.max_posts > j.stats.posts) q.max_posts -= j.stats.posts;
    if (q.max_pages > j.stats.pages) q.max_pages -= j.stats.pages;
    return q;
}

void harvest_core::pull_posts(job_listing& l)
{
    if (!has_room()) {
        if (!std::exchange(l.stalled, true)) stalled_.push_back(jobs_[l.index].listing);
        return;
    }
    l.stream.async_next_batch([weak = weak_from_this(), listing = std::weak_ptr(jobs_[l.index].listing)](
                                  error_code code, std::span<const post> posts) {
        const auto self = weak.lock();
        const auto still = listing.lock();
        if (self && still && !self->closed_) self->listing_progressed(*still, code, posts);
    });
}

void harvest_core::resume_stalled()
{
    while (has_room() && !stalled_.empty()) {
        const auto listing = stalled_.front().lock();
        stalled_.pop_front();
        if (!listing) continue;
        listing->stalled = false;
        pull_posts(*listing);
    }
}

void harvest_core::listing_progressed(job_listing& l, error_code code, std::span<const post> posts)
try {
    if (!posts.empty()) {
        learn_provider(scheduler_.account_of(l.index), posts.front().provider_name());
        l.pending.insert(l.pending.end(), posts.begin(), posts.end());
        if (!options_.whole_pages) deliver(l, false);
    }
    if (const auto reason = l.stream.end_reason(); reason != end_reason::none)
        listing_over(l, reason);
    else if (code == errc::request_held)
        page_over(l);
    else
        pull_posts(l);
    work();
} catch (const std::bad_alloc&) {
    stop_for(failure(make_error_code(boost::system::errc::not_enough_memory)));
}

/// The request has ended, and the listing has not.
void harvest_core::page_over(job_listing& l)
{
    request_result result = l.result();
    if (!l.is_good()) {
        result.next = request_result::then::retry;
        result.not_before = now() + l.wish();
        if (l.no_answer()) no_answer_ = l.no_answer();
    } else if (!l.page_ended()) {
        result.next = request_result::then::more;
    } else {
        deliver(l, true);
        result.next = request_result::then::more;
        if (options_.confirm_pages) {
            result.next = request_result::then::hold;
            held_.emplace(jobs_[l.index].number, l.index);
        }
    }
    request_ended(l.index, result);
}

void harvest_core::listing_over(job_listing& l, unipile::end_reason reason)
{
    const job_index i = l.index;
    auto& j = jobs_[i];
    const auto keep = j.listing;  // beyond what follows
    auto f = l.stream.last_failure();
    request_result result = l.result();
    if (f && !l.is_answered()) judge_failure(result, *f);
    if (l.is_unused()) result.times_sent = 0;
    deliver(l, false);

    if (f && after_failure(*f) == request_result::then::retry) {
        set_aside(j);
        result.next = request_result::then::retry;
        return request_ended(i, result);
    }
    // A cursor is as dead for a listing that was set aside in between as for one that was not.
    if (f && f->api() && f->api()->status == 422 && f->scope() == failure_scope::target &&
        j.listing->stats_before.pages) {
        reason = end_reason::refused_cursor;
        f.reset();
    }
    if (f && result.signal == request_result::sign::stop) stop_for(*f);
    emit_end(j, reason, std::move(f));
    jobs_[i] = {};
    request_ended(i, result);
}

/// Keeps of a listing what it takes to go on, and lets go of the rest.
void harvest_core::set_aside(job& j)
{
    if (!j.listing) return;
    j.at = j.listing->stream.position();
    j.stats = j.listing->stats_before + j.listing->stream.stats();
    j.memory = std::make_unique<paging::listing_memory>(j.listing->stream.core()->forget());
    j.listing.reset();
}

void harvest_core::request_ended(job_index i, const request_result& result)
{
    const account_index a = scheduler_.account_of(i);
    listen_elsewhere();
    if (!scheduler_.finished(i, result, now())) {
        deliver(*jobs_[i].listing, false);
        emit_end(jobs_[i], end_reason::failed, gave_up());
        jobs_[i] = {};
    }
    save_ledger(a);
    if (scheduler_.outage().is_hopeless() && !scheduler_.stopped()) stop_for(gave_up());
}

void harvest_core::listen_elsewhere()
{
    if (!options_.answers_elsewhere) return;
    const std::uint64_t answers = options_.answers_elsewhere();
    if (std::exchange(answers_elsewhere_, answers) != answers) scheduler_.answered_elsewhere();
}

/// What ends a harvest whose server is gone: the last attempt's failure, and how long there were others.
failure harvest_core::gave_up() const
{
    const failure last = no_answer_.value_or(failure(errc::connect_failed));
    const outage_watch& outage = scheduler_.outage();
    failure::details d = last.all();
    if (!d.note.empty()) d.note += "; ";
    if (outage.was_reached())
        d.note += "no answer for " +
                  std::to_string(std::chrono::round<std::chrono::seconds>(now() - outage.since()).count()) + " s";
    else
        d.note += "no request was ever answered";
    return failure(last.code(), std::move(d));
}

}  // namespace unipile::harvest
