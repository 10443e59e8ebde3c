// The library speaks of its options' fields, which nobody who types a command line knows.
#pragma once

#include <string>
#include <string_view>

namespace unipile::program {

/// What the library says about a failure or a configuration, with the program's options in the place of its own. Where
/// the program has no such option the advice is left out. Not for text from elsewhere.
std::string program_words(std::string_view library_text);

}  // namespace unipile::program
