// The checked options of a client that its requests need.
#pragma once

#include "base_url.hpp"
#include "proxy_settings.hpp"
#include "tls_context.hpp"

#include <unipile/answer_fields.hpp>
#include <unipile/client_options.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace unipile::http {

/// Constant after construction, except the sessions in `tls`.
struct server_access {
    /// Throws std::invalid_argument with one line that says what to change.
    explicit server_access(const client_options& from);

    /// Returns where to connect to: the proxy if there is one, else the server.
    const origin& peer() const noexcept { return proxy ? proxy->server : server; }
    /// Returns the server's name for messages.
    std::string name() const { return server.host_and_port(); }
    /// Returns true if `text` has the key, or twelve characters of it.
    bool reveals_key(std::string_view text) const noexcept;
    /// Removes fields with the key: a server may send it back.
    void hide_key(answer_fields& fields) const noexcept;

    client_options options;  ///< without the key and the proxy
    origin server;
    std::optional<proxy_settings> proxy;
    std::optional<tls_context> tls;  ///< empty: plain HTTP
    std::string request_tail;        ///< the request behind its target; contains the key
};

}  // namespace unipile::http
