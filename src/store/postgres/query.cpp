#include "store/postgres/query.hpp"

#include "store/postgres/wire.hpp"

#include <unipile/utf8.hpp>

#include <stdexcept>
#include <utility>

namespace unipile::store::postgres {

namespace {

constexpr std::size_t array_header = 20;               // dimensions, flag, type, length, lower bound
constexpr std::size_t largest = std::size_t{1} << 30;  // PostgreSQL's bound on a value

[[noreturn]] void refuse(const char* why) { throw database_error(error_kind::data, "PostgreSQL", {}, why); }

std::uint32_t array_of(type_id type) noexcept
{
    switch (type) {
        case type_id::boolean: return 1000;
        case type_id::bytes: return 1001;
        case type_id::bigint: return 1016;
        case type_id::timestamp: return 1185;
        case type_id::text: break;
    }
    return 1009;
}

}  // namespace

void refuse_unless_text(std::string_view text)
{
    if (text.find('\0') != std::string_view::npos) refuse("a text with a NUL byte, which PostgreSQL can't store");
    if (!is_valid_utf8(text)) refuse("a text that is no valid UTF-8");
    if (text.size() > largest) refuse("a text of more than a gigabyte");
}

array::array(type_id elements) : elements_(elements) { wire_.resize(array_header); }

void array::require(type_id type) const
{
    if (elements_ != type) throw std::logic_error("an array of PostgreSQL has elements of one type");
}

void array::append(const void* data, std::size_t size)
{
    if (wire_.size() + size > largest) refuse("values of more than a gigabyte in one statement");
    put_32(wire_, static_cast<std::uint32_t>(size));
    wire_.append(static_cast<const char*>(data), size);
    ++count_;
}

array& array::add(std::string_view text)
{
    refuse_unless_text(text);
    return add_storable(text);
}

array& array::add_storable(std::string_view text)
{
    require(type_id::text);
    append(text.data(), text.size());
    return *this;
}

array& array::add(bytes v)
{
    require(type_id::bytes);
    append(v.data.data(), v.data.size());
    return *this;
}

array& array::add(wall_time t)
{
    require(type_id::timestamp);
    put_32(wire_, 8);
    put_64(wire_, microseconds_of(t));
    ++count_;
    return *this;
}

array& array::add_integer(std::int64_t v)
{
    require(type_id::bigint);
    put_32(wire_, 8);
    put_64(wire_, v);
    ++count_;
    return *this;
}

array& array::add_boolean(bool v)
{
    require(type_id::boolean);
    const char byte = v ? 1 : 0;
    append(&byte, 1);
    return *this;
}

array& array::add(std::nullopt_t)
{
    put_32(wire_, 0xffffffffU);
    nulls_ = true;
    ++count_;
    return *this;
}

query& query::push(std::uint32_t type, std::string wire)
{
    parameters_.push_back({type, false, std::move(wire)});
    return *this;
}

query& query::add(std::string_view text)
{
    refuse_unless_text(text);
    return push(static_cast<std::uint32_t>(type_id::text), std::string(text));
}

query& query::add(bytes v)
{
    if (v.data.size() > largest) refuse("a value of more than a gigabyte");
    return push(static_cast<std::uint32_t>(type_id::bytes), std::string(v.data));
}

query& query::add(wall_time t)
{
    std::string wire;
    put_64(wire, microseconds_of(t));
    return push(static_cast<std::uint32_t>(type_id::timestamp), std::move(wire));
}

query& query::add_integer(std::int64_t v)
{
    std::string wire;
    put_64(wire, v);
    return push(static_cast<std::uint32_t>(type_id::bigint), std::move(wire));
}

query& query::add_boolean(bool v)
{
    return push(static_cast<std::uint32_t>(type_id::boolean), std::string(1, v ? '\1' : '\0'));
}

query& query::add(std::nullopt_t)
{
    parameters_.push_back({0, true, {}});
    return *this;
}

query& query::add(array v)
{
    std::string header;
    put_32(header, v.count_ == 0 ? 0 : 1);
    put_32(header, v.nulls_ ? 1 : 0);
    put_32(header, static_cast<std::uint32_t>(v.elements_));
    if (v.count_ == 0) {
        v.wire_ = std::move(header);
    } else {
        put_32(header, static_cast<std::uint32_t>(v.count_));
        put_32(header, 1);
        v.wire_.replace(0, array_header, header);
    }
    return push(array_of(v.elements_), std::move(v.wire_));
}

query& query::add_array(std::span<const std::int64_t> v)
{
    array numbers(type_id::bigint);
    for (const std::int64_t n : v) numbers.add(n);
    return add(std::move(numbers));
}

}  // namespace unipile::store::postgres
