#include "program/output/minify.hpp"

#include "program/terminal/safe_text.hpp"

#include <cstddef>

namespace unipile::program {
namespace {

bool is_space(char c) noexcept { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

/// The index behind the string that opens at `open`, or the end if it never closes.
std::size_t behind_string(std::string_view json, std::size_t open) noexcept
{
    for (std::size_t quote = json.find('"', open + 1); quote != std::string_view::npos;
         quote = json.find('"', quote + 1)) {
        std::size_t backslashes = 0;
        while (json[quote - 1 - backslashes] == '\\') ++backslashes;
        if (backslashes % 2 == 0) return quote + 1;
    }
    return json.size();
}

}  // namespace

void append_minified(std::string& out, std::string_view json)
{
    std::size_t kept = 0;  // everything before it has been appended or dropped
    std::size_t i = 0;
    while (i < json.size()) {
        if (json[i] == '"') {
            i = behind_string(json, i);
        } else if (is_space(json[i])) {
            out.append(json.substr(kept, i - kept));
            while (i < json.size() && is_space(json[i])) ++i;
            kept = i;
        } else {
            ++i;
        }
    }
    out.append(json.substr(kept));
}

void append_json_line(std::string& out, std::string_view json, bool for_terminal)
{
    if (for_terminal) {
        std::string line;
        append_minified(line, json);
        out += printable_json(line);
    } else {
        append_minified(out, json);
    }
    out += '\n';
}

}  // namespace unipile::program
