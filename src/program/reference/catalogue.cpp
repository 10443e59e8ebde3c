#include "program/reference/catalogue.hpp"

#include "program/exit_codes.hpp"
#include "program/options/filled_line.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstddef>
#include <set>
#include <sstream>
#include <string_view>

namespace unipile::program {
namespace {

std::vector<std::string> split(const std::string& text, char at)
{
    std::vector<std::string> parts;
    std::istringstream in{text};
    for (std::string part; std::getline(in, part, at);) parts.push_back(part);
    return parts;
}

std::vector<std::string> names_of(const std::set<CLI::Option*>& options)
{
    std::vector<std::string> names;
    names.reserve(options.size());
    for (const CLI::Option* option : options) names.push_back(option->get_name());
    std::sort(names.begin(), names.end());  // the set is ordered by addresses
    return names;
}

/// Reads a type's name, behind which the parser puts what its checks accept: `NAME:{one,other}`.
void read_value(option_entry& entry, const std::string& type)
{
    const std::size_t colon = type.find(':');
    entry.value = type.substr(0, colon);
    const std::size_t open = type.find(":{"), close = type.find('}');
    if (open == type.npos || close == type.npos) return;
    entry.choices = split(type.substr(open + 2, close - open - 2), ',');
    entry.value = joined(entry.choices, "|");
}

option_entry entry_of(const CLI::App& command, const CLI::Option& option, const std::string& common_group)
{
    option_entry entry;
    entry.name = option.get_positional() ? option.get_name(true) : "--" + option.get_lnames().front();
    if (!option.get_snames().empty()) entry.short_name = '-' + option.get_snames().front();
    if (option.get_items_expected_max() > 0) read_value(entry, option.get_type_name());
    entry.standard = option.get_default_str();
    if (option.get_group() != common_group) entry.group = option.get_group();
    if (command.get_option_no_throw("--config") != nullptr) entry.environment = environment_name(command, option);
    entry.text = option.get_description();
    entry.excludes = names_of(option.get_excludes());
    entry.needs = names_of(option.get_needs());
    entry.required = option.get_required();
    entry.repeated =
        option.get_expected_max() > 1 || option.get_multi_option_policy() == CLI::MultiOptionPolicy::TakeAll;
    return entry;
}

void read_footer(command_entry& entry, const CLI::App& app)
{
    std::string footer = app.get_footer();
    if (const std::size_t codes = footer.find(exit_code_lines()); codes != footer.npos) footer.resize(codes);
    constexpr std::string_view example = "Example: ", indented = "  ";
    std::string text;
    for (const std::string& line : split(footer, '\n')) {
        if (line.starts_with(example))
            entry.examples.push_back(line.substr(example.size()));
        else if (line.starts_with(indented))
            entry.examples.push_back(line.substr(indented.size()));
        else
            text += (text.empty() ? "" : " ") + line;
    }
    if (!text.empty()) entry.notes.push_back(text);
}

command_entry entry_of(const CLI::App& app)
{
    command_entry entry;
    entry.summary = app.get_description();
    const CLI::Option* help = app.get_help_ptr();
    const std::string common_group = help == nullptr ? "" : help->get_group();
    std::vector<option_entry> under_headings;
    for (const CLI::Option* option : app.get_options()) {
        if (option->get_group().empty()) continue;  // hidden
        option_entry made = entry_of(app, *option, common_group);
        if (option->get_positional())
            entry.arguments.push_back(std::move(made));
        else
            (made.group.empty() ? entry.options : under_headings).push_back(std::move(made));
    }
    entry.options.insert(entry.options.end(), under_headings.begin(), under_headings.end());
    read_footer(entry, app);
    return entry;
}

}  // namespace

catalogue make_catalogue(const CLI::App& app)
{
    catalogue made;
    made.program = app.get_name();
    made.own = entry_of(app);
    for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
        command_entry entry = entry_of(*command);
        entry.name = command->get_name();
        made.commands.push_back(std::move(entry));
    }
    return made;
}

std::string first_words(const std::string& text)
{
    std::size_t end = text.size();
    for (const char* stop : {"; ", ". ", " [environment"}) end = std::min(end, text.find(stop));
    return text.substr(0, end);
}

std::string joined(const std::vector<std::string>& choices, const char* between)
{
    std::string all;
    for (const std::string& choice : choices) all += (all.empty() ? "" : between) + choice;
    return all;
}

}  // namespace unipile::program
