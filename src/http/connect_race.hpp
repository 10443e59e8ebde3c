// Parallel attempts to connect; the first that succeeds is used.
#pragma once

#include "connection.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstddef>
#include <memory>
#include <vector>

namespace unipile::http {

/// Has no timers: the caller decides when the next attempt starts. All calls on the executor.
class connect_race : public std::enable_shared_from_this<connect_race> {
public:
    /// `wake` is cancelled after the end of each attempt, until `give_up()`.
    connect_race(boost::asio::any_io_executor executor, boost::asio::steady_timer& wake)
        : executor_(std::move(executor)), wake_(&wake)
    {}

    /// Starts another attempt. One that fails to start is over at once.
    void start(const boost::asio::ip::tcp::endpoint& to);

    /// Returns the connection of the first attempt that succeeded, once; else null.
    std::unique_ptr<connection> take_winner() noexcept { return std::move(winner_); }
    const boost::asio::ip::address& winners_address() const noexcept { return winners_address_; }

    std::size_t under_way() const noexcept { return under_way_; }
    /// Returns the error of the last attempt that failed.
    const boost::system::error_code& error() const noexcept { return error_; }

    /// Closes all attempts. `wake` is not used afterwards.
    void give_up() noexcept;

private:
    void ended(std::size_t attempt, const boost::system::error_code& error);

    boost::asio::any_io_executor executor_;
    boost::asio::steady_timer* wake_;
    std::vector<std::unique_ptr<connection>> attempts_;  // null: over
    std::vector<boost::asio::ip::address> addresses_;
    std::unique_ptr<connection> winner_;
    boost::asio::ip::address winners_address_;
    std::size_t under_way_ = 0;
    boost::system::error_code error_;
};

}  // namespace unipile::http
