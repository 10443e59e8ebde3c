// The work of a harvest after each event.
#include "harvest/call_out.hpp"
#include "harvest/harvest_core.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <new>
#include <utility>

namespace unipile::harvest {

namespace asio = boost::asio;
using boost::system::error_code;
using std::chrono::milliseconds;

namespace {

/// Jobs taken from the source at once.
std::size_t handful(std::size_t max_queued) noexcept { return std::clamp<std::size_t>(max_queued / 4, 1, 256); }
/// The longest wait, so that a change of the system's clock, or a suspension, is noticed.
constexpr milliseconds longest_sleep{30'000};

failure failure_of_source(const std::exception_ptr& error)
{
    failure::details d;
    try {
        std::rethrow_exception(error);
    } catch (const failure& f) {
        return f;
    } catch (const boost::system::system_error&) {
        // The code has the same information.
    } catch (const std::exception& e) {
        d.note = e.what();
    } catch (...) {
        d.note = "an exception of an unknown type";
    }
    return failure(detail::code_of(error), std::move(d));
}

failure parked(const account_ledger& ledger)
{
    failure::details d;
    d.scope = failure_scope::account;
    d.may_pass = true;  // after the account was unparked
    if (ledger.parked) d.note = ledger.parked->reason;
    return failure(errc::account_parked, std::move(d));
}

}  // namespace

void harvest_core::schedule_work()
{
    if (work_scheduled_ || closed_) return;
    asio::post(executor_, [weak = weak_from_this()] {
        if (const auto self = weak.lock()) {
            self->work_scheduled_ = false;
            self->work();
        }
    });
    work_scheduled_ = true;
}

void harvest_core::work()
try {
    if (closed_ || over_ || !begun_) return;
    if (clock_.measure()) scheduler_.set_ahead(clock_.ahead(), now());
    resume_stalled();
    decide();
    pull_jobs();
    if (closed_) return;
    if (is_over()) {
        over_ = true;
        clock_.source().cancel();
        source_.reset();
    }
    notify();
} catch (const std::bad_alloc&) {
    out_of_memory();
}

bool harvest_core::is_over() const noexcept
{
    if (scheduler_.queued() > 0 || scheduler_.running() > 0) return false;
    if (pulling_ && !cancelled_) return false;
    return scheduler_.stopped() || exhausted_;
}

/// Nothing runs, no more jobs come, and the remaining jobs belong to parked accounts.
bool harvest_core::is_stuck() const noexcept
{
    return !wants_jobs() && !pulling_ && held_.empty() && scheduler_.running() == 0 && scheduler_.queued() > 0 &&
           !scheduler_.is_paused();
}

void harvest_core::decide()
{
    while (!closed_ && has_capacity()) {
        const decision d = scheduler_.next(now());
        switch (d.what) {  // GCOVR_EXCL_BR_LINE: every enumerator has a case
            case decision::kind::start: start_request(d.job); break;
            case decision::kind::fail: end_unstarted(d.job); break;
            case decision::kind::wait: return sleep_until(d.until);
            case decision::kind::nothing:
                if (!scheduler_.stopped()) check_accounts();
                if (scheduler_.stopped() || !is_stuck()) return;
                scheduler_.give_up_parked();
                break;
        }
    }
}

void harvest_core::sleep_until(wall_time t)
{
    if (sleeps_ && wakes_ <= t) return;
    const wall_time from = now();
    wakes_ = std::min(t, from + longest_sleep);
    clock_.source().wake(std::max(wakes_ - from, milliseconds{1}), [weak = weak_from_this()] {
        const auto self = weak.lock();
        if (!self) return;
        self->sleeps_ = false;
        self->work();
    });
    sleeps_ = true;
}

// Taking in jobs.

bool harvest_core::wants_jobs() const noexcept
{
    if (exhausted_ || scheduler_.stopped()) return false;
    const std::size_t more = handful(options_.max_queued);
    return scheduler_.queued() + more <= options_.max_queued + (urgent_ ? more : 0);
}

void harvest_core::pull()
{
    if (closed_) return;
    urgent_ = true;
    schedule_work();
}

void harvest_core::pull_jobs()
{
    if (closed_) return;
    if (pulling_ && scheduler_.stopped() && source_ && !std::exchange(source_stopped_, true)) {
        const auto source = source_;
        call_out("job_source::stop", [&] { source->stop(); });
    }
    if (closed_ || pulling_ || !wants_jobs() || !has_capacity()) return;
    job_request request;
    request.count = handful(options_.max_queued);
    request.has_enough = [weak = weak_from_this()](std::string_view account) {
        const auto self = weak.lock();
        if (!self) return true;
        const auto at = self->accounts_.find(std::string(account));
        if (at == self->accounts_.end()) return false;
        const bool waits = self->options_.when_parked == harvest_options::parked_jobs::wait &&
                           self->scheduler_.ledger(at->second).parked.has_value();
        return waits || self->scheduler_.queued(at->second) >= self->options_.max_queued_per_account;
    };
    // Jobs that were delivered are taken, whatever the source does afterwards.
    const auto handed = std::make_shared<std::atomic<bool>>(false);
    job_source::handler done = [weak = weak_from_this(), executor = executor_, handed,
                                expected = expect(client_->time())](error_code code, std::vector<harvest_job> jobs) {
        asio::post(executor, [weak, code, jobs = std::move(jobs)]() mutable {
            if (const auto self = weak.lock()) self->jobs_arrived(code, std::move(jobs));
        });
        *handed = true;
        if (expected) expected->clear();
    };
    const auto source = source_;  // outlives the call
    pulling_ = true;
    urgent_ = false;
    try {
        source->async_pull(std::move(request), std::move(done));
    } catch (const std::bad_alloc&) {
        pulling_ = *handed;
        throw;
    } catch (...) {
        pulling_ = *handed;
        stop_for(failure_of_source(std::current_exception()));
    }
}

void harvest_core::jobs_arrived(error_code code, std::vector<harvest_job> jobs)
try {
    pulling_ = false;
    if (closed_ || over_) return;
    arrivals_ = std::move(jobs);
    if (arrivals_.empty()) exhausted_ = true;
    // A source that was stopped may report that.
    if (code && !source_stopped_) stop_for(failure(code));
    std::reverse(arrivals_.begin(), arrivals_.end());
    while (!closed_ && !over_ && !arrivals_.empty()) take_in();
    work();
} catch (const std::bad_alloc&) {
    out_of_memory();
}

void harvest_core::take_in()
{
    incoming_.what = std::make_shared<const harvest_job>(std::move(arrivals_.back()));
    arrivals_.pop_back();
    incoming_.number = next_number_++;
    incoming_.at = incoming_.what->from;
    place_incoming();
    incoming_ = {};
}

void harvest_core::place_incoming()
{
    job& j = incoming_;
    if (j.at.ended() != end_reason::none) return emit_end(j, j.at.ended(), std::nullopt);
    j.instead = fallback_of(j.what->trusted_until, j.what->overlap);
    try {
        // Checks that the request can be sent before it counts against its account.
        client_->check(j.what->query, j.at);
        if (j.instead) client_->check(j.what->query, j.instead->overlap);
    } catch (const failure& f) {
        return emit_end(j, end_reason::failed, f);
    }
    const account_index a = account_of(j.what->query.account_id);
    if (closed_) return;
    const job_index i = scheduler_.add_job(a, now());
    if (i >= jobs_.size()) jobs_.resize(i + 1);
    jobs_[i] = std::move(j);
}

// Jobs that end without a request.

void harvest_core::end_unstarted(job_index i)
{
    job& j = jobs_[i];
    if (scheduler_.stopped() || scheduler_.is_leaving(scheduler_.account_of(i)))
        emit_end(j, end_reason::cancelled, stopped_);
    else
        emit_end(j, end_reason::failed, parked(scheduler_.ledger(scheduler_.account_of(i))));
    held_.erase(j.number);
    release(j);
}

void harvest_core::stop_for(failure f)
{
    if (!failure_) failure_ = std::move(f);
    scheduler_.stop();
    schedule_work();
}

/// Only the remaining jobs are used: they all end at their position, as far as there is memory for that, and the
/// harvest ends.
void harvest_core::out_of_memory() noexcept
{
    if (closed_ || over_) return;
    failure_ = no_memory_;
    scheduler_.stop();
    for (auto& j : jobs_) end_as_stopped(j);
    end_as_stopped(incoming_);
    for (; !arrivals_.empty(); arrivals_.pop_back()) {
        try {
            incoming_.what = std::make_shared<const harvest_job>(std::move(arrivals_.back()));
            incoming_.at = incoming_.what->from;
            incoming_.number = next_number_++;
        } catch (const std::bad_alloc&) {
            incoming_.what.reset();
        }
        end_as_stopped(incoming_);
    }
    held_.clear();
    over_ = true;
    clock_.source().cancel();
    try {
        notify();
    } catch (const std::bad_alloc&) {
        if (pull_.is_taken()) end_pull();
    }
}

void harvest_core::end_as_stopped(job& j) noexcept
{
    if (!j.what) return;
    const auto listing = std::exchange(j.listing, nullptr);
    try {
        if (listing) {
            j.at = listing->safe;
            j.stats = listing->stats();
            if (!listing->pending.empty() || !listing->no_posts.empty()) {
                harvest_element e;
                e.job = j.what;
                e.number = j.number;
                e.position = listing->safe;
                e.overlapped = j.overlapped;
                e.reread = listing->reread;
                e.stats = j.stats;
                elements_.push(std::move(e));
                elements_.give(std::exchange(listing->pending, {}), std::exchange(listing->no_posts, {}));
            }
        }
        emit_end(j, end_reason::cancelled, stopped_);
    } catch (const std::bad_alloc&) {
        // Without its last element; the harvest's own failure has the reason.
    }
    release_listing(listing);
    j = {};
}

}  // namespace unipile::harvest
