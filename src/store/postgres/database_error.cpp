#include "store/postgres/database_error.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace unipile::store::postgres {

namespace {

struct state_kind {
    std::string_view prefix;  // of the code: all five characters, or the two of the class
    error_kind kind;
};

// The first that fits counts.
constexpr std::array kinds{
    state_kind{"40001", error_kind::again},    // serialization_failure
    state_kind{"40P01", error_kind::again},    // deadlock_detected
    state_kind{"55P03", error_kind::again},    // lock_not_available
    state_kind{"57014", error_kind::again},    // query_canceled: statement_timeout
    state_kind{"57P01", error_kind::lost},     // admin_shutdown
    state_kind{"57P02", error_kind::lost},     // crash_shutdown
    state_kind{"57P03", error_kind::lost},     // cannot_connect_now
    state_kind{"57P05", error_kind::lost},     // idle_session_timeout
    state_kind{"25P03", error_kind::lost},     // idle_in_transaction_session_timeout
    state_kind{"25P04", error_kind::lost},     // transaction_timeout
    state_kind{"25006", error_kind::lost},     // read_only_sql_transaction: a standby, which has to be left
    state_kind{"53300", error_kind::lost},     // too_many_connections
    state_kind{"53100", error_kind::full},     // disk_full
    state_kind{"42501", error_kind::refused},  // insufficient_privilege
    state_kind{"3D000", error_kind::refused},  // invalid_catalog_name: no such database
    state_kind{"28", error_kind::refused},     // invalid_authorization_specification
    state_kind{"08", error_kind::lost},        // connection_exception
    state_kind{"21000", error_kind::data},     // cardinality_violation
    state_kind{"22", error_kind::data},        // data_exception
    state_kind{"23", error_kind::data},        // integrity_constraint_violation
    state_kind{"54", error_kind::data},        // program_limit_exceeded
};

constexpr std::size_t longest_message = 400;

struct state_reason {
    std::string_view prefix;
    store_errc reason;
};

// The first that fits counts; others have that of their kind.
constexpr std::array reasons{
    state_reason{"53200", store_errc::out_of_memory},    state_reason{"53300", store_errc::too_many_connections},
    state_reason{"25006", store_errc::read_only_server}, state_reason{"3D000", store_errc::unknown_database},
    state_reason{"28", store_errc::login_refused},       state_reason{"54", store_errc::too_large},
};

struct login_words {
    std::string_view part;
    store_errc reason;
};

// What servers, poolers and libpq say, where no code does. The first that fits counts.
constexpr std::array words{
    login_words{"pg_hba.conf", store_errc::not_admitted},
    login_words{"no such user", store_errc::unknown_role},
    login_words{"no such database", store_errc::unknown_database},
    login_words{"authentication failed", store_errc::login_refused},
    login_words{"could not translate host name", store_errc::unknown_host},
    login_words{"Connection refused", store_errc::connection_refused},
    login_words{"No such file or directory", store_errc::connection_refused},  // a socket
    login_words{"session is read-only", store_errc::read_only_server},
    login_words{"server is in hot standby mode", store_errc::read_only_server},
    login_words{"SSL was required", store_errc::tls_refused},
    login_words{"certificate", store_errc::certificate_refused},
    login_words{"does not exist", store_errc::unknown_role},
};

// Refusals are not tried again.
bool is_refusal(store_errc e) noexcept
{
    return e >= store_errc::login_refused && e <= store_errc::certificate_refused;
}

std::string detail_of(std::string_view sqlstate, std::string_view message)
{
    std::string line = one_line(message);
    if (!sqlstate.empty()) line.append(line.empty() ? "" : ", ").append("SQLSTATE ").append(sqlstate);
    return line;
}

}  // namespace

error_kind kind_of(std::string_view sqlstate) noexcept
{
    const auto found = std::ranges::find_if(kinds, [&](const auto& k) { return sqlstate.starts_with(k.prefix); });
    return found == kinds.end() ? error_kind::other : found->kind;
}

store_errc reason_of(error_kind kind, std::string_view sqlstate) noexcept
{
    const auto known = std::ranges::find_if(reasons, [&](const auto& r) { return sqlstate.starts_with(r.prefix); });
    if (known != reasons.end()) return known->reason;
    switch (kind) {
        case error_kind::again: return store_errc::conflict;
        case error_kind::lost: return store_errc::unreachable;
        case error_kind::data: return store_errc::bad_value;
        case error_kind::full: return store_errc::disk_full;
        case error_kind::refused: return store_errc::refused;
        case error_kind::interrupted: return store_errc::interrupted;
        case error_kind::other: break;
    }
    return store_errc::engine;
}

login_fault fault_of_login(std::string_view sqlstate, std::string_view message, bool needs_password) noexcept
{
    login_fault fault;
    if (!sqlstate.empty()) fault = {kind_of(sqlstate), reason_of(kind_of(sqlstate), sqlstate)};
    const bool unclear = fault.reason == store_errc::unreachable || fault.reason == store_errc::login_refused;
    if (needs_password) {
        fault.reason = store_errc::login_refused;
    } else if (unclear && sqlstate != "28P01") {
        const auto said =
            std::ranges::find_if(words, [&](const auto& w) { return message.find(w.part) != message.npos; });
        if (said != words.end()) fault.reason = said->reason;
        // A connection that was cut within the handshake has an error of TLS, too.
        else if (message.find("SSL error: ") != message.npos && message.find("unexpected eof") == message.npos)
            fault.reason = store_errc::certificate_refused;
    }
    if (is_refusal(fault.reason)) fault.kind = error_kind::refused;
    return fault;
}

std::string one_line(std::string_view message)
{
    std::string line;
    for (char c : message.substr(0, longest_message)) {
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
        if (c != ' ' || (!line.empty() && line.back() != ' ')) line.push_back(c);
    }
    while (!line.empty() && line.back() == ' ') line.pop_back();
    if (message.size() > longest_message) line += "...";
    return line;
}

database_error::database_error(error_kind kind, const std::string& where, std::string_view sqlstate,
                               std::string_view message, std::size_t statement)
    : database_error(kind, reason_of(kind, sqlstate), where, sqlstate, message, statement)
{}

database_error::database_error(error_kind kind, store_errc reason, const std::string& where, std::string_view sqlstate,
                               std::string_view message, std::size_t statement)
    : store_error(reason, where, detail_of(sqlstate, message)), kind_(kind), sqlstate_(sqlstate), statement_(statement)
{}

}  // namespace unipile::store::postgres
