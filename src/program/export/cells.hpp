// Values of a table that is exported, and the formats of its rows.
#pragma once

#include <unipile/wall_time.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace unipile::program {

/// JSON as it is.
struct json_text {
    std::string_view json;
};

/// One value; the first is none.
using cell = std::variant<std::monostate, std::string_view, std::int64_t, bool, wall_time, json_text>;

template <class T>
cell cell_of(const std::optional<T>& value)
{
    return value ? cell{*value} : cell{};
}

/// How rows become lines.
class row_format {
public:
    row_format() = default;
    row_format(const row_format&) = delete;
    row_format& operator=(const row_format&) = delete;
    virtual ~row_format() = default;

    /// Returns the line before all rows; may be empty.
    virtual std::string header(std::span<const std::string_view> names) const = 0;
    /// Appends a row with a value for each name. For a terminal, no characters with an effect on it remain.
    virtual void append(std::string& out, std::span<const std::string_view> names, std::span<const cell> row,
                        bool for_terminal) const = 0;
};

/// As in RFC 4180. A text that a spreadsheet would take for a formula gets an apostrophe in front. Bytes that are not
/// UTF-8 become U+FFFD, and NUL is left out.
std::unique_ptr<row_format> csv_rows();
/// An object a line, without members for values that are none. Bytes that are not UTF-8 become U+FFFD.
std::unique_ptr<row_format> json_rows();

}  // namespace unipile::program
