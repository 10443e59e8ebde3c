// What a check has found.
#pragma once

#include "program/exit_codes.hpp"

#include <string>
#include <vector>

namespace unipile::program {

enum class verdict { good, warning, bad };

struct finding {
    std::string about;  ///< one word
    verdict is = verdict::good;
    std::string text;                             ///< foreign text in it is not escaped
    std::string advice;                           ///< what to do; empty if there is nothing
    exit_code code = exit_code::some_incomplete;  ///< of a bad one
};

/// Returns a line for a terminal, without its end.
std::string finding_text(const finding& f);
/// Returns the same as one JSON object.
std::string finding_json(const finding& f);
/// Returns the code of the first bad one, or that all is well.
int exit_code_of(const std::vector<finding>& all);

}  // namespace unipile::program
