// How to reach the server: what requests need of a client's options, checked.
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

/// Doesn't change once it is made, but for the sessions in `tls`.
struct server_access {
    /// Throws std::invalid_argument with one line that says what to change.
    explicit server_access(const client_options& from);

    /// Whom to connect to: the proxy if there is one, else the server.
    const origin& peer() const noexcept { return proxy ? proxy->server : server; }
    /// For messages.
    std::string name() const { return server.host_and_port(); }
    /// Whether `text` holds the key, or twelve characters of it.
    bool reveals_key(std::string_view text) const noexcept;
    /// Takes out what holds the key: a server may give back what it was sent.
    void hide_key(answer_fields& fields) const noexcept;

    client_options options;  ///< without the key and the proxy
    origin server;
    std::optional<proxy_settings> proxy;
    std::optional<tls_context> tls;  ///< none: plain HTTP
    std::string request_tail;        ///< everything of a request behind its target; holds the key
};

}  // namespace unipile::http
