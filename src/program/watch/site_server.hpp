// A small HTTP server on the event loop of a harvest.
#pragma once

#include "program/watch/listen_address.hpp"
#include "program/watch/site_request.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include <functional>
#include <memory>
#include <string>

namespace unipile::program {

struct site_answer {
    unsigned status = 200;
    std::string type = "text/plain; charset=utf-8";
    std::string body;
    std::string allow;  ///< the methods that the target has; empty: not stated
};

/// Serves a bounded number of connections, of which each has seconds for a request, and for an answer. HTTP/1.1 with
/// keep-alive. Further connections wait.
class site_server {
public:
    /// Returns the answer. The request's views are valid until it is complete.
    using responder = std::function<boost::asio::awaitable<site_answer>(site_request request, std::string body)>;

    static constexpr std::size_t most_connections = 32;
    static constexpr std::size_t longest_header = 8 * 1024;
    static constexpr std::size_t longest_body = 16 * 1024;

    /// Listens. Throws std::invalid_argument with one line if the address can't be used.
    site_server(boost::asio::io_context& context, const listen_address& where, responder respond);
    /// Ends all connections.
    ~site_server();
    site_server(const site_server&) = delete;
    site_server& operator=(const site_server&) = delete;

    /// The address with the port that it has.
    const listen_address& where() const noexcept;

private:
    struct impl;
    std::shared_ptr<impl> impl_;
};

}  // namespace unipile::program
