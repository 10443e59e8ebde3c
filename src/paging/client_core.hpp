// The state that the listings of one client share.
#pragma once

#include "abandonment.hpp"
#include "call_settings.hpp"
#include "handler_section.hpp"
#include "workspace.hpp"

#include "http/transport.hpp"
#include "splitmix.hpp"
#include "time_source.hpp"

#include <unipile/client_options.hpp>
#include <unipile/position.hpp>
#include <unipile/posts_query.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/intrusive/list.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace unipile::paging {

class page_reader;

struct all_readers;   ///< tag: every listing of the client
struct held_readers;  ///< tag: waits for a connection, or pauses
using all_hook = boost::intrusive::list_base_hook<boost::intrusive::tag<all_readers>,
                                                  boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;
using held_hook = boost::intrusive::list_base_hook<boost::intrusive::tag<held_readers>,
                                                   boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

/// Notified when the client is closed; for owners that are not listings.
class close_listener {
public:
    /// Called once, within `client::close`.
    virtual void client_closed() noexcept = 0;

protected:
    ~close_listener() = default;
};

/// Listings that wait for a connection are queued here in the order of their arrival, each as a link of a list. A
/// request gets its coroutine when a connection is available. All on the client's executor.
class client_core final : public handler_keeper, public std::enable_shared_from_this<client_core> {
public:
    client_core(client_options options, std::shared_ptr<http::transport> transport);
    ~client_core();

    const client_options& options() const noexcept { return options_; }
    const std::shared_ptr<http::transport>& transport() const noexcept { return transport_; }
    /// Returns the settings of listings without options of their own.
    const std::shared_ptr<const call_settings>& settings() const noexcept { return settings_; }
    /// Returns the settings of a listing with these options. Throws failure(errc::invalid_query).
    std::shared_ptr<const call_settings> settings(const call_options& call) const;
    const time_source& time() const noexcept { return time_; }
    unipile::observer* observer() const noexcept { return options_.observer.get(); }
    boost::asio::any_io_executor executor() const noexcept { return transport_->executor(); }

    /// Throws `failure` unless a listing of `query` can be requested from `from` on.
    void check(const posts_query& query, const position& from) const;
    void add(page_reader& s) noexcept;
    void add(std::weak_ptr<close_listener> l);
    void close() noexcept;
    bool closed() const noexcept { return closed_; }

    /// Sends the request of `s` now, or when another one has ended. If there is no connection after
    /// `deadlines::connection_wait`, `s` is notified of that.
    void enqueue(page_reader& s);
    /// Takes `s` out of the queue.
    void leave_queue(page_reader& s) noexcept;
    /// A request has ended.
    void request_over();
    std::size_t waiting() const noexcept { return waiting_.size(); }

    /// `s` has read far ahead and could pause. Returns false if others wait for its connection, so that it must read
    /// on.
    bool may_pause(page_reader& s) noexcept;

    std::unique_ptr<workspace> lend();
    void give_back(std::unique_ptr<workspace> w) noexcept;

    /// Returns a random number in [0, 1).
    double chance() noexcept;
    /// Returns true if no request has succeeded yet.
    handler_meeting& handlers() noexcept { return handlers_; }
    bool first_call() const noexcept { return !succeeded_; }
    void succeeded() noexcept { succeeded_ = true; }
    /// Returns the failure of a listing for which memory ran out. Was made while there was some.
    const std::shared_ptr<const failure>& no_memory() const noexcept { return no_memory_; }

private:
    void abandon(std::vector<std::shared_ptr<void>>& out) noexcept override;
    void watch_queue() noexcept;
    void queue_timer_fired();

    using all_list = boost::intrusive::list<page_reader, boost::intrusive::base_hook<all_hook>,
                                            boost::intrusive::constant_time_size<false>>;
    using held_list = boost::intrusive::list<page_reader, boost::intrusive::base_hook<held_hook>,
                                             boost::intrusive::constant_time_size<false>>;

    client_options options_;
    std::shared_ptr<const call_settings> settings_;
    std::shared_ptr<http::transport> transport_;
    time_source time_;
    std::shared_ptr<keeper_registry> registry_;
    all_list readers_;
    std::vector<std::weak_ptr<close_listener>> listeners_;
    held_list waiting_;  ///< for one of `max_connections`; a request that waits here has no coroutine
    std::unique_ptr<clock_timer> queue_timer_;  ///< while requests wait and their time is bounded
    held_list paused_;
    std::uint64_t queue_timers_ = 0;
    std::vector<std::unique_ptr<workspace>> spare_;
    std::size_t running_ = 0;
    handler_meeting handlers_;
    random_source random_;
    const std::shared_ptr<const failure> no_memory_;
    bool succeeded_ = false;
    bool closed_ = false;
};

}  // namespace unipile::paging
