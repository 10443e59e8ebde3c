// Completions for bash, zsh and fish: commands, options, fixed values, names of files.
#include "program/reference/renderings.hpp"

#include <algorithm>
#include <string_view>

namespace unipile::program {
namespace {

std::string replaced(std::string text, std::string_view what, std::string_view by)
{
    for (std::size_t at = 0; (at = text.find(what, at)) != text.npos; at += by.size())
        text.replace(at, what.size(), by);
    return text;
}

/// One word of a shell, whatever is in it.
std::string quoted(const std::string& text) { return '\'' + replaced(text, "'", "'\\''") + '\''; }

std::string fish_quoted(const std::string& text)
{
    return '\'' + replaced(replaced(text, "\\", "\\\\"), "'", "\\'") + '\'';
}

/// Puts a backslash before each of `characters`.
std::string escaped(std::string text, std::string_view characters)
{
    for (const char c : characters) text = replaced(text, std::string{c}, std::string{'\\', c});
    return text;
}

std::string command_names(const catalogue& all)
{
    std::vector<std::string> names;
    names.reserve(all.commands.size());
    for (const command_entry& c : all.commands) names.push_back(c.name);
    return joined(names, " ");
}

std::string option_names(const command_entry& command)
{
    std::vector<std::string> names;
    names.reserve(command.options.size());
    for (const option_entry& o : command.options) names.push_back(o.name);
    return joined(names, " ");
}

bool takes_files(const command_entry& command)
{
    return std::any_of(command.arguments.begin(), command.arguments.end(),
                       [](const option_entry& o) { return o.is_file(); });
}

/// What bash offers behind an option; empty for a value that only the user knows.
std::string bash_values(const option_entry& o)
{
    if (!o.choices.empty()) return "choices=" + quoted(joined(o.choices, " "));
    return o.is_file() ? "files=yes" : "";
}

std::string bash_case(const command_entry& command)
{
    std::string text = "    " + (command.name.empty() ? "''" : command.name) +
                       ")\n        options=" + quoted(option_names(command)) + "\n";
    for (const option_entry& argument : command.arguments)
        if (const std::string values = bash_values(argument); !values.empty())
            text += "        argument_" + values + '\n';
    text += "        case $before in\n";
    for (const option_entry& o : command.options)
        if (!o.value.empty()) {
            const std::string values = bash_values(o);
            text += "        " + o.name + ") takes=yes" + (values.empty() ? "" : ' ' + values) + " ;;\n";
        }
    return text + "        esac ;;\n";
}

/// `[text]:value:what` of zsh's _arguments.
std::string zsh_spec(const option_entry& o)
{
    std::string spec;
    if (!o.value.empty()) {
        spec += ':' + escaped(replaced(o.value, "|", " or "), ":");
        if (!o.choices.empty())
            spec += ":(" + joined(o.choices, " ") + ')';
        else
            spec += o.is_file() ? ":_files" : ": ";
    }
    return spec;
}

std::string zsh_option(const option_entry& o)
{
    const std::string text = '[' + escaped(first_words(o.text), "\\[]") + ']' + zsh_spec(o);
    if (!o.short_name.empty()) return "'(- *)'{" + o.short_name + ',' + o.name + '}' + quoted(text);
    const std::string excluded = o.excludes.empty() ? "" : '(' + joined(o.excludes, " ") + ')';
    return quoted((o.repeated ? "*" : excluded) + o.name + (o.value.empty() ? "" : "=") + text);
}

std::string zsh_case(const command_entry& command)
{
    std::string text = "    (" + command.name + ")\n        _arguments -s";
    for (const option_entry& o : command.options) text += " \\\n            " + zsh_option(o);
    for (const option_entry& o : command.arguments)
        text += " \\\n            " + quoted((o.repeated ? "*" : "") + zsh_spec(o));
    return text + " && ret=0 ;;\n";
}

std::string fish_option(const std::string& start, const option_entry& o)
{
    std::string line = start + " -l " + o.name.substr(2);
    if (!o.short_name.empty()) line += " -s " + o.short_name.substr(1);
    if (!o.choices.empty())
        line += " -x -a " + fish_quoted(joined(o.choices, " "));
    else if (!o.value.empty())
        line += o.is_file() ? " -r -F" : " -x";
    return line + " -d " + fish_quoted(first_words(o.text)) + '\n';
}

}  // namespace

std::string bash_completion(const catalogue& all)
{
    std::string text = "# bash completion for " + all.program + R"(

_PROGRAM()
{
    local IFS=$' \t\n' word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
    local command='' options='' choices='' files='' takes='' argument_choices='' argument_files='' i
    # `--option=value` is three words.
    if [[ $word == = ]]; then
        word=''
    elif [[ $before == = ]]; then
        before=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    for ((i = 1; i < COMP_CWORD; i++)); do
        if [[ ${COMP_WORDS[i]} != -* ]]; then
            command=${COMP_WORDS[i]}
            break
        fi
    done
    case $command in
)";
    text = replaced(text, "PROGRAM", all.program);
    text += bash_case(all.own);
    for (const command_entry& c : all.commands) text += bash_case(c);
    text += R"(    esac
    if [[ -z $takes ]]; then
        choices=$argument_choices files=$argument_files
        if [[ -z $command ]]; then
            choices=)" +
            quoted(command_names(all)) + R"(
        fi
        if [[ $word == -* ]]; then
            choices=$options files=''
        fi
    fi
    if [[ -n $files ]]; then
        compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
    else
        mapfile -t COMPREPLY < <(compgen -W "$choices" -- "$word")
    fi
}

)";
    return text + "complete -F _" + all.program + ' ' + all.program + '\n';
}

std::string zsh_completion(const catalogue& all)
{
    std::string text = R"(#compdef PROGRAM

_PROGRAM() {
    local curcontext=$curcontext context state state_descr line ret=1
    local -a commands
    typeset -A opt_args
    commands=(
)";
    for (const command_entry& c : all.commands)
        text += "        " + quoted(c.name + ':' + escaped(c.summary, ":")) + '\n';
    text += "    )\n    _arguments -C";
    for (const option_entry& o : all.own.options) text += " \\\n        " + zsh_option(o);
    text += R"( \
        '1:command:->command' '*::argument:->argument' && ret=0
    if [[ $state == command ]]; then
        _describe -t commands command commands && ret=0
        return ret
    fi
    [[ $state == argument ]] || return ret
    case $words[1] in
)";
    for (const command_entry& c : all.commands) text += zsh_case(c);
    text += R"(    esac
    return ret
}

if [[ $funcstack[1] == _PROGRAM ]]; then
    _PROGRAM "$@"
else
    compdef _PROGRAM PROGRAM
fi
)";
    return replaced(text, "PROGRAM", all.program);
}

std::string fish_completion(const catalogue& all)
{
    const std::string start = "complete -c " + all.program;
    const std::string no_command =
        start + " -n " + fish_quoted("not __fish_seen_subcommand_from " + command_names(all));
    std::string text = "# fish completion for " + all.program + '\n' + start + " -f\n";
    for (const option_entry& o : all.own.options) text += fish_option(no_command, o);
    for (const command_entry& c : all.commands) {
        text += no_command + " -a " + c.name + " -d " + fish_quoted(c.summary) + '\n';
        const std::string here = start + " -n " + fish_quoted("__fish_seen_subcommand_from " + c.name);
        if (takes_files(c)) text += here + " -F\n";
        for (const option_entry& argument : c.arguments)
            if (!argument.choices.empty()) text += here + " -a " + fish_quoted(joined(argument.choices, " ")) + '\n';
        for (const option_entry& o : c.options) text += fish_option(here, o);
    }
    return text;
}

}  // namespace unipile::program
