#include "program/export/cells.hpp"

#include "program/output/minify.hpp"
#include "program/stored/store_view.hpp"
#include "program/terminal/json_object.hpp"
#include "program/terminal/safe_text.hpp"

#include <unipile/utf8.hpp>

#include <algorithm>
#include <array>
#include <type_traits>

namespace unipile::program {
namespace {

template <class... F>
struct visitor : F... {
    using F::operator()...;
};

/// Returns true for the beginning of a formula in a spreadsheet, full-width forms included, and for characters that it
/// skips before one.
bool begins_formula(std::string_view value)
{
    static constexpr std::array<std::string_view, 11> beginnings{
        "=", "+", "-", "@", "\t", "\r", "\n", "\xef\xbc\x9d", "\xef\xbc\x8b", "\xef\xbc\x8d", "\xef\xbc\xa0"};
    return std::any_of(beginnings.begin(), beginnings.end(), [&](auto b) { return value.starts_with(b); });
}

void append_quoted(std::string& out, std::string_view value, bool for_terminal)
{
    const std::string text = for_terminal ? printable(value, std::string::npos) : plain_text(value);
    const bool formula = begins_formula(text);
    if (!formula && text.find_first_of(",\"\r\n") == std::string::npos) {
        out += text;
        return;
    }
    out += '"';
    if (formula) out += '\'';
    for (const char c : text) {
        if (c == '"') out += '"';
        out += c;
    }
    out += '"';
}

class csv_format final : public row_format {
public:
    std::string header(std::span<const std::string_view> names) const override
    {
        std::string line;
        for (const std::string_view name : names) (line += line.empty() ? "" : ",") += name;
        return line + "\r\n";
    }
    void append(std::string& out, std::span<const std::string_view>, std::span<const cell> row,
                bool for_terminal) const override
    {
        bool first = true;
        for (const cell& c : row) {
            if (!std::exchange(first, false)) out += ',';
            std::visit(visitor{[](std::monostate) {}, [&](std::string_view v) { append_quoted(out, v, for_terminal); },
                               [&](std::int64_t v) { out += std::to_string(v); },
                               [&](bool v) { out += v ? "true" : "false"; }, [&](wall_time v) { out += time_text(v); },
                               [&](const json_text& v) { append_quoted(out, v.json, for_terminal); }},
                       c);
        }
        out += "\r\n";
    }
};

class json_format final : public row_format {
public:
    std::string header(std::span<const std::string_view>) const override { return {}; }
    void append(std::string& out, std::span<const std::string_view> names, std::span<const cell> row,
                bool for_terminal) const override
    {
        json_object line;
        for (std::size_t i = 0; i < row.size(); ++i) add(line, names[i], row[i], for_terminal);
        out += line.finish();
        out += '\n';
    }

private:
    static void add(json_object& line, std::string_view name, const cell& c, bool for_terminal)
    {
        std::visit(
            visitor{[](std::monostate) {}, [&](std::string_view v) { line.add_text(name, v); },
                    [&](std::int64_t v) { line.add(name, std::to_string(v)); }, [&](bool v) { line.add_flag(name, v); },
                    [&](wall_time v) { line.add_text(name, time_text(v)); },
                    [&](const json_text& v) { line.add(name, one_line(v.json, for_terminal)); }},
            c);
    }
    static std::string one_line(std::string_view json, bool for_terminal)
    {
        std::string text;
        if (is_valid_utf8(json))
            append_json_line(text, json, for_terminal);
        else
            append_json_line(text, to_valid_utf8(json), for_terminal);
        if (text.ends_with('\n')) text.pop_back();
        return text;
    }
};

}  // namespace

std::unique_ptr<row_format> csv_rows() { return std::make_unique<csv_format>(); }
std::unique_ptr<row_format> json_rows() { return std::make_unique<json_format>(); }

}  // namespace unipile::program
