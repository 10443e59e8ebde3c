// The subcommands of `unipile`. Each adds its options to the command line and, when it is parsed, sets the function to
// run.
#pragma once

#include <functional>
#include <stdexcept>

namespace CLI {
class App;
}

namespace unipile::program {

/// Runs the chosen subcommand after the command line was parsed. Returns the exit code.
using runner = std::function<int()>;

/// The exit codes of every subcommand.
enum exit_code : int {
    all_complete = 0,
    some_incomplete = 1,
    usage_error = 2,
    key_refused = 3,
    out_of_reach = 4,  ///< an outage ended the harvest
    no_database = 5,   ///< the database of a store can't be reached, or refuses its user
    interrupted = 130,
};

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
void add_backup(CLI::App& app, runner& run);
void add_simulate(CLI::App& app, runner& run);

}  // namespace unipile::program
