// `unipile export`: the contents of a store as lines.
#include "program/command.hpp"
#include "program/export/arguments.hpp"
#include "program/export/tables.hpp"
#include "program/options/sizes.hpp"

#include <CLI/CLI.hpp>

#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace unipile::program {
namespace {

std::vector<std::string> all_whats()
{
    std::vector<std::string> all{"posts"};
    for (const table& t : tables()) all.emplace_back(t.what);
    return all;
}

void add_choice(CLI::App& command, export_options& o)
{
    const char* group = "What";
    CLI::Option* what =
        command
            .add_option("--what", o.what,
                        "Posts, or a table of: counters over time, media (soonest expiry first), "
                        "authors, items that are no posts, fields of posts that this program does not know")
            ->type_name("posts|metrics|media|authors|quarantined|unknown-fields")
            ->check(CLI::IsMember(all_whats()))
            ->capture_default_str()
            ->group(group);
    command.add_option("--account", o.account, "Only posts seen through this account")->group(group);
    command.add_option("--identifier", o.identifier, "Only posts found in the listings of this identifier")
        ->group(group);
    command.add_option("--since", o.since, "Only posts published at this time or later; those without a time never")
        ->type_name("DATE")
        ->group(group);
    command.add_option("--until", o.until, "Only posts published before this time; those without a time never")
        ->type_name("DATE")
        ->group(group);
    command.add_flag("--without-gone", o.without_gone, "Leave out posts that are gone from their listings")
        ->group(group);
    command
        .add_flag_function(
            "--quarantined", [&o](std::int64_t) { o.what = "quarantined"; }, "The same as --what quarantined")
        ->excludes(what)
        ->group(group);
}

void add_changes(CLI::App& command, export_options& o)
{
    const char* group = "Changes since the last export";
    CLI::Option* changes =
        command
            .add_flag("--changes", o.changes,
                      "Only posts that are new, changed, gone or returned, or whose counters or links are newer, each "
                      "as it is now, with the column `change`; ends with the line \"next: TOKEN\" on standard error")
            ->group(group);
    CLI::Option* after =
        command.add_option("--after", o.after, "Since the export that ended with TOKEN; without it, all")
            ->type_name("TOKEN")
            ->needs(changes)
            ->group(group);
    command
        .add_option("--state", o.state,
                    "Keep the token in FILE, which changes only after the whole output is on the disk, or in the pipe; "
                    "without FILE, all")
        ->type_name("FILE")
        ->needs(changes)
        ->excludes(after)
        ->group(group);
    for (const char* other :
         {"--account", "--identifier", "--since", "--until", "--without-gone", "--quarantined", "--what"})
        changes->excludes(command.get_option(other));
}

void add_output(CLI::App& command, export_options& o)
{
    const char* group = "Output";
    command
        .add_option("--format", o.format,
                    "ndjson: a post a line, as the server sent it (of tables, an object a line); json-envelope: the "
                    "same within an object that says where and when it was found; csv: columns. Without it, the name "
                    "of --output says it: .ndjson, .jsonl or .csv")
        ->type_name("ndjson|json-envelope|csv")
        ->check(CLI::IsMember({"ndjson", "json-envelope", "csv"}))
        ->group(group);
    command
        .add_option("--columns", o.columns,
                    "The columns of csv, or the members of json-envelope; a wrong name lists all")
        ->type_name("NAME,…")
        ->group(group);
    CLI::Option* output =
        command
            .add_option("--output", o.output,
                        "Write to FILE, anew, instead of standard output; packed if it ends with .gz or .zst")
            ->type_name("FILE")
            ->group(group);
    command
        .add_option("--rotate", o.rotate,
                    "Begin a new file after SIZE bytes, as 500MB: FILE is named FILE-0001 and so on, before its "
                    "extension; such files of an earlier export are replaced")
        ->type_name("SIZE")
        ->check([](const std::string& text) {
            return parse_size(text) ? std::string{} : "expected a number of bytes above zero, such as 500MB or 2GiB";
        })
        ->needs(output)
        ->group(group);
}

/// Returns what is wrong with the format, or an empty text.
std::string settle_format(export_options& o)
{
    const bool of_posts = o.what == "posts" && !o.changes;
    if (o.format.empty()) {
        o.format = format_named(o.output);
        if (o.format.empty() && !of_posts) o.format = "json-envelope";
        if (o.format == "ndjson" && (o.changes || !o.columns.empty())) o.format = "json-envelope";
    }
    if (o.format.empty()) return "--format";
    return {};
}

}  // namespace

void add_export(CLI::App& app, runner& run)
{
    CLI::App* command =
        app.add_subcommand("export", "Write the posts of a store as NDJSON or CSV, all or what changed");
    const auto o = std::make_shared<export_options>();
    command
        ->add_option("--store", o->store,
                     "The store that `unipile harvest` filled: a file, or the URL of a PostgreSQL database")
        ->type_name("STORE")
        ->required();
    add_choice(*command, *o);
    add_changes(*command, *o);
    add_output(*command, *o);
    command->footer(
        "CSV is for spreadsheets: a text that begins with = + - @, with their full-width forms, with a tab or with a "
        "line\n"
        "end gets an apostrophe in front, or a spreadsheet would take it for a formula. NUL characters are left out.\n"
        "NDJSON changes no text. On a terminal, control characters become visible escapes in both.\n"
        "Changes: who replaces what it has of a post (provider, id) by each line, in their order, has what the store "
        "has; "
        "a\n"
        "post may come again. `change` is new, changed, counters, links, gone or returned.\n"
        "Example: unipile export --store posts.db --changes --state loaded.token --output new.ndjson.gz");
    command->callback([&run, o] {
        if (const std::string missing = settle_format(*o); !missing.empty()) throw CLI::RequiredError{missing};
        if (o->format == "ndjson" && o->what == "posts" && (o->changes || !o->columns.empty()))
            throw CLI::ValidationError{"--format",
                                       "ndjson has the post as it was sent and nothing else; use json-envelope"};
        run = [o] { return run_export(*o); };
    });
}

}  // namespace unipile::program
