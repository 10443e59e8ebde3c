// `unipile help`: the help of a subcommand, and everything that is made of the command line.
#include "program/command.hpp"
#include "program/output/blocking_output.hpp"
#include "program/reference/renderings.hpp"
#include "program/terminal/safe_text.hpp"

#include <CLI/CLI.hpp>

#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <system_error>

namespace unipile::program {
namespace {

namespace fs = std::filesystem;

struct help_options {
    std::string command, folder;
    bool json = false;
};

void write(const fs::path& file, const std::string& text)
{
    std::error_code refused;
    fs::create_directories(file.parent_path(), refused);
    std::ofstream out{file, std::ios::binary};
    out << text;
    out.close();
    if (!out) throw std::invalid_argument{"--write: " + printable(file.string()) + " can't be written"};
}

void write_all(const catalogue& all, const release& of, const fs::path& share)
{
    const auto page = [&](const command_entry& command) {
        const std::string name = all.program + (command.name.empty() ? "" : '-' + command.name);
        write(share / "man/man1" / (name + ".1"), manual_page(all, command, of));
    };
    page(all.own);
    for (const command_entry& command : all.commands) page(command);
    write(share / "bash-completion/completions" / all.program, bash_completion(all));
    write(share / "zsh/site-functions" / ('_' + all.program), zsh_completion(all));
    write(share / "fish/vendor_completions.d" / (all.program + ".fish"), fish_completion(all));
    write(share / "doc" / all.program / "options.md", option_list(all, of));
    write(share / "doc" / all.program / "options.json", json_help(all, of));
}

std::string help_text(const CLI::App& app, const std::string& command)
{
    if (!command.empty()) return app.get_subcommand(command)->help(app.get_name());
    // help() of the program would be that of the subcommand that was parsed.
    return app.get_formatter()->make_help(&app, app.get_name(), CLI::AppFormatMode::Normal);
}

int run_help(const CLI::App& app, const help_options& o)
{
    const release of{UNIPILE_VERSION, UNIPILE_RELEASED};
    if (!o.folder.empty()) {
        write_all(make_catalogue(app), of, o.folder);
        return exit_code::all_complete;
    }
    blocking_output out{{}};
    out.write(o.json ? json_help(make_catalogue(app), of) : help_text(app, o.command));
    out.finish();
    return exit_code::all_complete;
}

}  // namespace

void add_help(CLI::App& app, runner& run)
{
    std::set<std::string> names;
    for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; }))
        names.insert(command->get_name());
    CLI::App* command = app.add_subcommand("help", "Show the options of a command, or write manual and completions");
    const auto o = std::make_shared<help_options>();
    CLI::Option* about = command->add_option("COMMAND", o->command, "The command")->check(CLI::IsMember(names));
    CLI::Option* json = command->add_flag("--json", o->json, "All commands, options and exit codes as one JSON object");
    command
        ->add_option("--write", o->folder,
                     "Write manual pages, completions for bash, zsh and fish, and lists of all options below FOLDER, "
                     "such as ~/.local/share")
        ->type_name("FOLDER")
        ->excludes(json)
        ->excludes(about);
    json->excludes(about);
    command->callback([&app, &run, o] { run = [&app, o] { return run_help(app, *o); }; });
}

}  // namespace unipile::program
