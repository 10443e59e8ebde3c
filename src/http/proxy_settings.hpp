// The proxy of a client.
#pragma once

#include "base_url.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace unipile::http {

struct proxy_settings {
    origin server;
    std::string authorization;  ///< the value of `Proxy-Authorization`, or empty. A secret.
};

/// Reads `http://[user:password@]host:port`; the scheme is optional. `what` names the text's origin. Throws
/// std::invalid_argument, without repeating the text.
proxy_settings parse_proxy(std::string_view text, std::string_view what);

/// Returns true if a `no_proxy` list contains the server: `*`, `example.com` (and its subdomains), `.example.com`,
/// `host:port`, addresses and networks (`10.0.0.0/8`), separated by commas or spaces.
bool is_exempt(std::string_view no_proxy, const origin& server);

/// Returns the environment's proxy for `server`: `https_proxy`, else `HTTPS_PROXY`, unless `no_proxy` / `NO_PROXY`
/// contains it. None for plain HTTP and for loopback hosts. `lookup` is getenv or a test's.
std::optional<proxy_settings> proxy_from(const std::function<const char*(const char*)>& lookup, const origin& server);

/// Returns base64, for the credentials.
std::string base64(std::string_view text);

}  // namespace unipile::http
