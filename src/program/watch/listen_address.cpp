#include "program/watch/listen_address.hpp"

#include "program/terminal/safe_text.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <stdexcept>

namespace unipile::program {
namespace {

namespace ip = boost::asio::ip;

struct host_and_port {
    std::string_view host;
    std::optional<std::string_view> port;
};

/// Splits `host:port`, `[address]:port`, `host`. The host is without brackets.
std::optional<host_and_port> split(std::string_view text)
{
    host_and_port parts;
    std::string_view rest;
    if (text.starts_with('[')) {
        const std::size_t end = text.find(']');
        if (end == text.npos) return std::nullopt;
        parts.host = text.substr(1, end - 1);
        rest = text.substr(end + 1);
    } else {
        const std::size_t end = std::min(text.find(':'), text.size());
        parts.host = text.substr(0, end);
        rest = text.substr(end);
    }
    if (rest.empty()) return parts;
    if (!rest.starts_with(':')) return std::nullopt;
    parts.port = rest.substr(1);
    return parts;
}

std::optional<std::uint16_t> port_in(std::string_view text)
{
    std::uint16_t port = 0;
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (text.empty() || ec != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return port;
}

std::optional<ip::address> address_in(std::string_view text)
{
    if (text == "localhost") return ip::address(ip::address_v4::loopback());
    boost::system::error_code ec;
    const ip::address address = ip::make_address(std::string(text), ec);
    return ec ? std::nullopt : std::optional(address);
}

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool equal_names(std::string_view a, std::string_view b)
{
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

}  // namespace

listen_address parse_listen_address(std::string_view text, bool anywhere)
{
    listen_address made{ip::address_v4::loopback(), 0};
    if (const auto only_port = port_in(text)) {
        made.port = *only_port;
        return made;
    }
    const auto parts = split(text);
    const auto address = parts ? address_in(parts->host) : std::nullopt;
    const auto port = parts && parts->port ? port_in(*parts->port) : std::nullopt;
    if (!address || !port)
        throw std::invalid_argument{"--listen: " + printable(text, 100) +
                                    " is no address and port; give one such as 127.0.0.1:9470 or [::1]:9470"};
    made.address = *address;
    made.port = *port;
    if (!anywhere && !made.is_loopback())
        throw std::invalid_argument{
            "--listen: who reaches " + to_string(made) +
            " would see the accounts, and the control token would travel unencrypted; give 127.0.0.1:" +
            std::to_string(made.port) + ", or allow it by --listen-anywhere"};
    return made;
}

std::string to_string(const listen_address& a)
{
    const std::string host = a.address.to_string();
    return (a.address.is_v6() ? '[' + host + ']' : host) + ':' + std::to_string(a.port);
}

bool is_own_host(std::string_view host, std::string_view machine)
{
    const auto parts = split(host);
    if (!parts || (parts->port && !port_in(*parts->port))) return false;
    return address_in(parts->host) || equal_names(parts->host, "localhost") ||
           (!machine.empty() && equal_names(parts->host, machine));
}

}  // namespace unipile::program
