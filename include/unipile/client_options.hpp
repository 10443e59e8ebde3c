// Options of a client.
#pragma once

#include <unipile/retry_policy.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

struct ssl_ctx_st;  // SSL_CTX of <openssl/ssl.h>

#pragma GCC visibility push(default)
namespace unipile {

class manual_clock;
class observer;
class resolver;

/// Returns host and port of a base URL in one spelling, whichever way it is written. Identifies a tenant of the API. A
/// `?port=N` behind the usual port is the tenant's port. Throws std::invalid_argument if `base_url` is no base URL.
std::string tenant_of(std::string_view base_url);

/// Limits on the duration of each part of a request. Zero switches a deadline off, as does a value above 10 years;
/// negative values are refused.
struct deadlines {
    std::chrono::milliseconds connection_wait{0};  ///< wait for a free connection of the pool
    std::chrono::milliseconds resolve{10'000};     ///< name look-up
    std::chrono::milliseconds connect{10'000};     ///< TCP, over all addresses; includes the proxy's tunnel
    std::chrono::milliseconds handshake{10'000};   ///< TLS handshake
    std::chrono::milliseconds first_byte{90'000};  ///< from the request's last byte to the answer's first
    std::chrono::milliseconds stall{30'000};       ///< between two arrivals of bytes within an answer, and for sending
    /// one exchange from sending to the last byte; excludes time in which the consumer does not read
    std::chrono::milliseconds request{300'000};
};

/// Limits on what a peer may send. An item that is over `item` or nested too deep is quarantined; each other limit has
/// an error of its own.
struct size_limits {
    std::size_t header = 64 * 1024;        ///< bytes of an answer's header; at least 8 KiB
    std::size_t page = 256 * 1024 * 1024;  ///< bytes of a page's JSON after inflating
    std::size_t item = 1024 * 1024;        ///< bytes of one item's JSON; the items of a page have a few KB each
    std::size_t envelope = 64 * 1024;      ///< bytes of a page without its items
    std::size_t cursor = 16 * 1024;        ///< bytes of a cursor
    std::size_t items = 10'000;            ///< items of a page
    std::size_t depth = 64;                ///< nesting of arrays and objects in a page
    std::size_t error_body = 64 * 1024;    ///< bytes read of an error answer
};

/// Options of a `client`. Owns its data.
struct client_options {
    /// The tenant's address, the "DSN" of the dashboard: `api8.unipile.com:13851`, with or without scheme, trailing
    /// slash or `/api/v1`; where custom ports are blocked, `https://api8.unipile.com/?port=13851`. Required.
    std::string base_url = {};
    /// The tenant's access token, sent as `X-API-KEY` to the host of `base_url` and to no other. Required.
    std::string api_key = {};

    /// PEM file with the roots to trust instead of the system's. Empty: the system's trust store. Must be readable with
    /// plain HTTP, too, which has no use for it; the same applies to `crl_file`.
    std::string ca_file = {};
    /// PEM file with the revocation lists (CRLs) of every issuer in the server's chain, including its root. Empty:
    /// revocation is not checked. A revoked certificate, an issuer without a list, and an expired list end with
    /// errc::certificate_rejected. Read once, by the client's constructor. OCSP is never used.
    std::string crl_file = {};
    /// PEM file with a client certificate and, behind it, the certificates up to its root; for gateways that demand
    /// one. Empty: none. Shown to every server that asks for one, within TLS to `base_url` only.
    std::string certificate_file = {};
    /// PEM file with the private key of `certificate_file`, without a passphrase. Empty: it is in that file.
    std::string certificate_key_file = {};
    /// Changes the TLS settings, after the library's own: ciphers, a key in a hardware token, pinned keys, a key log.
    /// Called once, by the client's constructor, and never with plain HTTP. The verify mode that it sets is ignored:
    /// chain and host name are verified, unless it replaces OpenSSL's verification by a callback. Must neither keep nor
    /// free the context. What it throws leaves the constructor. Empty: no changes.
    std::function<void(ssl_ctx_st*)> tls_setup = {};
    /// Allow plain HTTP to hosts other than loopback ones. The key is then sent unencrypted.
    bool allow_plain_http = false;
    /// `http://[user:password@]host:port` of a proxy to tunnel through (CONNECT). Empty: see `proxy_from_environment`.
    /// Can't be combined with a plain HTTP `base_url`, since the key is only sent inside TLS to the API itself.
    std::string proxy = {};
    /// Use the proxy of `https_proxy` / `HTTPS_PROXY`, unless `no_proxy` / `NO_PROXY` names the host. Never used for
    /// loopback hosts.
    bool proxy_from_environment = true;

    /// Open connections at once, at least 1. One request uses one connection.
    std::size_t max_connections = 8;
    /// How long an unused connection is kept, at most 10 years; zero: not at all. The default is below the 5 s after
    /// which a Node.js server closes its side; a shorter `Keep-Alive: timeout` of the server applies. A kept connection
    /// is outstanding work of the executor: `io_context::run()` returns when it has expired, or after
    /// `client::close()`.
    std::chrono::milliseconds idle_timeout{4'000};
    /// How long an address is used before it is looked up again, at most 10 years; zero: look up for every new
    /// connection.
    std::chrono::milliseconds dns_ttl{60'000};
    /// Offer gzip. Off pays where the network is faster than inflating, e.g. on the server's own network.
    bool compression = true;
    /// The value of `User-Agent`.
    std::string user_agent = "unipile-asio/0.1";

    unipile::deadlines deadlines = {};
    unipile::size_limits limits = {};
    unipile::retry_policy retry = {};

    /// Turn every deviation from the contract into a failure of its listing (errc::contract_violated).
    bool strict = false;
    /// Bytes of memory, by `post::footprint()`, that a listing's posts may take ahead of its consumer before reading
    /// pauses. The page that is arriving is read up to this mark without a pull, so that a slow consumer does not hold
    /// a connection. It is read beyond it, to the page's end, while other listings wait for a connection and none is
    /// free.
    std::size_t read_ahead = 1024 * 1024;

    /// Notified of every request, answer, retry, anomaly and end. Called on the client's executor; must not throw.
    /// Null: none.
    std::shared_ptr<unipile::observer> observer = {};
    /// Replaces the system's name look-up. Null: the system's, which blocks; so each look-up has a short-lived thread,
    /// and the library starts no other threads. Nothing waits for these threads, including destructors. A plug-in that
    /// contains this library must not be unloaded (dlclose) while a look-up hangs.
    std::shared_ptr<unipile::resolver> resolver = {};
    /// The clock of the client, its streams and harvests, for tests that turn it: <unipile/manual_clock.hpp>. Null: the
    /// machine's clocks.
    std::shared_ptr<manual_clock> clock = {};
};

}  // namespace unipile
#pragma GCC visibility pop
