// The connections to one server: leases, idle connections, and deadlines.
#pragma once

#include "connection.hpp"
#include "name_cache.hpp"
#include "server_access.hpp"
#include "transport.hpp"

#include "time_source.hpp"

#include <boost/intrusive/list.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace unipile::http {

/// At least 64 KiB: the header of an answer, then its body piece by piece. Lent while an answer arrives.
struct read_buffer {
    std::unique_ptr<char[]> bytes;
    std::size_t size = 0;
};

/// The state that the pool and one of its users share. Destroying or unlinking it takes it out of the pool's lists.
class pool_user : public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
public:
    using clock = connection::clock;

    /// Ends its wait with `why`. Called by the pool when the deadline has passed, and when it closes.
    virtual void stop(errc why) noexcept = 0;

    /// set by the user while it waits; the greatest value: none
    clock::time_point deadline = clock::time_point::max();
    errc overdue = errc::stall_timeout;  ///< set by the user: the code for `stop` after the deadline
    bool connected = false;              ///< set by the user: it has a connection, or makes one
    bool leased = false;                 ///< set by the pool

protected:
    ~pool_user() = default;
};

/// A user needs a lease to use a connection. There are `max_connections` leases, and idle connections plus leases never
/// exceed that. Idle connections are used last in, first out. One timer serves all deadlines and fires at least once a
/// second: deadlines change all the time, and to move the timer each time would cost more than to check them once a
/// second.
class pool final : public transport {
public:
    using clock = connection::clock;

    pool(boost::asio::any_io_executor executor, const client_options& options);

    boost::asio::any_io_executor executor() const noexcept override { return executor_; }
    std::string target(std::string_view identifier, std::string_view account_id, int limit, bool is_company,
                       std::string_view cursor) const override;
    std::unique_ptr<exchange> open(std::shared_ptr<const request_settings> settings) override;
    pool_stats stats() const noexcept override;
    bool reveals_key(std::string_view text) const noexcept override { return access_.reveals_key(text); }
    void close() override;

    server_access& access() noexcept { return access_; }
    name_cache& names() noexcept { return names_; }
    const time_source& time() const noexcept { return time_; }
    bool closed() const noexcept { return closed_; }

    /// Returns false if all are taken; the caller waits for the end of another request.
    bool lease(pool_user& user) noexcept;
    /// No effect without a lease.
    void end_lease(pool_user& user) noexcept;
    /// Calls `stop` after the deadline that the user has set.
    void watch(const pool_user& user, clock::time_point now);

    /// Returns the last used idle connection that still works, or null.
    std::unique_ptr<connection> take_idle();
    void give_back(std::unique_ptr<connection> c, std::optional<std::chrono::seconds> server_keeps_it) noexcept;

    read_buffer lend_buffer();
    void return_buffer(read_buffer buffer) noexcept;

    void count_opened() noexcept { ++opened_; }
    void count_replayed() noexcept { ++replayed_; }
    /// Returns true if the server has ever answered in HTTP.
    bool has_answered() const noexcept { return answered_; }
    void note_answer() noexcept { answered_ = true; }

private:
    using user_list = boost::intrusive::list<pool_user, boost::intrusive::constant_time_size<false>>;

    void drop_idle() noexcept;
    void rest_if_quiet() noexcept;
    void arm(clock::time_point at, clock::time_point now);
    void on_timer();
    clock::time_point sweep(clock::time_point now);

    boost::asio::any_io_executor executor_;
    time_source time_;
    server_access access_;
    std::shared_ptr<const request_settings> settings_;
    name_cache names_;

    clock_timer timer_;
    clock::time_point armed_ = clock::time_point::max();
    std::uint64_t timer_generation_ = 0;

    user_list running_;  // users with a lease
    std::size_t leases_ = 0;
    std::vector<std::unique_ptr<connection>> idle_;  // oldest first
    std::vector<read_buffer> spare_buffers_;

    std::uint64_t opened_ = 0, reused_ = 0, replayed_ = 0;
    bool closed_ = false;
    bool answered_ = false;
};

}  // namespace unipile::http
