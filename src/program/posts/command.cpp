// `unipile posts`: writes listings as lines of JSON.
#include "program/command.hpp"
#include "program/posts/arguments.hpp"
#include "program/posts/run.hpp"

#include <CLI/CLI.hpp>

#include <memory>

namespace unipile::program {
namespace {

int run_posts(const posts_options& options)
{
    posts_run run{options, make_plan(options)};
    return run.run();
}

}  // namespace

void add_posts(CLI::App& app, runner& run)
{
    CLI::App* command = app.add_subcommand("posts", "Stream the posts of LinkedIn or Instagram identifiers as NDJSON");
    const auto options = std::make_shared<posts_options>();
    add_options(*command, *options);
    command->callback([&run, options] { run = [options] { return run_posts(*options); }; });
}

}  // namespace unipile::program
