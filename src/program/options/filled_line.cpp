#include "program/options/filled_line.hpp"

#include "program/options/settings_file.hpp"
#include "program/options/text_file.hpp"
#include "program/terminal/safe_text.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>
#include <filesystem>
#include <numeric>
#include <optional>
#include <set>
#include <sstream>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace unipile::program {
namespace {

namespace fs = std::filesystem;
using strings = std::vector<std::string>;

constexpr std::size_t longest_shown = 60;
constexpr const char* config_option = "--config";

bool takes_value(const CLI::Option& option) { return option.get_items_expected_max() > 0; }

/// Returns the key that sets an option: `max-posts`, or `jobs` for an argument JOBS. Empty for those that none sets.
std::string key_of(const CLI::Option& option)
{
    if (option.get_group().empty()) return {};  // hidden
    std::string key = option.get_positional()       ? option.get_name(true)
                      : option.get_lnames().empty() ? std::string{}
                                                    : option.get_lnames().front();
    std::transform(key.begin(), key.end(), key.begin(),
                   [](char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); });
    return key == "help" || key == "version" || key == "config" ? std::string{} : key;
}

/// Returns the options that can be filled in, by key.
std::map<std::string, const CLI::Option*> keys_of(const CLI::App& command)
{
    std::map<std::string, const CLI::Option*> keys;
    for (const CLI::Option* option : command.get_options())
        if (std::string key = key_of(*option); !key.empty()) keys.emplace(std::move(key), option);
    return keys;
}

bool can_be_filled(const CLI::App& command) { return command.get_name() != "help"; }

/// Returns true if an option means the same for all commands that have it, so that one setting may be for all of them.
/// `export` has filters where others have bounds of a harvest, and `simulate` writes where others read.
bool is_common(const std::string& command, const std::string& key)
{
    if (command == "simulate") return false;
    if (command == "export") return key == "store";
    return key != "output";
}

std::size_t distance(std::string_view a, std::string_view b)
{
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 0; i < a.size(); ++i) {
        std::size_t diagonal = std::exchange(row[0], i + 1);
        for (std::size_t j = 0; j < b.size(); ++j) {
            const std::size_t changed = diagonal + (a[i] == b[j] ? 0 : 1);
            diagonal = row[j + 1];
            row[j + 1] = std::min({changed, row[j] + 1, row[j + 1] + 1});
        }
    }
    return row.back();
}

/// Returns the name that was probably meant, for the end of a complaint.
std::string guess(const std::string& written, const std::set<std::string>& names)
{
    constexpr std::size_t most = 2;
    const std::string* nearest = nullptr;
    std::size_t least = most + 1;
    for (const std::string& name : names) {
        const std::size_t d = distance(written, name);
        if (d < least) {
            nearest = &name;
            least = d;
        }
    }
    return nearest ? "; did you mean " + *nearest + '?' : std::string{};
}

/// The configuration file that applies.
struct configuration {
    std::string name;
    std::vector<setting> settings;
};

std::string place_in(const configuration& from, const setting& s)
{
    return printable(from.name) + ':' + std::to_string(s.line);
}

configuration read_configuration(const std::string& name)
{
    return {name, read_settings(read_text_file("--config", name), name)};
}

configuration find_configuration(const std::string& named, const environment& of)
{
    if (!named.empty()) return read_configuration(named);
    if (const std::string name = of("UNIPILE_CONFIG"); !name.empty()) return read_configuration(name);
    std::error_code unknown;
    for (const std::string& place : configuration_places(of)) {
        if (fs::exists(place, unknown)) return read_configuration(place);
        if (unknown) throw std::invalid_argument{printable(place) + ": " + unknown.message()};
    }
    return {};
}

/// Throws for keys that no subcommand has.
void check_keys(const CLI::App& app, const configuration& from)
{
    std::set<std::string> commands, all;
    std::map<std::string, std::set<std::string>> keys;
    for (const CLI::App* command : app.get_subcommands([](const CLI::App* c) { return can_be_filled(*c); })) {
        commands.insert(command->get_name());
        for (const auto& [key, option] : keys_of(*command)) {
            keys[command->get_name()].insert(key);
            if (is_common(command->get_name(), key)) all.insert(key);
        }
    }
    for (const setting& s : from.settings) {
        const auto refuse = [&](const std::string& what) {
            throw std::invalid_argument{place_in(from, s) + ": " + what};
        };
        if (s.key == "api-key")
            refuse(
                "a key does not belong into this file; put it into a file of its own, and name that with api-key-file");
        if (!s.section.empty() && !commands.contains(s.section))
            refuse("there is no command " + printable(s.section, longest_shown) + guess(s.section, commands));
        for (const auto& [command, own] : keys)
            if (s.section.empty() && !all.contains(s.key) && own.contains(s.key))
                refuse(s.key + ": put it into the section of its command, [" + command + ']');
        const std::set<std::string>& known = s.section.empty() ? all : keys[s.section];
        if (!known.contains(s.key))
            refuse((s.section.empty() ? "no command has an option " : s.section + " has no option ") +
                   printable(s.key, longest_shown) + guess(s.key, known));
        if (s.values.empty()) refuse(s.key + ": the array is empty; leave it out");
        for (const std::string& value : s.values)
            if (value.empty()) refuse(s.key + ": the value is empty; leave it out");
    }
}

/// Returns true or false; nothing if the text is neither.
std::optional<bool> read_switch(std::string text)
{
    std::transform(text.begin(), text.end(), text.begin(),
                   [](char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); });
    for (const char* on : {"true", "1", "yes", "on"})
        if (text == on) return true;
    for (const char* off : {"false", "0", "no", "off"})
        if (text == off) return false;
    return std::nullopt;
}

/// What the command line has of a subcommand's options.
struct given_options {
    std::set<const CLI::Option*> options;
    std::set<const CLI::Option*> off;  ///< flags that are false
    std::set<std::string> off_words;   ///< and how they were given
    bool ends_options = false;         ///< there is a `--`
    bool positional = false;
    bool asks_for_help = false;
    std::string config;
};

given_options read_given(const CLI::App& command, const strings& arguments)
{
    given_options given;
    for (std::size_t i = 1; i < arguments.size(); ++i) {
        const std::string& word = arguments[i];
        if (word == "--help" || word == "-h") given.asks_for_help = true;
        if (word == "--") {
            given.ends_options = true;
            given.positional = given.positional || i + 1 < arguments.size();
            break;
        }
        if (!word.starts_with("--")) {
            given.positional = given.positional || word == "-" || !word.starts_with('-');
            continue;
        }
        const std::size_t equals = word.find('=');
        const CLI::Option* option = command.get_option_no_throw(word.substr(0, equals));
        if (option == nullptr) continue;  // the parser complains
        given.options.insert(option);
        std::string value = equals == std::string::npos ? std::string{} : word.substr(equals + 1);
        if (!takes_value(*option) && read_switch(value) == false) {
            given.off.insert(option);
            given.off_words.insert(word);
        }
        for (int n = 0; equals == std::string::npos && n < option->get_items_expected_max(); ++n) {
            if (i + 1 == arguments.size() || (arguments[i + 1].starts_with('-') && arguments[i + 1].size() > 1)) break;
            value = arguments[++i];
        }
        if (option->check_name(config_option)) given.config = value;
    }
    return given;
}

/// The options that are set so far. What is set first has precedence.
class filling {
public:
    explicit filling(const given_options& given)
        : decided_(given.options), on_(given.options), positional_(given.positional)
    {
        for (const CLI::Option* option : given.off) on_.erase(option);
    }

    bool wants(const CLI::Option& option) const
    {
        if (option.get_positional() ? positional_ : decided_.contains(&option)) return false;
        const auto& excluded = option.get_excludes();
        return std::none_of(excluded.begin(), excluded.end(), [&](const CLI::Option* o) { return on_.contains(o); });
    }

    /// Throws std::invalid_argument.
    void add(const CLI::Option& option, const strings& values, const std::string& source)
    {
        if (option.get_positional()) {
            positionals.insert(positionals.end(), values.begin(), values.end());
            sources.emplace(option.get_name(true), source);
            positional_ = true;
            return;
        }
        const std::string name = "--" + option.get_lnames().front();
        if (values.size() > 1 && option.get_expected_max() <= 1)
            throw std::invalid_argument{source + ": " + name + " takes one value"};
        sources.emplace(name, source);
        decided_.insert(&option);
        if (takes_value(option)) {
            on_.insert(&option);
            for (const std::string& value : values)
                added_.emplace_back(&option, std::string{name}.append("=").append(value));
            return;
        }
        const auto on = read_switch(values.front());
        if (!on) throw std::invalid_argument{source + ": " + name + " is true or false"};
        if (!*on) return;
        on_.insert(&option);
        added_.emplace_back(&option, name);
    }

    /// Returns the arguments that are added, without those that need one that is not there.
    strings options() const
    {
        strings words;
        for (const auto& [option, word] : added_)
            if (std::ranges::all_of(option->get_needs(), [&](const CLI::Option* o) { return on_.contains(o); }))
                words.push_back(word);
        return words;
    }

    strings positionals;
    std::map<std::string, std::string> sources;

private:
    std::vector<std::pair<const CLI::Option*, std::string>> added_;
    std::set<const CLI::Option*> decided_;  ///< flags that are false, too
    std::set<const CLI::Option*> on_;
    bool positional_;
};

void fill_from(const environment& of, const CLI::App& command, filling& line)
{
    for (const auto& [key, option] : keys_of(command)) {
        const std::string name = environment_name(command, *option);
        const std::string value = of(name);
        if (!value.empty() && line.wants(*option)) line.add(*option, {value}, name);
    }
}

void fill_from(const configuration& from, const CLI::App& command, const environment& of, filling& line)
{
    auto keys = keys_of(command);
    // What the environment has under other names precedes the file, too.
    if (!of("UNIPILE_DSN").empty()) keys.erase("base-url");
    if (!of("UNIPILE_API_KEY").empty()) keys.erase("api-key-file");
    for (const std::string& section : {command.get_name(), std::string{}})
        for (const setting& s : from.settings) {
            const auto at = keys.find(s.key);
            if (section.empty() && !is_common(command.get_name(), s.key)) continue;
            if (s.section == section && at != keys.end() && line.wants(*at->second))
                line.add(*at->second, s.values, place_in(from, s));
        }
}

}  // namespace

std::string environment_name(const CLI::App& command, const CLI::Option& option)
{
    std::string name = key_of(option);
    if (name.empty()) return {};
    if (!is_common(command.get_name(), name)) name.insert(0, command.get_name() + '-');
    for (char& c : name) c = c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    return "UNIPILE_" + name;
}

void add_config_options(CLI::App& app)
{
    for (CLI::App* command : app.get_subcommands([](const CLI::App* c) { return can_be_filled(*c); }))
        command
            ->add_option_function<std::string>(
                config_option, [](const std::string&) {},
                "Options that are not given here or in the environment, in a file; see `unipile --help`")
            ->type_name("FILE");
}

std::vector<std::string> configuration_places(const environment& of)
{
    constexpr const char* file = "unipile/unipile.toml";
    std::vector<std::string> places;
    const auto add = [&](const fs::path& folder) {
        if (folder.is_absolute()) places.push_back((folder / file).string());
    };
    if (const std::string own = of("XDG_CONFIG_HOME"); !own.empty())
        add(own);
    else if (const std::string home = of("HOME"); !home.empty())
        add(fs::path{home} / ".config");
    std::string folders = of("XDG_CONFIG_DIRS");
    if (folders.empty()) folders = "/etc/xdg";
    std::istringstream in{folders};
    for (std::string folder; std::getline(in, folder, ':');) add(folder);
    return places;
}

filled_line::filled_line(const CLI::App& app, std::vector<std::string> given, const environment& of)
    : arguments_(std::move(given))
{
    if (arguments_.empty()) return;
    const auto is_named = [&](const CLI::App* c) { return can_be_filled(*c) && c->get_name() == arguments_.front(); };
    const auto named = app.get_subcommands(is_named);
    if (named.empty()) return;
    const CLI::App* const command = named.front();
    const given_options own = read_given(*command, arguments_);
    if (own.asks_for_help) return;

    const configuration from = find_configuration(own.config, of);
    check_keys(app, from);
    filling line{own};
    fill_from(of, *command, line);
    fill_from(from, *command, of, line);
    sources_ = std::move(line.sources);
    std::erase_if(arguments_, [&](const std::string& word) { return own.off_words.contains(word); });
    const strings options = line.options();
    arguments_.insert(arguments_.begin() + 1, options.begin(), options.end());
    // An option that lacks its value does not take one of these for it.
    if (!line.positionals.empty() && !own.ends_options) arguments_.emplace_back("--");
    arguments_.insert(arguments_.end(), line.positionals.begin(), line.positionals.end());
}

std::string filled_line::with_source(const std::string& complaint) const
{
    const std::size_t end = complaint.find_first_of(" :");
    const auto at = sources_.find(complaint.substr(0, end));
    return at == sources_.end() ? complaint : complaint + " (set by " + at->second + ')';
}

}  // namespace unipile::program
