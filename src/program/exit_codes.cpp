#include "program/exit_codes.hpp"

#include <array>
#include <cstddef>

namespace unipile::program {

std::span<const exit_meaning> exit_meanings() noexcept
{
    static constexpr std::array<exit_meaning, 11> all{{
        {all_complete, "all complete"},
        {some_incomplete, "some listing failed or is incomplete (items that are no posts count as such)"},
        {usage_error, "usage or configuration"},
        {key_refused, "key refused"},
        {out_of_reach, "a harvest ended by an outage"},
        {no_database, "a store's database can't be reached or refuses its user"},
        {busy, "another process harvests into the store"},
        {time_up, "--until has ended a harvest with jobs left"},
        {parked, "a harvest has nothing left but jobs of parked accounts"},
        {known_failures, "all complete but what failed in earlier runs"},
        {interrupted, "interrupted"},
    }};
    return all;
}

std::string exit_code_lines()
{
    std::string text = "Exit codes: ";
    for (const exit_meaning& e : exit_meanings())
        text += std::to_string(static_cast<int>(e.code)) + ' ' + std::string{e.text} + ", ";
    text.replace(text.size() - 2, 2, ".");
    constexpr std::size_t width = 110;
    for (std::size_t line = 0; text.size() - line > width;) {
        const std::size_t end = text.rfind(' ', line + width);
        text[end] = '\n';
        line = end + 1;
    }
    return text;
}

}  // namespace unipile::program
