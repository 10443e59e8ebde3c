#include "connect_race.hpp"

#include <utility>

#include <fcntl.h>

namespace unipile::http {

void connect_race::start(const boost::asio::ip::tcp::endpoint& to)
{
    auto made = std::make_unique<connection>(executor_);
    boost::asio::ip::tcp::socket& socket = made->socket();
    socket.open(to.protocol(), error_);
    if (error_) return;
    // Asio opens sockets that child processes would inherit.
    ::fcntl(socket.native_handle(), F_SETFD, FD_CLOEXEC);
    socket.non_blocking(true, error_);
    if (error_) return;
    const std::size_t number = attempts_.size();
    addresses_.push_back(to.address());
    attempts_.push_back(std::move(made));
    socket.async_connect(to, [self = shared_from_this(), number](const boost::system::error_code& error) {
        self->ended(number, error);
    });
    ++under_way_;
}

void connect_race::ended(std::size_t attempt, const boost::system::error_code& error)
{
    if (wake_ == nullptr) return;
    --under_way_;
    std::unique_ptr<connection> own = std::move(attempts_[attempt]);
    if (error) {
        error_ = error;
    } else if (!winner_) {
        winner_ = std::move(own);
        winners_address_ = addresses_[attempt];
    }
    wake_->cancel();
}

void connect_race::give_up() noexcept
{
    wake_ = nullptr;
    attempts_.clear();
    winner_.reset();
}

}  // namespace unipile::http
