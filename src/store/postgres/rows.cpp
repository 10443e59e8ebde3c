#include "store/postgres/rows.hpp"

#include "store/postgres/wire.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <stdexcept>

namespace unipile::store::postgres {

std::int64_t rows::affected() const noexcept
{
    const char* number = PQcmdTuples(result_.get());
    std::int64_t n = 0;
    std::from_chars(number, number + std::strlen(number), n);
    return n;
}

std::string_view rows::value(int row, int column, std::initializer_list<Oid> types) const
{
    if (row < 0 || row >= count() || column < 0 || column >= columns())
        throw std::logic_error("there is no such row or column in a result of PostgreSQL");
    if (std::ranges::find(types, PQftype(result_.get(), column)) == types.end())
        throw std::logic_error("a column of a result of PostgreSQL has another type");
    return {PQgetvalue(result_.get(), row, column), static_cast<std::size_t>(PQgetlength(result_.get(), row, column))};
}

std::string_view rows::text(int row, int column) const { return value(row, column, {25, 1043, 19, 1042}); }

std::int64_t rows::integer(int row, int column) const { return number_in(value(row, column, {20, 23, 21})); }

bool rows::boolean(int row, int column) const { return number_in(value(row, column, {16})) != 0; }

std::string_view rows::bytes(int row, int column) const { return value(row, column, {17}); }

std::optional<wall_time> rows::time(int row, int column) const
{
    const std::string_view v = value(row, column, {1184});
    if (v.empty()) return std::nullopt;
    return time_of(number_in(v));
}

}  // namespace unipile::store::postgres
