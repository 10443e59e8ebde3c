// Options of the simulated API.
#pragma once

#include <unipile/simulator/fault.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#pragma GCC visibility push(default)
namespace unipile {
class manual_clock;
}  // namespace unipile

namespace unipile::simulator {

/// How a listing shows its end.
enum class end_style {
    null_cursor,   ///< the last page's cursor is null
    empty_page,    ///< the last page has a cursor; the page behind it has no items
    dead_cursor,   ///< the last page has a cursor; it is answered with 422
    empty_cursor,  ///< the last page's cursor is ""
    no_cursor,     ///< the last page has no cursor
    mixed,         ///< one of null_cursor, empty_page and dead_cursor, by the seed and the identifier
};

/// What a cursor refers to.
enum class cursor_style {
    anchored,  ///< a post, so that new posts at the top shift nothing
    /// a distance from the top: a post added or removed during a listing shifts all posts below it, so that posts
    /// repeat or are skipped
    offset,
};

/// How the length of a body is sent.
enum class framing { length, chunked };

/// A limit on an account's requests. Windows follow each other from the account's first request on. Refused requests
/// count, too.
struct rate_window {
    std::uint32_t requests = 0;
    std::chrono::milliseconds window{0};
};

/// Options of a `server`. The defaults follow the contract, without faults.
struct options {
    /// Seed of everything that is generated. Same seed and options: same bytes.
    std::uint64_t seed = 1;
    /// Number of linked accounts `acc1`, `acc2` …, 1 to 1,000,000.
    std::uint32_t accounts = 1;
    /// Number of profiles with posts, over all accounts, 1 to 100,000,000. A profile belongs to one account, but every
    /// account of the same provider may list it.
    std::uint32_t identifiers = 10;
    /// Bounds of the number of posts of a profile, at most 1,000,000,000; the number follows from the seed.
    std::uint64_t posts_min = 100;
    std::uint64_t posts_max = 100;
    /// Share of Instagram accounts, 0 to 1. Between 0 and 1 and with two accounts or more, there is at least one of
    /// each provider.
    double instagram_share = 0;
    /// Share of companies among the LinkedIn profiles, 0 to 1.
    double company_share = 0.2;
    /// Share of the profiles whose listing starts with a pinned, older post, 0 to 1. The post is missing at its own
    /// place.
    double pinned_share = 0;
    /// The time of the newest post at the start, in Unix milliseconds; `date` is relative to it.
    std::int64_t now = 1'748'779'200'000;
    end_style end = end_style::null_cursor;
    cursor_style cursors = cursor_style::anchored;
    /// Age from which a cursor is answered with 422, at twice this age at the latest; 0: never.
    std::chrono::milliseconds cursor_ttl{0};
    /// After every Nth page the newest post of that page's listing is deleted; 0: never.
    std::uint32_t delete_every = 0;
    /// Posts in a page when the request has no limit, 1 to 100.
    std::uint32_t default_limit = 10;
    /// Bits of `deviation`; each post has some of them.
    unsigned deviations = 0;
    std::vector<fault> faults;
    /// Limits of each account; a request over them is answered with 429 and Retry-After. Measured by a clock, so not
    /// deterministic.
    std::vector<rate_window> limits;

    /// Address to listen on.
    std::string address = "127.0.0.1";
    /// Port to listen on; 0: any free one.
    std::uint16_t port = 0;
    /// Serve HTTPS, with a CA and a certificate that the server's constructor makes.
    bool tls = false;
    /// Offer TLS 1.2 only.
    bool tls_1_2_only = false;
    /// Names and addresses in the certificate.
    std::vector<std::string> hosts = {"localhost", "127.0.0.1", "::1"};
    /// Write the CA's certificate to this file, as PEM; empty: not written.
    std::string ca_file;
    /// The key that requests must have in `X-API-KEY`.
    std::string api_key = "simulated-key";

    simulator::framing framing = framing::chunked;
    /// Answer with gzip if the client accepts it.
    bool gzip = true;
    /// Bounds of the delay between request and answer; the delay follows from the seed.
    std::chrono::milliseconds latency_min{0};
    std::chrono::milliseconds latency_max{0};
    /// Bytes a second per connection; 0: no limit.
    std::uint64_t bandwidth = 0;
    /// Time after which an idle connection is closed; 0: never.
    std::chrono::milliseconds keep_alive{5'000};
    /// Send `Connection: close` with every Nth answer of a connection; 0: never.
    std::uint32_t requests_per_connection = 0;
    /// Bytes of rendered pages to cache.
    std::size_t cache = 64 * 1024 * 1024;
    /// Record every request for `server::request_log`. Grows without bound.
    bool log_requests = false;
    /// The clock of latency, limits, lifetimes and dates, for tests that turn it: <unipile/manual_clock.hpp>. The
    /// server's executor is then run by one thread. Null: the machine's clocks.
    std::shared_ptr<manual_clock> clock;
};

/// Throws std::invalid_argument with one line for an option out of range.
void validate(const options& options);

}  // namespace unipile::simulator
#pragma GCC visibility pop
