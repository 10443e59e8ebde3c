// A stream behind its handle: pulls on one side, requests on the other.
#pragma once

#include "client_core.hpp"
#include "listing.hpp"
#include "pull.hpp"
#include "request_gate.hpp"
#include "retry_decision.hpp"

#include <unipile/failure.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace unipile::paging {

/// All on the client's executor, but for `new_ticket`.
///
/// Between requests a stream is only this object: waiting for its turn or for a retry takes no coroutine. A request is
/// one coroutine, `run`, from its turn to the end of its page.
class stream_core : public std::enable_shared_from_this<stream_core>, public all_hook, public held_hook {
public:
    stream_core(std::shared_ptr<client_core> client, posts_query query, const position& from);

    // The consumer's side.

    /// Names a pull for its cancellation. On any thread.
    std::uint64_t new_ticket() noexcept { return tickets_.fetch_add(1, std::memory_order_relaxed); }
    void start(std::uint64_t ticket, pull p);
    void cancel_pull(std::uint64_t ticket) noexcept;

    /// A pull would end at once.
    bool ready() const noexcept { return listing_.has_post() || listing_.over(); }
    bool pulled() const noexcept { return phase_of_pull_ != pull_phase::none; }
    std::optional<post> take();
    /// A post, or nothing at the end; throws the listing's failure. Only when `ready()`.
    std::optional<post> take_or_end();
    /// For whoever is told a code: the failure that it stands for.
    failure failure_of(boost::system::error_code code) const;

    const listing& state() const noexcept { return listing_; }
    end_reason visible_end() const noexcept;
    const failure* last_failure() const noexcept;

    /// Ends the listing, whose outstanding pull ends with `code`. No effect once it has ended.
    void cancel(boost::system::error_code code) noexcept;
    /// The handle is gone: nothing goes on, and nothing of the client is held.
    void stop() noexcept;

    /// For the fan-out: asks `gate` before each request. Before the first pull.
    void set_gate(request_gate* gate) noexcept { gate_ = gate; }

    /// From another stream of the same listing that stood at this one's position. Before the first pull.
    void remember(listing_memory memory)
    {
        listing_.remember(std::move(memory));
        listing_.cursor_received(time_->age());
    }
    /// What a stream that goes on at this one's position should be given; this one is then good for nothing more.
    listing_memory forget() noexcept { return listing_.forget(); }

    // The client's side.

    /// How many requests for its page the server may have seen that are not over.
    unsigned under_way() const noexcept { return turn_ && turn_->exchange ? turn_->exchange->times_sent() : 0; }
    /// Its turn has come.
    void run_request() noexcept;
    /// Others wait for what it holds.
    void read_on() noexcept;
    void abandon(std::vector<std::shared_ptr<void>>& out) noexcept;

private:
    enum class pull_phase { none, waiting, ending };
    enum class phase { idle, delayed, queued, running };
    using clock = std::chrono::steady_clock;

    struct turn_ends;

    // Flow: stream_core.cpp
    handler_meeting* handlers() const noexcept { return client_ ? &client_->handlers() : nullptr; }
    void notify();
    void schedule_end_of_pull();
    void deliver();
    void end_pull(pull p);
    pull_result settle(pull::kind what);
    std::span<const post> take_all();
    void taken();
    void end(end_reason reason, std::optional<failure> f = {});
    void page_failed(errc code);
    void interrupt() noexcept;
    void tell_end() noexcept;

    void advance() noexcept;
    bool wants_request() const noexcept;
    bool choose_page();
    void page_begins_anew() noexcept;
    bool leave_to_send();
    void delay();
    void end_delay() noexcept;
    void watch_total_time();
    void time_is_up();
    std::optional<std::chrono::milliseconds> time_left() const noexcept;
    std::size_t read_ahead() const noexcept;

    // One request: request.cpp
    static boost::asio::awaitable<void> run(std::shared_ptr<stream_core> self, std::shared_ptr<client_core> client);
    std::string begin_request(const client_core& client);
    boost::asio::awaitable<void> read_page(client_core& client);
    boost::asio::awaitable<void> read_refusal(const client_core& client);
    boost::asio::awaitable<void> pause(client_core& client);
    boost::asio::awaitable<void> drain();
    void taken_enough(client_core& client);
    void count_wire_bytes() noexcept;
    void count_replay() noexcept;
    void absorb(client_core& client);
    void absorb(const client_core& client, post&& p, std::uint32_t index);
    void absorb(const client_core& client, const decode::quarantined_item& item);
    void page_complete(client_core& client);
    void tell_page(const client_core& client) const;
    void tell_answer(const client_core& client, const api_error* error) const;
    void request_over(client_core& client, std::exception_ptr error);
    void judge(client_core& client, std::exception_ptr error);
    void request_failed(client_core& client, const failure& f);
    bool refused(request_outcome& outcome);
    void put_off(client_core& client, const failure& f, const classification& meaning);
    void leave_open(client_core& client, const failure& f, const classification& meaning);
    bool has_another_try();
    retry_decision decide(client_core& client, const classification& meaning,
                          std::optional<std::chrono::milliseconds> retry_after);
    void tell_retry(client_core& client, const failure& f, const classification& meaning, unsigned attempt) const;
    void tell_gate(request_outcome outcome);

    boost::asio::any_io_executor executor_;
    std::shared_ptr<client_core> client_;  ///< null once stopped
    std::shared_ptr<time_source> time_;
    listing listing_;
    retry_budget retries_;
    std::unique_ptr<failure> failure_;
    request_gate* gate_ = nullptr;

    std::optional<pull> pull_;  ///< while it waits
    std::uint64_t ticket_ = 0;
    boost::system::error_code end_of_pull_;  ///< if it ends with neither a post nor the listing's end
    std::atomic<std::uint64_t> tickets_{1};

    boost::asio::cancellation_signal interrupt_;
    std::unique_ptr<turn> turn_;                        ///< while a request runs
    std::unique_ptr<boost::asio::steady_timer> timer_;  ///< of a delay or a pause
    std::unique_ptr<boost::asio::steady_timer> total_;
    clock::time_point not_before_{};  ///< of the next request
    clock::time_point delayed_at_{};
    clock::time_point deadline_{};  ///< of the listing; the epoch: none
    std::chrono::milliseconds wish_{0};
    std::unique_ptr<failure> unanswered_;  ///< of the last request: it isn't known yet whether it counts
    unsigned attempts_ = 0;                ///< requests for the page that is to come
    unsigned forgiven_ = 0;                ///< of them, those that don't count: nobody was answered then
    unsigned put_off_ = 0;                 ///< in a row, since the server can't be reached
    pull_phase phase_of_pull_ = pull_phase::none;
    phase phase_ = phase::idle;
    bool ever_pulled_ = false;
    bool starting_ = false;  ///< inside of `run_request`
    bool reading_on_ = false;
    bool paused_ = false;
    bool gate_told_ = false;  ///< how the request that runs has gone
    bool draining_ = false;   ///< the listing is over, and the rest of its page is read for the connection's sake
    bool told_end_ = false;
};

}  // namespace unipile::paging
