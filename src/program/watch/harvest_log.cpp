#include "program/watch/harvest_log.hpp"

#include "program/harvest/display.hpp"
#include "program/harvest/summary.hpp"
#include "program/stored/store_view.hpp"
#include "program/watch/state_json.hpp"

#include <algorithm>
#include <string>

#include <unistd.h>

namespace unipile::program {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds live_interval{250};
constexpr milliseconds plain_interval{1'000};
constexpr milliseconds usual_period_of_json{10'000};

/// Returns the state whose changes are logged at once.
std::string state_of(const harvest_state& s)
{
    return s.phase + (s.accounts.outage ? ", outage, " : ", ") + std::to_string(s.accounts.parked_count);
}

line_pace pace_for(const log_settings& settings)
{
    if (settings.every) return line_pace{*settings.every};
    return settings.progress == log_form::json ? line_pace{usual_period_of_json} : line_pace{};
}

}  // namespace

harvest_log::harvest_log(log_settings settings)
    : settings_(settings), console_(settings.progress == log_form::text), pace_(pace_for(settings))
{}

milliseconds harvest_log::interval() const noexcept
{
    if (console_.shows_progress()) return live_interval;
    return settings_.every ? std::min(*settings_.every, plain_interval) : plain_interval;
}

bool harvest_log::is_json() const noexcept
{
    return settings_.progress == log_form::json ||
           (settings_.progress == log_form::none && settings_.summary == log_form::json);
}

void harvest_log::say(std::string_view line)
{
    if (is_json()) return console_.say(message_json(line, wall_now()));
    if (::isatty(STDERR_FILENO) == 1) return console_.say(line);
    console_.say(time_text(wall_now()) + ' ' + std::string(line));
}

void harvest_log::show(const harvest_state& s)
{
    console_.flush();
    if (settings_.progress == log_form::none) return;
    if (console_.shows_progress()) return console_.live(live_lines(s, console_.width()));
    if (!pace_.is_due(s.elapsed, state_of(s))) return;
    console_.say(settings_.progress == log_form::json ? status_json(s) : plain_line(s));
}

void harvest_log::summarize(const harvest_state& s)
{
    if (settings_.summary == log_form::json) console_.say(summary_json(s));
    if (settings_.summary != log_form::text) return;
    for (const std::string& line : summary_lines(s)) console_.say(line);
}

}  // namespace unipile::program
