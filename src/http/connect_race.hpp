// Attempts to connect that run beside each other: the first that gets through wins.
#pragma once

#include "connection.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstddef>
#include <memory>
#include <vector>

namespace unipile::http {

/// Knows nothing of time: who waits decides when the next attempt starts. All calls on the executor.
class connect_race : public std::enable_shared_from_this<connect_race> {
public:
    /// `wake` is cancelled whenever an attempt is over, until `give_up()`.
    connect_race(boost::asio::any_io_executor executor, boost::asio::steady_timer& wake)
        : executor_(std::move(executor)), wake_(&wake)
    {}

    /// Starts another attempt. One that can't even begin is over at once.
    void start(const boost::asio::ip::tcp::endpoint& to);

    /// The connection of the first attempt that got through, once; else null.
    std::unique_ptr<connection> take_winner() noexcept { return std::move(winner_); }
    const boost::asio::ip::address& winners_address() const noexcept { return winners_address_; }

    std::size_t under_way() const noexcept { return under_way_; }
    /// Of the attempt that failed last.
    const boost::system::error_code& error() const noexcept { return error_; }

    /// Closes what is under way. `wake` is not used any more.
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
