// Manual pages for mdoc(7). Input lines are short and each sentence begins one, as mandoc's lint asks for.
#include "program/exit_codes.hpp"
#include "program/reference/renderings.hpp"
#include "program/terminal/safe_text.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <sstream>
#include <string_view>

namespace unipile::program {
namespace {

/// Appends `\[uXXXX]` for the UTF-8 sequence at `at`; returns how many bytes it has. The text is valid UTF-8.
std::size_t append_character(std::string& out, std::string_view text, std::size_t at)
{
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const std::size_t size = byte(at) >= 0xf0 ? 4 : byte(at) >= 0xe0 ? 3 : 2;
    std::uint32_t code = byte(at) & (0xffu >> (size + 1));
    for (std::size_t i = at + 1; i < at + size; ++i) code = code << 6u | (byte(i) & 0x3fu);
    constexpr std::string_view digits = "0123456789ABCDEF";
    out += "\\[u";
    for (unsigned shift = code > 0xffff ? 20 : 16; shift > 0;) out += digits[code >> (shift -= 4) & 15u];
    out += ']';
    return size;
}

/// A text without anything that the formatter obeys. What stands between backticks is bold.
std::string escaped(const std::string& text)
{
    const std::string plain = plain_text(text);
    std::string out;
    bool bold = false;
    for (std::size_t i = 0; i < plain.size();) {
        const char c = plain[i];
        if (static_cast<unsigned char>(c) >= 0x80) {
            i += append_character(out, plain, i);
            continue;
        }
        ++i;
        if (c == '`')
            out += (bold = !bold) ? "\\fB" : "\\fP";
        else if (c == '\\')
            out += "\\e";
        else if (c == '-')
            out += "\\-";
        else if (c == '"')
            out += "\\(dq";
        else if (c == '\'')
            out += "\\(aq";
        else
            out += c;
    }
    return out;
}

/// An argument of a macro: one word that is no macro itself.
std::string word(const std::string& text) { return "\\&" + escaped(text); }

/// Lines of text of at most 78 characters, a new one for each sentence.
void add_text(std::string& page, const std::string& text)
{
    std::istringstream words{escaped(text)};
    std::string line;
    const auto end_line = [&] {
        if (!line.empty()) page += (line.front() == '.' ? "\\&" : "") + line + '\n';
        line.clear();
    };
    for (std::string next; words >> next;) {
        if (line.size() + next.size() > 76) end_line();
        line += (line.empty() ? "" : " ") + next;
        if (line.back() == '.' || line.back() == '?' || line.back() == '!') end_line();
    }
    end_line();
}

std::string long_date(const std::string& date)
{
    constexpr std::array<const char*, 12> months{"January", "February", "March",     "April",   "May",      "June",
                                                 "July",    "August",   "September", "October", "November", "December"};
    const auto number = [&](std::size_t at, std::size_t size) { return std::stoul(date.substr(at, size)); };
    return std::string{months.at(number(5, 2) - 1)} + ' ' + std::to_string(number(8, 2)) + ", " + date.substr(0, 4);
}

void add_heading(std::string& page, const catalogue& all, const command_entry& command, const release& of)
{
    std::string name = all.program + (command.name.empty() ? "" : '-' + command.name);
    std::string title = name;
    for (char& c : title)
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    page += ".Dd " + long_date(of.date) + "\n.Dt " + title + " 1\n.Os\n.Sh NAME\n.Nm " + name + "\n.Nd ";
    std::string summary = escaped(command.summary);
    if (summary.ends_with('.')) summary.pop_back();
    page += summary + "\n.Sh SYNOPSIS\n.Nm " + all.program + '\n';
}

/// The option as it is typed, for the macro in front of it.
std::string typed(const option_entry& o)
{
    std::string text = "Fl " + word(o.name.substr(1));
    if (!o.value.empty()) text += " Ar " + word(o.value);
    return text;
}

void add_synopsis(std::string& page, const command_entry& command)
{
    if (command.name.empty()) {
        page += ".Ar command\n.Op Ar option ...\n";
        return;
    }
    page += ".Cm " + word(command.name) + "\n.Op Ar option ...\n";
    for (const option_entry& o : command.options)
        if (o.required) page += '.' + typed(o) + '\n';
    for (const option_entry& o : command.arguments)
        page += std::string{o.required ? ".Ar " : ".Op Ar "} + word(o.name) + (o.repeated ? " ...\n" : "\n");
}

void add_entry(std::string& page, const option_entry& o)
{
    if (o.name.starts_with('-')) {
        page += ".It ";
        if (!o.short_name.empty()) page += "Fl " + word(o.short_name.substr(1)) + " , ";
        page += typed(o) + '\n';
    } else {
        page += ".It Ar " + word(o.name) + '\n';
    }
    std::string text = o.text;
    if (!text.ends_with('.')) text += '.';
    if (!o.standard.empty()) text += " Default: " + o.standard + '.';
    if (o.required) text += " Required.";
    if (o.repeated) text += " Can be given several times.";
    if (!o.needs.empty()) text += " Needs " + joined(o.needs, ", ") + '.';
    if (!o.environment.empty()) text += " Environment: " + o.environment + '.';
    if (!o.excludes.empty()) text += " Not with " + joined(o.excludes, ", ") + '.';
    add_text(page, text);
}

void add_list(std::string& page, const std::vector<option_entry>& entries)
{
    const std::string* group = nullptr;
    for (const option_entry& o : entries) {
        if (group == nullptr || *group != o.group) {
            if (group != nullptr) page += ".El\n";
            if (!o.group.empty()) page += ".Ss " + escaped(o.group) + '\n';
            page += ".Bl -tag -width indent\n";
            group = &o.group;
        }
        add_entry(page, o);
    }
    if (group != nullptr) page += ".El\n";
}

void add_end(std::string& page, const catalogue& all, const command_entry& command)
{
    page += ".Sh EXIT STATUS\n.Bl -tag -width Ds\n";
    for (const exit_meaning& e : exit_meanings()) {
        page += ".It " + std::to_string(static_cast<int>(e.code)) + '\n';
        add_text(page, std::string{e.text} + '.');
    }
    page += ".El\n";
    if (!command.examples.empty()) {
        page += ".Sh EXAMPLES\n";
        for (const std::string& example : command.examples) page += ".Dl " + escaped(example) + '\n';
    }
    page += ".Sh SEE ALSO\n";
    std::vector<std::string> others;
    if (!command.name.empty()) others.push_back(".Xr " + all.program + " 1");
    for (const command_entry& other : all.commands)
        if (other.name != command.name) others.push_back(".Xr " + all.program + '-' + other.name + " 1");
    std::sort(others.begin(), others.end());
    page += joined(others, " ,\n") + '\n';
}

}  // namespace

std::string manual_page(const catalogue& all, const command_entry& command, const release& of)
{
    std::string page;
    add_heading(page, all, command, of);
    add_synopsis(page, command);
    page += ".Sh DESCRIPTION\n";
    add_text(page, command.summary + (command.summary.ends_with('.') ? "" : "."));
    for (const std::string& note : command.notes) {
        page += ".Pp\n";
        add_text(page, note);
    }
    add_list(page, command.arguments);
    if (command.name.empty()) {
        page += ".Pp\nThe commands are:\n.Bl -tag -width indent\n";
        for (const command_entry& other : all.commands) {
            page += ".It Cm " + word(other.name) + '\n';
            add_text(page, other.summary + '.');
        }
        page += ".El\n";
    }
    page += ".Sh OPTIONS\n";
    add_list(page, command.options);
    add_end(page, all, command);
    return page;
}

}  // namespace unipile::program
