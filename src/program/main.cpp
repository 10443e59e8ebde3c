// The program `unipile`.
#include "program/command.hpp"
#include "program/failed_command.hpp"
#include "program/options/filled_line.hpp"
#include "program/output/blocking_output.hpp"
#include "program/terminal/last_resort.hpp"
#include "program/terminal/safe_text.hpp"
#include "program/watch/state_json.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <new>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

namespace {

using unipile::program::exit_code;
using unipile::program::filled_line;

/// Refuses empty values, which a shell makes of an unset variable. The option would have no effect, and its bound or
/// its file would be missing.
void refuse_empty_values(const CLI::App& command)
{
    for (const CLI::Option* option : command.get_options())
        for (const std::string& value : option->results())
            if (value.empty())
                throw CLI::ValidationError{option->get_name(), "the value is empty; give one, or leave it out"};
}

bool is_without_command(const CLI::App& app, const CLI::ParseError& e)
{
    return dynamic_cast<const CLI::RequiredError*>(&e) != nullptr && app.get_subcommands().empty();
}

std::string complaint_about_command(const CLI::App& app)
{
    const std::vector<std::string> rest = app.remaining();
    std::string line =
        rest.empty() ? "a command is missing" : unipile::program::printable(rest.front(), 100) + " is no command";
    const char* before = "; the commands are ";
    for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
        line += before + command->get_name();
        before = ", ";
    }
    return line;
}

std::string complaint_about_options(const CLI::App& app, const CLI::ParseError& e, const filled_line& line)
{
    std::string command;
    for (const CLI::App* given : app.get_subcommands()) command = given->get_name() + ' ';
    return line.with_source(unipile::program::printable(e.what())) + "; see unipile " + command + "--help";
}

/// Throws std::system_error if it can't be written.
int print(const std::string& text)
{
    unipile::program::blocking_output out{{}};
    out.write(text);
    out.finish();
    return exit_code::all_complete;
}

/// Parses the command line and sets `run`; returns an exit code, or -1 if that is to run.
int parse(CLI::App& app, const filled_line& line, unipile::program::runner& run)
{
    for (CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; }))
        for (CLI::Option* option : command->get_options())
            if (option->get_items_expected_max() == 0) option->disable_flag_override();
    try {
        app.parse(std::vector<std::string>(line.arguments().rbegin(), line.arguments().rend()));
        for (const CLI::App* command : app.get_subcommands()) refuse_empty_values(*command);
        return -1;
    } catch (const CLI::ParseError& e) {
        if (e.get_exit_code() == 0) {  // --help, --version
            std::ostringstream text, none;
            app.exit(e, text, none);
            run = [text = text.str()] { return print(text); };
            return -1;
        }
        std::cerr << "unipile: "
                  << (is_without_command(app, e) ? complaint_about_command(app) : complaint_about_options(app, e, line))
                  << '\n';
        return exit_code::usage_error;
    }
}

std::string variable(const std::string& name)
{
    const char* value = std::getenv(name.c_str());
    return value == nullptr ? std::string{} : std::string{value};
}

/// Adds to the help of the program and of each subcommand where options come from, and the exit codes.
void add_notes(CLI::App& app)
{
    constexpr const char* settings =
        "Options can be set in the environment as well, --max-posts as UNIPILE_MAX_POSTS, and in the file of --config\n"
        "or unipile.toml. The command line has precedence, then the environment, then the file.\n";
    constexpr const char* files =
        "Every option but --help and --version has a variable of the environment, --max-posts for example\n"
        "UNIPILE_MAX_POSTS, and a key in a configuration file, max-posts. The command line has precedence, then the\n"
        "environment, then the file. The file is that of --config or UNIPILE_CONFIG, or the first one there is of\n"
        "unipile/unipile.toml in XDG_CONFIG_HOME (~/.config) and XDG_CONFIG_DIRS (/etc/xdg). It is TOML: keys before\n"
        "the first section are for all commands that have the option, those in [harvest] for `unipile harvest`. What\n"
        "means something else there, the options of export (but --store), of simulate, and --output, has its "
        "command's\n"
        "section and variable only, such as UNIPILE_EXPORT_UNTIL. A flag that is set is taken back by --flag=false. "
        "The\n"
        "key of the API is never in it, but its file is (api-key-file). For example:\n"
        "  base-url = \"api8.unipile.com:13851\"\n"
        "  api-key-file = \"/etc/unipile/api-key\"\n"
        "  store = \"/var/lib/unipile/posts.db\"\n"
        "  [harvest]\n"
        "  pace = \"80/day, hours mon-fri 09:00-18:00 Europe/Berlin\"\n"
        "  retry-failed = true\n";
    const std::string codes = unipile::program::exit_code_lines();
    for (CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
        std::string own = command->get_footer();
        if (!own.empty()) own += '\n';
        if (command->get_option_no_throw("--config") != nullptr) own += settings;
        command->footer(own += codes);
    }
    app.footer(std::string{files} + codes + "\n`unipile SUBCOMMAND --help` shows a subcommand's options.");
}

/// Opens closed standard streams, so that the next file or socket does not take their place and their output. Each is
/// opened in the opposite direction, so that using it fails.
void hold_standard_streams()
{
    for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
        if (::fcntl(stream, F_GETFD) >= 0 || errno != EBADF) continue;
        static_cast<void>(::open("/dev/null", stream == STDIN_FILENO ? O_WRONLY : O_RDONLY));
    }
}

}  // namespace

int main(int argc, char** argv)
{
    unipile::program::end_without_memory();
    hold_standard_streams();
    // A write to a closed pipe, or above a limit on the size of files, fails with an error of its own.
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGXFSZ, SIG_IGN);

    CLI::App app{"Streams and harvests post listings from the Unipile API.", "unipile"};
    app.set_version_flag("--version", "unipile " UNIPILE_VERSION);
    app.require_subcommand(1);
    unipile::program::runner run;
    unipile::program::add_posts(app, run);
    unipile::program::add_harvest(app, run);
    unipile::program::add_work(app, run);
    unipile::program::add_status(app, run);
    unipile::program::add_export(app, run);
    unipile::program::add_accounts(app, run);
    unipile::program::add_control(app, run);
    unipile::program::add_backup(app, run);
    unipile::program::add_doctor(app, run);
    unipile::program::add_simulate(app, run);
    unipile::program::add_help(app, run);
    unipile::program::add_config_options(app);
    add_notes(app);

    std::optional<filled_line> line;
    try {
        line.emplace(app, std::vector<std::string>(argv + std::min(argc, 1), argv + argc), variable);
        if (const int code = parse(app, *line, run); code >= 0) return code;
        return run();
    } catch (const std::bad_alloc&) {
        throw;  // GCOVR_EXCL_LINE: there is no memory for a message, nor for counters
    } catch (const std::exception& e) {
        unipile::program::failed_command failed = unipile::program::failed_by(e);
        if (line) failed.text = line->with_source(failed.text);
        std::cerr << (failed.as_json ? unipile::program::error_json(failed.text, failed.code, unipile::wall_now())
                                     : "unipile: " + failed.text)
                  << '\n';
        return failed.code;
    }
}
