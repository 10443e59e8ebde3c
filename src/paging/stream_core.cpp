#include "stream_core.hpp"

#include "failures.hpp"

#include <unipile/observer.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <new>
#include <utility>

namespace unipile::paging {

namespace asio = boost::asio;
using std::chrono::milliseconds;

stream_core::stream_core(std::shared_ptr<client_core> client, posts_query query, const position& from)
    : executor_(client->executor()),
      client_(std::move(client)),
      time_(client_->time()),
      listing_(std::move(query), from),
      retries_(client_->options().retry)
{
    listing_.cursor_received(time_->age());
}

// Pulls.

void stream_core::start(std::uint64_t ticket, pull p)
{
    const handler_section here(handlers());
    if (pulled()) {
        asio::post(executor_, [p = std::move(p)]() mutable {
            std::move(p).finish({.code = errc::operation_in_progress, .one = {}, .all = {}});
        });
        return;
    }
    listing_.release_lent();
    pull_.emplace(std::move(p));
    phase_of_pull_ = pull_phase::waiting;
    ticket_ = ticket;
    if (!std::exchange(ever_pulled_, true) && client_ && client_->options().retry.total.count() > 0)
        deadline_ = time_->now() + client_->options().retry.total;

    notify();
    advance();
}

void stream_core::notify()
{
    if (phase_of_pull_ == pull_phase::waiting && ready()) schedule_end_of_pull();
    tell_end();
}

void stream_core::schedule_end_of_pull()
{
    // Never here and now: this may be the pull's own initiation, or a coroutine that must not see the handler's
    // exceptions. The result is settled at the last moment, so that a cancellation up to then loses no post.
    phase_of_pull_ = pull_phase::ending;
    pull p(std::move(*pull_));
    pull_.reset();
    asio::post(executor_, [self = shared_from_this(), p = std::move(p)]() mutable { self->end_pull(std::move(p)); });
}

/// Ends the pull from inside the request that has filled it, if it can end. The consumer runs before anything else: it
/// finds its posts in the processor's cache, and the memory that it gives back serves the next ones. What it throws
/// must not pass for a failure of the request, and leaves the event loop as if it had been called from there.
void stream_core::deliver()
{
    // An answer that is there as soon as it is asked for may find the pull's own initiation still under way. And the
    // listing's last pull ends when all that its request leads to has been done.
    if (starting_ || listing_.over()) return notify();
    if (phase_of_pull_ != pull_phase::waiting || !ready()) return tell_end();
    pull p(std::move(*pull_));
    pull_.reset();
    try {
        end_pull(std::move(p));
    } catch (...) {
        asio::post(executor_, [thrown = std::current_exception()] { std::rethrow_exception(thrown); });
    }
}

void stream_core::end_pull(pull p)
{
    auto result = settle(p.what());
    std::move(p).finish(std::move(result));
}

pull_result stream_core::settle(pull::kind what)
{
    const handler_section here(handlers());
    phase_of_pull_ = pull_phase::none;
    pull_result result;
    if (end_of_pull_) {
        result.code = std::exchange(end_of_pull_, {});
    } else if (listing_.has_post()) {
        if (what == pull::kind::next) result.one = take();
        if (what == pull::kind::batch) result.all = take_all();
    } else if (failure_) {
        result.code = failure_->code();
    }
    tell_end();
    return result;
}

void stream_core::cancel_pull(std::uint64_t ticket) noexcept
{
    if (!pulled() || ticket != ticket_) return;
    end_of_pull_ = asio::error::operation_aborted;
    if (phase_of_pull_ == pull_phase::waiting) schedule_end_of_pull();
    // What is under way goes on; nothing new begins.
    if (phase_ != phase::running && !listing_.query().prefetch_pages) interrupt();
}

std::optional<post> stream_core::take()
{
    const handler_section here(handlers());
    std::optional<post> p(listing_.pop());
    taken();
    return p;
}

std::optional<post> stream_core::take_or_end()
{
    listing_.release_lent();
    ever_pulled_ = true;
    if (listing_.has_post()) return take();
    tell_end();
    if (failure_) throw failure(*failure_);
    return {};
}

std::span<const post> stream_core::take_all()
{
    const auto all = listing_.lend();
    taken();
    return all;
}

void stream_core::taken()
{
    if (paused_ && listing_.waiting_bytes() < (read_ahead() + 1) / 2) timer_->cancel();
    tell_end();
    if (listing_.query().prefetch_pages) advance();
}

failure stream_core::failure_of(boost::system::error_code code) const
{
    return failure_ && failure_->code() == code ? *failure_ : failure(code);
}

// The end.

end_reason stream_core::visible_end() const noexcept
{
    return listing_.has_post() ? end_reason::none : listing_.known_end();
}

const failure* stream_core::last_failure() const noexcept { return listing_.has_post() ? nullptr : failure_.get(); }

void stream_core::end(end_reason reason, std::optional<failure> f)
{
    if (listing_.over()) return;
    listing_.end(reason);
    if (f) failure_ = std::make_unique<failure>(std::move(*f));
    interrupt();
    notify();
}

void stream_core::cancel(boost::system::error_code code) noexcept
{
    const handler_section here(handlers());
    if (listing_.over() && !listing_.has_post()) return;
    listing_.cancel();
    try {
        failure_.reset();
        failure_ = std::make_unique<failure>(code);
    } catch (const std::bad_alloc&) {
        // The end's reason says it, too.
    }
    interrupt();
    try {
        notify();
    } catch (const std::bad_alloc&) {
        // The pull is gone with the memory for its end.
    }
}

void stream_core::stop() noexcept
{
    gate_ = nullptr;  // an answer may still be on its way here, and the gate lives no longer than the handle
    if (pulled()) end_of_pull_ = asio::error::operation_aborted;
    try {
        if (phase_of_pull_ == pull_phase::waiting) schedule_end_of_pull();
    } catch (const std::bad_alloc&) {
        // As in `cancel`.
    }
    cancel(asio::error::operation_aborted);
    interrupt();
    all_hook::unlink();
    client_.reset();
}

void stream_core::interrupt() noexcept
{
    switch (phase_) {
        case phase::idle: break;
        case phase::delayed: end_delay(); break;
        case phase::queued:
            held_hook::unlink();
            phase_ = phase::idle;
            break;
        case phase::running:
            if (!draining_ && !starting_) interrupt_.emit(asio::cancellation_type::terminal);
            break;
    }
    if (total_ && phase_ != phase::running) total_->cancel();
}

void stream_core::tell_end() noexcept
{
    if (told_end_ || !ever_pulled_ || !client_ || visible_end() == end_reason::none) return;
    told_end_ = true;
    if (auto* o = client_->observer())
        o->on_end({.query = listing_.query(),
                   .reason = listing_.known_end(),
                   .failure = failure_.get(),
                   .stats = listing_.stats});
}

void stream_core::abandon(std::vector<std::shared_ptr<void>>& out) noexcept
{
    if (!pull_) return;
    out.push_back(std::make_shared<pull>(std::move(*pull_)));
    pull_.reset();
    phase_of_pull_ = pull_phase::none;
}

// Requests.

bool stream_core::wants_request() const noexcept
{
    const bool asked = phase_of_pull_ == pull_phase::waiting || (listing_.query().prefetch_pages && ever_pulled_);
    return client_ && asked && listing_.wants_page(read_ahead());
}

std::size_t stream_core::read_ahead() const noexcept
{
    return client_ ? std::max<std::size_t>(client_->options().read_ahead, 1) : 1;
}

std::optional<milliseconds> stream_core::time_left() const noexcept
{
    if (deadline_ == clock::time_point{}) return {};
    return std::chrono::floor<milliseconds>(deadline_ - time_->now());
}

void stream_core::advance() noexcept
try {
    if (phase_ != phase::idle || !wants_request()) return;
    if (const auto left = time_left(); left && *left <= milliseconds(0)) return time_is_up();
    if (!choose_page()) return;
    if (gate_) {
        if (unanswered_ && gate_->others_were_answered() && !has_another_try()) return;
        if (!leave_to_send()) return;
    } else if (not_before_ > time_->now()) {
        return delay();
    }
    watch_total_time();
    phase_ = phase::queued;
    client_->enqueue(*this);
} catch (const std::bad_alloc&) {
    end(end_reason::failed, failure(make_error_code(boost::system::errc::not_enough_memory)));
}

/// The one that is due, or the one before it where the cursor has aged. False: the listing can't go on.
bool stream_core::choose_page()
{
    switch (listing_.before_request(time_->age())) {
        case step_back::next::follow: break;
        case step_back::next::reread: page_begins_anew(); break;
        case step_back::next::lost: page_failed(errc::position_lost); return false;
    }
    return true;
}

/// The attempts so far were for another page.
void stream_core::page_begins_anew() noexcept
{
    attempts_ = forgiven_ = put_off_ = 0;
    unanswered_.reset();
}

bool stream_core::leave_to_send()
{
    if (gate_->admit({.attempt = attempts_ + 1, .wait = wish_})) return true;
    if (phase_of_pull_ == pull_phase::waiting) {
        end_of_pull_ = errc::request_held;
        schedule_end_of_pull();
    }
    return false;
}

void stream_core::delay()
{
    phase_ = phase::delayed;
    delayed_at_ = time_->now();
    ++listing_.stats.waits;
    if (!timer_) timer_ = std::make_unique<asio::steady_timer>(executor_);
    time_->expire(*timer_, not_before_);
    timer_->async_wait([weak = weak_from_this()](boost::system::error_code) {
        const auto self = weak.lock();
        if (!self || self->phase_ != phase::delayed || self->not_before_ > self->time_->now()) return;
        self->end_delay();
        self->advance();
    });
}

void stream_core::end_delay() noexcept
{
    phase_ = phase::idle;
    listing_.stats.waited += time_->now() - delayed_at_;
    timer_->cancel();
}

void stream_core::watch_total_time()
{
    if (deadline_ == clock::time_point{}) return;
    if (!total_) total_ = std::make_unique<asio::steady_timer>(executor_);
    time_->expire(*total_, deadline_);
    total_->async_wait([weak = weak_from_this()](boost::system::error_code) {
        const auto self = weak.lock();
        if (self && self->phase_ != phase::idle && self->time_->now() >= self->deadline_) self->time_is_up();
    });
}

void stream_core::time_is_up()
{
    std::string_view awaited = "the next page";
    if (phase_ == phase::delayed)
        awaited = "the next attempt";
    else if (phase_ == phase::queued)
        awaited = "a free connection";
    else if (paused_)
        awaited = "the consumer";
    else if (phase_ == phase::running && turn_ && turn_->exchange && *turn_->exchange->awaited() != '\0')
        awaited = turn_->exchange->awaited();
    end(end_reason::failed, final_failure(failure(errc::total_timeout), classify(errc::total_timeout), attempts_,
                                          "waited for " + std::string(awaited)));
}

void stream_core::page_failed(errc code)
{
    end(end_reason::failed, final_failure(failure(code), classify(code), attempts_));
}

/// What `run` ends with. Lets itself be cancelled by its stream.
struct stream_core::turn_ends {
    std::shared_ptr<stream_core> self;
    std::shared_ptr<client_core> client;

    using cancellation_slot_type = asio::cancellation_slot;
    cancellation_slot_type get_cancellation_slot() const noexcept { return self->interrupt_.slot(); }

    void operator()(std::exception_ptr error) const
    {
        const handler_section here(&client->handlers());
        // Its turn is over whatever a handler of the user's throws: the next one has to come all the same.
        struct turn_over {
            client_core& client;
            ~turn_over() { client.request_over(); }
        } const over{*client};
        self->request_over(*client, std::move(error));
    }
};

void stream_core::run_request() noexcept
try {
    phase_ = phase::running;
    reading_on_ = false;
    turn_ = client_->lend();
    auto self = shared_from_this();
    starting_ = true;
    asio::co_spawn(executor_, run(self, client_), turn_ends{self, client_});
    starting_ = false;
    // An observer, say, has ended the listing. A coroutine that is cancelled before it has ever been suspended throws
    // past its completion handler (Asio 1.26), hence not earlier.
    if (listing_.over()) interrupt();
} catch (const std::bad_alloc&) {
    // Its turn is over before it began; the next one has to come all the same.
    const auto client = client_;
    starting_ = false;
    phase_ = phase::idle;
    if (turn_) client->give_back(std::move(turn_));
    end(end_reason::failed, failure(make_error_code(boost::system::errc::not_enough_memory)));
    client->request_over();
}

void stream_core::read_on() noexcept
{
    reading_on_ = true;
    if (paused_) timer_->cancel();
}

}  // namespace unipile::paging
