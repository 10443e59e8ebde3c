// A catalogue as manual pages, completions for shells, and lists of options.
#pragma once

#include "program/reference/catalogue.hpp"

#include <string>

namespace unipile::program {

/// What every page says of the version.
struct release {
    std::string version;
    std::string date;  ///< 2026-11-30
};

/// The manual page of a command, or with `catalogue::own` of the program, as input for mdoc.
std::string manual_page(const catalogue& all, const command_entry& command, const release& of);

std::string bash_completion(const catalogue& all);
std::string zsh_completion(const catalogue& all);
std::string fish_completion(const catalogue& all);

/// Markdown.
std::string option_list(const catalogue& all, const release& of);

/// One JSON object, with a line end.
std::string json_help(const catalogue& all, const release& of);

}  // namespace unipile::program
