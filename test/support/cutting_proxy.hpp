// A proxy that breaks connections where a test wants it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <thread>

namespace unipile::test {

/// What happens to the connections that are made from now on. Everything is counted from 0, in each connection anew.
struct proxy_plan {
    static constexpr std::size_t never = std::numeric_limits<std::size_t>::max();

    /// Close both sides after this many bytes of the client have reached the server, or of the server the client.
    std::size_t cut_to_server = never;
    std::size_t cut_to_client = never;
    /// Close both sides instead of passing on the k-th answer that ends a batch (ReadyForQuery); the first is the
    /// login's. The server's work is done then.
    std::size_t drop_answer = never;
    /// Pass on nothing any more after so many bytes, but keep the connection.
    std::size_t blackhole_to_server = never;
    std::size_t blackhole_to_client = never;
    /// Wait before bytes are passed on.
    std::chrono::milliseconds delay{};

    /// The k-th statement fails with this SQLSTATE. 57P01 ends its session, too.
    std::size_t fail_statement = never;
    std::string fail_with = "40001";
    /// Close both sides instead of passing on the answer to the k-th COMMIT.
    std::size_t drop_commit = never;
    /// Close both sides once the k-th COMMIT is on its way, and call a function before.
    std::size_t leave_commit = never;
    std::function<void()> before_leaving;

    /// After the first fault, connections work.
    bool once = false;
};

/// What the newest connection has passed on.
struct proxy_counts {
    std::size_t connections = 0;  ///< in all
    std::size_t to_server = 0;    ///< bytes
    std::size_t to_client = 0;    ///< bytes
    std::size_t answers = 0;      ///< ReadyForQuery, dropped ones included
    std::size_t statements = 0;
    std::size_t commits = 0;
    bool fault = false;  ///< a fault of the plan came true, in any connection since it was set
};

/// Listens on a socket of its own, and connects each client to the server's socket. Runs on a thread of its own. Reads
/// PostgreSQL's protocol 3 without TLS.
class cutting_proxy {
public:
    /// `server` is the server's socket, e.g. `postgres_server::socket()`.
    explicit cutting_proxy(const std::filesystem::path& server);
    ~cutting_proxy();
    cutting_proxy(const cutting_proxy&) = delete;
    cutting_proxy& operator=(const cutting_proxy&) = delete;

    /// For connections from now on.
    void set(const proxy_plan& plan);
    /// The same, and for those that there are, whose counts begin anew.
    void set_now(const proxy_plan& plan);
    /// Closes all connections.
    void cut_now();
    proxy_counts counts();

    /// Keywords for a connection through it.
    std::string conninfo(const std::string& database = "postgres") const;
    std::string url(const std::string& database = "postgres") const;

private:
    struct core;
    std::filesystem::path folder_;
    std::shared_ptr<core> core_;
    std::thread thread_;
};

}  // namespace unipile::test
