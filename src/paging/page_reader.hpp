// One operation: requests the page of a listing that is due, without retries.
#pragma once

#include "client_core.hpp"
#include "listing.hpp"
#include "page_events.hpp"
#include "page_outcome.hpp"
#include "total_time.hpp"

#include <unipile/failure.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace unipile::paging {

/// A listing and its request. A derived class loops: it calls `request()`, takes the posts as they arrive, and decides
/// by the outcome whether and when to request again.
///
/// Between requests there is no coroutine: neither the wait for a connection nor a pause between pages needs one. A
/// request is one coroutine, `run`, from its connection to the end of its page. All on the client's executor.
class page_reader : public std::enable_shared_from_this<page_reader>, public all_hook, public held_hook {
public:
    page_reader(const page_reader&) = delete;
    page_reader& operator=(const page_reader&) = delete;
    virtual ~page_reader() = default;

    const listing& state() const noexcept { return listing_; }
    /// Returns the end for the consumer: none while posts wait.
    end_reason visible_end() const noexcept;
    const failure* last_failure() const noexcept { return listing_.has_post() ? nullptr : failure_.get(); }

    /// Takes over the memory of another reader of the same listing at this position. Called before the first request.
    void remember(listing_memory memory);
    /// Returns the memory for a reader that continues at this one's position. This reader must not be used afterwards.
    listing_memory forget() noexcept { return listing_.forget(); }

    /// Returns how many requests for its page, of those under way, the server may have received.
    unsigned under_way() const noexcept { return work_ ? work_->times_sent() : 0; }
    /// Returns true while a request waits for its connection: the server has received nothing of it.
    bool is_unsent() const noexcept { return phase_ != phase::idle && under_way() == 0; }
    /// The owner is gone: ends all work, `page_over` is not called any more, and no part of the client is kept.
    virtual void stop() noexcept;

    // Called by the client.

    virtual void client_closed() noexcept;
    /// A connection is available. Not `in_time`: none became free before `gives_up_at`.
    void run_request(bool in_time = true) noexcept;
    /// Set by the client: end of the wait for a connection.
    std::chrono::steady_clock::time_point gives_up_at{};
    /// Other listings wait for the connection: reads the page to its end.
    void read_on() noexcept;
    /// Moves a stored handler to `out`.
    virtual void abandon(std::vector<std::shared_ptr<void>>&) noexcept {}

protected:
    using clock = std::chrono::steady_clock;

    /// `settings`: the client's, or the call's own. `read_ahead`: bytes of waiting posts at which reading pauses.
    page_reader(std::shared_ptr<client_core> client, std::shared_ptr<const call_settings> settings, posts_query query,
                const position& from, std::size_t read_ahead);

    // For the derived class.

    /// The first request is wanted; the total time starts.
    void begin() noexcept;
    /// Chooses the page of the next request: the one that is due, or the one before it if its cursor is too old.
    /// Returns false if the listing has ended instead.
    bool choose_page();
    /// Requests the chosen page. `page_over` is called once for it, possibly before this returns.
    void request();
    bool has_begun() const noexcept { return begun_; }
    bool is_requesting() const noexcept { return phase_ != phase::idle; }
    /// Withdraws a request that waits for a connection; `page_over` is not called for it.
    void leave_queue() noexcept;
    /// Returns the number of requests for the page that is due.
    unsigned attempts() const noexcept { return attempts_; }
    /// The last request was not sent, and does not count.
    void forget_attempt() noexcept;
    /// Posts were taken out of the listing, so reading may continue.
    void taken() noexcept;
    /// Ends the listing and its request with `f`. No effect after the end.
    void fail(failure f) { fail_for(std::make_shared<const failure>(std::move(f))); }
    /// The same where memory has run out, even for the failure.
    void end_without_memory() noexcept;
    /// The same for the consumer: drops waiting posts.
    void cancel(boost::system::error_code code) noexcept;
    /// Ends the listing because its total time is over; `awaited` is what it waited for.
    void time_is_up(std::string_view awaited);
    std::optional<std::chrono::milliseconds> time_left() const noexcept { return total_.left(time_); }
    /// Notifies the observer that the failed request, number `attempt`, will be sent again.
    void notify_retry(const failure& f, unsigned attempt, std::chrono::milliseconds delay) const;
    /// Notifies the observer of the end, once.
    void notify_end() noexcept;

    // Implemented by the derived class.

    /// Posts wait in the listing. Called within the request, which continues when this returns.
    virtual void posts_arrived() = 0;
    /// An item of the page is no post.
    virtual void quarantined(const quarantined_item&) {}
    /// The request is over; posts may be waiting. The next request may be started from here.
    virtual void page_over(page_outcome outcome) = 0;

    handler_meeting* handlers() const noexcept { return client_ ? &client_->handlers() : nullptr; }

    boost::asio::any_io_executor executor_;
    std::shared_ptr<client_core> client_;  ///< null once stopped
    std::shared_ptr<const call_settings> settings_;
    time_source time_;
    listing listing_;
    std::shared_ptr<const failure> failure_;  ///< of the listing
    std::unique_ptr<clock_timer> timer_;      ///< of a pause, or of a delay between requests

private:
    enum class phase : std::uint8_t { idle, queued, running };
    struct request_ends;

    void fail_for(std::shared_ptr<const failure> why);

    static boost::asio::awaitable<void> run(std::shared_ptr<page_reader> self, std::shared_ptr<client_core> client,
                                            bool in_time);
    std::string begin_request(const client_core& client, bool in_time);
    boost::asio::awaitable<void> read_page(client_core& client);
    boost::asio::awaitable<void> pause(client_core& client);
    boost::asio::awaitable<void> drain();
    void deliver();
    void taken_enough(client_core& client);
    void take_in(const client_core& client);
    void page_complete(client_core& client);
    page_events events(const client_core& client) const noexcept;
    void request_over(client_core& client, std::exception_ptr error);
    void judge(page_outcome& outcome, const client_core& client, const std::exception_ptr& error);
    void failed(page_outcome& outcome, const client_core& client, const failure& f);
    page_outcome cut_short() const noexcept;
    void report(page_outcome outcome);
    void interrupt() noexcept;
    void watch_total_time();

    boost::asio::cancellation_signal interrupt_;
    std::unique_ptr<workspace> work_;  ///< exists while a request runs
    total_time total_;
    std::size_t read_ahead_;
    unsigned attempts_ = 0;
    phase phase_ = phase::idle;
    bool begun_ = false;
    bool awaited_ = false;   ///< `page_over` has to be called
    bool starting_ = false;  ///< inside `run_request`
    bool reading_on_ = false;
    bool paused_ = false;
    /// the listing is over, and the rest of its page is read so that the connection can be reused
    bool draining_ = false;
    bool end_notified_ = false;
};

}  // namespace unipile::paging
