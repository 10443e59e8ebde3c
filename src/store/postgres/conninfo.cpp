#include "store/postgres/conninfo.hpp"

#include "store/postgres/database_error.hpp"

#include <libpq-fe.h>

#include <unistd.h>
#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <initializer_list>
#include <map>
#include <memory>

namespace unipile::store::postgres {

namespace {

using settings = std::map<std::string, std::string, std::less<>>;

[[noreturn]] void refuse(const std::string& where, const std::string& why)
{
    throw store_error(store_errc::bad_address, where, why);
}

// The keywords that have a value.
settings settings_of(PQconninfoOption* all)
{
    const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(all, &PQconninfoFree);
    settings result;
    for (const PQconninfoOption* o = options.get(); o != nullptr && o->keyword != nullptr; ++o)
        if (o->val != nullptr && *o->val != '\0') result.emplace(o->keyword, o->val);
    return result;
}

std::string value_of(const settings& from, std::string_view keyword)
{
    const auto found = from.find(keyword);
    return found == from.end() ? std::string() : found->second;
}

bool mentions_password(std::string_view text)
{
    std::string lower(text);
    std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return c < 0x80 ? std::tolower(c) : c; });
    return lower.find("pass") != std::string::npos || lower.find('@') != std::string::npos;
}

// What libpq says of a text, without the parts of the text that it quotes, since one may be a password.
std::string without_secrets(std::string_view message, std::string_view text)
{
    if (!mentions_password(text)) return one_line(message);
    std::string result;
    bool quoted = false;
    for (const char c : message) {
        if (c == '"') {
            if (!quoted) result += "\"...\"";
            quoted = !quoted;
        } else if (!quoted) {
            result += c;
        }
    }
    return one_line(result);
}

constexpr const char* where_unknown = "PostgreSQL";

// What the text itself says.
settings parse(const std::string& text)
{
    char* message = nullptr;
    PQconninfoOption* options = PQconninfoParse(text.c_str(), &message);
    const std::unique_ptr<char, decltype(&PQfreemem)> owned(message, &PQfreemem);
    if (options == nullptr)
        refuse(where_unknown, without_secrets(message == nullptr ? "out of memory" : message, text));
    return settings_of(options);
}

// What the text, the service file, the environment and libpq's defaults say together. libpq gives that out for a
// connection only, so one is made that it refuses to begin, for a value that this library always replaces.
settings merge(const std::string& text)
{
    constexpr const char* impossible = "unipile-reads-settings-only";
    const std::array<const char*, 3> keywords{"dbname", "target_session_attrs", nullptr};
    const std::array<const char*, 3> values{text.c_str(), impossible, nullptr};
    const std::unique_ptr<PGconn, decltype(&PQfinish)> probe(PQconnectStartParams(keywords.data(), values.data(), 1),
                                                             &PQfinish);
    const std::string_view message = PQerrorMessage(probe.get());
    if (message.find(impossible) == std::string_view::npos) refuse(where_unknown, without_secrets(message, text));
    return settings_of(PQconninfo(probe.get()));
}

std::vector<std::string> split(const std::string& list)
{
    std::vector<std::string> parts(1);
    for (const char c : list) {
        if (c == ',')
            parts.emplace_back();
        else
            parts.back() += c;
    }
    return parts;
}

std::vector<conninfo::host> hosts_of(const settings& all)
{
    const auto names = split(value_of(all, "host"));
    const auto addresses = split(value_of(all, "hostaddr"));
    const auto ports = split(value_of(all, "port"));
    std::vector<conninfo::host> hosts(std::max(names.size(), addresses.size()));
    for (std::size_t i = 0; i < hosts.size(); ++i) {
        conninfo::host& h = hosts[i];
        if (i < names.size()) h.name = names[i];
        if (i < addresses.size()) h.address = addresses[i];
        h.port = ports.size() == 1 ? ports.front() : i < ports.size() ? ports[i] : std::string();
        if (h.port.empty()) h.port = "5432";
        unsigned port = 0;
        const char* end = h.port.data() + h.port.size();
        if (std::from_chars(h.port.data(), end, port).ptr != end || port == 0 || port > 65535)
            refuse(where_unknown, "a port is a number from 1 to 65535");
    }
    return hosts;
}

bool is_socket(const std::string& target)
{
    return target.empty() || target.starts_with('/') || target.starts_with('@');
}

bool is_local(const conninfo::host& h)
{
    const std::string& target = h.address.empty() ? h.name : h.address;
    return is_socket(target) || target == "localhost" || target == "::1" ||
           (target.starts_with("127.") && target.find_first_not_of("0123456789.") == std::string::npos);
}

// The URL of a database, without what is not needed to recognise it.
std::string url_of(const std::vector<conninfo::host>& hosts, const std::string& database)
{
    const conninfo::host& first = hosts.front();
    if (hosts.size() == 1 && first.address.empty() && is_socket(first.name)) {
        std::string url = "postgresql:///" + database;
        if (!first.name.empty()) url += "?host=" + first.name;
        if (first.port != "5432") url += (first.name.empty() ? "?port=" : "&port=") + first.port;
        return url;
    }
    std::string list;
    for (const auto& h : hosts) list += (list.empty() ? "" : ",") + conninfo::name_of(h);
    return "postgresql://" + list + "/" + database;
}

// The root certificates of the system, for a libpq that has no word for them.
std::string system_roots()
{
    if (PQlibVersion() >= 160000) return "system";
    const char* configured = std::getenv("SSL_CERT_FILE");
    for (const char* file : std::initializer_list<const char*>{configured, "/etc/ssl/certs/ca-certificates.crt",
                                                               "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"})
        if (file != nullptr && ::access(file, R_OK) == 0) return file;
    return {};
}

bool has_own_roots(const settings& all)
{
    if (!value_of(all, "sslrootcert").empty()) return true;
    const char* home = std::getenv("HOME");
    return home != nullptr && ::access((std::string(home) + "/.postgresql/root.crt").c_str(), R_OK) == 0;
}

}  // namespace

std::string conninfo::name_of(const host& h)
{
    const std::string& shown = h.name.empty() ? h.address : h.name;
    if (is_socket(shown)) return shown.empty() ? "the default socket" : shown;
    return (shown.find(':') == std::string::npos ? shown : "[" + shown + "]") + ":" + h.port;
}

conninfo::conninfo(std::string_view text) : text_(text)
{
    if (text_.find('\0') != std::string::npos) refuse(where_unknown, "it has a NUL byte");
    const settings given = parse(text_);
    if (given.contains("password") || given.contains("sslpassword"))
        refuse(where_unknown,
               "a password in it is visible to others: use a file named by PGPASSFILE, the variable PGPASSWORD, or a "
               "service file");
    const std::string attributes = value_of(given, "target_session_attrs");
    if (!attributes.empty() && attributes != "read-write" && attributes != "primary")
        refuse(where_unknown, "target_session_attrs can only be read-write, since a store is written");

    const settings all = merge(text_);
    hosts_ = hosts_of(all);
    name_ = url_of(hosts_, value_of(all, "dbname"));

    const std::string timeout = value_of(all, "connect_timeout");
    int seconds = 0;
    std::from_chars(timeout.data(), timeout.data() + timeout.size(), seconds);
    if (seconds > 0) connect_timeout_ = std::chrono::seconds(seconds);

    settings_ = {{"target_session_attrs", "read-write"},
                 {"client_encoding", "UTF8"},
                 {"fallback_application_name", "unipile"},
                 {"keepalives", "1"}};
    const auto default_to = [&](const char* keyword, const char* value) {
        if (!all.contains(keyword)) settings_.emplace_back(keyword, value);
    };
    default_to("keepalives_idle", "30");
    default_to("keepalives_interval", "10");
    default_to("keepalives_count", "3");
    default_to("tcp_user_timeout", "60000");

    if (std::ranges::all_of(hosts_, is_local)) return;
    const std::string mode = value_of(all, "sslmode");
    // libpq completes an absent mode to prefer.
    const bool chosen = given.contains("sslmode") || std::getenv("PGSSLMODE") != nullptr || mode != "prefer";
    if (chosen && mode != "verify-full")
        refuse(name_, "sslmode=" + mode +
                          " does not verify the server: use verify-full, or a socket or loopback "
                          "address");
    settings_.emplace_back("sslmode", "verify-full");
    if (value_of(all, "gssencmode") == "prefer") settings_.emplace_back("gssencmode", "disable");
    if (!has_own_roots(all))
        if (const std::string roots = system_roots(); !roots.empty()) settings_.emplace_back("sslrootcert", roots);
}

std::vector<std::pair<std::string, std::string>> conninfo::parameters(const host& h) const
{
    std::vector<std::pair<std::string, std::string>> result{{"dbname", text_}};  // expanded by libpq; later ones win
    result.emplace_back("host", h.name);
    result.emplace_back("hostaddr", h.address);
    result.emplace_back("port", h.port);
    result.insert(result.end(), settings_.begin(), settings_.end());
    return result;
}

}  // namespace unipile::store::postgres
