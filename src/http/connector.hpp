// Makes a connection for an exchange: name, address, tunnel, handshake.
#pragma once

#include "answer_parser.hpp"
#include "connect_race.hpp"
#include "exchange_waits.hpp"

#include <memory>
#include <optional>
#include <string>

namespace unipile::http {

/// The steps of connecting, as coroutines. Throws what `exchange::get` throws.
class connector final : private name_cache::waiter {
public:
    explicit connector(exchange_waits& waits) noexcept : waits_(waits), access_(waits.access()) {}
    ~connector() { abandon(); }
    connector(const connector&) = delete;
    connector& operator=(const connector&) = delete;

    boost::asio::awaitable<std::unique_ptr<connection>> connect();
    /// Closes the connection under way.
    void abandon() noexcept;

private:
    void addresses_found(boost::system::error_code error, const addresses& found) noexcept override;
    boost::asio::awaitable<void> resolve();
    void keep_loopback_only();
    boost::asio::awaitable<void> connect_any();
    [[noreturn]] void fail_to_connect(boost::system::error_code last);
    boost::asio::awaitable<void> open_tunnel();
    bool take_proxy_answer(std::string_view received);
    boost::asio::awaitable<void> handshake();

    exchange_waits& waits_;
    server_access& access_;
    addresses addresses_;
    boost::system::error_code lookup_error_;
    bool looking_up_ = false;
    std::shared_ptr<connect_race> race_;
    std::unique_ptr<connection> connection_;
    std::string request_;
    std::string received_;  // of the proxy's answer
    std::optional<answer_parser> answer_;
};

}  // namespace unipile::http
