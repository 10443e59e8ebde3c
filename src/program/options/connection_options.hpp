// The options of the subcommands that use the API.
#pragma once

#include "program/options/command_files.hpp"

#include <unipile/client_options.hpp>
#include <unipile/wall_time.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

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
    std::string certificate_file;
    std::string certificate_key_file;
    std::string proxy;
    std::size_t connections = 8;
    double timeout = 0;  ///< seconds per listing
    bool strict = false;
};

/// Adds the options that name the server, the way to it, and what proves either side. `connections_help` is the help
/// text of `--connections`.
void add_connection_options(CLI::App& command, connection_options& options, const char* connections_help);

/// Adds the files that the options name.
void add_files(command_files& files, const connection_options& options);

/// Takes one line for the user.
using warning = std::function<void(std::string_view line)>;

/// Writes the line to standard error.
void print_warning(std::string_view line);

/// Reads the key in a file; warns if every user can read it. Throws std::invalid_argument, one line without any
/// contents of the file.
std::string read_key_file(const std::string& file, const warning& warn = print_warning);

/// Reads the key and the base URL from the options or the environment. Throws std::invalid_argument with one line that
/// says what to change.
client_options make_client_options(const connection_options& options, const warning& warn = print_warning);

/// Returns host and port of a base URL in one spelling, which identify an account's server. Empty for a text that is no
/// base URL.
std::string tenant_of(const std::string& base_url);

/// Returns the text of `--base-url` or the environment; empty if neither is set.
std::string given_base_url(const connection_options& o);

/// Reads a date or a time as `parse_past` does; nothing for an empty text. Throws std::invalid_argument.
std::optional<wall_time> read_time(const char* option, const std::string& text);

}  // namespace unipile::program
