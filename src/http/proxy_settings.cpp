#include "proxy_settings.hpp"

#include "request_target.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include <openssl/evp.h>

#include <cstdint>
#include <stdexcept>

namespace unipile::http {
namespace {

namespace urls = boost::urls;
namespace ip = boost::asio::ip;

[[noreturn]] void refuse(std::string_view what, std::string_view why)
{
    throw std::invalid_argument(std::string(what) + ": " + std::string(why));
}

bool in_network(std::string_view net, const origin& server)
{
    if (!server.host_is_address) return false;
    const auto address = ip::make_address(server.host);
    boost::system::error_code error;
    if (address.is_v4()) {
        const auto v4 = ip::make_network_v4(std::string(net), error);
        return !error && ip::make_network_v4(address.to_v4(), v4.prefix_length()).network() == v4.network();
    }
    const auto v6 = ip::make_network_v6(std::string(net), error);
    return !error && ip::make_network_v6(address.to_v6(), v6.prefix_length()).network() == v6.network();
}

bool same_address(std::string_view text, const origin& server)
{
    if (text.size() > 1 && text.front() == '[' && text.back() == ']') text = text.substr(1, text.size() - 2);
    boost::system::error_code error;
    const auto address = ip::make_address(std::string(text), error);
    return !error && address.to_string() == server.host;
}

bool name_matches(std::string_view entry, const origin& server)
{
    if (entry.starts_with("*.")) entry.remove_prefix(1);
    if (entry.starts_with('.')) entry.remove_prefix(1);
    if (entry.ends_with('.')) entry.remove_suffix(1);
    const std::string_view host = server.host;
    if (entry.empty() || host.size() < entry.size()) return false;
    if (!boost::beast::iequals(host.substr(host.size() - entry.size()), entry)) return false;
    return host.size() == entry.size() || host[host.size() - entry.size() - 1] == '.';
}

bool entry_exempts(std::string_view entry, const origin& server)
{
    if (entry == "*") return true;
    if (entry.find('/') != entry.npos) return in_network(entry, server);
    if (server.host_is_address && same_address(entry, server)) return true;
    const auto colon = entry.rfind(':');
    if (colon != entry.npos && (entry.find(':') == colon || entry[colon - 1] == ']')) {
        if (entry.substr(colon + 1) != std::to_string(server.port)) return false;
        entry = entry.substr(0, colon);
    }
    return server.host_is_address ? same_address(entry, server) : name_matches(entry, server);
}

const char* first_of(const std::function<const char*(const char*)>& lookup, const char* name, const char* other)
{
    const char* value = lookup(name);
    return value != nullptr && *value != '\0' ? value : lookup(other);
}

}  // namespace

std::string base64(std::string_view text)
{
    std::string result(4 * ((text.size() + 2) / 3) + 1, '\0');
    EVP_EncodeBlock(reinterpret_cast<unsigned char*>(result.data()),
                    reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
    result.pop_back();  // the null behind the text
    return result;
}

proxy_settings parse_proxy(std::string_view text, std::string_view what)
{
    const std::string whole = text.find("://") == text.npos ? "http://" + std::string(text) : std::string(text);
    const auto parsed = urls::parse_uri(whole);
    if (!parsed) refuse(what, "not a URL; it looks like http://proxy.example:3128");
    const urls::url_view& url = *parsed;
    if (url.host_type() == urls::host_type::ipvfuture) refuse(what, "not an address that can be reached");
    if (url.scheme_id() != urls::scheme::http) refuse(what, "only http:// proxies are supported (the tunnel is TLS)");
    if (url.has_fragment() || url.has_query() || (!url.encoded_path().empty() && url.encoded_path() != "/"))
        refuse(what, "must end behind host and port");
    proxy_settings result;
    result.server.tls = false;
    set_host(result.server, url.encoded_host_address(), what);
    result.server.port = url.port().empty() ? std::uint16_t{3128} : parse_port(url.port(), what);
    if (url.has_userinfo()) {
        const std::string credentials = url.user() + ':' + url.password();
        if (has_control_character(credentials)) refuse(what, "the credentials hold a control character");
        result.authorization = "Basic " + base64(credentials);
    }
    return result;
}

bool is_exempt(std::string_view no_proxy, const origin& server)
{
    constexpr std::string_view separators = ", \t";
    for (;;) {
        const auto start = no_proxy.find_first_not_of(separators);
        if (start == no_proxy.npos) return false;
        no_proxy.remove_prefix(start);
        const auto entry = no_proxy.substr(0, no_proxy.find_first_of(separators));
        if (entry_exempts(entry, server)) return true;
        no_proxy.remove_prefix(entry.size());
    }
}

std::optional<proxy_settings> proxy_from(const std::function<const char*(const char*)>& lookup, const origin& server)
{
    if (!server.tls || server.loopback) return {};
    const char* const proxy = first_of(lookup, "https_proxy", "HTTPS_PROXY");
    if (proxy == nullptr || *proxy == '\0') return {};
    const char* const exempt = first_of(lookup, "no_proxy", "NO_PROXY");
    if (exempt != nullptr && is_exempt(exempt, server)) return {};
    return parse_proxy(proxy, "https_proxy");
}

}  // namespace unipile::http
