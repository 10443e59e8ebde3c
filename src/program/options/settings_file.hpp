// Reads a configuration file. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace unipile::program {

/// A key of a configuration file with its value.
struct setting {
    std::string section;              ///< empty before the first section
    std::string key;                  ///< `max-posts`, also if it is written `max_posts`
    std::vector<std::string> values;  ///< one, or those of an array; numbers and truth values as written
    std::size_t line = 0;             ///< of the key, from 1

    friend bool operator==(const setting&, const setting&) = default;
};

/// Returns the settings of a file in order. The file is a subset of TOML: `[section]`, `key = value` with a text in
/// quotes, a number, a date, `true`, `false` or an array of them, and comments. Throws std::invalid_argument, one line
/// that begins with `name:LINE: `, for anything else, and for a key or section that comes twice.
std::vector<setting> read_settings(std::string_view text, const std::string& name);

}  // namespace unipile::program
