// Which proxy to tunnel through, if any.
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

/// Reads `http://[user:password@]host:port`, the scheme optional. `what` names where it came from. Throws
/// std::invalid_argument, without repeating the text.
proxy_settings parse_proxy(std::string_view text, std::string_view what);

/// True if a `no_proxy` list names the server: `*`, `example.com` (its subdomains too), `.example.com`, `host:port`,
/// addresses and nets (`10.0.0.0/8`), separated by commas or spaces.
bool is_exempt(std::string_view no_proxy, const origin& server);

/// The environment's proxy for `server`: `https_proxy`, else `HTTPS_PROXY`, unless `no_proxy` / `NO_PROXY` exempts it.
/// None for plain HTTP and for loopback hosts. `lookup` is getenv or a test's.
std::optional<proxy_settings> proxy_from(const std::function<const char*(const char*)>& lookup, const origin& server);

/// Plain base64, for the credentials.
std::string base64(std::string_view text);

}  // namespace unipile::http
