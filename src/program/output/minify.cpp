#include "program/output/minify.hpp"

#include "program/terminal/safe_text.hpp"

#include <simdjson.h>

#include <cstddef>

namespace unipile::program {

void append_minified(std::string& out, std::string_view json)
{
    const std::size_t before = out.size();
    out.resize(before + json.size());
    std::size_t length = 0;
    if (simdjson::minify(json.data(), json.size(), out.data() + before, length) == simdjson::SUCCESS)
        out.resize(before + length);
    else
        out.replace(before, json.size(), json);
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
