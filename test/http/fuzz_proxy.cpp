// libFuzzer: the variables https_proxy and no_proxy, a line each, are read, or refused with one line.
#include "http/base_url.hpp"
#include "http/proxy_settings.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>

namespace {

void check(bool ok)
{
    if (!ok) std::abort();
}

bool is_one_line(std::string_view text)
{
    return std::none_of(text.begin(), text.end(), [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    using namespace unipile::http;
    static const origin name = parse_base_url("https://api8.unipile.com:13851");
    static const origin v4 = parse_base_url("https://192.0.2.7");
    static const origin v6 = parse_base_url("https://[2001:db8::7]:8443");
    std::string text(reinterpret_cast<const char*>(data), size);
    std::replace(text.begin(), text.end(), '\0', ' ');
    const std::size_t line = std::min(text.find('\n'), text.size());
    const std::string proxy = text.substr(0, line), exempt = text.substr(std::min(line + 1, text.size()));
    for (const origin* server : {&name, &v4, &v6}) {
        try {
            const auto found = proxy_from(
                [&](const char* variable) {
                    return std::string_view(variable) == "https_proxy" ? proxy.c_str() : exempt.c_str();
                },
                *server);
            if (!found) continue;
            check(!found->server.host.empty() && found->server.port != 0 && !found->server.tls);
            check(is_one_line(found->authorization));
        } catch (const std::invalid_argument& refused) {
            check(is_one_line(refused.what()));
        }
    }
    return 0;
}
