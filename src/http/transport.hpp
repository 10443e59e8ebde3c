// GET requests over pooled keep-alive connections.
#pragma once

#include "request_settings.hpp"

#include <unipile/answer_fields.hpp>
#include <unipile/client_options.hpp>
#include <unipile/failure.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace unipile::http {

/// The relevant parts of an answer's header.
struct response_head {
    unsigned status = 0;
    std::string content_type;
    answer_fields fields;
    bool reused_connection = false;
};

struct pool_stats {
    std::size_t open = 0, idle = 0;
    std::uint64_t opened = 0, reused = 0, replayed = 0;
};

/// One GET. Destroying it before the body's end closes the connection; after the end, the connection is back in the
/// pool. Made by `transport::open()`; keeps its transport alive.
///
/// Cancellation (terminal, partial, total): asio::error::operation_aborted, and the connection is closed. Errors: every
/// other failure throws `failure` with a code of `errc` and the system's code as its cause.
class exchange {
public:
    exchange() = default;
    virtual ~exchange() = default;
    exchange(const exchange&) = delete;
    exchange& operator=(const exchange&) = delete;

    /// Gets a connection, or throws errc::connection_wait_timeout if `max_connections` others run; the caller does the
    /// waiting. Sends the request and, in a later turn of the event loop, reads the answer's header. Sends the request
    /// once more if a reused connection is closed before the answer's first byte; `times_sent` counts both. Called
    /// once.
    virtual boost::asio::awaitable<response_head> get(std::string target) = 0;

    /// Returns the next bytes of the body, inflated; empty at its end. The view is valid until the next call. Time
    /// between calls does not count against `deadlines::stall` and `deadlines::request`.
    virtual boost::asio::awaitable<std::string_view> read_some() = 0;

    /// Returns the body bytes received so far, as sent.
    virtual std::uint64_t wire_bytes() const noexcept = 0;

    /// Returns how many requests the server may have received: those of which a byte may have been sent, including a
    /// repeated one. 0: it has received none, whatever the error. The error alone does not show this, since a repeated
    /// request may fail to connect as well.
    virtual unsigned times_sent() const noexcept = 0;

    /// Returns true if a byte of an answer has arrived.
    virtual bool heard() const noexcept = 0;

    /// Returns what it waits for, or waited for last, e.g. "the answer's first byte"; empty before the first wait.
    virtual const char* awaited() const noexcept { return ""; }
};

/// The connections to one base URL. All calls on `executor`, which must not run two handlers at once. Abstract, so that
/// the layers above can be tested without sockets.
class transport : public std::enable_shared_from_this<transport> {
public:
    /// Throws std::invalid_argument with one line that says what to do, for an invalid URL, key, proxy or CA file.
    static std::shared_ptr<transport> create(boost::asio::any_io_executor executor, const client_options& options);
    virtual ~transport() = default;

    virtual boost::asio::any_io_executor executor() const noexcept = 0;
    /// Returns the request target of a listing: base path, encoded identifier, query. `cursor` empty: the first page.
    /// Throws failure(errc::invalid_query) for values that can't be sent.
    virtual std::string target(std::string_view identifier, std::string_view account_id, int limit, bool is_company,
                               std::string_view cursor) const = 0;
    /// Returns a new exchange, which does nothing before its `get()`. `settings` null: the client's.
    virtual std::unique_ptr<exchange> open(std::shared_ptr<const request_settings> settings) = 0;
    virtual pool_stats stats() const noexcept = 0;
    /// Returns true if `text` has the key, or twelve characters of it, and must not be shown.
    virtual bool reveals_key(std::string_view) const noexcept { return false; }
    /// Ends every exchange and wait with errc::client_closed, and closes every connection. Never blocks.
    virtual void close() = 0;
};

}  // namespace unipile::http
