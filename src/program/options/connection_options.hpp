// The options of every subcommand that talks to the API.
#pragma once

#include "program/options/command_files.hpp"

#include <unipile/client_options.hpp>
#include <unipile/wall_time.hpp>

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>

namespace CLI {
class App;
}

namespace unipile::program {

/// As typed.
struct connection_options {
    std::string base_url;
    std::string api_key_file;
    std::string ca_file;
    std::string crl_file;
    std::size_t connections = 8;
    double timeout = 0;  ///< seconds for a listing
    bool strict = false;
};

/// Adds `--base-url`, `--api-key-file`, `--ca-file`, `--crl-file` and `--connections`. `connections_help` says what
/// they are.
void add_connection_options(CLI::App& command, connection_options& options, const char* connections_help);

/// The files that they name.
void add_files(command_files& files, const connection_options& options);

/// Reads the key in a file; warns on standard error of one that every user can read. Throws std::invalid_argument, one
/// line without anything of what is in it.
std::string read_key_file(const std::string& file);

/// Reads the key and the base URL from where the options or the environment say. Throws std::invalid_argument with one
/// line that says what to change.
client_options make_client_options(const connection_options& options);

/// Host and port of a base URL in one spelling: what an account belongs to. Empty for a text that is no base URL.
std::string tenant_of(const std::string& base_url);

/// As `--base-url` or the environment has it; empty: neither does.
std::string given_base_url(const connection_options& o);

/// A date or a time as `parse_date` reads it; empty for an empty text. Throws std::invalid_argument.
std::optional<wall_time> read_time(const char* option, const std::string& text);

}  // namespace unipile::program
