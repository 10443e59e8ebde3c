// What a durable harvest does with the elements of its jobs.
#include "durable/harvester_core.hpp"

#include "durable/element.hpp"
#include "durable/outcome.hpp"

#include <unipile/store/async.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <span>
#include <utility>

namespace unipile::durable {

namespace asio = boost::asio;
using boost::system::error_code;
using kind = course_action::kind;

namespace {}  // namespace

void harvester_core::take(harvest_element element)
{
    const std::uint64_t tag = element.job->tag;
    active_job& job = jobs_.at(tag);
    count_requests(job, element);
    unstored_bytes_ += bytes_of(element);
    job.elements.push_back(std::move(element));
    if (!std::exchange(job.worked_on, true)) spawn(work_on(tag));
}

/// Handles the elements of one job.
asio::awaitable<void> harvester_core::work_on(std::uint64_t tag)
{
    for (auto at = jobs_.find(tag); at != jobs_.end() && !at->second.elements.empty(); at = jobs_.find(tag)) {
        active_job& job = at->second;
        const harvest_element element = std::move(job.elements.front());
        job.elements.pop_front();
        {
            const unstored_share until_handled(*this, bytes_of(element));
            if (has_page(element)) co_await take_page(job, element);
        }
        if (element.ended && !store_failed_) co_await settle(tag, job, element);
    }
    if (const auto at = jobs_.find(tag); at != jobs_.end()) at->second.worked_on = false;
}

/// `on_posts` is called before a page is stored. A page for which it failed is requested again by another run.
asio::awaitable<void> harvester_core::take_page(active_job& job, const harvest_element& page)
{
    const bool shown = !job.course.is_lost() && !store_failed_ && co_await show_posts(page);
    if (shown)
        co_await store_page(job, page);
    else
        move(page, job.course.page_lost(page));
}

asio::awaitable<bool> harvester_core::show_posts(const harvest_element& page)
{
    if (hook_failed_) co_return false;
    if (!options_.on_posts || page.posts.empty()) co_return true;
    const std::span<const post> posts(page.posts);
    try {
        co_await options_.on_posts(posts);
    } catch (...) {
        hook_failed(std::current_exception());
        co_return false;
    }
    co_return true;
}

/// Returns the result of an operation; empty if the store has failed.
template <store::operation_type Op>
asio::awaitable<std::optional<typename Op::result>> harvester_core::apply(Op op)
{
    auto result = co_await store::async_apply(writer_, executor_, std::move(op), as_result);
    std::optional<typename Op::result> applied;
    if (const error_code code = std::get<0>(result))
        store_failed(code);
    else
        applied = std::move(std::get<1>(result));
    co_return applied;
}

asio::awaitable<void> harvester_core::store_page(active_job& job, const harvest_element& page)
{
    job.course.page_arrived();
    store::page_write write = page_in(page);
    write.job = job.claimed.job;
    write.requests = page.stats.requests - std::exchange(job.requests_reported, page.stats.requests);
    write.now = books_.now();
    const std::optional<store::page_result> stored = co_await apply(std::move(write));
    if (!stored) co_return;
    if (stored->next.what == store::step::kind::not_claimed)
        co_return move(page, job.course.page_stored(page, *stored));
    stats_.posts += page.posts.size();
    stats_.quarantined += page.quarantined.size();
    stats_.added += stored->added;
    stats_.changed += stored->changed;
    ++stats_.pages;
    stats_.by_account[page.job->query.account_id].posts += page.posts.size();
    move(page, job.course.page_stored(page, *stored));
}

void harvester_core::move(const harvest_element& page, const course_action& next)
{
    if (next.what == kind::go_on) stream_->go_on(page.number);
    if (next.what == kind::finish) stream_->finish(page.number);
    if (next.what != kind::jump) return;
    const starting_place to{next.where};
    stream_->jump(page.number, to.from, to.trusted_until, to.overlap);
}

/// A job's listing has ended, and all its pages are stored.
asio::awaitable<void> harvester_core::settle(std::uint64_t tag, active_job& job, const harvest_element& end)
{
    course_action next = job.course.listing_ended(end, parked_waits());
    if (next.what == kind::report)
        next = co_await report(job, end);
    else if (next.what == kind::forget_position)
        next = co_await forget_position(job);
    if (next.what == kind::close && next.how == "not_claimed" && writer_.share())
        close_lost(tag);
    else if (next.what == kind::close)
        close_job(tag, next, end);
    if (next.what == kind::again) start_again(job, next.where);
    if (next.what == kind::give_back) co_await give_back(tag, job);
    source_->notify();
}

asio::awaitable<course_action> harvester_core::report(active_job& job, const harvest_element& end)
{
    store::job_end how;
    how.job = job.claimed.job;
    how.reason = end.end_reason;
    if (end.failure) {
        how.failure = description_of(*end.failure);
        how.failure_type = end_text(end);
        // A failure of the account is not the job's.
        how.may_pass = end.failure->may_pass() || end.failure->scope() == failure_scope::account;
    }
    how.requests = end.stats.requests - job.requests_reported;
    how.empty_pages = end.job->query.empty_page_tolerance;
    how.now = books_.now();
    const std::optional<store::step> next = co_await apply(std::move(how));
    course_action action;
    if (next) action = job_course::end_stored(*next, end_text(end));
    co_return action;
}

/// The saved position can't be used: the listing starts anew.
asio::awaitable<course_action> harvester_core::forget_position(active_job& job)
{
    store::forget_position forget;
    forget.job = job.claimed.job;
    forget.now = books_.now();
    const std::optional<store::step> next = co_await apply(forget);
    course_action action;
    if (next) action = job_course::position_forgotten(*next);
    co_return action;
}

/// The same for a claimed job that is not delivered yet.
asio::awaitable<void> harvester_core::find_usable_position(std::uint64_t tag)
{
    auto at = jobs_.find(tag);
    if (at == jobs_.end()) co_return;  // GCOVR_EXCL_LINE: the run ended between two turns of the event loop
    const course_action next = co_await forget_position(at->second);
    at = jobs_.find(tag);
    if (at == jobs_.end()) co_return;  // GCOVR_EXCL_LINE: the same
    if (next.what == kind::again) start_again(at->second, next.where);
    // GCOVR_EXCL_BR_LINE: a job is seldom lost right after it was claimed.
    if (next.what == kind::close) close_lost(tag);
}

/// Returns the job to the store, for another run or a later time.
asio::awaitable<void> harvester_core::give_back(std::uint64_t tag, active_job& job)
{
    store::release_job release;
    release.job = job.claimed.job;
    co_await apply(release);
    close_lost(tag);
}

/// The job is left to another run, or another worker.
void harvester_core::close_lost(std::uint64_t tag)
{
    jobs_.erase(tag);
    ++stats_.jobs_left;
}

void harvester_core::start_again(active_job& job, const store::step& where)
{
    if (is_leaving(job.claimed.spec.account)) return close_lost(static_cast<std::uint64_t>(job.claimed.job));
    store::claimed_job claimed = job.claimed;
    claimed.start = where;
    source_->again(claimed);
    stream_->pull();
    const bool worked_on = job.worked_on;
    job = active_job(std::move(claimed));
    job.worked_on = worked_on;
}

void harvester_core::close_job(std::uint64_t tag, const course_action& how, const harvest_element& end)
{
    const store::job_spec spec = std::move(jobs_.at(tag).claimed.spec);
    jobs_.erase(tag);
    count_kind(stats_.by_end, how.how);
    if (!how.done) note_failure(spec, how.how, end);
    ++(how.done ? stats_.jobs_done : stats_.jobs_failed);
    store::account_counts& a = stats_.by_account[spec.account];
    ++(how.done ? a.done : a.failed);
}

void harvester_core::note_failure(const store::job_spec& spec, const std::string& how, const harvest_element& end)
{
    store::job_failure failed{books_.now(), spec.account, spec.identifier, how, {}};
    if (end.failure && how == end_text(end)) {
        failed.text = description_of(*end.failure);
        if (stats_.by_end.contains(how)) stats_.failure_of.emplace(how, failed.text);
    }
    stats_.recent_failures.push_back(std::move(failed));
    if (stats_.recent_failures.size() > store::harvester_stats::most_recent_failures)
        stats_.recent_failures.pop_front();
}

std::string harvester_core::description_of(const failure& f) const
{
    return options_.describe ? options_.describe(f) : f.what();
}

void harvester_core::count_requests(active_job& job, const harvest_element& element)
{
    const std::uint64_t requests = element.stats.requests - std::exchange(job.requests_seen, element.stats.requests);
    stats_.requests += requests;
    stats_.retries += element.stats.retries - std::exchange(job.retries_seen, element.stats.retries);
    stats_.by_account[element.job->query.account_id].requests += requests;
    if (element.ended) stats_.wire_bytes += element.stats.wire_bytes;
}

void harvester_core::claimed(const store::claimed_job& job, bool unusable)
{
    const auto tag = static_cast<std::uint64_t>(job.job);
    jobs_.try_emplace(tag, job);
    if (unusable) spawn(find_usable_position(tag));
}

}  // namespace unipile::durable
