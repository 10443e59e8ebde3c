// `unipile posts`: listings as lines of JSON.
#include "program/command.hpp"
#include "program/options/advice.hpp"
#include "program/posts/arguments.hpp"
#include "program/posts/run.hpp"

#include <unipile/store/error.hpp>

#include <CLI/CLI.hpp>

#include <iostream>
#include <memory>
#include <stdexcept>

namespace unipile::program {
namespace {

int run_posts(const posts_options& options)
{
    try {
        posts_run run{options, make_plan(options)};
        return run.run();
    } catch (const std::invalid_argument& e) {
        std::cerr << "unipile: " << complaint_about(e) << '\n';
        return exit_code::usage_error;
    } catch (const store::store_error& e) {
        std::cerr << "unipile: " << complaint_about(e) << '\n';
        return exit_code::some_incomplete;
    }
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
