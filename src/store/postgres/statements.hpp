// What all statements on a store share.
#pragma once

#include "store/postgres/query.hpp"

#include <unipile/wall_time.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace unipile::store::postgres {

/// Begins a transaction, whatever the defaults of the database and its role are.
inline constexpr const char* begin = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";
inline constexpr const char* begin_reading = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
inline constexpr const char* commit = "COMMIT";
/// Follow `begin`. A server ends the transaction of a worker that was stopped inside it, whose locks others would wait
/// for, and a statement that waits for such locks.
inline constexpr const char* limit_idle_time = "SET LOCAL idle_in_transaction_session_timeout = '15s'";
inline constexpr const char* limit_statements = "SET LOCAL statement_timeout = '100s'";

/// Reads the server that the store is bound to. It is bound once it has posts, or a listing was found to have none.
inline constexpr const char* read_bound_tenant =
    "SELECT value FROM unipile.store WHERE name = 'tenant' AND (EXISTS (SELECT 1 FROM unipile.post_totals "
    "WHERE posts > 0) OR (SELECT coalesce(sum(jobs), 0) > 0 FROM unipile.job_totals WHERE state = 3))";

/// Reads what `set_setting` has set, for `settings_in`.
inline constexpr const char* select_settings =
    "SELECT substr(name, 9), value FROM unipile.store WHERE name LIKE 'setting %'";

/// Returns the time, or the nearest one that PostgreSQL can hold.
inline wall_time storable(wall_time t) noexcept
{
    using namespace std::chrono;
    constexpr wall_time first = sys_days(year(-4700) / 1 / 1), last = sys_days(year(30000) / 1 / 1);
    return t < first ? first : t > last ? last : t;
}
inline std::optional<wall_time> storable(const std::optional<wall_time>& t) noexcept
{
    return t ? std::optional(storable(*t)) : std::nullopt;
}

/// Returns a text for display, with what PostgreSQL can't hold replaced: NUL, and bytes that are no UTF-8.
std::string storable_text(std::string_view text);
/// Returns true if PostgreSQL can hold the text.
bool is_storable(std::string_view text);

}  // namespace unipile::store::postgres
