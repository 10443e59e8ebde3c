// Lists of all options: for readers, and for programs.
#include "program/exit_codes.hpp"
#include "program/reference/renderings.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <string_view>

namespace unipile::program {
namespace {

namespace json = boost::json;

/// A text in a cell of a table.
std::string cell(const std::string& text)
{
    std::string out;
    for (const char c : text) {
        if (c == '|' || c == '<' || c == '*' || c == '_') out += '\\';
        out += c;
    }
    return out;
}

/// A cell of code. A backslash before `|` belongs to the table.
std::string code(const std::string& text)
{
    std::string out = "`";
    for (const char c : text) out += c == '|' ? std::string{"\\|"} : std::string{c};
    return out + '`';
}

void add_table(std::string& text, const std::vector<option_entry>& entries, const char* heading)
{
    if (entries.empty()) return;
    text += std::string{"\n| "} + heading + " | | default |\n|---|---|---|\n";
    for (const option_entry& o : entries) {
        std::string name = o.short_name.empty() ? o.name : o.short_name + ", " + o.name;
        if (o.name.starts_with('-') && !o.value.empty()) name += ' ' + o.value;
        text += "| " + code(name) + " | " + cell(o.text) + (o.required ? ". Required" : "") +
                (o.repeated ? ". Can be given several times" : "") + " | " +
                (o.standard.empty() ? "" : code(o.standard)) + " |\n";
    }
}

void add_command(std::string& text, const catalogue& all, const command_entry& command)
{
    text += "\n## " + all.program + (command.name.empty() ? "" : ' ' + command.name) + "\n\n" + cell(command.summary) +
            '\n';
    for (const std::string& note : command.notes) text += '\n' + cell(note) + '\n';
    for (const std::string& example : command.examples) text += "\n    " + example + '\n';
    add_table(text, command.arguments, "argument");
    add_table(text, command.options, "option");
}

json::array array_of(const std::vector<std::string>& texts) { return json::array(texts.begin(), texts.end()); }

json::array array_of(const std::vector<option_entry>& entries)
{
    json::array all;
    for (const option_entry& o : entries) {
        json::object made;
        made["name"] = o.name;
        const auto add = [&made](std::string_view name, const std::string& text) {
            if (!text.empty()) made[name] = text;
        };
        add("short", o.short_name);
        add("value", o.value);
        if (!o.choices.empty()) made["choices"] = array_of(o.choices);
        add("default", o.standard);
        made["required"] = o.required;
        made["repeatable"] = o.repeated;
        add("group", o.group);
        add("environment", o.environment);
        if (!o.excludes.empty()) made["excludes"] = array_of(o.excludes);
        if (!o.needs.empty()) made["needs"] = array_of(o.needs);
        made["text"] = o.text;
        all.push_back(std::move(made));
    }
    return all;
}

json::object object_of(const command_entry& command)
{
    json::object made;
    if (!command.name.empty()) made["name"] = command.name;
    made["summary"] = command.summary;
    if (!command.notes.empty()) made["notes"] = array_of(command.notes);
    if (!command.examples.empty()) made["examples"] = array_of(command.examples);
    made["arguments"] = array_of(command.arguments);
    made["options"] = array_of(command.options);
    return made;
}

}  // namespace

std::string option_list(const catalogue& all, const release& of)
{
    std::string text = "# Options of " + all.program + ' ' + of.version + '\n';
    add_command(text, all, all.own);
    for (const command_entry& command : all.commands) add_command(text, all, command);
    text += "\n## Exit codes\n\n| code | |\n|---|---|\n";
    for (const exit_meaning& e : exit_meanings())
        text += "| " + std::to_string(static_cast<int>(e.code)) + " | " + cell(std::string{e.text}) + " |\n";
    return text;
}

std::string json_help(const catalogue& all, const release& of)
{
    json::object made;
    made["program"] = all.program;
    made["version"] = of.version;
    for (const auto& member : object_of(all.own)) made[member.key()] = member.value();
    json::array codes;
    for (const exit_meaning& e : exit_meanings())
        codes.push_back(json::object{{"code", static_cast<int>(e.code)}, {"text", e.text}});
    made["exit_codes"] = std::move(codes);
    json::array commands;
    for (const command_entry& command : all.commands) commands.push_back(object_of(command));
    made["commands"] = std::move(commands);
    return json::serialize(made) + '\n';
}

}  // namespace unipile::program
