#include "page_reader.hpp"

#include "errc_meaning.hpp"
#include "failures.hpp"
#include "page_intake.hpp"
#include "refusal.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <new>
#include <utility>

namespace unipile::paging {

namespace asio = boost::asio;
using asio::awaitable;
using boost::system::error_code;
using std::chrono::milliseconds;

page_reader::page_reader(std::shared_ptr<client_core> client, std::shared_ptr<const call_settings> settings,
                         posts_query query, const position& from, std::size_t read_ahead)
    : executor_(client->executor()),
      client_(std::move(client)),
      settings_(std::move(settings)),
      time_(client_->time()),
      listing_(std::move(query), from),
      read_ahead_(std::max<std::size_t>(read_ahead, 1))
{
    listing_.cursor_received(time_.age());
}

void page_reader::remember(listing_memory memory)
{
    listing_.remember(std::move(memory));
    listing_.cursor_received(time_.age());
}

void page_reader::begin() noexcept
{
    if (!std::exchange(begun_, true) && client_) total_.begin(time_, settings_->retry.total);
}

// The beginning of a request.

bool page_reader::choose_page()
{
    if (total_.is_over(time_)) {
        time_is_up("the next page");
        return false;
    }
    switch (listing_.before_request(time_.age())) {  // GCOVR_EXCL_BR_LINE: every enumerator has a case
        case step_back::next::follow: break;
        case step_back::next::reread: attempts_ = 0; break;
        case step_back::next::lost:
            fail(final_failure(failure(errc::position_lost), classify(errc::position_lost), attempts_));
            return false;
    }
    return true;
}

void page_reader::request()
{
    watch_total_time();
    phase_ = phase::queued;
    awaited_ = true;
    client_->enqueue(*this);
}

/// The completion handler of `run`. Its cancellation slot is the reader's.
struct page_reader::request_ends {
    std::shared_ptr<page_reader> self;
    std::shared_ptr<client_core> client;

    using cancellation_slot_type = asio::cancellation_slot;
    cancellation_slot_type get_cancellation_slot() const noexcept { return self->interrupt_.slot(); }

    void operator()(std::exception_ptr error) const
    {
        const handler_section here(&client->handlers());
        // The next request must start even if a handler of the user throws.
        struct next {
            client_core& client;
            ~next() { client.request_over(); }
        } const at_the_end{*client};
        self->request_over(*client, std::move(error));
    }
};

void page_reader::run_request(bool in_time) noexcept
try {
    phase_ = phase::running;
    reading_on_ = false;
    work_ = client_->lend();
    auto self = shared_from_this();
    starting_ = true;
    asio::co_spawn(executor_, run(self, client_, in_time), request_ends{self, client_});
    starting_ = false;
    // The listing may have been ended, e.g. by an observer. Not checked earlier, since a coroutine that is cancelled
    // before its first suspension throws past its completion handler (Asio 1.26).
    if (listing_.over()) interrupt();
} catch (const std::bad_alloc&) {
    // The request ended before it began; the next one must start all the same.
    const auto client = client_;
    starting_ = false;
    phase_ = phase::idle;
    if (work_) client->give_back(std::move(work_));
    end_without_memory();
    client->request_over();
}

awaitable<void> page_reader::run(std::shared_ptr<page_reader> self, std::shared_ptr<client_core> client, bool in_time)
{
    auto target = self->begin_request(*client, in_time);
    auto& work = *self->work_;
    work.head = co_await work.exchange->get(std::move(target));
    work.count(self->listing_.stats);
    if (work.head.status == 200) {
        co_await self->read_page(*client);
        co_return;
    }
    const auto events = self->events(*client);
    const failure refused = co_await read_refusal(work, *client, events);
    throw failure(refused);
}

std::string page_reader::begin_request(const client_core& client, bool in_time)
{
    if (attempts_++ > 0) ++listing_.stats.retries;
    ++listing_.stats.requests;
    listing_.attempt_begins();
    draining_ = false;

    const auto& q = listing_.query();
    auto target = client.transport()->target(q.identifier, q.account_id, q.limit, q.is_company, listing_.cursor());
    target += settings_->parameters;
    work_->exchange = client.transport()->open(settings_);
    work_->decoder.set_strict(settings_->strict);
    work_->sent = time_.now();
    events(client).request(target);
    if (listing_.over()) throw boost::system::system_error(asio::error::operation_aborted);
    if (!in_time) {
        failure::details d = details_of(errc::connection_wait_timeout);
        d.note = "waited for a free connection";
        throw failure(errc::connection_wait_timeout, std::move(d));
    }
    return target;
}

void page_reader::forget_attempt() noexcept
{
    --listing_.stats.requests;
    if (--attempts_ > 0) --listing_.stats.retries;
}

page_events page_reader::events(const client_core& client) const noexcept
{
    return {client.observer(), listing_.query(), listing_.page_number(), listing_.rereading(), attempts_};
}

// A page that arrives.

awaitable<void> page_reader::read_page(client_core& client)
{
    auto& work = *work_;
    events(client).answer(work.head, time_.now() - work.sent, nullptr);
    for (;;) {
        const std::string_view chunk = co_await work.exchange->read_some();
        listing_.stats.json_bytes += chunk.size();
        work.json_bytes += chunk.size();
        work.count(listing_.stats);

        // Items that were complete before a fault are valid.
        const error_code fault = chunk.empty() ? work.decoder.finish() : work.decoder.write(chunk);
        take_in(client);
        if (is_chosen(listing_.known_end())) {
            taken_enough(client);
            if (!chunk.empty()) co_await drain();
            co_return;
        }
        deliver();
        if (listing_.over()) co_return;
        if (fault) throw failure(fault);
        if (chunk.empty()) break;
        if (listing_.waiting_bytes() >= read_ahead_) co_await pause(client);
        if (listing_.over()) co_return;
    }
    page_complete(client);
}

void page_reader::take_in(const client_core& client)
{
    const handler_section here(handlers());
    page_intake(listing_, *work_, client.observer(), attempts_).take([this](const quarantined_item& item) {
        quarantined(item);
    });
}

/// Gives posts to the consumer, which runs before anything else. It finds the posts in the processor's cache, and the
/// memory that it frees is reused for the next ones.
void page_reader::deliver()
{
    // At the listing's end there is more to do first; `page_over` follows.
    if (listing_.has_post() && !listing_.over()) posts_arrived();
}

/// The listing ended within its page. The request has succeeded, and its outcome is reported before the rest is read.
void page_reader::taken_enough(client_core& client)
{
    draining_ = true;
    client.succeeded();
    auto outcome = work_->facts();
    outcome.what = page_outcome::kind::page;
    report(std::move(outcome));
}

/// Reads a short rest of the page, so that its connection can be reused. Nothing waits for it.
awaitable<void> page_reader::drain()
{
    constexpr std::uint64_t most = 512 * 1024;
    for (std::uint64_t bytes = 0; bytes <= most;) {
        const std::string_view chunk = co_await work_->exchange->read_some();
        if (chunk.empty()) break;
        bytes += chunk.size();
    }
}

/// Waits for the consumer. Reads on if other listings wait for the connection: the same consumer may be waiting for
/// them.
awaitable<void> page_reader::pause(client_core& client)
{
    if (!timer_) timer_ = std::make_unique<clock_timer>(executor_, time_);
    const auto token = asio::as_tuple(asio::use_awaitable);
    while (listing_.waiting_bytes() >= read_ahead_ && !reading_on_ && !listing_.over() && client.may_pause(*this)) {
        paused_ = true;
        timer_->expires_at(clock::time_point::max());
        co_await timer_->async_wait(token);
        paused_ = false;
        held_hook::unlink();
    }
}

void page_reader::page_complete(client_core& client)
{
    client.succeeded();
    page_intake(listing_, *work_, client.observer(), attempts_).complete(time_.now() - work_->sent, time_.age());
    const auto reason = listing_.known_end();
    if (reason == end_reason::cursor_loop || reason == end_reason::no_progress) {
        const errc code = reason == end_reason::cursor_loop ? errc::cursor_loop : errc::no_progress;
        failure_ = std::make_shared<const failure>(final_failure(failure(code), classify(code), attempts_));
    }
    attempts_ = 0;
}

// The end of a request.

void page_reader::request_over(client_core& client, std::exception_ptr error)
{
    phase_ = phase::idle;
    total_.cancel();
    work_->count(listing_.stats);
    page_outcome outcome;
    try {
        outcome = work_->facts();
        judge(outcome, client, error);
    } catch (const std::bad_alloc&) {
        outcome.what = page_outcome::kind::cut_short;  // half classified; it may have no failure
        listing_.end(end_reason::failed);
    }
    if (!failure_ && is_failure(listing_.known_end())) failure_ = client.no_memory();  // none could be made
    client.give_back(std::move(work_));
    report(std::move(outcome));
}

void page_reader::judge(page_outcome& outcome, const client_core& client, const std::exception_ptr& error)
{
    // Cancelled when the listing ended, or the connection was lost while only the rest of the page was read.
    if (error && listing_.over()) return;
    try {
        if (error) std::rethrow_exception(error);
        outcome.what = page_outcome::kind::page;
        outcome.whole = true;
    } catch (const failure& f) {
        failed(outcome, client, with_fields(f, work_->head.fields));
    } catch (const boost::system::system_error& e) {
        failure::details d;
        d.cause = e.code();
        d.fields = work_->head.fields;
        failed(outcome, client, failure(errc::connection_lost, std::move(d)));
    }
}

void page_reader::failed(page_outcome& outcome, const client_core& client, const failure& f)
{
    const auto meaning = meaning_of(f, settings_->retry, client.first_call());
    // A refused follow-up: account and server work.
    if (meaning.ends_listing && listing_.refused(time_.age()) != step_back::verdict::failed) {
        outcome.what = page_outcome::kind::refused;
        attempts_ = 0;
        return;
    }
    outcome.what = page_outcome::kind::failed;
    outcome.meaning = meaning;
    outcome.server = contact_of(meaning, outcome.status, work_->heard(), outcome.times_sent);
    outcome.failure = final_failure(f, meaning, attempts_);
}

/// It is unknown whether the server received an aborted request, so it counts.
page_outcome page_reader::cut_short() const noexcept
{
    page_outcome outcome;
    if (phase_ == phase::running) outcome.times_sent = std::max(1u, under_way());
    return outcome;
}

void page_reader::report(page_outcome outcome)
{
    if (std::exchange(awaited_, false)) page_over(std::move(outcome));
}

void page_reader::notify_retry(const failure& f, unsigned attempt, milliseconds delay) const
{
    if (!client_ || !client_->observer()) return;
    page_events(client_->observer(), listing_.query(), listing_.page_number(), listing_.rereading(), attempt)
        .retry(f, delay);
}

// The end of the listing.

end_reason page_reader::visible_end() const noexcept
{
    return listing_.has_post() ? end_reason::none : listing_.known_end();
}

/// Gets the failure made: a listing that has failed must not look like one that has come to its end.
void page_reader::fail_for(std::shared_ptr<const failure> why)
{
    if (listing_.over()) return;
    auto outcome = cut_short();
    listing_.end(end_reason::failed);
    failure_ = std::move(why);
    interrupt();
    report(std::move(outcome));
}

void page_reader::end_without_memory() noexcept
try {
    if (client_) fail_for(client_->no_memory());
} catch (const std::bad_alloc&) {
    // The waiting operation is lost together with the memory for its end.
}

void page_reader::cancel(error_code code) noexcept
try {
    const handler_section here(handlers());
    if (listing_.over() && !listing_.has_post()) return;
    auto outcome = cut_short();
    listing_.cancel();
    try {
        failure_ = std::make_shared<const failure>(code);
    } catch (const std::bad_alloc&) {
        failure_ = client_ ? client_->no_memory() : nullptr;  // the end's reason says the rest
    }
    interrupt();
    report(std::move(outcome));
    notify_end();
} catch (const std::bad_alloc&) {
    // The waiting operation is lost together with the memory for its end.
}

void page_reader::client_closed() noexcept { cancel(make_error_code(errc::client_closed)); }

void page_reader::stop() noexcept
{
    awaited_ = false;
    cancel(asio::error::operation_aborted);
    notify_end();
    interrupt();
    all_hook::unlink();
    client_.reset();
}

void page_reader::leave_queue() noexcept
{
    if (phase_ != phase::queued) return;
    client_->leave_queue(*this);
    phase_ = phase::idle;
    awaited_ = false;
    total_.cancel();
}

/// The outcome is reported separately, since the work under way may take time to end.
void page_reader::interrupt() noexcept
{
    if (phase_ == phase::queued) {
        client_->leave_queue(*this);
        phase_ = phase::idle;
    }
    if (phase_ == phase::idle) total_.cancel();
    if (phase_ == phase::running && !draining_ && !starting_) interrupt_.emit(asio::cancellation_type::terminal);
}

void page_reader::notify_end() noexcept
{
    if (end_notified_ || !begun_ || !client_ || visible_end() == end_reason::none) return;
    end_notified_ = true;
    if (auto* o = client_->observer())
        o->on_end({.query = listing_.query(),
                   .reason = listing_.known_end(),
                   .failure = failure_.get(),
                   .stats = listing_.stats});
}

void page_reader::taken() noexcept
{
    if (paused_ && listing_.waiting_bytes() < (read_ahead_ + 1) / 2) timer_->cancel();
}

void page_reader::read_on() noexcept
{
    reading_on_ = true;
    if (paused_) timer_->cancel();
}

void page_reader::watch_total_time()
{
    total_.watch(executor_, time_, [weak = weak_from_this()] {
        const auto self = weak.lock();
        if (!self || self->phase_ == phase::idle || !self->total_.is_over(self->time_)) return;
        const auto* exchange = self->work_ ? self->work_->exchange.get() : nullptr;
        if (self->phase_ == phase::queued) return self->time_is_up("a free connection");
        if (self->paused_) return self->time_is_up("the consumer");
        const std::string_view awaited = exchange ? exchange->awaited() : "";
        self->time_is_up(awaited.empty() ? "the next page" : awaited);
    });
}

void page_reader::time_is_up(std::string_view awaited)
{
    fail(final_failure(failure(errc::total_timeout), classify(errc::total_timeout), attempts_,
                       "waited for " + std::string(awaited)));
}

}  // namespace unipile::paging
