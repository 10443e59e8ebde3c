// The requests of a harvest and their outcomes.
#include "harvest/call_out.hpp"
#include "harvest/harvest_core.hpp"
#include "harvest/verdict.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

#include <chrono>
#include <new>
#include <string>
#include <utility>

namespace unipile::harvest {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

/// Elements that may wait, whatever their size: those of failed jobs have none.
constexpr std::size_t max_waiting_elements = 1024;

bool is_heard(request_result::contact server) noexcept
{
    return server == request_result::contact::failing || server == request_result::contact::foreign;
}

}  // namespace

bool harvest_core::has_capacity() const noexcept
{
    return elements_.bytes() < options_.max_buffered_bytes && elements_.size() < max_waiting_elements;
}

/// Returns true if a request of that job is still to be sent, after user functions were called.
bool harvest_core::is_running(job_index i, std::uint64_t number) const noexcept
{
    return !closed_ && !over_ && i < jobs_.size() && jobs_[i].what && jobs_[i].number == number &&
           scheduler_.is_running(i);
}

void harvest_core::start_request(job_index i)
{
    const account_index a = scheduler_.account_of(i);
    const auto number = jobs_[i].number;
    if (!options_.admit || !(options_.admit_all || scheduler_.rules(a).looks_back())) {
        save_ledger(a);
        if (!is_running(i, number)) return;
        return scheduler_.stopped() ? not_sent(i) : send_request(i);
    }
    const auto admission = jobs_[i].admission = ++last_admission_;
    jobs_[i].asked = now();
    account_ledger ledger = scheduler_.ledger(a);
    shift(ledger, clock_.ahead());
    auto go = [weak = weak_from_this(), executor = executor_, i, admission,
               expected = expect(client_->time())](error_code code) {
        asio::post(executor, [weak, i, admission, code] {
            if (const auto self = weak.lock()) self->admitted(i, admission, code);
        });
        if (expected) expected->clear();
    };
    bool asked = false;
    const auto asker = jobs_[i].what;
    call_out("admit", [&] {
        options_.admit(*asker, ledger, std::move(go));
        asked = true;
    });
    if (!asked && is_running(i, number)) jobs_[i].admission = 0, not_sent(i);
}

void harvest_core::admitted(job_index i, std::uint64_t admission, error_code code)
try {
    // Cancelled meanwhile, or the harvest is closed.
    if (closed_ || i >= jobs_.size() || jobs_[i].admission != admission) return;
    jobs_[i].admission = 0;
    scheduler_.held_up(i, now() - jobs_[i].asked);
    const account_index a = scheduler_.account_of(i);
    if (code == asio::error::operation_aborted)
        scheduler_.leave(a, now());
    else if (code)
        stop_for(failure(code));
    if (scheduler_.stopped() || scheduler_.is_leaving(a))
        not_sent(i);
    else
        send_request(i);
    work();
} catch (const std::bad_alloc&) {
    out_of_memory();
}

/// Takes a request that was not sent out of its account's ledger.
void harvest_core::not_sent(job_index i)
{
    const account_index a = scheduler_.account_of(i);
    scheduler_.not_sent(i, now());
    save_ledger(a);
}

void harvest_core::send_request(job_index i)
{
    auto& j = jobs_[i];
    choose_position(j);
    if (!j.listing) {
        try {
            posts_query query = query_from(j);
            client_->check(query, j.at);
            j.listing = std::make_shared<job_listing>(weak_from_this(), client_, std::move(query), j.at, i, j.stats);
            client_->add(*j.listing);
            if (const auto memory = std::exchange(j.memory, nullptr)) j.listing->remember(std::move(*memory));
        } catch (const failure& f) {
            emit_end(j, end_reason::failed, f);
            j = {};
            request_result nothing;
            nothing.times_sent = 0;
            return request_ended(i, nothing);
        }
    }
    const auto listing = j.listing;
    listing->send(scheduler_.others_were_answered(i));
}

/// The age of positions is checked when they are used.
void harvest_core::choose_position(job& j) const
{
    const auto instead = std::exchange(j.instead, nullptr);
    if (!instead || j.listing || now() <= instead->trusted_until) return;
    j.at = std::move(instead->overlap);
    j.memory.reset();
    j.overlapped = true;
}

/// Returns the query of a job that continues: its posts and pages so far count against its bounds.
posts_query harvest_core::query_from(const job& j) const
{
    posts_query q = j.what->query;
    if (q.max_posts > j.stats.posts) q.max_posts -= j.stats.posts;
    if (q.max_pages > j.stats.pages) q.max_pages -= j.stats.pages;
    return q;
}

void harvest_core::resume_stalled()
{
    while (has_capacity() && !stalled_.empty() && !closed_) {
        const auto listing = stalled_.front().lock();
        stalled_.pop_front();
        if (!listing) continue;
        listing->stalled = false;
        progress(*listing);
    }
}

void harvest_core::listing_progressed(job_listing& l)
try {
    progress(l);
    work();
} catch (const std::bad_alloc&) {
    out_of_memory();
}

void harvest_core::progress(job_listing& l)
{
    if (l.over || closed_) return;
    if (l.state().has_post()) {
        if (!has_capacity()) {
            if (!std::exchange(l.stalled, true)) stalled_.push_back(jobs_[l.index].listing);
            return;
        }
        take_posts(l);
        if (l.over || closed_) return;
    }
    const auto outcome = l.take_outcome();
    if (!outcome) return;
    worked_ = worked_ || outcome->whole;
    const auto reason = l.visible_end();
    reason == end_reason::none ? page_over(l, *outcome) : listing_over(l, reason, *outcome);
}

void harvest_core::take_posts(job_listing& l)
{
    l.take_posts();
    l.reread = l.reread || l.state().lent_reread();
    worked_ = true;
    learn_provider(scheduler_.account_of(l.index), l.pending.back().provider_name());
    if (!l.over && !closed_ && !options_.whole_pages) deliver(l, false);
}

/// The request has ended, and the listing has not.
void harvest_core::page_over(job_listing& l, const paging::page_outcome& outcome)
{
    request_result result = judge_request(outcome);
    if (!outcome.is_good()) {
        result.next = request_result::then::retry;
        result.not_before = now() + l.delay();
        if (outcome.is_unanswered()) no_answer_ = outcome.failure, no_answer_heard_ = is_heard(result.server);
        if (result.wrong_address && !scheduler_.outage().was_reached()) stop_for(*no_answer_);
    } else if (!outcome.whole) {
        result.next = request_result::then::more;
    } else {
        l.safe = l.state().place();
        if (options_.confirm_pages) held_.emplace(jobs_[l.index].number, l.index);
        deliver(l, true);
        result.next = options_.confirm_pages ? request_result::then::hold : request_result::then::more;
    }
    request_ended(l.index, result);
}

void harvest_core::listing_over(job_listing& l, unipile::end_reason reason, const paging::page_outcome& outcome)
{
    l.notify_end();
    if (l.over || closed_) return;
    const job_index i = l.index;
    auto& j = jobs_[i];
    std::optional<failure> f;
    if (const auto* last = l.last_failure()) f = *last;
    request_result result = judge_request(outcome);
    if (f && outcome.what == paging::page_outcome::kind::cut_short) judge_failure(result, *f);
    deliver(l, false);

    if (f && after_failure(*f) == request_result::then::retry) {
        set_aside(j);
        result.next = request_result::then::retry;
        return request_ended(i, result);
    }
    // A cursor expires for a listing that was set aside as it does for any other.
    if (f && f->api() && f->api()->status == 422 && f->scope() == failure_scope::target && l.stats_before.pages) {
        reason = end_reason::refused_cursor;
        f.reset();
    }
    if (f && result.signal == request_result::sign::stop) stop_for(*f);
    if (f) note_refusal(*f);
    emit_end(j, reason, std::move(f));
    release(j);
    request_ended(i, result);
}

/// Stores the state that a listing needs to continue, and releases the listing.
void harvest_core::set_aside(job& j)
{
    if (!j.listing) return;
    j.at = j.listing->state().place();
    j.stats = j.listing->stats();
    j.memory = std::make_unique<paging::listing_memory>(j.listing->forget());
    std::exchange(j.listing, nullptr)->stop();
}

void harvest_core::release(job& j) noexcept
{
    const auto listing = std::exchange(j.listing, nullptr);
    j = {};
    if (!listing) return;
    listing->over = true;
    listing->stop();
}

void harvest_core::request_ended(job_index i, const request_result& result)
{
    const account_index a = scheduler_.account_of(i);
    if (!scheduler_.finished(i, result, now())) {
        job& j = jobs_[i];
        deliver(*j.listing, false);
        emit_end(j, end_reason::failed, gave_up());
        release(j);
    }
    if (scheduler_.outage().is_hopeless() && !scheduler_.stopped()) {
        ended_by_outage_ = true;
        stop_for(gave_up());
    }
    check_accounts();
    for (const account_index parked : scheduler_.take_parked()) save_ledger(parked);
    save_ledger(a);
}

/// A wrong base URL, or another tenant's key, makes the API refuse every account; no account and no job is at fault.
void harvest_core::check_accounts()
{
    if (closed_ || scheduler_.stopped() || !scheduler_.knows_no_account(pulling_ || wants_jobs())) return;
    failure::details d;
    d.scope = failure_scope::key;
    d.may_pass = false;
    d.note = "errors/invalid_account for all that were asked so far";
    stop_for(failure(errc::accounts_unknown, std::move(d)));
}

/// The same refusal for one identifier after another, without a page: the list is wrong.
void harvest_core::note_refusal(const failure& f)
{
    if (f.scope() != failure_scope::target || !f.api() || worked_ || options_.max_refusals == 0) return;
    if (f.api()->type != refusal_) refusals_ = 0, refusal_ = f.api()->type;
    if (++refusals_ < options_.max_refusals) return;
    failure::details d = f.all();
    d.may_pass = false;
    d.note = printable(refusal_) + " for " + std::to_string(refusals_) +
             " identifiers in a row and no page: names from profile addresses, or numbers that a spreadsheet has "
             "rounded, are no ids";
    stop_for(failure(errc::identifiers_refused, std::move(d)));
}

/// Returns the failure of a harvest that ends because of an outage: the last attempt's, with the duration of the
/// outage.
failure harvest_core::gave_up() const
{
    const failure last = no_answer_.value_or(failure(errc::connect_failed));
    const outage_watch& outage = scheduler_.outage();
    failure::details d = last.all();
    if (d.note.empty() && d.api)
        d.note = "HTTP status " + std::to_string(d.api->status) + " (" + printable(d.api->type) + ")";
    if (!d.note.empty()) d.note += "; ";
    const std::string what = no_answer_heard_ ? "no usable answer" : "no answer";
    if (outage.was_reached())
        d.note += what + " for " +
                  std::to_string(std::chrono::round<std::chrono::seconds>(now() - outage.since()).count()) + " s";
    else
        d.note += no_answer_heard_ ? "no usable answer yet" : "no request was ever answered";
    if (!no_answer_heard_) return failure(last.code(), std::move(d));
    d.may_pass = true;
    if (!d.cause) d.cause = last.code();
    return failure(errc::server_unavailable, std::move(d));
}

}  // namespace unipile::harvest
