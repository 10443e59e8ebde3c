#include "program/posts/arguments.hpp"

#include "program/harvest/job_check.hpp"
#include "program/options/command_files.hpp"
#include "program/options/option_checks.hpp"
#include "program/terminal/safe_text.hpp"

#include <CLI/CLI.hpp>

#include <stdexcept>

namespace unipile::program {
namespace {

std::optional<position> read_position(const posts_options& options)
{
    if (options.resume.empty()) return std::nullopt;
    if (options.identifiers.size() != 1)
        throw std::invalid_argument{"--resume goes with one identifier: the one that its position belongs to"};
    try {
        return position::parse(options.resume);
    } catch (const failure& e) {
        throw std::invalid_argument{"--resume: " + e.code().message()};
    }
}

posts_query make_query(const posts_options& options, const std::string& identifier)
{
    // The API checks whether a company's identifier is a number.
    if (const std::string complaint = complaint_about(job_line{options.account, identifier, false}); !complaint.empty())
        throw std::invalid_argument{printable(identifier, 100) + ": " + complaint};
    posts_query query;
    query.account_id = options.account;
    query.identifier = identifier;
    query.is_company = options.company;
    query.limit = options.limit;
    query.max_posts = options.max_posts;
    query.max_pages = options.max_pages;
    query.since = read_time("--since", options.since);
    return query;
}

std::optional<posts_pace> read_pace(const posts_options& options)
{
    if (options.pace.empty() && options.store.empty()) return std::nullopt;
    if (options.connection.timeout > 0)
        throw std::invalid_argument{"--timeout doesn't go with --pace or --store: a pace may make a listing wait"};
    posts_pace pace;
    pace.store = options.store;
    if (options.pace.empty() || options.pace == "recommended") return pace;
    try {
        pace.rules = parse_pacing(options.pace);
    } catch (const std::invalid_argument& e) {
        throw std::invalid_argument{"--pace: " + std::string{e.what()}};
    }
    return pace;
}

void check_files(const posts_options& options)
{
    command_files files;
    add_files(files, options.connection);
    files.opens_store("--store", options.store);
    files.writes_lines("--output", options.output);
    files.check();
}

}  // namespace

void add_options(CLI::App& command, posts_options& o)
{
    command
        .add_option("IDENTIFIER", o.identifiers,
                    "Whose posts: a LinkedIn person's id (ACo…), a company's number "
                    "(with --company), an Instagram id or user name")
        ->required();
    command.add_option("--account", o.account, "The connected account that requests the posts")->required();
    command.add_flag("--company", o.company, "The identifiers are LinkedIn companies' numbers");

    const char* bounds = "Bounds";
    command.add_option("--max-posts", o.max_posts, "End each listing after N posts; 0: no bound")
        ->type_name("N")
        ->check(complaint_about_count)
        ->capture_default_str()
        ->group(bounds);
    command
        .add_option("--max-pages", o.max_pages,
                    "End each listing after N pages, which is about N requests; 0: no bound")
        ->type_name("N")
        ->check(complaint_about_count)
        ->capture_default_str()
        ->group(bounds);
    command
        .add_option(
            "--since", o.since,
            "End each listing at posts that are older: 2024-05-31 (UTC), a full time, yesterday, or 2d for two days "
            "ago")
        ->type_name("DATE")
        ->group(bounds);
    command.add_option("--limit", o.limit, "Posts a page, 1 to 100")
        ->type_name("N")
        ->check(whole_number(1, 100))
        ->capture_default_str()
        ->group(bounds);
    command.add_option("--resume", o.resume, "Resume behind POSITION, as printed by a run that was not complete")
        ->type_name("POSITION")
        ->group(bounds);
    command.add_option("--timeout", o.connection.timeout, "End each listing after SECONDS; 0: no limit")
        ->type_name("SECONDS")
        ->check(complaint_about_seconds)
        ->capture_default_str()
        ->group(bounds);

    const char* care = "Pace of the account";
    command
        .add_option("--pace", o.pace,
                    "Rules for the account: recommended, or parts such as \"100/day, 10/hour, gap 5s-20s\"; listings "
                    "then come one after the other. Without it and without --store requests go out at once. Only "
                    "requests of the same store, or of this process, are counted")
        ->type_name("RULES")
        ->group(care);
    command
        .add_option("--store", o.store,
                    "Count the requests in the ledger of this store of `unipile harvest`, whose requests count too, "
                    "and keep --pace (recommended unless given); no posts are stored")
        ->type_name("FILE")
        ->group(care);

    const char* output = "Output";
    command
        .add_option("--output", o.output,
                    "Write to FILE instead of standard output, which is -: anew, or with --resume at its end")
        ->type_name("FILE")
        ->group(output);
    command.add_option("--summary", o.summary, "The line for each listing on standard error")
        ->type_name("text|json")
        ->check(CLI::IsMember({"text", "json"}))
        ->capture_default_str()
        ->group(output);
    command.add_flag("--quiet", o.quiet, "No progress, and no summary of listings that are complete")->group(output);
    command.add_flag("--strict", o.connection.strict, "Fail a listing at the first answer that is not as documented")
        ->group(output);

    add_connection_options(command, o.connection, "Connections, and listings, at a time");
    command.footer(
        "Each post is one line of JSON on standard output, as soon as it has arrived, its tokens as the "
        "server sent them.\n"
        "Example: unipile posts ACoAAAcDMMQBODyLwZrRcgYhrkCafURGqva0U4E --account Asdq-j08dsqQS89QSD | jq "
        "-r .text");
}

posts_plan make_plan(const posts_options& options)
{
    check_files(options);
    posts_plan plan;
    plan.client = make_client_options(options.connection);
    for (const std::string& identifier : options.identifiers) plan.queries.push_back(make_query(options, identifier));
    plan.from = read_position(options);
    plan.pace = read_pace(options);
    if (plan.pace) plan.pace->base_url = plan.client.base_url;
    if (plan.from && !plan.from->belongs_to(plan.queries.front()))
        throw std::invalid_argument{"--resume: " + make_error_code(errc::position_mismatch).message()};
    return plan;
}

}  // namespace unipile::program
