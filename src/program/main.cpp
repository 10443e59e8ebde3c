// The program `unipile`.
#include "program/command.hpp"
#include "program/text.hpp"

#include <CLI/CLI.hpp>

#include <cerrno>
#include <csignal>
#include <exception>
#include <iostream>

#include <fcntl.h>
#include <unistd.h>

namespace {

using unipile::program::exit_code;

/// Parses the command line; returns an exit code, or -1 if a subcommand is to run.
int parse(CLI::App& app, int argc, char** argv)
{
    try {
        app.parse(argc, argv);
        return -1;
    } catch (const CLI::ParseError& e) {
        return app.exit(e, std::cout, std::cerr) == 0 ? exit_code::all_complete : exit_code::usage_error;
    }
}

/// A standard stream that was closed must not be the place that the next file or socket takes: what is meant for the
/// stream would go there. Each is opened the wrong way round, so that using it fails.
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
    hold_standard_streams();
    // A reader that has gone, and a limit on the size of files, are told by the write that failed, with its own error.
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGXFSZ, SIG_IGN);

    CLI::App app{"Streams and harvests post listings from the Unipile API.", "unipile"};
    app.set_version_flag("--version", "unipile " UNIPILE_VERSION);
    app.require_subcommand(1);
    app.footer(
        "Exit codes: 0 all complete, 1 some listing failed or is incomplete, 2 usage or configuration,\n"
        "3 key refused, 130 interrupted. `unipile SUBCOMMAND --help` tells a subcommand's options.");
    unipile::program::runner run;
    unipile::program::add_posts(app, run);
    unipile::program::add_harvest(app, run);
    unipile::program::add_status(app, run);
    unipile::program::add_export(app, run);
    unipile::program::add_accounts(app, run);
    unipile::program::add_simulate(app, run);

    if (const int code = parse(app, argc, argv); code >= 0) return code;
    try {
        return run();
    } catch (const std::exception& e) {
        std::cerr << "unipile: " << unipile::program::printable(e.what()) << '\n';
        return exit_code::some_incomplete;
    }
}
