// How a client talks to the API.
#pragma once

#include <unipile/retry_policy.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace unipile {

class observer;
class resolver;

/// Host and port of the server that a base URL leads to, in one spelling for all ways to write it: what tells the
/// tenants of the API apart. Where the usual port is followed by `?port=N`, that is the tenant's. Throws
/// std::invalid_argument for what is no base URL.
std::string tenant_of(std::string_view base_url);

/// How long each part of a request may take. Zero switches that deadline off, and so does what is beyond 10 years;
/// negative ones are refused.
struct deadlines {
    std::chrono::milliseconds connection_wait{0};  ///< waiting for a free connection of the pool
    std::chrono::milliseconds resolve{10'000};     ///< the name look-up
    std::chrono::milliseconds connect{10'000};     ///< TCP, all addresses together; the proxy's tunnel too
    std::chrono::milliseconds handshake{10'000};   ///< TLS
    std::chrono::milliseconds first_byte{90'000};  ///< from the request's last byte to the answer's first
    std::chrono::milliseconds stall{30'000};       ///< between two arrivals of bytes inside an answer, and for sending
    std::chrono::milliseconds request{300'000};  ///< one exchange from the sending to the last byte; time in which the
                                                 ///< consumer doesn't read is not counted
};

/// The largest things that a peer may send. What is over `item` or too deep inside of an item costs the item, which is
/// quarantined; each of the others has an error of its own.
struct size_limits {
    std::size_t header = 64 * 1024;        ///< bytes of an answer's header; 8 KiB at least
    std::size_t page = 256 * 1024 * 1024;  ///< bytes of a page's JSON, after inflating
    std::size_t item = 1024 * 1024;  ///< bytes of one item's JSON, which is decoded in one go; pages have some KB each
    std::size_t envelope = 64 * 1024;    ///< bytes of a page without its items
    std::size_t cursor = 16 * 1024;      ///< bytes of a cursor
    std::size_t items = 10'000;          ///< items in one page
    std::size_t depth = 64;              ///< nesting of arrays and objects in a page
    std::size_t error_body = 64 * 1024;  ///< bytes of an error answer that are read at all
};

/// Options of a `client`. Owns its data; the defaults are those of a careful operator.
struct client_options {
    /// Where the tenant's API is, the "DSN" of the dashboard: `api8.unipile.com:13851`, with or without scheme,
    /// trailing slash or `/api/v1`; where custom ports are blocked, `https://api8.unipile.com/?port=13851`. Required.
    std::string base_url = {};
    /// The tenant's access token, sent as `X-API-KEY` to `base_url`'s host and to no other. Required.
    std::string api_key = {};

    /// PEM file with the roots to trust instead of the system's; empty: the system's trust store.
    std::string ca_file = {};
    /// PEM file with the revocation lists (CRLs) of every issuer in the server's chain, its root included; empty:
    /// revocation is not checked. A certificate that is on one of them, an issuer without a list, and a list that
    /// has expired end with `errc::certificate_rejected`. Read once, when the client is made. OCSP is not asked, with
    /// or without it.
    std::string crl_file = {};
    /// Allow plain HTTP to hosts other than the loopback ones. The key travels in the clear then.
    bool allow_plain_http = false;
    /// `http://[user:password@]host:port` of a proxy to tunnel through (CONNECT); empty: see `proxy_from_environment`.
    /// The key is only ever sent inside TLS to the API itself, so a plain `base_url` can't be combined with a proxy.
    std::string proxy = {};
    /// Take the proxy from `https_proxy` / `HTTPS_PROXY`, unless `no_proxy` / `NO_PROXY` names the host. Never used for
    /// loopback hosts.
    bool proxy_from_environment = true;

    /// Connections open at once, at least 1. One request runs on one connection.
    std::size_t max_connections = 8;
    /// How long an unused connection is kept, 10 years at most; zero: not at all. Below 5 s, after which a Node.js
    /// server closes its side; a shorter `Keep-Alive: timeout` of the server's is respected. A kept connection is
    /// outstanding work of the executor: `io_context::run()` returns when it has expired, or after `client::close()`.
    std::chrono::milliseconds idle_timeout{4'000};
    /// How long an address is used before it is looked up again, 10 years at most; zero: look up for every new
    /// connection.
    std::chrono::milliseconds dns_ttl{60'000};
    /// Offer gzip. Turn it off where the link is faster than inflating is, on the server's own network say.
    bool compression = true;
    /// Sent as `User-Agent`.
    std::string user_agent = "unipile-asio/0.1";

    unipile::deadlines deadlines = {};
    unipile::size_limits limits = {};
    unipile::retry_policy retry = {};

    /// Turn every deviation from the contract into a failure of its listing.
    bool strict = false;
    /// How many bytes of memory, by `post::footprint()`, a listing's posts may take ahead of its consumer before
    /// reading pauses. The page that is arriving is read on to this mark, so that a connection is not held by a
    /// consumer that looks elsewhere; and beyond it, to the page's end, while other listings wait for a connection and
    /// none is free.
    std::size_t read_ahead = 1024 * 1024;

    /// Told of every request, answer, retry, anomaly and end. Called on the client's executor; must not throw.
    std::shared_ptr<unipile::observer> observer = {};
    /// Replaces the system's name look-up; null: the system's. That one can only block, so each look-up has a
    /// short-lived thread of its own, the only ones that this library starts; nothing ever waits for it, not even a
    /// destructor. A plug-in that contains this library must not be unloaded (dlclose) while such a look-up hangs.
    std::shared_ptr<unipile::resolver> resolver = {};
};

}  // namespace unipile
