#include "server_access.hpp"

#include "durations.hpp"
#include "request_target.hpp"

#include <cstdlib>
#include <stdexcept>
#include <utility>
#include <vector>

namespace unipile::http {
namespace {

[[noreturn]] void refuse(const char* option, std::string_view why)
{
    throw std::invalid_argument(std::string(option) + ": " + std::string(why));
}

void check_options(const client_options& o)
{
    if (const auto fault = fault_of_key(o.api_key); !fault.empty()) refuse("api_key", fault);
    if (has_control_character(o.user_agent)) refuse("user_agent", "must not hold control characters");
    if (o.max_connections == 0) refuse("max_connections", "must be at least 1");
    if (o.limits.header < 8 * 1024) refuse("limits.header", "must be at least 8 KiB");
}

void check_plain_http(const client_options& o, const origin& server)
{
    if (server.tls) return;
    if (!server.loopback && !o.allow_plain_http)
        refuse("base_url", "plain http would show the key to the network; use https");
    if (!o.proxy.empty()) refuse("proxy", "plain http through a proxy would show it the key; use https");
}

std::optional<proxy_settings> choose_proxy(const client_options& o, const origin& server)
{
    if (!o.proxy.empty()) return parse_proxy(o.proxy, "proxy");
    if (!o.proxy_from_environment) return {};
    return proxy_from([](const char* name) -> const char* { return std::getenv(name); }, server);
}

bool names_tls_files(const client_options& o)
{
    return !o.ca_file.empty() || !o.crl_file.empty() || !o.certificate_file.empty() || !o.certificate_key_file.empty();
}

std::string make_request_tail(const client_options& o, const origin& server)
{
    std::string tail = " HTTP/1.1\r\nHost: " + server.authority() + "\r\n";
    if (!o.user_agent.empty()) tail += "User-Agent: " + o.user_agent + "\r\n";
    tail += "Accept: application/json\r\nAccept-Encoding: ";
    tail += o.compression ? "gzip" : "identity";
    tail += "\r\nX-API-KEY: " + o.api_key + "\r\n\r\n";
    return tail;
}

client_options without_secrets(client_options o)
{
    o.api_key.clear();
    o.proxy.clear();
    bound_durations(o);
    return o;
}

}  // namespace

server_access::server_access(const client_options& from) : options(without_secrets(from))
{
    check_options(from);
    server = parse_base_url(from.base_url);
    check_plain_http(from, server);
    proxy = choose_proxy(from, server);
    if (server.tls || names_tls_files(from)) tls.emplace(server.host, server.host_is_address, from);
    if (server.tls)
        tls->change(from.tls_setup);
    else
        tls.reset();  // plain HTTP has no use for the files, but they must be readable
    request_tail = make_request_tail(from, server);
}

bool server_access::reveals_key(std::string_view text) const noexcept
{
    constexpr std::string_view before = "X-API-KEY: ", after = "\r\n\r\n";
    constexpr std::size_t enough = 12;
    std::string_view key = request_tail;
    key.remove_prefix(key.rfind(before) + before.size());
    key.remove_suffix(after.size());
    if (key.size() <= enough) return text.find(key) != std::string_view::npos;
    const auto [shorter, longer] = text.size() < key.size() ? std::pair(text, key) : std::pair(key, text);
    for (std::size_t i = 0; i + enough <= shorter.size(); ++i)
        if (longer.find(shorter.substr(i, enough)) != std::string_view::npos) return true;
    return false;
}

void server_access::hide_key(answer_fields& fields) const noexcept
{
    for (std::string* text : {&fields.request_id, &fields.date, &fields.retry_after})
        if (reveals_key(*text)) text->clear();
    std::erase_if(fields.rate_limits,
                  [this](const auto& limit) { return reveals_key(limit.first) || reveals_key(limit.second); });
}

}  // namespace unipile::http
