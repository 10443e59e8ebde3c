// What people change about a harvest while it runs: from the command line, or from its page. Pure.
#pragma once

#include <unipile/store/operations.hpp>
#include <unipile/wall_time.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace unipile::program {

struct control {
    enum class kind { pause, resume, connections, pace, park, unpark };
    kind what = kind::pause;
    std::string account;          ///< of `pace`, `park`, `unpark`
    std::string pace;             ///< rules; empty: the harvest's own
    std::size_t connections = 0;  ///< 0: as the process was started
};

/// The most connections that can be set.
constexpr std::size_t most_connections = 1'000;

/// Reads `pause`, `resume`, `connections N|default`, `pace ACCOUNT RULES|default`, `park ACCOUNT`, `unpark ACCOUNT`.
/// Throws std::invalid_argument with one line that says what to change.
control control_from_words(std::span<const std::string> words);
/// Reads the same as an object: `{"command":"pace","account":"…","pace":"…"}`. Throws the same.
control control_from_json(std::string_view text);

/// Returns what the store has to do.
std::vector<store::operation> operations_of(const control& c, wall_time now);

/// Returns one line: what holds from now on.
std::string outcome_of(const control& c);

}  // namespace unipile::program
