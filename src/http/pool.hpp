// The connections to one server: who may use one, which are idle, and whose time is up.
#pragma once

#include "base_url.hpp"
#include "connection.hpp"
#include "lookup.hpp"
#include "proxy_settings.hpp"
#include "tls_context.hpp"
#include "transport.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/intrusive/list.hpp>

#include <optional>
#include <vector>

namespace unipile::http {

class get_exchange;

/// 64 KiB and more: the header of an answer, then its body piece by piece. Lent while an answer arrives.
struct read_buffer {
    std::unique_ptr<char[]> bytes;
    std::size_t size = 0;
};

using exchange_hook = boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

/// A connection may be used by who holds a lease; there are `max_connections` of them, and idle connections plus
/// leases never exceed that. Waiters are served first come, first served; idle connections last in, first out. One
/// timer watches everything, and sleeps for a second at most: deadlines move all the time, and moving the timer with
/// each of them would cost more than looking after them once a second.
class pool final : public transport {
public:
    using clock = connection::clock;

    pool(boost::asio::any_io_executor executor, const client_options& options);
    ~pool() override;

    boost::asio::any_io_executor executor() const noexcept override { return executor_; }
    std::string target(std::string_view identifier, std::string_view account_id, int limit, bool is_company,
                       std::string_view cursor) const override;
    std::unique_ptr<exchange> open() override;
    pool_stats stats() const noexcept override;
    bool reveals_key(std::string_view text) const noexcept override;
    void close() override;

private:
    friend class get_exchange;
    using exchange_list = boost::intrusive::list<get_exchange, boost::intrusive::base_hook<exchange_hook>,
                                                 boost::intrusive::constant_time_size<false>>;

    // For exchanges.
    bool closed() const noexcept { return closed_; }
    bool try_lease(get_exchange& to);
    void queue(get_exchange& waiter);
    void leave_queue(get_exchange& waiter) noexcept;
    void end_lease(get_exchange& of) noexcept;
    std::unique_ptr<connection> take_idle();
    void give_back(std::unique_ptr<connection> c, std::optional<std::chrono::seconds> server_keeps_it) noexcept;
    read_buffer lend_buffer();
    void return_buffer(read_buffer buffer) noexcept;
    void watch(clock::time_point deadline, clock::time_point now);
    void rest_if_quiet() noexcept;
    void hide_key(answer_fields& fields) const noexcept;

    const origin& peer() const noexcept { return proxy_ ? proxy_->server : origin_; }
    bool find_addresses(addresses& to);
    void start_lookup();
    void lookup_timed_out() noexcept { lookup_is_stale_ = true; }
    void forget_addresses() noexcept { known_.clear(); }
    void remember_working(const boost::asio::ip::address& address);

    // For itself.
    void grant_next() noexcept;
    void drop_idle() noexcept;
    void on_lookup(std::uint64_t number, boost::system::error_code error, addresses found);
    void arm(clock::time_point at, clock::time_point now);
    void on_timer();
    clock::time_point sweep(clock::time_point now);

    boost::asio::any_io_executor executor_;
    origin origin_;
    std::optional<proxy_settings> proxy_;
    std::optional<tls_context> tls_;
    std::string request_tail_;  // everything of a request behind its target; holds the key
    client_options options_;    // without the key
    std::shared_ptr<resolver> resolver_;

    boost::asio::steady_timer timer_;
    clock::time_point armed_ = clock::time_point::max();
    std::uint64_t timer_turn_ = 0;

    exchange_list running_;  // those that hold a lease
    exchange_list waiting_;
    std::size_t leases_ = 0, waiting_count_ = 0;
    std::vector<std::unique_ptr<connection>> idle_;  // oldest first
    std::vector<read_buffer> spare_buffers_;

    std::shared_ptr<lookup_gate> gate_;
    addresses known_;
    clock::time_point known_until_{};
    unsigned lookups_ = 0;             // under way
    std::uint64_t lookup_number_ = 0;  // of the newest
    bool lookup_is_stale_ = false;
    std::optional<boost::asio::ip::address> working_;

    std::uint64_t opened_ = 0, reused_ = 0, replayed_ = 0;
    bool closed_ = false;
    bool answered_ = false;  // by HTTP, once at least
};

}  // namespace unipile::http
