// Which names of stores are those of databases. Needs no libpq, so that a program without it can say what is missing.
#include <unipile/store/postgres.hpp>

#include <algorithm>
#include <array>

namespace unipile::store::postgres {

namespace {

// The keywords of libpq that a connection string may begin with.
constexpr std::array<std::string_view, 45> keywords{
    "application_name",
    "channel_binding",
    "client_encoding",
    "connect_timeout",
    "dbname",
    "fallback_application_name",
    "gssdelegation",
    "gssencmode",
    "gsslib",
    "host",
    "hostaddr",
    "keepalives",
    "keepalives_count",
    "keepalives_idle",
    "keepalives_interval",
    "krbsrvname",
    "load_balance_hosts",
    "max_protocol_version",
    "min_protocol_version",
    "options",
    "passfile",
    "password",
    "port",
    "replication",
    "require_auth",
    "requirepeer",
    "requiressl",
    "service",
    "servicefile",
    "ssl_max_protocol_version",
    "ssl_min_protocol_version",
    "sslcert",
    "sslcertmode",
    "sslcompression",
    "sslcrl",
    "sslcrldir",
    "sslkey",
    "sslmode",
    "sslnegotiation",
    "sslpassword",
    "sslrootcert",
    "sslsni",
    "target_session_attrs",
    "tcp_user_timeout",
    "user",
};

}  // namespace

bool is_conninfo(std::string_view store) noexcept
{
    if (store.starts_with("postgresql://") || store.starts_with("postgres://")) return true;
    const std::size_t equals = store.find('=');
    if (equals == std::string_view::npos) return false;
    constexpr std::string_view spaces = " \t\n\r\f\v";
    std::string_view word = store.substr(0, equals);
    word.remove_prefix(std::min(word.find_first_not_of(spaces), word.size()));
    word = word.substr(0, word.find_last_not_of(spaces) + 1);
    return std::ranges::find(keywords, word) != keywords.end();
}

}  // namespace unipile::store::postgres
