// `unipile harvest`: harvests many jobs into a durable store. `unipile work`: joins such a harvest.
#include "program/command.hpp"
#include "program/failed_command.hpp"
#include "program/harvest/arguments.hpp"
#include "program/harvest/dry_run.hpp"
#include "program/harvest/run.hpp"
#include "program/terminal/interruption.hpp"

#include <CLI/CLI.hpp>

#include <boost/asio/io_context.hpp>

#include <exception>
#include <memory>
#include <new>
#include <optional>
#include <utility>

namespace unipile::program {
namespace {

/// With JSON on standard error, what ends the program becomes an object, too.
template <class Command>
int run_reporting(const harvest_arguments& arguments, Command command)
try {
    return command(arguments);
} catch (const std::bad_alloc&) {
    throw;  // GCOVR_EXCL_LINE: there is no memory for a message
} catch (const std::exception& e) {
    if (!arguments.watch.is_json()) throw;
    throw failure_in_json{failed_by(e)};
}

int run_harvest(const harvest_arguments& arguments)
{
    harvest_plan plan = make_plan(arguments);
    if (arguments.dry_run) return dry_run(arguments, plan);
    harvest_run run{arguments, std::move(plan)};
    return run.run();
}

/// With `--wait`, each run is a harvest of its own, and the key is read again for it.
int run_work(const harvest_arguments& arguments)
{
    // A signal between two runs would end the process without a word.
    boost::asio::io_context context{1};
    interruption between{context, {.stop = [] {}, .give_up = [] {}, .end_at_once = [] {}}};
    between.listen();
    std::optional<wall_time> until;
    for (;;) {
        harvest_plan plan = make_plan(arguments);
        if (!until) until = plan.until;
        plan.until = until;
        harvest_run run{arguments, std::move(plan)};
        const int code = run.run();
        if (!arguments.wait || run.was_stopped()) return code;
        context.poll();
        if (between.came()) return exit_code::interrupted;
    }
}

}  // namespace

void add_harvest(CLI::App& app, runner& run)
{
    CLI::App* command =
        app.add_subcommand("harvest", "Harvest many identifiers through many accounts into a durable store");
    const auto arguments = std::make_shared<harvest_arguments>();
    add_harvest_options(*command, *arguments);
    command->callback([&run, arguments] { run = [arguments] { return run_reporting(*arguments, run_harvest); }; });
}

void add_work(CLI::App& app, runner& run)
{
    CLI::App* command = app.add_subcommand("work", "Join the harvest that is under way in a PostgreSQL database");
    const auto arguments = std::make_shared<harvest_arguments>();
    add_work_options(*command, *arguments);
    command->callback([&run, arguments] { run = [arguments] { return run_reporting(*arguments, run_work); }; });
}

}  // namespace unipile::program
