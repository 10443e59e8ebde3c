// One connection of a client.
#pragma once

#include "simulator/responder.hpp"
#include "simulator/wire.hpp"
#include "time_source.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace unipile::simulator {

/// All on the socket's executor, a strand. Lives as long as its coroutine.
class connection : public std::enable_shared_from_this<connection> {
public:
    /// `context` null: plain HTTP.
    connection(boost::asio::ip::tcp::socket peer, std::shared_ptr<boost::asio::ssl::context> context,
               std::shared_ptr<responder> responder);
    ~connection();

    void start();
    /// Aborts all operations. Any thread.
    void stop();

private:
    using error_code = boost::system::error_code;
    using socket = boost::asio::ip::tcp::socket;
    template <class T = void>
    using awaitable = boost::asio::awaitable<T>;
    enum class ending { none, in_order, without_notice, reset };

    static awaitable<> run(std::shared_ptr<connection> self);
    awaitable<> serve();
    awaitable<bool> shake_hands();
    awaitable<bool> read_request();
    awaitable<> refuse_request();
    awaitable<> exchange();
    awaitable<std::uint64_t> send(wire& wire, std::uint64_t from, std::uint64_t to);
    awaitable<> disrupt(wire& wire, std::uint64_t& sent, std::uint64_t total);
    awaitable<> wait_for_close();
    awaitable<> pause(time_source::time_point until);
    awaitable<> finish();
    awaitable<std::size_t> read_some(boost::asio::mutable_buffer buffer);
    awaitable<> write(std::string_view bytes);

    socket& lowest() { return tls_ ? tls_->next_layer() : *plain_; }
    /// Aborts the running operation after this time; zero: never.
    void guard(std::chrono::milliseconds time);
    void unguard() { guard({}); }
    request request_view() const;

    std::shared_ptr<boost::asio::ssl::context> context_;
    std::optional<socket> plain_;
    std::unique_ptr<boost::asio::ssl::stream<socket>> tls_;
    std::shared_ptr<responder> responder_;
    clock_timer guard_, timer_;
    std::uint64_t guard_number_ = 0;

    boost::beast::flat_buffer buffer_;
    std::optional<boost::beast::http::request_parser<boost::beast::http::empty_body>> parser_;
    answer answer_;
    std::string out_;
    time_source::time_point next_write_;
    std::uint32_t exchanges_ = 0;
    error_code error_;
    ending ending_ = ending::none;
};

}  // namespace unipile::simulator
