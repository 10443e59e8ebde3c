// Statements with their parameters.
#pragma once

#include "store/postgres/database_error.hpp"

#include <unipile/wall_time.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace unipile::store::postgres {

/// The types of parameters, by the numbers that PostgreSQL has for them.
enum class type_id : std::uint32_t { boolean = 16, bytes = 17, bigint = 20, text = 25, timestamp = 1184 };

/// Bytes for a `bytea`.
struct bytes {
    std::string_view data;
};

/// Throws `database_error` of the kind `data` unless PostgreSQL can store this as text: well-formed UTF-8 without NUL.
void refuse_unless_text(std::string_view text);

/// A parameter that is an array, for `unnest` and `ANY`: one column of many rows. Built element by element in
/// PostgreSQL's binary format, so that nothing is quoted.
class array {
public:
    explicit array(type_id elements);

    /// Adds an element of the array's type. Throws `database_error` as `refuse_unless_text` does, or if the array grows
    /// beyond a gigabyte.
    array& add(std::string_view text);
    /// Adds a text that `is_storable`, without another look at its bytes.
    array& add_storable(std::string_view text);
    array& add(bytes v);
    array& add(wall_time t);
    template <std::integral T>
    array& add(T v)
    {
        if constexpr (std::same_as<T, bool>)
            return add_boolean(v);
        else
            return add_integer(static_cast<std::int64_t>(v));
    }
    array& add(std::nullopt_t);
    template <class T>
    array& add(const std::optional<T>& v)
    {
        return v ? add(*v) : add(std::nullopt);
    }

    std::size_t size() const noexcept { return count_; }
    /// Returns the bytes that the array has on the wire.
    std::size_t bytes_used() const noexcept { return wire_.size(); }

private:
    friend class query;
    array& add_integer(std::int64_t v);
    array& add_boolean(bool v);
    void require(type_id type) const;
    void append(const void* data, std::size_t size);

    type_id elements_;
    std::size_t count_ = 0;
    bool nulls_ = false;
    std::string wire_;
};

/// One statement with its parameters, `$1` and on in the order in which they are added. Owns its data.
///
/// Parameters have the types bigint, text, bytea, boolean, timestamptz and arrays of these: cast them in the statement
/// if it needs another, e.g. `$1::uuid`, `$2::smallint[]`.
class query {
public:
    explicit query(std::string_view sql) : sql_(sql) {}

    /// Throws `database_error` as `refuse_unless_text` does.
    query& add(std::string_view text);
    query& add(bytes v);
    query& add(wall_time t);
    template <std::integral T>
    query& add(T v)
    {
        if constexpr (std::same_as<T, bool>)
            return add_boolean(v);
        else
            return add_integer(static_cast<std::int64_t>(v));
    }
    template <class T>
    query& add(const std::optional<T>& v)
    {
        return v ? add(*v) : add(std::nullopt);
    }
    /// Adds NULL, whose type the statement decides.
    query& add(std::nullopt_t);
    query& add(array v);
    /// Adds an array of numbers.
    query& add_array(std::span<const std::int64_t> v);

    const std::string& sql() const noexcept { return sql_; }
    std::size_t parameters() const noexcept { return parameters_.size(); }

private:
    friend class connection;
    struct parameter {
        std::uint32_t type = 0;
        bool null = false;
        std::string wire;
    };
    query& add_integer(std::int64_t v);
    query& add_boolean(bool v);
    query& push(std::uint32_t type, std::string wire);

    std::string sql_;
    std::vector<parameter> parameters_;
};

}  // namespace unipile::store::postgres
