#include "base_url.hpp"

#include <unipile/client_options.hpp>

#include <boost/asio/ip/address.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include <algorithm>
#include <charconv>
#include <stdexcept>

namespace unipile::http {
namespace {

namespace urls = boost::urls;

[[noreturn]] void refuse(std::string_view what, std::string_view why)
{
    std::string line(what);
    line += ": ";
    line += why;
    throw std::invalid_argument(line);
}

constexpr std::string_view option = "base_url";

std::string lower(std::string_view text)
{
    std::string result(text);
    for (char& c : result)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return result;
}

bool is_host_name(std::string_view host)
{
    return !host.empty() && host.size() <= 253 && host.front() != '.' && host.front() != '-' && host.back() != '.' &&
           host.find("..") == host.npos && std::all_of(host.begin(), host.end(), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
           });
}

// `127.1` or `0x7f000001` are host names here but addresses to the system's look-up, so they are refused. Names such as
// `3scale` are not affected.
bool looks_like_odd_address(std::string_view host)
{
    const auto last = host.substr(host.rfind('.') + 1);
    const auto is_digits = [](std::string_view text, std::string_view digits) {
        return text.find_first_not_of(digits) == text.npos;
    };
    return (!last.empty() && is_digits(last, "0123456789")) ||
           (last.starts_with("0x") && is_digits(last.substr(2), "0123456789abcdef"));
}

std::string trimmed_prefix(std::string_view path)
{
    // Boost.URL 1.81 takes the text behind the digits of a port for the path.
    if (!path.empty() && path.front() != '/') refuse(option, "the port must be a number from 1 to 65535");
    while (!path.empty() && path.back() == '/') path.remove_suffix(1);
    if (path.ends_with("/api/v1")) path.remove_suffix(7);
    while (!path.empty() && path.back() == '/') path.remove_suffix(1);
    const std::string with_end = std::string(path) + '/';
    if (with_end.find("/api/v1/") != with_end.npos) refuse(option, "give the address only up to /api/v1");
    if (with_end.find("/./") != with_end.npos || with_end.find("/../") != with_end.npos ||
        with_end.find("//") != with_end.npos || lower(with_end).find("%2e") != with_end.npos)
        refuse(option, "the path must not hold empty or dotted segments");
    return std::string(path);
}

void take_query(origin& to, const urls::url_view& url)
{
    for (const auto& param : url.params()) {
        if (param.key != "port" || !param.has_value || !to.routed_port.empty())
            refuse(option, "the only query parameter allowed is port, once");
        to.routed_port = std::to_string(parse_port(param.value, option));
    }
}

std::string_view without_space(std::string_view text)
{
    constexpr std::string_view space = " \t\r\n";
    const auto first = text.find_first_not_of(space);
    if (first == text.npos) return {};
    return text.substr(first, text.find_last_not_of(space) - first + 1);
}

}  // namespace

std::string origin::host_and_port() const
{
    const bool v6 = host.find(':') != host.npos;
    return (v6 ? '[' + host + ']' : host) + ':' + std::to_string(port);
}

std::string origin::authority() const
{
    std::string text = host_and_port();
    if (port == (tls ? 443 : 80)) text.resize(text.rfind(':'));
    return text;
}

std::uint16_t parse_port(std::string_view text, std::string_view what)
{
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (error != std::errc{} || end != text.data() + text.size() || port == 0)
        refuse(what, "the port must be a number from 1 to 65535");
    return port;
}

void set_host(origin& to, std::string_view host, std::string_view what)
{
    std::string name = lower(host);
    if (name.ends_with('.')) name.pop_back();
    boost::system::error_code not_an_address;
    const auto address = boost::asio::ip::make_address(name, not_an_address);
    to.host_is_address = !not_an_address && name.find('%') == name.npos;
    if (to.host_is_address) {
        const bool mapped = address.is_v6() && address.to_v6().is_v4_mapped();
        to.loopback =
            mapped ? make_address_v4(boost::asio::ip::v4_mapped, address.to_v6()).is_loopback() : address.is_loopback();
        to.host = address.to_string();
        return;
    }
    if (!is_host_name(name) || looks_like_odd_address(name))
        refuse(what, "the host must be a name of ASCII letters, digits, dots and dashes, or an IP address");
    to.loopback = name == "localhost" || name.ends_with(".localhost");
    to.host = std::move(name);
}

origin parse_base_url(std::string_view text)
{
    text = without_space(text);
    if (text.empty()) refuse(option, "required; it is the DSN that the dashboard shows");
    // Without a scheme, `host:port` would be parsed as a scheme and a path.
    const std::string whole = text.find("://") == text.npos ? "https://" + std::string(text) : std::string(text);
    const auto parsed = urls::parse_uri(whole);
    if (!parsed) refuse(option, "not a URL; it looks like https://api8.unipile.com:13851");
    const urls::url_view& url = *parsed;

    origin result;
    if (url.scheme_id() != urls::scheme::https && url.scheme_id() != urls::scheme::http)
        refuse(option, "the scheme must be https (or http, for a server on this machine)");
    result.tls = url.scheme_id() == urls::scheme::https;
    if (url.has_userinfo()) refuse(option, "must not hold a user name or password; the key has an option of its own");
    if (url.has_fragment()) refuse(option, "must not hold a fragment (#...)");
    if (url.host_type() == urls::host_type::ipvfuture) refuse(option, "not an address that can be reached");
    set_host(result, url.encoded_host_address(), option);
    result.port = result.tls ? 443 : 80;
    if (!url.port().empty()) result.port = parse_port(url.port(), option);
    result.prefix = trimmed_prefix(url.encoded_path());
    take_query(result, url);
    return result;
}

}  // namespace unipile::http

namespace unipile {

std::string tenant_of(std::string_view base_url)
{
    http::origin at = http::parse_base_url(base_url);
    if (!at.routed_port.empty()) at.port = http::parse_port(at.routed_port, "base_url");
    return at.host_and_port();
}

}  // namespace unipile
