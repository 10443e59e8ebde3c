// One request of a stream, from its turn to the end of its page.
#include "failures.hpp"
#include "http_date.hpp"
#include "stream_core.hpp"

#include "decode/error_body.hpp"

#include <unipile/observer.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <new>
#include <utility>

namespace unipile::paging {

namespace asio = boost::asio;
using asio::awaitable;
using boost::system::error_code;

awaitable<void> stream_core::run(std::shared_ptr<stream_core> self, std::shared_ptr<client_core> client)
{
    auto target = self->begin_request(*client);
    if (self->listing_.over()) throw boost::system::system_error(asio::error::operation_aborted);
    auto& turn = *self->turn_;
    turn.head = co_await turn.exchange->get(std::move(target));
    self->count_replay();
    if (turn.head.status == 200)
        co_await self->read_page(*client);
    else
        co_await self->read_refusal(*client);
}

std::string stream_core::begin_request(const client_core& client)
{
    if (std::exchange(unanswered_, nullptr)) ++forgiven_;
    if (attempts_++ > 0) ++listing_.stats.retries;
    ++listing_.stats.requests;
    listing_.attempt_begins();
    gate_told_ = draining_ = false;

    const auto& q = listing_.query();
    auto target = client.transport()->target(q.identifier, q.account_id, q.limit, q.is_company, listing_.cursor());
    turn_->exchange = client.transport()->open();
    turn_->sent = time_->now();
    if (auto* o = client.observer())
        o->on_request({.query = q,
                       .target = target,
                       .page = listing_.page_number(),
                       .again = listing_.rereading(),
                       .attempt = attempts_});
    return target;
}

awaitable<void> stream_core::read_page(client_core& client)
{
    tell_answer(client, nullptr);
    auto& t = *turn_;
    for (;;) {
        const std::string_view chunk = co_await t.exchange->read_some();
        listing_.stats.json_bytes += chunk.size();
        t.json_bytes += chunk.size();
        count_wire_bytes();

        // What was complete before a fault is good.
        const error_code fault = chunk.empty() ? t.decoder.finish() : t.decoder.write(chunk);
        absorb(client);
        if (is_chosen(listing_.known_end()) && !gate_told_) {
            taken_enough(client);
            deliver();
            if (!chunk.empty()) co_await drain();
            co_return;
        }
        deliver();
        if (listing_.over()) co_return;
        if (fault) throw failure(fault);
        if (chunk.empty()) break;
        if (listing_.waiting_bytes() >= read_ahead()) co_await pause(client);
        if (listing_.over()) co_return;
    }
    page_complete(client);
}

/// The listing has ended within its page. The request has succeeded all the same, and everybody who counts requests
/// hears of it before the consumer hears of the end.
void stream_core::taken_enough(client_core& client)
{
    draining_ = true;
    client.succeeded();
    request_outcome good;
    good.ok = true;
    tell_gate(good);
}

/// Reads a small rest of the page, so that its connection can serve another request. Nothing waits for it.
awaitable<void> stream_core::drain()
{
    constexpr std::uint64_t most = 512 * 1024;
    for (std::uint64_t bytes = 0; bytes <= most;) {
        const std::string_view chunk = co_await turn_->exchange->read_some();
        if (chunk.empty()) break;
        bytes += chunk.size();
    }
}

void stream_core::count_wire_bytes() noexcept
{
    const auto now = turn_->exchange->wire_bytes();
    listing_.stats.wire_bytes += now - turn_->wire_bytes;
    turn_->wire_bytes = now;
}

/// What was sent again is one more request.
void stream_core::count_replay() noexcept
{
    const unsigned sent = std::max(turn_->exchange->times_sent(), turn_->times_sent);
    listing_.stats.requests += sent - turn_->times_sent;
    listing_.stats.resent += sent - turn_->times_sent;
    turn_->times_sent = sent;
}

/// Waits until the consumer has caught up. Reads on if others wait for the connection: their consumer may be the same
/// as this one's, and may look at them first.
awaitable<void> stream_core::pause(client_core& client)
{
    if (!timer_) timer_ = std::make_unique<asio::steady_timer>(executor_);
    const auto token = asio::as_tuple(asio::use_awaitable);
    while (listing_.waiting_bytes() >= read_ahead() && !reading_on_ && !listing_.over() && client.may_pause(*this)) {
        paused_ = true;
        time_->expire(*timer_, clock::time_point::max());
        co_await timer_->async_wait(token);
        paused_ = false;
        held_hook::unlink();
    }
}

void stream_core::absorb(client_core& client)
{
    const handler_section here(&client.handlers());
    auto& posts = turn_->decoder.ready();
    auto& bad = turn_->decoder.quarantined();
    const auto& index = turn_->decoder.ready_index();
    auto b = bad.begin();
    for (std::size_t i = 0; i != posts.size() && !listing_.over(); ++i) {
        for (; b != bad.end() && b->index < index[i]; ++b) absorb(client, *b);
        absorb(client, std::move(posts[i]), index[i]);
    }
    for (; b != bad.end() && !listing_.over(); ++b) absorb(client, *b);
    posts.clear();
    bad.clear();
}

void stream_core::absorb(const client_core& client, post&& p, std::uint32_t index)
{
    auto* o = client.observer();
    if (!o || p.anomalies().empty()) {
        listing_.take(std::move(p), index);
        return;
    }
    const post copy = p;
    if (listing_.take(std::move(p), index) == listing::verdict::repeated) return;
    for (const auto& a : copy.anomalies())
        o->on_anomaly({.query = listing_.query(),
                       .page = listing_.page_number(),
                       .item = index,
                       .anomaly = &a,
                       .post = &copy,
                       .quarantined = {},
                       .why = {}});
}

void stream_core::absorb(const client_core& client, const decode::quarantined_item& item)
{
    if (!listing_.take_quarantined(item.raw, static_cast<std::uint32_t>(item.index))) return;
    if (gate_) gate_->quarantined(item.raw, item.why);
    if (auto* o = client.observer())
        o->on_anomaly({.query = listing_.query(),
                       .page = listing_.page_number(),
                       .item = static_cast<std::int64_t>(item.index),
                       .anomaly = nullptr,
                       .post = nullptr,
                       .quarantined = item.raw,
                       .why = item.why});
}

void stream_core::page_complete(client_core& client)
{
    const auto& end = turn_->decoder.end();
    turn_->items = end.items;
    listing_.stats.anomalies += end.anomalies.size();
    client.succeeded();
    retries_.page_succeeded(client.options().retry);
    tell_page(client);
    // An observer may have cancelled the stream.
    if (listing_.over()) return;

    const bool goes_on = end.kind == decode::cursor_kind::text;
    listing_.page_ends(goes_on ? &end.cursor : nullptr, end.items, end.kind == decode::cursor_kind::null);
    listing_.cursor_received(time_->age());

    const auto failed = [&](errc code) {
        failure_ = std::make_unique<failure>(final_failure(failure(code), classify(code), attempts_));
    };
    if (listing_.known_end() == end_reason::cursor_loop) failed(errc::cursor_loop);
    if (listing_.known_end() == end_reason::no_progress) failed(errc::no_progress);
    page_begins_anew();
    wish_ = {};
}

void stream_core::tell_page(const client_core& client) const
{
    auto* o = client.observer();
    if (!o) return;
    const auto& end = turn_->decoder.end();
    const auto page = listing_.page_number();
    for (const auto& a : end.anomalies)
        o->on_anomaly({.query = listing_.query(),
                       .page = page,
                       .item = -1,
                       .anomaly = &a,
                       .post = nullptr,
                       .quarantined = {},
                       .why = {}});
    o->on_page({.query = listing_.query(),
                .page = page,
                .again = listing_.rereading(),
                .items = end.items,
                .wire_bytes = turn_->wire_bytes,
                .json_bytes = turn_->json_bytes,
                .elapsed = time_->now() - turn_->sent});
}

awaitable<void> stream_core::read_refusal(const client_core& client)
{
    auto& t = *turn_;
    const auto most = client.options().limits.error_body;
    try {
        for (;;) {
            const std::string_view chunk = co_await t.exchange->read_some();
            if (chunk.empty() || t.error_body.size() >= most) break;
            t.error_body.append(chunk.substr(0, most - t.error_body.size()));
        }
    } catch (const failure&) {
        // The status has said it already.
    }
    auto answer = decode::parse_error_body(t.head.status, t.error_body);
    // A server that gives back what it was sent must not put the key into a message.
    const auto reveals = [&client](std::string_view text) { return client.transport()->reveals_key(text); };
    for (std::string* text : {&answer.type, &answer.title, &answer.detail, &answer.instance})
        if (reveals(*text)) text->clear();
    tell_answer(client, &answer);
    if (const auto& fields = t.head.fields; !fields.retry_after.empty())
        t.retry_after = parse_retry_after(fields.retry_after, fields.date, std::chrono::system_clock::now());
    std::string note;
    if (!is_api_type(answer.type)) {
        const std::string words = reveals(t.error_body) ? std::string() : t.error_body;
        note = words_of_gateway(answer.status, words, client.first_call());
    }
    throw refusal(std::move(answer), t.retry_after, std::move(note));
}

void stream_core::tell_answer(const client_core& client, const api_error* error) const
{
    if (auto* o = client.observer())
        o->on_answer({.query = listing_.query(),
                      .page = listing_.page_number(),
                      .attempt = attempts_,
                      .status = turn_->head.status,
                      .elapsed = time_->now() - turn_->sent,
                      .reused_connection = turn_->head.reused_connection,
                      .fields = turn_->head.fields,
                      .error = error});
}

void stream_core::request_over(client_core& client, std::exception_ptr error)
{
    phase_ = phase::idle;
    if (total_) total_->cancel();
    if (turn_->exchange) {
        count_wire_bytes();
        count_replay();
    }
    try {
        judge(client, std::move(error));
    } catch (const std::bad_alloc&) {
        end(end_reason::failed, failure(make_error_code(boost::system::errc::not_enough_memory)));
    }
    client.give_back(std::move(turn_));
    notify();
    advance();
}

void stream_core::judge(client_core& client, std::exception_ptr error)
{
    // Cancelled by whatever ended the listing, or its connection was lost while only that was of use.
    if (error && listing_.over()) return;
    try {
        if (error) std::rethrow_exception(error);
        request_outcome good;
        good.ok = good.page_ended = true;
        if (!gate_told_) tell_gate(good);
    } catch (const failure& f) {
        request_failed(client, with_fields(f, turn_->head.fields));
    } catch (const boost::system::system_error& e) {
        failure::details d;
        d.cause = e.code();
        d.fields = turn_->head.fields;
        request_failed(client, failure(errc::connection_lost, std::move(d)));
    }
}

void stream_core::tell_gate(request_outcome outcome)
{
    gate_told_ = true;
    if (!gate_) return;
    outcome.status = turn_->head.status;
    outcome.retry_after = turn_->retry_after;
    outcome.items = turn_->items;
    outcome.wire_bytes = turn_->wire_bytes;
    outcome.heard = turn_->exchange && turn_->exchange->heard();
    outcome.times_sent = turn_->exchange ? turn_->exchange->times_sent() : 0;
    gate_->answered(outcome);
}

void stream_core::request_failed(client_core& client, const failure& f)
{
    const auto& policy = client.options().retry;
    const auto meaning = meaning_of(f, policy, client.first_call());
    request_outcome outcome;
    if (f.api()) outcome.type = f.api()->type;
    outcome.meaning = meaning;
    if (meaning.ends_listing && refused(outcome)) return;
    // Retried for as long as whoever looks after all listings sees a sense in it.
    const auto* exchange = turn_->exchange.get();
    const bool heard = exchange && exchange->heard();
    const bool no_good = !heard || meaning.from_gateway || turn_->head.status >= 500;
    const bool may_pass = meaning.retries > 0 || meaning.from_gateway;
    if (gate_ && no_good && meaning.scope == failure_scope::passing && may_pass) {
        const failure shown = final_failure(f, meaning, attempts_);
        outcome.no_answer = &shown;
        tell_gate(outcome);
        if (exchange && exchange->times_sent() > 0) return leave_open(client, f, meaning);
        return put_off(client, f, meaning);
    }
    put_off_ = 0;
    tell_gate(outcome);
    const auto decision = decide(client, meaning, turn_->retry_after);
    if (!decision) return end(end_reason::failed, final_failure(f, meaning, attempts_, explain(decision.why_not)));

    wish_ = decision.delay;
    not_before_ = time_->now() + decision.delay;
    tell_retry(client, f, meaning, attempts_);
}

/// Whether the refusal is about what lies behind the last page. The account and the server are fine then.
bool stream_core::refused(request_outcome& outcome)
{
    const auto verdict = listing_.refused(time_->age());
    if (verdict == step_back::verdict::failed) return false;
    page_begins_anew();
    wish_ = {};
    outcome.ok = true;
    tell_gate(outcome);
    return true;
}

retry_decision stream_core::decide(client_core& client, const classification& meaning,
                                   std::optional<std::chrono::milliseconds> retry_after)
{
    return retries_.decide(
        client.options().retry,
        {.meaning = meaning, .attempts = attempts_ - forgiven_, .retry_after = retry_after, .time_left = time_left()},
        client.chance());
}

/// What never left was no request, and no attempt.
void stream_core::put_off(client_core& client, const failure& f, const classification& meaning)
{
    --listing_.stats.requests;
    if (--attempts_ > 0) --listing_.stats.retries;
    wish_ = backoff(client.options().retry, ++put_off_, client.chance());
    tell_retry(client, f, meaning, attempts_ + 1);
}

/// It left, and may have been seen: a request, and an attempt. Whether one that counts shows when it is known whether
/// the server answers others.
void stream_core::leave_open(client_core& client, const failure& f, const classification& meaning)
{
    put_off_ = 0;
    unanswered_ = std::make_unique<failure>(f);
    wish_ = backoff(client.options().retry, attempts_, client.chance());
    if (meaning.slow) wish_ += client.options().retry.slow_delay;
    tell_retry(client, f, meaning, attempts_);
}

/// The last attempt counts. Ends the listing if it was one too many.
bool stream_core::has_another_try()
{
    const auto f = std::exchange(unanswered_, nullptr);
    const auto meaning = meaning_of(*f, client_->options().retry, client_->first_call());
    const auto decision = decide(*client_, meaning, {});
    if (!decision) end(end_reason::failed, final_failure(*f, meaning, attempts_, explain(decision.why_not)));
    return bool(decision);
}

void stream_core::tell_retry(client_core& client, const failure& f, const classification& meaning,
                             unsigned attempt) const
{
    if (auto* o = client.observer())
        o->on_retry({.query = listing_.query(),
                     .page = listing_.page_number(),
                     .attempt = attempt,
                     .failure = final_failure(f, meaning, attempt),
                     .delay = wish_});
}

}  // namespace unipile::paging
