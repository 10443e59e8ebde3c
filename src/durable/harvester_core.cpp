#include "durable/harvester_core.hpp"

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

namespace {

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
      time_(options_.client.clock),
      books_(executor_, writer, options_.on_damaged_ledger, time_),
      change_(executor_),
      watch_(executor_)
{}

void harvester_core::begin(std::int64_t run, const stream_maker& make_stream)
{
    posts_query pattern;
    pattern.limit = options_.limit;
    pattern.empty_page_tolerance = options_.empty_page_tolerance;
    source_ = std::make_shared<store_source>(executor_, writer_, run, std::move(pattern), weak_from_this(),
                                             answer_time(options_.client.deadlines), time_);
    stream_.emplace(make_stream(client_, source_->handle(), options_for_stream()));
}

harvest_options harvester_core::options_for_stream()
{
    harvest_options o = options_.harvest;
    o.whole_pages = o.confirm_pages = true;
    o.load_ledger = [this](std::string_view account) { return load_ledger(account); };
    o.save_ledger = [this](std::string_view account, const account_ledger& l) {
        books_.save(account, l, next_request_of(account));
        // Jobs that wait for their account's owner may be the only ones left.
        if (is_waiting(account)) source_->notify();
    };
    o.admit = [this](const harvest_job& job, const account_ledger& l, harvest_options::admission go) {
        const std::string& account = job.query.account_id;
        auto done = [weak = weak_from_this(), account, go = std::move(go)](error_code code, bool stored) {
            if (const auto self = weak.lock()) self->admitted(account, code, stored, go);
        };
        books_.admit(job, l, next_request_of(account), std::move(done));
    };
    if (const store::account_share* share = writer_.share()) {
        o.clock = [share] { return share->now(); };
        // A request's admission shows whose account it is.
        o.admit_all = true;
    }
    return o;
}

std::optional<account_ledger> harvester_core::load_ledger(std::string_view account)
{
    std::optional<account_ledger> stored = books_.take(account);
    if (!options_.prepare_ledger) return stored;
    account_ledger ledger = stored.value_or(account_ledger());
    options_.prepare_ledger(account, ledger);
    if (ledger != stored.value_or(account_ledger())) books_.save(account, ledger, ledger.next_request);
    return ledger;
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

void harvester_core::set_paused(bool paused)
{
    if (over_) return;
    paused ? stream_->pause() : stream_->resume();
}

void harvester_core::set_max_connections(std::size_t n)
{
    if (!over_) stream_->set_max_connections(n);
}

bool harvester_core::park(std::string_view account, std::string reason)
{
    if (over_ || !stream_->park(account, std::move(reason))) return false;
    // Its jobs may be the only ones left.
    source_->notify();
    return true;
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

bool harvester_core::set_pace(std::string_view account, std::optional<pacing> rules)
{
    return stream_->set_pace(account, std::move(rules)) && !over_;
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
    const expected_event end(time_);
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

/// Starts a coroutine that `work` waits for.
void harvester_core::spawn(asio::awaitable<void> piece)
{
    auto over = [self = shared_from_this(), expected = expect(time_)](const std::exception_ptr& error) {
        if (expected) expected->clear();
        --self->pieces_;
        if (error) self->failed(error);
        self->change_.cancel();
    };
    asio::co_spawn(executor_, std::move(piece), std::move(over));
    ++pieces_;  // it starts later
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

bool harvester_core::parked_waits() const noexcept
{
    return options_.harvest.when_parked == harvest_options::parked_jobs::wait;
}

/// Returns true if the account waits for its owner, or for the first sign that the API knows any account.
bool harvester_core::is_waiting(std::string_view account) const
{
    bool waiting = false;
    stream_->account(account,
                     [&](const account_status& s) { waiting = s.unknown || (s.ledger.parked && parked_waits()); });
    return waiting;
}

bool harvester_core::has_unfinished() const
{
    // An account that leaves, or is about to, may come back with its jobs.
    const store::account_share* share = writer_.share();
    return !leaving_.empty() || (share && share->has_changed()) ||
           std::any_of(jobs_.begin(), jobs_.end(),
                       [this](const auto& job) { return !is_waiting(job.second.claimed.spec.account); });
}

}  // namespace unipile::durable
