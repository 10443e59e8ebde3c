#include "durable/harvester_core.hpp"

#include "durable/element.hpp"
#include "durable/outcome.hpp"

#include <unipile/errc.hpp>
#include <unipile/store/async.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <chrono>
#include <span>
#include <utility>
#include <vector>

namespace unipile::durable {

namespace asio = boost::asio;
using boost::system::error_code;
using kind = course_action::kind;

namespace {

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

/// How long after it was sent a request may still be counted by the server.
std::chrono::milliseconds answer_time(const deadlines& d)
{
    return d.first_byte.count() > 0 ? d.first_byte : deadlines().first_byte;
}

}  // namespace

std::shared_ptr<harvester_core> harvester_core::make(client api, store::store_writer& writer, std::int64_t run,
                                                     store::harvester_options options, const stream_maker& begin)
{
    auto core = std::make_shared<harvester_core>(std::move(api), writer, std::move(options));
    core->begin(run, begin);
    return core;
}

harvester_core::harvester_core(client api, store::store_writer& writer, store::harvester_options options)
    : executor_(api.get_executor()),
      client_(std::move(api)),
      writer_(writer),
      options_(std::move(options)),
      books_(executor_, writer, options_.on_damaged_ledger),
      change_(executor_),
      watch_(executor_)
{}

void harvester_core::begin(std::int64_t run, const stream_maker& make_stream)
{
    posts_query pattern;
    pattern.limit = options_.limit;
    pattern.empty_page_tolerance = options_.empty_page_tolerance;
    source_ = std::make_shared<store_source>(executor_, writer_, run, std::move(pattern), weak_from_this(),
                                             answer_time(options_.client.deadlines));
    stream_.emplace(make_stream(client_, source_->handle(), options_for_stream()));
}

harvest_options harvester_core::options_for_stream()
{
    harvest_options o = options_.harvest;
    o.whole_pages = o.confirm_pages = true;
    o.load_ledger = [this](std::string_view account) { return books_.take(account); };
    o.save_ledger = [this](std::string_view account, const account_ledger& l) {
        books_.save(account, l, next_request_of(account));
        // Jobs that wait for their account's owner may be the only ones left.
        if (is_waiting(account)) source_->notify();
    };
    o.admit = [this](std::string_view account, const account_ledger& l, harvest_options::admission go) {
        books_.admit(
            account, l, next_request_of(account),
            [weak = weak_from_this(), name = std::string(account), go = std::move(go)](error_code code, bool stored) {
                if (const auto self = weak.lock()) self->admitted(name, code, stored, go);
            });
    };
    if (const store::account_share* share = writer_.share()) o.clock = [share] { return share->now(); };
    return o;
}

wall_time harvester_core::next_request_of(std::string_view account) const
{
    wall_time next{};
    stream_->account(account, [&next](const account_status& s) { next = s.next_request; });
    return next;
}

// The operation.

void harvester_core::start(run_handler handler, asio::any_completion_executor handler_executor)
{
    if (std::exchange(begun_, true)) {
        asio::dispatch(handler_executor, [handler = std::move(handler)]() mutable {
            std::move(handler)(make_error_code(errc::operation_in_progress));
        });
        return;
    }
    handler_.emplace(std::move(handler));
    handler_executor_.emplace(std::move(handler_executor));
    asio::co_spawn(executor_, work(),
                   [self = shared_from_this()](const std::exception_ptr& error) { self->ended(error); });
}

void harvester_core::ended(const std::exception_ptr& error)
{
    if (error) failed(error);
    over_ = true;
    // The run leaves no outstanding work on the event loop from here on.
    client_.close();
    if (cancelled_ && !result_) result_ = asio::error::operation_aborted;
    asio::dispatch(*std::exchange(handler_executor_, std::nullopt),
                   [handler = std::move(*handler_), code = result_]() mutable {
                       // There is nothing to cancel from here on.
                       if (auto slot = handler.get_cancellation_slot(); slot.is_connected()) slot.clear();
                       std::move(handler)(code);
                   });
    handler_.reset();
}

void harvester_core::stop()
{
    if (over_) return;
    source_->stop();
    stream_->stop();
}

void harvester_core::cancel()
{
    if (over_) return;
    cancelled_ = true;
    source_->stop();
    stream_->cancel();
}

bool harvester_core::unpark(std::string_view account)
{
    if (over_) return false;
    // Its jobs may not have reached the stream yet.
    books_.unpark(account);
    const bool known = stream_->unpark(account);
    source_->notify();
    return known;
}

asio::awaitable<void> harvester_core::work()
{
    if (writer_.share()) {
        watches_ = true;
        spawn(watch_share());
    }
    for (;;) {
        // After a failure, elements may stay behind.
        while (unstored_bytes_ > options_.max_unstored_bytes && !failed_) co_await wait_for_change();
        auto result = co_await stream_->async_next(as_result);
        auto& [code, element] = result;
        if (code && !store_failed_ && !writer_.failure()) failure_ = stream_->last_failure();
        if (code && !result_) result_ = code;
        if (code || !element) break;
        take(std::move(*element));
    }
    watches_ = false;
    watch_.cancel();
    while (pieces_ > 0) co_await wait_for_change();
    source_->stop();
    co_await give_back_what_is_left();
    co_await leave_all();
}

asio::awaitable<void> harvester_core::wait_for_change()
{
    change_.expires_at(std::chrono::steady_clock::time_point::max());
    co_await change_.async_wait(as_result);
}

asio::awaitable<void> harvester_core::give_back_what_is_left()
{
    // The store handles this after a claim that is under way, whose jobs the stream does not take.
    std::vector<store::operation> none;
    co_await store::async_apply(writer_, executor_, std::move(none), as_result);
    std::vector<std::uint64_t> left;
    left.reserve(jobs_.size());
    for (const auto& [tag, job] : jobs_) left.push_back(tag);
    for (const std::uint64_t tag : left) {
        const auto at = jobs_.find(tag);
        if (at != jobs_.end() && !store_failed_ && !failed_) co_await give_back(tag, at->second);
    }
}

void harvester_core::take(harvest_element element)
{
    const std::uint64_t tag = element.job->tag;
    active_job& job = jobs_.at(tag);
    count_requests(job, element);
    unstored_bytes_ += bytes_of(element);
    job.elements.push_back(std::move(element));
    if (!std::exchange(job.worked_on, true)) spawn(work_on(tag));
}

/// Starts a coroutine that `work` waits for.
void harvester_core::spawn(asio::awaitable<void> piece)
{
    asio::co_spawn(executor_, std::move(piece), [self = shared_from_this()](const std::exception_ptr& error) {
        --self->pieces_;
        if (error) self->failed(error);
        self->change_.cancel();
    });
    ++pieces_;  // it starts later
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
    store::claimed_job claimed = job.claimed;
    claimed.start = where;
    source_->again(claimed);
    const bool worked_on = job.worked_on;
    job = active_job(std::move(claimed));
    job.worked_on = worked_on;
}

void harvester_core::close_job(std::uint64_t tag, const course_action& how, const harvest_element& end)
{
    const std::string account = jobs_.at(tag).claimed.spec.account;
    jobs_.erase(tag);
    count_kind(stats_.by_end, how.how);
    if (!how.done && end.failure && how.how == end_text(end) && stats_.by_end.contains(how.how))
        stats_.failure_of.emplace(how.how, description_of(*end.failure));
    ++(how.done ? stats_.jobs_done : stats_.jobs_failed);
    store::account_counts& a = stats_.by_account[account];
    ++(how.done ? a.done : a.failed);
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

// Failures of the run as a whole.

void harvester_core::store_failed(error_code code)
{
    if (std::exchange(store_failed_, true)) return;
    if (!result_) result_ = code;
    source_->stop();
    stream_->cancel();
}

/// Pages under way are read to their end; none of them is stored.
void harvester_core::hook_failed(const std::exception_ptr& error)
{
    if (std::exchange(hook_failed_, true)) return;
    failure_ = failure_of_function("on_posts", error);
    if (!result_) result_ = failure_->code();
    stop();
}

/// An unexpected exception, e.g. because memory ran out: no further work is begun.
void harvester_core::failed(const std::exception_ptr& error)
{
    if (std::exchange(failed_, true)) return;
    if (!failure_) failure_ = failure_of_function("a function of harvester_options", error);
    if (!result_) result_ = failure_->code();
    source_->stop();
    stream_->cancel();
}

// Called by the source.

void harvester_core::claimed(const store::claimed_job& job, bool unusable)
{
    const auto tag = static_cast<std::uint64_t>(job.job);
    jobs_.try_emplace(tag, job);
    if (unusable) spawn(find_usable_position(tag));
}

bool harvester_core::parked_waits() const noexcept
{
    return options_.harvest.when_parked == harvest_options::parked_jobs::wait;
}

/// Returns true if the account waits for its owner, or for the first sign that the API knows any account.
bool harvester_core::is_waiting(std::string_view account) const
{
    if (is_leaving(account)) return true;
    bool waiting = false;
    stream_->account(account,
                     [&](const account_status& s) { waiting = s.unknown || (s.ledger.parked && parked_waits()); });
    return waiting;
}

bool harvester_core::has_unfinished() const
{
    return std::any_of(jobs_.begin(), jobs_.end(),
                       [this](const auto& job) { return !is_waiting(job.second.claimed.spec.account); });
}

}  // namespace unipile::durable
