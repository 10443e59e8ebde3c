#include "decode/envelope.hpp"

#include "decode/number.hpp"

#include <boost/json/monotonic_resource.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <cmath>

namespace unipile::decode {
namespace {

namespace json = boost::json;

errc read_cursor(const json::value* value, const size_limits& limits, page_end& end)
{
    if (!value) {
        end.kind = cursor_kind::missing;
        end.anomalies.push_back({anomaly_kind::missing_field, {}, "cursor"});
    } else if (value->is_null()) {
        end.kind = cursor_kind::null;
    } else if (const json::string* text = value->if_string()) {
        if (text->size() > limits.cursor) return errc::cursor_too_large;
        end.kind = text->empty() ? cursor_kind::empty : cursor_kind::text;
        end.cursor.assign(text->data(), text->size());
        if (text->empty()) end.anomalies.push_back({anomaly_kind::unexpected_value, {}, "cursor"});
    } else {
        return errc::bad_cursor;
    }
    return errc{};
}

/// Reads a count; Boost.JSON's value is exact for whole numbers below 2^53, however written.
std::optional<std::int64_t> to_count(const json::value& value)
{
    if (const std::int64_t* n = value.if_int64()) return *n;
    if (const double* d = value.if_double(); d && std::trunc(*d) == *d && std::abs(*d) < 9007199254740992.0)
        return static_cast<std::int64_t>(*d);
    return std::nullopt;
}

void read_page_count(const json::value* value, page_end& end)
{
    const auto note = [&](anomaly_kind kind) { end.anomalies.push_back({kind, "paging", "page_count"}); };
    if (!value) return note(anomaly_kind::missing_field);
    if (value->is_null()) return note(anomaly_kind::null_field);
    if (value->is_number()) {
        end.page_count = to_count(*value);
        if (!end.page_count) note(anomaly_kind::odd_number);
        return;
    }
    note(anomaly_kind::wrong_type);
    if (const json::string* text = value->if_string(); text && is_number(*text)) end.page_count = to_integer(*text);
}

void read_paging(const json::value* value, page_end& end)
{
    const auto note = [&](anomaly_kind kind) { end.anomalies.push_back({kind, {}, "paging"}); };
    if (!value) return note(anomaly_kind::missing_field);
    if (value->is_null()) return note(anomaly_kind::null_field);
    if (const json::object* paging = value->if_object()) return read_page_count(paging->if_contains("page_count"), end);
    note(anomaly_kind::wrong_type);
}

void check_object(const json::value* value, page_end& end)
{
    const auto note = [&](anomaly_kind kind) { end.anomalies.push_back({kind, {}, "object"}); };
    if (!value) return note(anomaly_kind::missing_field);
    if (value->is_null()) return note(anomaly_kind::null_field);
    if (!value->is_string()) return note(anomaly_kind::wrong_type);
    if (*value->if_string() != "PostList") note(anomaly_kind::unexpected_value);
}

}  // namespace

boost::system::error_code read_envelope(std::string_view text, const size_limits& limits, bool cursors_differ,
                                        page_end& end)
{
    unsigned char buffer[2048];
    json::monotonic_resource memory{buffer};
    json::parse_options options;
    options.max_depth = limits.depth;
    boost::system::error_code error;
    const json::value page = json::parse({text.data(), text.size()}, error, &memory, options);
    if (error == json::error::too_deep) return errc::too_deep;
    if (error) return errc::page_malformed;
    const json::object* object = page.if_object();
    if (!object) return errc::not_a_page;
    const json::value* items = object->if_contains("items");
    if (!items || !items->is_array()) return errc::not_a_page;
    if (!cursors_differ) {
        if (const errc e = read_cursor(object->if_contains("cursor"), limits, end); e != errc{}) return e;
    }
    check_object(object->if_contains("object"), end);
    read_paging(object->if_contains("paging"), end);
    return {};
}

}  // namespace unipile::decode
