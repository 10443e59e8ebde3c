// The server of the simulator on threads of its own, and a blocking client of it.
#pragma once

#include "reader.hpp"

#include <unipile/simulator.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <boost/test/unit_test.hpp>

#include <charconv>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

/// A server on threads of its own.
class running_server {
public:
    explicit running_server(unipile::simulator::options options, int threads = 1)
        : server(context_.get_executor(), std::move(options))
    {
        server.start();
        for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { context_.run(); });
    }
    ~running_server()
    {
        server.stop();
        for (auto& thread : threads_) thread.join();
    }

private:
    boost::asio::io_context context_;

public:
    unipile::simulator::server server;

private:
    std::vector<std::thread> threads_;
};

inline unipile::simulator::options plain(std::vector<const char*> faults = {})
{
    unipile::simulator::options options;
    options.identifiers = 3;
    options.company_share = 0;
    for (const auto* fault : faults) options.faults.push_back(unipile::simulator::parse_fault(fault));
    return options;
}

struct reply {
    std::string head;
    std::string body;  ///< without chunks
    bool whole = false;
    boost::system::error_code error;

    unsigned status() const { return head.size() < 12 ? 0 : static_cast<unsigned>(std::stoul(head.substr(9, 3))); }
    bool has(const char* line) const { return head.find(line) != head.npos; }
};

/// A blocking client with one connection.
class client {
public:
    explicit client(const unipile::simulator::server& server, boost::asio::ssl::context* tls = nullptr,
                    SSL_SESSION* session = nullptr, const char* host = "localhost")
        : stream_(context_, tls ? *tls : none_), tls_(tls != nullptr)
    {
        stream_.next_layer().connect({boost::asio::ip::make_address("127.0.0.1"), server.port()});
        if (!tls_) return;
        stream_.set_verify_mode(boost::asio::ssl::verify_peer);
        stream_.set_verify_callback(boost::asio::ssl::host_name_verification(host));
        if (session) SSL_set_session(stream_.native_handle(), session);
        stream_.handshake(boost::asio::ssl::stream_base::client);
    }

    void send(const std::string& text)
    {
        boost::system::error_code ignored;
        if (tls_)
            boost::asio::write(stream_, boost::asio::buffer(text), ignored);
        else
            boost::asio::write(stream_.next_layer(), boost::asio::buffer(text), ignored);
    }

    reply receive()
    {
        reply result;
        while (!result.error && !complete(result)) read(result);
        return result;
    }

    reply get(const unipile::simulator::profile& profile, unsigned limit = 10, const std::string& more = {})
    {
        send("GET " + reader::target(profile.account, profile.identifier, limit, profile.is_company) +
             " HTTP/1.1\r\nHost: localhost\r\nX-API-KEY: simulated-key\r\n" + more + "\r\n");
        return receive();
    }

    /// Whether the server closes without a further byte.
    boost::system::error_code next_end()
    {
        reply rest;
        while (!rest.error && held_.empty()) read(rest);
        BOOST_TEST(held_.empty());
        return rest.error;
    }

    SSL* handle() { return stream_.native_handle(); }

private:
    void read(reply& result)
    {
        char bytes[16 * 1024];
        const auto size = tls_ ? stream_.read_some(boost::asio::buffer(bytes), result.error)
                               : stream_.next_layer().read_some(boost::asio::buffer(bytes), result.error);
        held_.append(bytes, size);
    }

    bool complete(reply& result)
    {
        const auto end = held_.find("\r\n\r\n");
        if (end == held_.npos) return false;
        result.head = held_.substr(0, end + 4);
        const std::string_view rest = std::string_view(held_).substr(end + 4);
        if (const auto at = result.head.find("Content-Length: "); at != std::string::npos) {
            const auto size = std::stoul(result.head.substr(at + 16));
            result.body = rest.substr(0, size);
            result.whole = rest.size() >= size;
            if (result.whole) held_.erase(0, end + 4 + size);
            return result.whole;
        }
        return chunks(rest, end + 4, result);
    }

    bool chunks(std::string_view rest, std::size_t used, reply& result)
    {
        result.body.clear();
        for (;;) {
            const auto line = rest.find("\r\n");
            if (line == rest.npos) return false;
            std::size_t size = 0;
            std::from_chars(rest.data(), rest.data() + line, size, 16);
            if (rest.size() < line + 2 + size + 2) return false;
            result.body += rest.substr(line + 2, size);
            rest.remove_prefix(line + 2 + size + 2);
            used += line + 2 + size + 2;
            if (size > 0) continue;
            held_.erase(0, used);
            return result.whole = true;
        }
    }

    boost::asio::io_context context_;
    boost::asio::ssl::context none_{boost::asio::ssl::context::tls_client};
    boost::asio::ssl::stream<boost::asio::ip::tcp::socket> stream_;
    bool tls_;
    std::string held_;
};

/// The requests of a page are counted after the client may already have it.
inline void wait_for_pages(const unipile::simulator::server& server, std::uint64_t pages)
{
    while (server.stats().pages < pages) std::this_thread::yield();
}
