// What the simulated API serves, and how.
#pragma once

#include <unipile/simulator/fault.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace unipile::simulator {

/// How a listing says that it has ended.
enum class end_style {
    null_cursor,   ///< the last page's cursor is null
    empty_page,    ///< the last page has a cursor; the page behind it has no items
    dead_cursor,   ///< the last page has a cursor; it is answered with 422
    empty_cursor,  ///< the last page's cursor is ""
    no_cursor,     ///< the last page has no cursor at all
    mixed,         ///< one of null_cursor, empty_page and dead_cursor, by the seed and the identifier
};

/// What a cursor stands for.
enum class cursor_style {
    anchored,  ///< the post to go on with: new posts at the top shift nothing
    offset,    ///< a distance from the top: a post added or removed during a listing shifts everything below it, so
               ///< that posts come twice or are passed over
};

enum class framing { length, chunked };

/// A limit on an account's requests. The server counts from an account's first request on, window after window; refused
/// requests count too.
struct rate_window {
    std::uint32_t requests = 0;
    std::chrono::milliseconds window{0};
};

/// What is served and how. The defaults serve what the contract says, without faults.
struct options {
    /// Everything generated follows from it: same seed and same options, same bytes.
    std::uint64_t seed = 1;
    /// Linked accounts `acc1`, `acc2` …, 1 to 1,000,000.
    std::uint32_t accounts = 1;
    /// Profiles with posts, over all accounts, 1 to 100,000,000. A profile's home is one account, but every account of
    /// the same provider may list it.
    std::uint32_t identifiers = 10;
    /// Posts of each profile: a number in this range, by the seed. At most 1,000,000,000.
    std::uint64_t posts_min = 100;
    std::uint64_t posts_max = 100;
    /// Share of the accounts that are Instagram ones, 0 to 1. Between 0 and 1, with two accounts or more, there is at
    /// least one of each provider.
    double instagram_share = 0;
    /// Share of the LinkedIn profiles that are companies.
    double company_share = 0.2;
    /// Share of the profiles whose listing starts with a pinned, older post (which is then missing at its own place).
    double pinned_share = 0;
    /// The time up to which posts exist at the start, in Unix milliseconds; `date` counts back from here.
    std::int64_t now = 1'748'779'200'000;
    end_style end = end_style::null_cursor;
    cursor_style cursors = cursor_style::anchored;
    /// A cursor is answered with 422 once it is older than this, at twice this age at the latest; 0: cursors live for
    /// ever.
    std::chrono::milliseconds cursor_ttl{0};
    /// After every Nth page the newest post of that page's listing is deleted; 0: never.
    std::uint32_t delete_every = 0;
    /// Posts in a page when the request has no limit, 1 to 100.
    std::uint32_t default_limit = 10;
    /// Bits of `deviation`; each post shows some of them.
    unsigned deviations = 0;
    std::vector<fault> faults;
    /// Limits that hold for each account; over them 429 with Retry-After. Measured with a clock, so not deterministic.
    std::vector<rate_window> limits;

    /// The address to listen on.
    std::string address = "127.0.0.1";
    /// 0: any free one.
    std::uint16_t port = 0;
    /// HTTPS with a CA and a certificate of its own, made when the server is constructed.
    bool tls = false;
    /// Not newer than TLS 1.2.
    bool tls_1_2_only = false;
    /// Names and addresses that the certificate is for.
    std::vector<std::string> hosts = {"localhost", "127.0.0.1", "::1"};
    /// Write the CA's certificate to this file, PEM; empty: none.
    std::string ca_file;
    /// The key that requests must bear in `X-API-KEY`.
    std::string api_key = "simulated-key";

    simulator::framing framing = framing::chunked;
    /// Answer with gzip when the client accepts it.
    bool gzip = true;
    /// How long after the request the answer starts: between these two, by the seed.
    std::chrono::milliseconds latency_min{0};
    std::chrono::milliseconds latency_max{0};
    /// Bytes a second and connection; 0: no limit.
    std::uint64_t bandwidth = 0;
    /// An idle connection is closed after this time; 0: never.
    std::chrono::milliseconds keep_alive{5'000};
    /// `Connection: close` with every Nth answer of a connection; 0: never.
    std::uint32_t requests_per_connection = 0;
    /// Bytes of rendered pages to keep.
    std::size_t cache = 64 * 1024 * 1024;
    /// Keep every request for `server::request_log`. Grows without bound.
    bool log_requests = false;
};

/// Throws std::invalid_argument with one line for a value out of range.
void validate(const options& options);

}  // namespace unipile::simulator
