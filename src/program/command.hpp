// The subcommands of `unipile`. Each adds its options to the command line and, when it is parsed, sets the function to
// run.
#pragma once

#include "program/exit_codes.hpp"

#include <functional>
#include <stdexcept>

namespace CLI {
class App;
}

namespace unipile::program {

/// Runs the chosen subcommand after the command line was parsed. Returns the exit code.
using runner = std::function<int()>;

/// A signal ended a command before it did anything. The text is a line for the user; the exit code is `interrupted`.
struct interrupted_command : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// Each adds one subcommand to `app`, and sets `run` when that subcommand is parsed. `app` and `run` must outlive the
/// parsing and the run.
void add_posts(CLI::App& app, runner& run);
void add_harvest(CLI::App& app, runner& run);
void add_work(CLI::App& app, runner& run);
void add_status(CLI::App& app, runner& run);
void add_export(CLI::App& app, runner& run);
void add_accounts(CLI::App& app, runner& run);
void add_control(CLI::App& app, runner& run);
void add_backup(CLI::App& app, runner& run);
void add_doctor(CLI::App& app, runner& run);
void add_simulate(CLI::App& app, runner& run);
/// Is to be added last: it is about the others.
void add_help(CLI::App& app, runner& run);

}  // namespace unipile::program
