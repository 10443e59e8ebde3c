// libFuzzer: a text is pacing rules or is refused in one line; rules that were read are sound and have a text.
#include "support/fuzzing.hpp"

#include <unipile/pacing.hpp>

#include <optional>
#include <stdexcept>
#include <string>

namespace {

using namespace unipile;
using test::hold;

std::optional<pacing> read(std::string_view text)
{
    try {
        return parse_pacing(text);
    } catch (const std::invalid_argument& e) {
        const std::string_view complaint = e.what();
        hold(!complaint.empty(), "a refusal says why");
        hold(complaint.find('\n') == complaint.npos || text.find('\n') != text.npos, "a refusal is one line");
        return std::nullopt;
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const auto rules = read(test::text_of(data, size));
    if (!rules) return 0;
    try {
        rules->check();
    } catch (const std::invalid_argument&) {
        hold(false, "what was read is sound");
    }
    auto again = read(to_string(*rules));
    hold(again.has_value(), "rules have a text");
    again->on_throttle = rules->on_throttle;  // not part of the text
    hold(to_string(*again) == to_string(*rules), "rules survive their text");
    return 0;
}
