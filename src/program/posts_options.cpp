#include "program/posts_options.hpp"

#include "program/text.hpp"

#include <CLI/CLI.hpp>

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace unipile::program {
namespace {

std::string from_environment(const char* name)
{
    const char* value = std::getenv(name);
    return value == nullptr ? std::string{} : std::string{value};
}

/// The key is never an argument, since every user of a machine can read those.
std::string read_key(const std::string& file)
{
    if (file.empty()) {
        std::string key = from_environment("UNIPILE_API_KEY");
        if (key.empty())
            throw std::invalid_argument{"there is no API key; set UNIPILE_API_KEY, or name a file with --api-key-file"};
        return key;
    }
    std::ifstream in{file, std::ios::binary};
    std::string key{std::istreambuf_iterator<char>{in}, {}};
    if (!in) throw std::invalid_argument{"--api-key-file: " + printable(file) + " can't be read"};
    const std::size_t end = key.find_last_not_of(" \t\r\n");
    key.erase(end == std::string::npos ? 0 : end + 1);
    if (key.empty()) throw std::invalid_argument{"--api-key-file: " + printable(file) + " is empty"};
    return key;
}

std::string read_base_url(const std::string& option)
{
    std::string url = option.empty() ? from_environment("UNIPILE_DSN") : option;
    if (url.empty())
        throw std::invalid_argument{
            "there is no base URL; set UNIPILE_DSN or --base-url to the DSN of your dashboard, such as "
            "api8.unipile.com:13851"};
    return url;
}

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
    posts_query query;
    query.account_id = options.account;
    query.identifier = identifier;
    query.is_company = options.company;
    query.limit = options.limit;
    query.max_posts = options.max_posts;
    query.max_pages = options.max_pages;
    if (!options.since.empty()) {
        query.since = parse_date(options.since);
        if (!query.since)
            throw std::invalid_argument{
                "--since: give a date such as 2024-05-31, or a time such as "
                "2024-05-31T12:00:00Z"};
    }
    return query;
}

}  // namespace

void add_options(CLI::App& command, posts_options& o)
{
    command
        .add_option("IDENTIFIER", o.identifiers,
                    "Whose posts: a LinkedIn person's id (ACo…), a company's number "
                    "(with --company), an Instagram id or user name")
        ->required();
    command.add_option("--account", o.account, "The connected account to ask through")->required();
    command.add_flag("--company", o.company, "The identifiers are LinkedIn companies' numbers");

    const char* bounds = "Bounds";
    command.add_option("--max-posts", o.max_posts, "End each listing after N posts")
        ->type_name("N")
        ->check(CLI::NonNegativeNumber)
        ->group(bounds);
    command.add_option("--max-pages", o.max_pages, "End each listing after N pages, which is about N requests")
        ->type_name("N")
        ->check(CLI::NonNegativeNumber)
        ->group(bounds);
    command.add_option("--since", o.since, "End each listing where posts get older: 2024-05-31 (UTC) or a full time")
        ->type_name("DATE")
        ->group(bounds);
    command.add_option("--limit", o.limit, "Posts a page, 1 to 100")
        ->type_name("N")
        ->check(CLI::Range(1, 100))
        ->capture_default_str()
        ->group(bounds);
    command.add_option("--resume", o.resume, "Go on behind POSITION, as printed by a run that was not complete")
        ->type_name("POSITION")
        ->group(bounds);
    command.add_option("--timeout", o.timeout, "Give each listing up after SECONDS in all; 0: never")
        ->type_name("SECONDS")
        ->check(CLI::Range(0.0, 1e9))
        ->capture_default_str()
        ->group(bounds);

    const char* output = "Output";
    command
        .add_option("--output", o.output,
                    "Write to FILE instead of standard output: anew, or with --resume at its "
                    "end")
        ->type_name("FILE")
        ->group(output);
    command.add_option("--summary", o.summary, "The line for each listing on standard error")
        ->type_name("text|json")
        ->check(CLI::IsMember({"text", "json"}))
        ->capture_default_str()
        ->group(output);
    command.add_flag("--quiet", o.quiet, "No progress, and no summary of listings that are complete")->group(output);
    command.add_flag("--strict", o.strict, "Let a listing fail at the first answer that is not as documented")
        ->group(output);

    const char* server = "Server";
    command.add_option("--base-url", o.base_url, "The DSN of your dashboard [environment: UNIPILE_DSN]")
        ->type_name("URL")
        ->group(server);
    command
        .add_option("--api-key-file", o.api_key_file,
                    "A file with the API key [environment: UNIPILE_API_KEY, the "
                    "key itself]")
        ->type_name("FILE")
        ->group(server);
    command.add_option("--ca-file", o.ca_file, "Trust the certificates in this PEM file instead of the system's")
        ->type_name("FILE")
        ->group(server);
    command.add_option("--connections", o.connections, "Connections, and listings, at a time")
        ->type_name("N")
        ->check(CLI::Range(1, 1024))
        ->capture_default_str()
        ->group(server);
    command.footer(
        "Each post is one line of JSON on standard output, as soon as it has arrived, its tokens as the "
        "server sent them.\n"
        "Example: unipile posts ACoAAAcDMMQBODyLwZrRcgYhrkCafURGqva0U4E --account Asdq-j08dsqQS89QSD | jq "
        "-r .text");
}

posts_plan make_plan(const posts_options& options)
{
    posts_plan plan;
    plan.client.base_url = read_base_url(options.base_url);
    plan.client.api_key = read_key(options.api_key_file);
    plan.client.ca_file = options.ca_file;
    plan.client.max_connections = options.connections;
    plan.client.strict = options.strict;
    plan.client.user_agent = "unipile/" UNIPILE_VERSION;
    plan.client.retry.total = std::chrono::milliseconds{static_cast<std::int64_t>(std::ceil(options.timeout * 1000))};
    for (const std::string& identifier : options.identifiers) plan.queries.push_back(make_query(options, identifier));
    plan.from = read_position(options);
    if (plan.from && !plan.from->belongs_to(plan.queries.front()))
        throw std::invalid_argument{"--resume: " + make_error_code(errc::position_mismatch).message()};
    return plan;
}

}  // namespace unipile::program
