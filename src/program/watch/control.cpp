#include "program/watch/control.hpp"

#include "program/stored/store_view.hpp"
#include "program/terminal/safe_text.hpp"
#include "program/watch/setting_names.hpp"

#include <unipile/pacing.hpp>
#include <unipile/utf8.hpp>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>

#include <charconv>
#include <optional>
#include <stdexcept>

namespace unipile::program {
namespace {

constexpr const char* commands = "pause, resume, connections N, pace ACCOUNT RULES, park ACCOUNT, unpark ACCOUNT";
constexpr std::size_t longest_account = 500;

[[noreturn]] void refuse(const std::string& what) { throw std::invalid_argument{what}; }

struct command_name {
    std::string_view name;
    control::kind what;
    std::size_t words;  ///< behind it
};

constexpr command_name names[]{{"pause", control::kind::pause, 0},
                               {"resume", control::kind::resume, 0},
                               {"connections", control::kind::connections, 1},
                               {"pace", control::kind::pace, 2},
                               {"park", control::kind::park, 1},
                               {"unpark", control::kind::unpark, 1}};

const command_name& command_named(std::string_view name)
{
    for (const command_name& known : names)
        if (known.name == name) return known;
    refuse(printable(name, 100) + " is no control; there are: " + commands);
}

std::string checked_account(std::string_view name)
{
    if (name.empty() || name.size() > longest_account || !is_valid_utf8(name) || name.find('\0') != name.npos)
        refuse("name an account");
    return std::string(name);
}

/// Rules that can be read, or nothing for the harvest's own.
std::string checked_pace(std::string_view rules)
{
    if (rules == "default") return {};
    if (rules.empty()) refuse("give rules such as \"50/day, gap 5s-20s\", or default");
    parse_pacing(rules);
    return std::string(rules);
}

std::size_t checked_connections(std::uint64_t n)
{
    if (n < 1 || n > most_connections)
        refuse("connections are 1 to " + std::to_string(most_connections) + ", or default");
    return static_cast<std::size_t>(n);
}

std::size_t connections_in(std::string_view text)
{
    if (text == "default") return 0;
    std::uint64_t n = 0;
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), n);
    if (ec != std::errc{} || end != text.data() + text.size()) n = 0;
    return checked_connections(n);
}

std::string_view text_in(const boost::json::object& o, std::string_view name)
{
    const auto* value = o.if_contains(name);
    const auto* text = value ? value->if_string() : nullptr;
    if (!text) refuse("a control needs \"" + std::string(name) + "\" as text");
    return *text;
}

std::size_t connections_in(const boost::json::object& o)
{
    const auto* value = o.if_contains("connections");
    if (value && value->is_string()) return connections_in(text_in(o, "connections"));
    boost::system::error_code wrong;
    const auto n = value ? value->to_number<std::uint64_t>(wrong) : 0;
    return checked_connections(wrong ? 0 : n);
}

}  // namespace

control control_from_words(std::span<const std::string> words)
{
    if (words.empty()) refuse(std::string("a control is missing; there are: ") + commands);
    const command_name& command = command_named(words.front());
    if (words.size() != command.words + 1) {
        const std::string all = commands;
        const std::size_t at = all.find(std::string(command.name));
        refuse("use it as: " + all.substr(at, all.find(',', at) - at));
    }
    control c;
    c.what = command.what;
    if (c.what == control::kind::connections)
        c.connections = connections_in(words[1]);
    else if (command.words > 0)
        c.account = checked_account(words[1]);
    if (c.what == control::kind::pace) c.pace = checked_pace(words[2]);
    return c;
}

control control_from_json(std::string_view text)
{
    boost::system::error_code wrong;
    const boost::json::value value = boost::json::parse({text.data(), text.size()}, wrong);
    const auto* o = wrong ? nullptr : value.if_object();
    if (!o) refuse("a control is a JSON object");
    control c;
    c.what = command_named(text_in(*o, "command")).what;
    switch (c.what) {
        case control::kind::pause:
        case control::kind::resume: break;
        case control::kind::connections: c.connections = connections_in(*o); break;
        case control::kind::pace: c.pace = checked_pace(text_in(*o, "pace")); [[fallthrough]];
        case control::kind::park:
        case control::kind::unpark: c.account = checked_account(text_in(*o, "account")); break;
    }
    return c;
}

std::vector<store::operation> operations_of(const control& c, wall_time now)
{
    std::vector<store::operation> work;
    const auto set = [&work](std::string name, std::string value) {
        work.emplace_back(store::set_setting{std::move(name), std::move(value)});
    };
    switch (c.what) {
        case control::kind::pause: set(std::string(paused_setting), time_text(now)); break;
        case control::kind::resume: set(std::string(paused_setting), {}); break;
        case control::kind::connections:
            set(std::string(connections_setting), c.connections == 0 ? std::string() : std::to_string(c.connections));
            break;
        case control::kind::pace: set(pace_setting(c.account), c.pace); break;
        case control::kind::park: set(parked_setting(c.account), time_text(now)); break;
        case control::kind::unpark:
            set(parked_setting(c.account), {});
            work.emplace_back(store::request_unpark{c.account, now});
            break;
    }
    return work;
}

std::string outcome_of(const control& c)
{
    const std::string account = "account " + printable(c.account, 200);
    switch (c.what) {
        case control::kind::pause: return "paused: no further request is sent until it is resumed";
        case control::kind::resume: return "resumed";
        case control::kind::connections:
            return c.connections == 0 ? std::string("connections: as each process was started")
                                      : "connections: " + std::to_string(c.connections) + " for each process";
        case control::kind::pace: return account + ": pace " + (c.pace.empty() ? "of the harvest" : c.pace);
        case control::kind::park: return account + " is parked: it sends nothing until it is unparked";
        case control::kind::unpark: break;
    }
    return account + " is unparked";
}

}  // namespace unipile::program
