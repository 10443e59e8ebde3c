// The command line of `unipile posts`.
#pragma once

#include "program/options/connection_options.hpp"
#include "program/posts/pace.hpp"

#include <unipile/client_options.hpp>
#include <unipile/position.hpp>
#include <unipile/posts_query.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace unipile::program {

/// The options as typed.
struct posts_options {
    std::vector<std::string> identifiers;
    std::string account;
    bool company = false;
    int limit = 100;
    std::uint64_t max_posts = 0;
    std::uint64_t max_pages = 0;
    std::string since;
    std::string resume;
    std::string output;  ///< file; `-` or empty: standard output
    std::string pace;    ///< empty: none, unless there is a store
    std::string store;   ///< file; empty: none
    connection_options connection;
    bool quiet = false;
    std::string summary = "text";
};

/// The settings that follow from the options.
struct posts_plan {
    client_options client;
    std::vector<posts_query> queries;
    std::optional<position> from;
    std::optional<posts_pace> pace;
};

void add_options(CLI::App& command, posts_options& options);

/// Reads the key and the base URL, and checks what the parser's grammar does not cover. Throws std::invalid_argument
/// with one line that says what to change.
posts_plan make_plan(const posts_options& options);

}  // namespace unipile::program
