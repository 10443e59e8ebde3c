#include "stream_core.hpp"

#include "failures.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <new>
#include <utility>

namespace unipile::paging {

namespace asio = boost::asio;
using boost::system::error_code;

stream_core::stream_core(std::shared_ptr<client_core> client, std::shared_ptr<const call_settings> settings,
                         posts_query query, const position& from)
    : page_reader(client, std::move(settings), std::move(query), from, client->options().read_ahead),
      retries_(settings_->retry)
{}

// Pulls.

void stream_core::start(std::uint64_t ticket, post_pull p)
{
    {
        const handler_section here(handlers());
        if (!pull_.begin(executor_, ticket, std::move(p))) return;
        listing_.release_lent();
        begin();
    }
    if (ready())
        if (const auto at_once = pull_.immediate(executor_)) return end_pull(at_once);
    const handler_section here(handlers());
    notify();
    advance();
}

void stream_core::notify()
{
    if (pull_.is_waiting() && ready()) schedule_end_of_pull();
    notify_end();
}

void stream_core::schedule_end_of_pull()
try {
    pull_.schedule_end(executor_, self());
} catch (const std::bad_alloc&) {
    pull_.drop();
    throw;
}

/// Ends the pull within the request that has brought the posts. An exception of the handler must not count as a failure
/// of the request, and leaves the event loop as if the handler had been called from there.
void stream_core::posts_arrived()
try {
    if (pull_.is_waiting()) end_pull();
} catch (...) {
    asio::post(executor_, [thrown = std::current_exception()] { std::rethrow_exception(thrown); });
}

void stream_core::end_pull(const asio::any_completion_executor& at_once)
{
    post_pull p(pull_.take());
    auto result = settle(p);
    std::move(p).finish(std::move(result), at_once);
}

pull_result stream_core::settle(const post_pull& p)
{
    const handler_section here(handlers());
    pull_result result;
    result.code = pull_.take_code();
    if (!result.code && listing_.has_post()) {
        if (p.is_for<next_handler>()) result.one = take();
        if (p.is_for<batch_handler>()) result.all = take_all();
    } else if (!result.code && failure_) {
        result.code = failure_->code();
    }
    notify_end();
    return result;
}

void stream_core::cancel_pull(std::uint64_t ticket) noexcept
{
    if (!pull_.cancel(ticket)) return;
    if (pull_.is_waiting()) schedule_end_of_pull();
    if (listing_.query().prefetch_pages) return;
    // The request under way continues; no new one begins.
    if (delayed_) end_delay();
    leave_queue();
}

std::optional<post> stream_core::take()
{
    const handler_section here(handlers());
    std::optional<post> p(listing_.pop());
    taken_out();
    return p;
}

std::optional<post> stream_core::take_or_end()
{
    listing_.release_lent();
    begin();
    if (listing_.has_post()) return take();
    notify_end();
    if (failure_) throw failure(*failure_);
    return {};
}

std::span<const post> stream_core::take_all()
{
    const auto all = listing_.lend();
    taken_out();
    return all;
}

void stream_core::taken_out()
{
    taken();
    notify_end();
    if (listing_.query().prefetch_pages) advance();
}

failure stream_core::failure_of(boost::system::error_code code) const
{
    return failure_ && failure_->code() == code ? *failure_ : failure(code);
}

// The end.

void stream_core::cancel(error_code code) noexcept
try {
    page_reader::cancel(code);
    if (delayed_ && listing_.over()) end_delay();
    notify();
} catch (const std::bad_alloc&) {
    // The pull is lost together with the memory for its end.
}

void stream_core::stop() noexcept
{
    pull_.cancel();
    try {
        if (pull_.is_waiting()) schedule_end_of_pull();
    } catch (const std::bad_alloc&) {
        // As in `cancel`.
    }
    if (delayed_) end_delay();
    page_reader::stop();
}

// Pages.

bool stream_core::wants_request() const noexcept
{
    if (!client_) return false;
    const bool asked = pull_.is_waiting() || (listing_.query().prefetch_pages && has_begun());
    return asked && listing_.wants_page(std::max<std::size_t>(client_->options().read_ahead, 1));
}

void stream_core::advance() noexcept
try {
    if (is_requesting() || delayed_ || !wants_request()) return;
    if (!choose_page()) return notify();
    if (not_before_ > time_.now()) return delay();
    request();
} catch (const std::bad_alloc&) {
    end_without_memory();
    try {
        notify();
    } catch (const std::bad_alloc&) {
        // As in `cancel`.
    }
}

void stream_core::page_over(page_outcome outcome)
{
    try {
        if (outcome.what == page_outcome::kind::failed) retry(outcome);
    } catch (const std::bad_alloc&) {
        end_without_memory();
    }
    if (outcome.whole) retries_.page_succeeded(settings_->retry);
    notify();
    advance();
}

void stream_core::retry(const page_outcome& outcome)
{
    const auto decision = retries_.decide(settings_->retry,
                                          {.meaning = outcome.meaning,
                                           .attempts = attempts(),
                                           .retry_after = outcome.retry_after,
                                           .time_left = time_left()},
                                          client_->chance());
    if (!decision) return fail(final_failure(*outcome.failure, outcome.meaning, attempts(), explain(decision.why_not)));
    not_before_ = time_.now() + decision.delay;
    notify_retry(*outcome.failure, attempts(), decision.delay);
}

void stream_core::delay()
{
    delayed_ = true;
    delayed_at_ = time_.now();
    ++listing_.stats.waits;
    if (!timer_) timer_ = std::make_unique<clock_timer>(executor_, time_);
    timer_->expires_at(not_before_);
    timer_->async_wait([weak = std::weak_ptr(self())](error_code) {
        const auto self = weak.lock();
        if (!self || !self->delayed_ || self->not_before_ > self->time_.now()) return;
        self->end_delay();
        self->advance();
    });
}

void stream_core::end_delay() noexcept
{
    delayed_ = false;
    listing_.stats.waited += time_.now() - delayed_at_;
    timer_->cancel();
}

}  // namespace unipile::paging
