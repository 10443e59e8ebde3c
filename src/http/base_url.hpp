// Where the API is: what users paste as its address, made one thing.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace unipile::http {

/// A server, and where on it the API's paths start.
struct origin {
    bool tls = true;
    std::string host;  ///< lower case; an IPv6 literal without its brackets
    std::uint16_t port = 443;
    bool host_is_address = false;
    bool loopback = false;    ///< a literal of the loopback nets, or `localhost` and its subdomains
    std::string prefix;       ///< what stands before `/api/v1`: empty or `/x/y`, already encoded
    std::string routed_port;  ///< the `?port=` form: goes into every query; empty: no such parameter

    /// `host:port`, brackets around IPv6. For CONNECT and for messages.
    std::string host_and_port() const;
    /// For `Host:`: as above, the port left out where it is the scheme's own.
    std::string authority() const;
};

/// Takes every form in which the address is handed around: with or without scheme (then https), trailing slashes,
/// `/api/v1`, `?port=N`, IPv6 literals, a path that a gateway puts before the API's. Throws std::invalid_argument with
/// a line that says what to change; the text itself is not repeated there, since it may hold a secret.
origin parse_base_url(std::string_view text);

/// The host part of an address, checked and in lower case; sets `host`, `host_is_address` and `loopback`. `what` names
/// the option in messages. Throws std::invalid_argument.
void set_host(origin& to, std::string_view host, std::string_view what);

/// A decimal port 1..65535; throws std::invalid_argument.
std::uint16_t parse_port(std::string_view text, std::string_view what);

}  // namespace unipile::http
