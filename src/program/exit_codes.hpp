// The exit codes of every subcommand, and what they mean.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace unipile::program {

enum exit_code : int {
    all_complete = 0,
    some_incomplete = 1,
    usage_error = 2,
    key_refused = 3,
    out_of_reach = 4,  ///< an outage ended the harvest
    no_database = 5,   ///< the database of a store can't be reached, or refuses its user
    busy = 6,          ///< another process harvests into the store
    time_up = 7,       ///< `--until` ended the harvest
    parked = 8,
    known_failures = 9,
    interrupted = 130,
};

struct exit_meaning {
    exit_code code;
    std::string_view text;
};

std::span<const exit_meaning> exit_meanings() noexcept;

/// All of them in lines of at most 110 characters, without a line end behind the last.
std::string exit_code_lines();

}  // namespace unipile::program
