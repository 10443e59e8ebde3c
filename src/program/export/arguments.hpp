// The options of `unipile export`.
#pragma once

#include <unipile/store/post_reader.hpp>

#include <string>
#include <string_view>

namespace unipile::program {

struct export_options {
    std::string store;
    std::string what = "posts";
    std::string format;   ///< empty: by the name of the output
    std::string columns;  ///< names, with commas between them; empty: the usual ones
    std::string output;
    std::string rotate;  ///< the size of a file; empty: there is one
    std::string account, identifier, since, until;
    bool without_gone = false;
    bool changes = false;
    std::string after;  ///< a place in the changes
    std::string state;  ///< the file that has it
};

/// Throws std::invalid_argument for a time that can't be read.
store::post_filter make_filter(const export_options& o);

/// Returns the format that the name of a file says; empty if it says none.
std::string_view format_named(std::string_view file) noexcept;

/// Runs the command; returns the exit code. Throws std::invalid_argument for options that don't go together.
int run_export(const export_options& o);

}  // namespace unipile::program
