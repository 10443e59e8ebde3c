// Where a harvest's page is served. Pure.
#pragma once

#include <boost/asio/ip/address.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace unipile::program {

struct listen_address {
    boost::asio::ip::address address;
    std::uint16_t port = 0;  ///< 0: a free one
    bool is_loopback() const { return address.is_loopback(); }
};

/// Reads `127.0.0.1:9470`, `localhost:9470`, `[::1]:9470`, `9470`. `anywhere`: other addresses than those of this
/// machine for itself are allowed. Throws std::invalid_argument with one line that says what to change.
listen_address parse_listen_address(std::string_view text, bool anywhere);

/// Returns `127.0.0.1:9470`, `[::1]:9470`.
std::string to_string(const listen_address& a);

/// Returns true if a request's Host field names an address or this machine, and not a name that somebody else's DNS may
/// resolve to this address (DNS rebinding). `machine`: the machine's own name.
bool is_own_host(std::string_view host, std::string_view machine);

}  // namespace unipile::program
