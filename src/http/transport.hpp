// One GET after another over pooled keep-alive connections.
#pragma once

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

/// What an answer's header said, as far as it matters here.
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

/// One GET. Destroying it before the body's end closes the connection; after the end it went back to the pool.
/// Made by `transport::open()`; it keeps its transport alive.
///
/// Coroutines honour per-operation cancellation (terminal, partial, total): asio::error::operation_aborted, and the
/// connection is closed. Everything else that goes wrong throws `failure` with a code of `errc` and the system's code
/// as its cause.
class exchange {
public:
    exchange() = default;
    virtual ~exchange() = default;
    exchange(const exchange&) = delete;
    exchange& operator=(const exchange&) = delete;

    /// Gets a connection, or throws errc::connection_wait_timeout if `max_connections` others run: who sends requests
    /// does the waiting. Sends the request and reads the answer's header. Replays once when a reused connection turns
    /// out dead before the answer's first byte; `times_sent` counts both. Call once.
    virtual boost::asio::awaitable<response_head> get(std::string target) = 0;

    /// The next bytes of the body, inflated; empty at its end. The view is valid until the next call. Between calls the
    /// clocks of `deadlines::stall` and `deadlines::request` stand still.
    virtual boost::asio::awaitable<std::string_view> read_some() = 0;

    /// Body bytes as they came over the wire, so far.
    virtual std::uint64_t wire_bytes() const noexcept = 0;

    /// How many requests the server may have seen: those whose first byte may have left, the replay counted. 0: it
    /// can't have seen any, whatever the error; the error alone does not show it, since a replay may fail to connect as
    /// well.
    virtual unsigned times_sent() const noexcept = 0;

    /// Whether a byte of an answer has arrived, whatever became of the rest.
    virtual bool heard() const noexcept = 0;

    /// What it waits for, or waited for last, as in "the answer's first byte"; empty before the first wait.
    virtual const char* awaited() const noexcept { return ""; }
};

/// The connections to one base URL. All calls on `executor`, which must not run two handlers at once. Abstract, so
/// that what is built on it can be tested without sockets.
class transport : public std::enable_shared_from_this<transport> {
public:
    /// Throws std::invalid_argument with one line that says what to do, for a bad URL, key, proxy or CA file.
    static std::shared_ptr<transport> create(boost::asio::any_io_executor executor, const client_options& options);
    virtual ~transport() = default;

    virtual boost::asio::any_io_executor executor() const noexcept = 0;
    /// The request target for a listing: base path, encoded identifier, query. `cursor` empty: the first page.
    /// Throws failure(errc::invalid_query) for anything that can't be sent.
    virtual std::string target(std::string_view identifier, std::string_view account_id, int limit, bool is_company,
                               std::string_view cursor) const = 0;
    /// A new exchange; nothing happens before its `get()`.
    virtual std::unique_ptr<exchange> open() = 0;
    virtual pool_stats stats() const noexcept = 0;
    /// Whether `text` holds the key, or twelve characters of it: such a text is not shown.
    virtual bool reveals_key(std::string_view) const noexcept { return false; }
    /// Ends every exchange and wait with errc::client_closed, closes every connection. Never blocks.
    virtual void close() = 0;
};

}  // namespace unipile::http
