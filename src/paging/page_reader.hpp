// One operation: request the page of a listing that is due. No retries inside.
#pragma once

#include "client_core.hpp"
#include "listing.hpp"
#include "page_events.hpp"
#include "page_outcome.hpp"
#include "total_time.hpp"

#include <unipile/failure.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace unipile::paging {

/// A listing and the request that is under way for it. Whoever derives loops: it calls `request()`, takes the posts as
/// they arrive, and decides by the outcome whether and when there is another request.
///
/// Between requests this is only an object: neither waiting for a connection nor a pause between pages takes a
/// coroutine. A request is one coroutine, `run`, from its connection to the end of its page. All on the client's
/// executor.
class page_reader : public std::enable_shared_from_this<page_reader>, public all_hook, public held_hook {
public:
    page_reader(const page_reader&) = delete;
    page_reader& operator=(const page_reader&) = delete;
    virtual ~page_reader() = default;

    const listing& state() const noexcept { return listing_; }
    /// As the consumer sees it: none while posts wait.
    end_reason visible_end() const noexcept;
    const failure* last_failure() const noexcept { return listing_.has_post() ? nullptr : failure_.get(); }

    /// From another reader of the same listing that stood at this one's position. Before the first request.
    void remember(listing_memory memory);
    /// What a reader that goes on at this one's position should be given; this one is then good for nothing more.
    listing_memory forget() noexcept { return listing_.forget(); }

    /// How many requests for its page the server may have seen that are not over.
    unsigned under_way() const noexcept { return work_ ? work_->times_sent() : 0; }
    /// Its owner is gone: nothing goes on, `page_over` isn't called any more, and nothing of the client is held.
    virtual void stop() noexcept;

    // The client's side.

    virtual void client_closed() noexcept;
    /// A connection can be had; or, not `in_time`, none became free before `gives_up_at`.
    void run_request(bool in_time = true) noexcept;
    /// Set by the client: until when the request waits for a connection.
    std::chrono::steady_clock::time_point gives_up_at{};
    /// Other listings wait for the connection: the page is to be read to its end.
    void read_on() noexcept;
    /// Moves a kept handler to `out`.
    virtual void abandon(std::vector<std::shared_ptr<void>>&) noexcept {}

protected:
    using clock = std::chrono::steady_clock;

    /// `read_ahead`: bytes of waiting posts at which reading pauses.
    page_reader(std::shared_ptr<client_core> client, posts_query query, const position& from, std::size_t read_ahead);

    // For whoever loops.

    /// The first request is wanted: time counts from here.
    void begin() noexcept;
    /// Chooses the page for the next request: the one that is due, or the one before it where its cursor has aged.
    /// False: the listing has ended instead.
    bool choose_page();
    /// Requests the chosen page. `page_over` is called once for it, perhaps before this returns.
    void request();
    bool has_begun() const noexcept { return begun_; }
    bool is_requesting() const noexcept { return phase_ != phase::idle; }
    /// Takes back a request that waits for a connection; `page_over` isn't called for it.
    void leave_queue() noexcept;
    /// Requests for the page that is due so far.
    unsigned attempts() const noexcept { return attempts_; }
    /// The last request never left, and is not to be counted.
    void forget_attempt() noexcept;
    /// Posts were taken out of the listing: reading may go on.
    void taken() noexcept;
    /// Ends the listing and what is under way for it. No effect on one that has ended.
    void end(end_reason reason, std::optional<failure> f = {});
    void end_without_memory();
    /// The same for the consumer: waiting posts are dropped.
    void cancel(boost::system::error_code code) noexcept;
    /// Ends the listing since its total time is over; `awaited` is what it waited for.
    void time_is_up(std::string_view awaited);
    std::optional<std::chrono::milliseconds> time_left() const noexcept { return total_.left(*time_); }
    /// Notifies the observer that the failed request, number `attempt`, will be repeated.
    void tell_retry(const failure& f, unsigned attempt, std::chrono::milliseconds delay) const;
    /// Notifies the observer of the end, once, if there is one to be seen.
    void tell_end() noexcept;

    // What the loop does.

    /// Posts wait in the listing. Called from inside the request, which stands still until this returns.
    virtual void posts_arrived() = 0;
    /// An item of the page is no post.
    virtual void quarantined(const quarantined_item&) {}
    /// The request is over; posts may wait. The next one may be requested from here.
    virtual void page_over(page_outcome outcome) = 0;

    handler_meeting* handlers() const noexcept { return client_ ? &client_->handlers() : nullptr; }

    boost::asio::any_io_executor executor_;
    std::shared_ptr<client_core> client_;  ///< null once stopped
    std::shared_ptr<time_source> time_;
    listing listing_;
    std::unique_ptr<failure> failure_;                  ///< of the listing
    std::unique_ptr<boost::asio::steady_timer> timer_;  ///< of a pause, or of a delay between requests

private:
    enum class phase : std::uint8_t { idle, queued, running };
    struct request_ends;

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
    void tell(page_outcome outcome);
    void interrupt() noexcept;
    void watch_total_time();

    boost::asio::cancellation_signal interrupt_;
    std::unique_ptr<workspace> work_;  ///< while a request runs
    total_time total_;
    std::size_t read_ahead_;
    unsigned attempts_ = 0;
    phase phase_ = phase::idle;
    bool begun_ = false;
    bool awaited_ = false;   ///< `page_over` is to be called
    bool starting_ = false;  ///< inside of `run_request`
    bool reading_on_ = false;
    bool paused_ = false;
    bool draining_ = false;  ///< the listing is over, and the rest of its page is read for the connection's sake
    bool told_end_ = false;
};

}  // namespace unipile::paging
