// The options by which a harvest is watched.
#pragma once

#include "program/watch/harvest_log.hpp"
#include "program/watch/listen_address.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace CLI {
class App;
}

namespace unipile::program {

/// The options as typed.
struct watch_options {
    bool quiet = false;
    std::string progress = "text";
    std::string summary;         ///< empty: as `progress`
    std::string progress_every;  ///< empty: the default
    std::string listen;          ///< empty: no page
    bool listen_anywhere = false;
    std::string control_token_file;
    std::string metrics_file;

    /// Returns true if lines of standard error are objects.
    bool is_json() const { return !quiet && (progress == "json" || (progress == "none" && summary == "json")); }
};

/// What follows from them.
struct watch_settings {
    log_settings log;
    std::optional<listen_address> listen;
    std::string token;           ///< for controls on the page
    bool token_is_told = false;  ///< it was made for this process
    std::string metrics_file;
};

/// Writes a message to standard error, before there is a log.
void say(const watch_options& options, std::string_view line);

void add_watch_options(CLI::App& command, watch_options& options);

/// Reads the token's file, or makes a token, which stays the same in this process. Throws std::invalid_argument with
/// one line that says what to change.
watch_settings watch_settings_of(const watch_options& options);

}  // namespace unipile::program
