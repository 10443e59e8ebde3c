// The result of one statement.
#pragma once

#include <unipile/wall_time.hpp>

#include <libpq-fe.h>

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace unipile::store::postgres {

/// The rows that a statement returned. Rows and columns are numbered from 0. Values have PostgreSQL's binary format, so
/// the member for a column's type has to be called: a `std::logic_error` otherwise. Cast other types in the statement,
/// e.g. `worker::text`, `sum(n)::bigint`.
class rows {
public:
    explicit rows(PGresult* result) noexcept : result_(result) {}

    int count() const noexcept { return PQntuples(result_.get()); }
    int columns() const noexcept { return PQnfields(result_.get()); }
    const PGresult* get() const noexcept { return result_.get(); }
    /// Returns the rows that an INSERT, UPDATE or DELETE changed, or that a SELECT returned.
    std::int64_t affected() const noexcept;

    bool null(int row, int column) const noexcept { return PQgetisnull(result_.get(), row, column) != 0; }
    /// A text, varchar or name; empty for NULL. Valid as long as this object.
    std::string_view text(int row, int column) const;
    std::string string(int row, int column) const { return std::string(text(row, column)); }
    /// A smallint, integer or bigint; 0 for NULL.
    std::int64_t integer(int row, int column) const;
    /// A boolean; false for NULL.
    bool boolean(int row, int column) const;
    /// A bytea; empty for NULL. Valid as long as this object.
    std::string_view bytes(int row, int column) const;
    /// A timestamptz.
    std::optional<wall_time> time(int row, int column) const;

private:
    std::string_view value(int row, int column, std::initializer_list<Oid> types) const;

    struct clearer {
        void operator()(PGresult* r) const noexcept { PQclear(r); }
    };
    std::unique_ptr<PGresult, clearer> result_;
};

}  // namespace unipile::store::postgres
