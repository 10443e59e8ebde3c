// Parses base URLs in all usual spellings.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace unipile::http {

/// A server, and the path prefix of the API on it.
struct origin {
    bool tls = true;
    std::string host;  ///< lower case; an IPv6 literal without its brackets
    std::uint16_t port = 443;
    bool host_is_address = false;
    bool loopback = false;    ///< a loopback address, or `localhost` and its subdomains
    std::string prefix;       ///< the path before `/api/v1`: empty or `/x/y`, encoded
    std::string routed_port;  ///< of the `?port=` form: added to every query; empty: none

    /// Returns `host:port`, with brackets around IPv6. For CONNECT and for messages.
    std::string host_and_port() const;
    /// Returns the same for `Host:`, without the scheme's default port.
    std::string authority() const;
};

/// Accepts all usual spellings: with or without scheme (then https), trailing slashes, `/api/v1`, `?port=N`, IPv6
/// literals, a gateway's path prefix. Throws std::invalid_argument with a line that says what to change; the text
/// itself is not repeated, since it may hold a secret.
origin parse_base_url(std::string_view text);

/// Checks the host part of an address, and sets `host` in lower case, `host_is_address` and `loopback`. `what` is the
/// option's name for messages. Throws std::invalid_argument.
void set_host(origin& to, std::string_view host, std::string_view what);

/// Reads a decimal port 1..65535; throws std::invalid_argument.
std::uint16_t parse_port(std::string_view text, std::string_view what);

}  // namespace unipile::http
