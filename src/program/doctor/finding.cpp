#include "program/doctor/finding.hpp"

#include "program/terminal/json_object.hpp"
#include "program/terminal/safe_text.hpp"

#include <algorithm>

namespace unipile::program {
namespace {

const char* name_of(verdict v) noexcept
{
    switch (v) {  // GCOVR_EXCL_BR_LINE: every enumerator has a case
        case verdict::good: return "ok";
        case verdict::warning: return "warning";
        case verdict::bad: return "bad";
    }
    return "";  // GCOVR_EXCL_LINE: all are above
}

}  // namespace

std::string finding_text(const finding& f)
{
    constexpr std::size_t width_of_verdict = 9, width_of_name = 12;
    std::string line = name_of(f.is);
    line.resize(width_of_verdict, ' ');
    line += f.about;
    line.resize(std::max(line.size() + 1, width_of_verdict + width_of_name), ' ');
    line += printable(f.text);
    return f.advice.empty() ? line : line + "; " + printable(f.advice);
}

std::string finding_json(const finding& f)
{
    json_object out;
    out.add_text("check", f.about);
    out.add_text("verdict", name_of(f.is));
    out.add_text("text", f.text);
    out.add_filled("advice", f.advice);
    return out.finish();
}

int exit_code_of(const std::vector<finding>& all)
{
    const auto first = std::find_if(all.begin(), all.end(), [](const finding& f) { return f.is == verdict::bad; });
    return first == all.end() ? exit_code::all_complete : first->code;
}

}  // namespace unipile::program
