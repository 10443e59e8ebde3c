// One connection to a harvest's page.
#pragma once

#include "program/watch/site_server.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace unipile::program {

/// All on the socket's executor. Lives as long as its coroutine.
class site_connection : public std::enable_shared_from_this<site_connection> {
public:
    site_connection(boost::asio::ip::tcp::socket socket, std::shared_ptr<site_server::responder> respond);

    void start();
    /// Aborts all operations.
    void stop();

private:
    template <class T = void>
    using awaitable = boost::asio::awaitable<T>;

    static awaitable<> run(std::shared_ptr<site_connection> self);
    awaitable<bool> read_request();
    awaitable<site_answer> answer();
    awaitable<bool> write(const site_answer& a, bool is_last);
    site_request request_view() const;
    /// Aborts the running operation after this time; zero: never.
    void guard(std::chrono::milliseconds time);

    boost::asio::ip::tcp::socket socket_;
    std::shared_ptr<site_server::responder> respond_;
    boost::asio::steady_timer guard_;
    std::uint64_t guard_number_ = 0;
    boost::beast::flat_buffer buffer_;
    std::optional<boost::beast::http::request_parser<boost::beast::http::string_body>> parser_;
    unsigned refused_ = 0;  ///< the status of a request that can't be read
};

}  // namespace unipile::program
