// Where a database is, and what a connection to it has to fulfil.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace unipile::store::postgres {

/// A connection string of libpq: a URL or keywords, completed by the environment (PGHOST, ...) and the service file as
/// libpq does. Holds no password.
///
/// A server that is reached by a network needs TLS with a verified certificate, `sslmode=verify-full`, which is the
/// default here. Its root certificates are those of the system unless `sslrootcert` or ~/.postgresql/root.crt say
/// otherwise. Connections to sockets and loopback addresses are free to go without.
class conninfo {
public:
    /// One of the servers to try, in their order.
    struct host {
        std::string name;     ///< a name, an address or a folder of sockets; may be empty
        std::string address;  ///< `hostaddr`; may be empty
        std::string port;
    };

    /// Throws `store_error` with `store_errc::bad_address`: the string has a password, which would be visible in the
    /// list of processes, is not to be understood, or asks for less security. Its line contains no secret.
    explicit conninfo(std::string_view text);

    /// Returns what messages call the database: a URL of its hosts and its name.
    const std::string& name() const noexcept { return name_; }
    const std::vector<host>& hosts() const noexcept { return hosts_; }
    /// Returns the name of one host, as messages have it.
    static std::string name_of(const host& h);
    /// Returns `connect_timeout`, if it was given and is not 0.
    std::optional<std::chrono::seconds> connect_timeout() const noexcept { return connect_timeout_; }

    /// Returns libpq's keywords and values for a connection to one host.
    std::vector<std::pair<std::string, std::string>> parameters(const host& h) const;

private:
    std::string text_;
    std::string name_;
    std::vector<host> hosts_;
    std::optional<std::chrono::seconds> connect_timeout_;
    std::vector<std::pair<std::string, std::string>> settings_;  // beside the text, and stronger
};

}  // namespace unipile::store::postgres
