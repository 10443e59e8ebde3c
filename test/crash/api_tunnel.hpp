// An HTTP proxy for one worker, which a test can stop from passing anything on.
#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>

/// Answers CONNECT on a port of its own and a thread of its own. While it is closed, connections stay open and nothing
/// passes in either direction; what a side has sent is passed on afterwards, unless it has closed the connection.
class api_tunnel {
public:
    api_tunnel() : acceptor_(context_, {boost::asio::ip::address_v4::loopback(), 0})
    {
        boost::asio::co_spawn(context_, accept(), boost::asio::detached);
        thread_ = std::thread{[this] { context_.run(); }};
    }
    ~api_tunnel()
    {
        context_.stop();
        thread_.join();
    }
    api_tunnel(const api_tunnel&) = delete;
    api_tunnel& operator=(const api_tunnel&) = delete;

    std::string url() const { return "http://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()); }
    void close() { closed_ = true; }
    void open() { closed_ = false; }

private:
    using tcp = boost::asio::ip::tcp;
    static constexpr auto as_result = boost::asio::as_tuple(boost::asio::use_awaitable);

    struct link {
        explicit link(tcp::socket accepted) : client(std::move(accepted)), server(client.get_executor()) {}
        void close()
        {
            boost::system::error_code ignored;
            client.close(ignored);
            server.close(ignored);
        }
        tcp::socket client, server;
    };

    boost::asio::awaitable<void> accept()
    {
        for (;;) {
            auto accepted = co_await acceptor_.async_accept(as_result);
            if (std::get<0>(accepted)) co_return;
            auto made = std::make_shared<link>(std::move(std::get<1>(accepted)));
            boost::asio::co_spawn(context_, serve(std::move(made)), boost::asio::detached);
        }
    }
    boost::asio::awaitable<void> serve(std::shared_ptr<link> l)
    {
        std::string head;
        auto buffer = boost::asio::dynamic_buffer(head, 8192);
        const auto read = co_await boost::asio::async_read_until(l->client, buffer, "\r\n\r\n", as_result);
        if (std::get<0>(read)) co_return;
        const auto colon = head.find(':');
        const auto port = static_cast<unsigned short>(std::stoul(head.substr(colon + 1)));
        const tcp::endpoint where{boost::asio::ip::address_v4::loopback(), port};
        const auto connected = co_await l->server.async_connect(where, as_result);
        if (std::get<0>(connected)) co_return;
        const std::string yes = "HTTP/1.1 200 OK\r\n\r\n";
        co_await boost::asio::async_write(l->client, boost::asio::buffer(yes), as_result);
        boost::asio::co_spawn(context_, pump(l, l->client, l->server), boost::asio::detached);
        boost::asio::co_spawn(context_, pump(l, l->server, l->client), boost::asio::detached);
    }
    boost::asio::awaitable<void> pump(std::shared_ptr<link> l, tcp::socket& from, tcp::socket& to)
    {
        std::array<char, 65536> data;
        boost::asio::steady_timer timer(context_);
        for (;;) {
            const auto read = co_await from.async_read_some(boost::asio::buffer(data), as_result);
            if (std::get<0>(read)) break;
            while (closed_ && !is_gone(from)) {
                timer.expires_after(std::chrono::milliseconds(10));
                co_await timer.async_wait(as_result);
            }
            if (is_gone(from)) break;
            const auto bytes = boost::asio::buffer(data, std::get<1>(read));
            const auto written = co_await boost::asio::async_write(to, bytes, as_result);
            if (std::get<0>(written)) break;
        }
        l->close();
    }
    static bool is_gone(tcp::socket& s)
    {
        if (!s.is_open()) return true;
        char c = 0;
        return ::recv(s.native_handle(), &c, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
    }

    boost::asio::io_context context_{1};
    tcp::acceptor acceptor_;
    std::atomic<bool> closed_{false};
    std::thread thread_;
};
