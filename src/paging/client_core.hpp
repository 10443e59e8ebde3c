// What the streams of one client share.
#pragma once

#include "abandonment.hpp"
#include "handler_section.hpp"
#include "time_source.hpp"

#include "decode/page_decoder.hpp"
#include "http/transport.hpp"

#include <unipile/client_options.hpp>
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

class stream_core;

struct all_streams;   ///< tag: every stream of the client
struct held_streams;  ///< tag: waiting for their turn, or pausing
using all_hook = boost::intrusive::list_base_hook<boost::intrusive::tag<all_streams>,
                                                  boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;
using held_hook = boost::intrusive::list_base_hook<boost::intrusive::tag<held_streams>,
                                                   boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

/// What one request needs while it runs, and no longer. Lent by the client, so that thousands of streams can wait with
/// empty hands.
struct turn {
    explicit turn(const client_options& options) : decoder(options.limits, options.strict) {}

    decode::page_decoder decoder;
    std::unique_ptr<http::exchange> exchange;
    http::response_head head;
    std::string error_body;
    std::optional<std::chrono::milliseconds> retry_after;  ///< as the server sent it
    std::chrono::steady_clock::time_point sent;
    unsigned times_sent = 1;  ///< as far as it is counted
    std::uint64_t items = 0;
    std::uint64_t wire_bytes = 0;
    std::uint64_t json_bytes = 0;
};

/// Somebody who has to know when a client is closed, although none of its streams is his.
class close_listener {
public:
    /// Called once, within `client::close`.
    virtual void client_closed() noexcept = 0;

protected:
    ~close_listener() = default;
};

/// Streams that want a request wait here in the order of their coming, each as a link in a list: a stream gets its
/// coroutine when a connection can be had. All on the client's executor.
class client_core final : public handler_keeper, public std::enable_shared_from_this<client_core> {
public:
    client_core(client_options options, std::shared_ptr<http::transport> transport,
                std::shared_ptr<time_source> time = time_source::machine());
    ~client_core();

    const client_options& options() const noexcept { return options_; }
    const std::shared_ptr<http::transport>& transport() const noexcept { return transport_; }
    const std::shared_ptr<time_source>& time() const noexcept { return time_; }
    unipile::observer* observer() const noexcept { return options_.observer.get(); }
    boost::asio::any_io_executor executor() const noexcept { return transport_->executor(); }

    void add(stream_core& s) noexcept;
    void add(std::weak_ptr<close_listener> l);
    void close() noexcept;
    bool closed() const noexcept { return closed_; }

    /// `s` wants to send a request: now, or when one of the others has ended.
    void enqueue(stream_core& s);
    /// One has ended.
    void request_over();

    /// `s` has read far ahead and would stop reading. False: it holds what others wait for, and must read on.
    bool may_pause(stream_core& s) noexcept;

    std::unique_ptr<turn> lend();
    void give_back(std::unique_ptr<turn> t) noexcept;

    /// Evenly from [0, 1).
    double chance() noexcept;
    /// Whether nothing has ever succeeded.
    handler_meeting& handlers() noexcept { return handlers_; }
    bool first_call() const noexcept { return !succeeded_; }
    void succeeded() noexcept { succeeded_ = true; }

private:
    void abandon(std::vector<std::shared_ptr<void>>& out) noexcept override;

    using all_list = boost::intrusive::list<stream_core, boost::intrusive::base_hook<all_hook>,
                                            boost::intrusive::constant_time_size<false>>;
    using held_list = boost::intrusive::list<stream_core, boost::intrusive::base_hook<held_hook>,
                                             boost::intrusive::constant_time_size<false>>;

    client_options options_;
    std::shared_ptr<http::transport> transport_;
    std::shared_ptr<time_source> time_;
    std::shared_ptr<keeper_registry> registry_;
    all_list streams_;
    std::vector<std::weak_ptr<close_listener>> listeners_;
    held_list waiting_;
    held_list paused_;
    std::vector<std::unique_ptr<turn>> spare_;
    std::size_t at_once_;  ///< requests that run at the same time
    std::size_t running_ = 0;
    handler_meeting handlers_;
    std::uint64_t random_;
    bool succeeded_ = false;
    bool closed_ = false;
};

}  // namespace unipile::paging
