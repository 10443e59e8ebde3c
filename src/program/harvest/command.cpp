// `unipile harvest`: harvests many jobs into a durable store.
#include "program/command.hpp"
#include "program/harvest/arguments.hpp"
#include "program/harvest/dry_run.hpp"
#include "program/harvest/run.hpp"

#include <CLI/CLI.hpp>

#include <memory>
#include <utility>

namespace unipile::program {
namespace {

int run_harvest(const harvest_arguments& arguments)
{
    harvest_plan plan = make_plan(arguments);
    if (arguments.dry_run) return dry_run(arguments, plan);
    harvest_run run{arguments, std::move(plan)};
    return run.run();
}

}  // namespace

void add_harvest(CLI::App& app, runner& run)
{
    CLI::App* command =
        app.add_subcommand("harvest", "Harvest many identifiers through many accounts into a durable store");
    const auto arguments = std::make_shared<harvest_arguments>();
    add_options(*command, *arguments);
    command->callback([&run, arguments] { run = [arguments] { return run_harvest(*arguments); }; });
}

}  // namespace unipile::program
