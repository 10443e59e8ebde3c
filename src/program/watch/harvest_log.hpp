// Standard error of a harvest: its messages, its state from time to time, and its summary.
#pragma once

#include "program/harvest/line_pace.hpp"
#include "program/terminal/console.hpp"
#include "program/watch/state.hpp"

#include <chrono>
#include <optional>
#include <string_view>

namespace unipile::program {

enum class log_form { none, text, json };

struct log_settings {
    log_form progress = log_form::text;
    log_form summary = log_form::text;
    std::optional<std::chrono::milliseconds> every;  ///< between two states; empty: the default

    /// Returns true if only messages are written.
    bool is_quiet() const noexcept { return progress == log_form::none && summary == log_form::none; }
};

/// Text is for people: on a terminal the state is a block that changes in place, elsewhere a line from time to time,
/// and each line has its time. JSON is for programs: each line is an object, also of messages.
class harvest_log {
public:
    explicit harvest_log(log_settings settings);

    /// Returns how often `show` is to be called.
    std::chrono::milliseconds interval() const noexcept;
    const log_settings& settings() const noexcept { return settings_; }

    /// Writes a message. Foreign text in it has to be `printable`.
    void say(std::string_view line);
    /// Writes the state if that is due.
    void show(const harvest_state& s);
    /// Removes what changes in place.
    void end_progress() { console_.live({}); }
    /// Writes the summary.
    void summarize(const harvest_state& s);

private:
    bool is_json() const noexcept;

    log_settings settings_;
    console console_;
    line_pace pace_;
};

}  // namespace unipile::program
