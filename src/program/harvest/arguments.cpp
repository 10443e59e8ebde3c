#include "program/harvest/arguments.hpp"

#include "program/harvest/job_columns.hpp"
#include "program/options/command_files.hpp"
#include "program/options/option_checks.hpp"
#include "program/options/text_file.hpp"
#include "program/options/times.hpp"
#include "program/stored/open_store.hpp"
#include "program/terminal/safe_text.hpp"

#include <unipile/client.hpp>

#include <boost/asio/io_context.hpp>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <stdexcept>

namespace unipile::program {
namespace {

/// Throws std::invalid_argument for options that a client refuses.
void check_client(const client_options& options)
{
    boost::asio::io_context unused;
    const client refuses{unused, options};
}

/// Bytes of JSON and posts that may wait for the store. More would only take memory, since the store takes pages as
/// fast as it can.
constexpr std::size_t most_buffered = 4 * 1024 * 1024;

using std::chrono::milliseconds;

constexpr const char* listings = "What is fetched";
constexpr const char* pace_of_accounts = "Pace of the accounts";

void add_jobs(CLI::App& command, harvest_arguments& a)
{
    command
        .add_option("JOBS", a.jobs,
                    "What to harvest; - is standard input. CSV with a header (account,identifier,company), NDJSON with "
                    "the same names, or plain identifiers with --account")
        ->type_name("FILE")
        ->required();
    command.add_option("--account", a.account, "The account of lines that name none");
    command.add_flag("--company", a.company, "Lines that do not state it are LinkedIn companies");
    command
        .add_option("--columns", a.columns,
                    "What the columns of JOBS mean that have other names, such as identifier=profile_id,account=owner")
        ->type_name("MEANING=COLUMN,...");
    command.add_option("--rejects", a.rejects, "Write lines that hold no job to FILE; --dry-run only counts them")
        ->type_name("FILE");
}

/// What belongs to a run, and so to all its workers.
void add_bounds(CLI::App& command, harvest_arguments& a)
{
    CLI::Option* update = command.add_flag("--update", a.update,
                                           "Only what is new, and what earlier runs left open (this is the default)");
    command.add_flag("--full", a.full, "Everything again: counters are updated, posts that are gone are marked")
        ->excludes(update)
        ->group(listings);
    update->group(listings);
    command
        .add_option(
            "--since", a.since,
            "Stop each listing at posts that are older: 2024-05-31 (UTC), a full time, yesterday, or 2d for two days "
            "ago, from midnight UTC")
        ->type_name("DATE")
        ->group(listings);
    command.add_option("--max-posts", a.max_posts, "Stop each listing once its N newest posts are stored; 0: no bound")
        ->type_name("N")
        ->check(complaint_about_count)
        ->capture_default_str()
        ->group(listings);
    command.add_flag("--retry-failed", a.retry_failed, "Also jobs that failed for good in an earlier run")
        ->group(listings);
    command
        .add_flag("--restart", a.restart,
                  "Begin anew: what an unfinished run of the same jobs has done counts as done before")
        ->group(listings);
    command.add_option("--order", a.order, "Which jobs come first: those not harvested for longest, or as in JOBS")
        ->type_name("least-recent|listed")
        ->check(CLI::IsMember({"least-recent", "listed"}))
        ->capture_default_str()
        ->group(listings);
}

void add_pages(CLI::App& command, harvest_arguments& a)
{
    command.add_option("--limit", a.limit, "Posts a page, 1 to 100")
        ->type_name("N")
        ->check(whole_number(1, 100))
        ->capture_default_str()
        ->group(listings);
    command
        .add_option("--empty-pages", a.empty_pages,
                    "Read past up to N empty pages in a row that have a cursor; 0: the first one ends a listing, and "
                    "if the next run finds it there again, every run with no higher N stops there")
        ->type_name("N")
        ->check(whole_number(0, 100))
        ->capture_default_str()
        ->group(listings);
}

}  // namespace

void add_pace_options(CLI::App& command, harvest_arguments& a)
{
    command
        .add_option(
            "--pace", a.pace,
            "Rules for each account: recommended, none, or parts such as "
            "\"100/day, 10/hour, 1/20s, gap 5s-20s, hours mon-fri 09:00-18:00 Europe/Berlin\". Only requests of the "
            "same store are counted")
        ->type_name("RULES")
        ->capture_default_str()
        ->group(pace_of_accounts);
    command
        .add_option(
            "--accounts", a.accounts,
            "What is known of single accounts: CSV with the columns account, pace (rules instead of --pace), "
            "hours (such as mon-fri 09:00-18:00 Europe/Berlin), provider (LINKEDIN or INSTAGRAM), first_used (a "
            "date; the account is no new one since) and parked (true: its jobs wait). Only account is required")
        ->type_name("FILE")
        ->group(pace_of_accounts);
}

namespace {

void add_care(CLI::App& command, harvest_arguments& a)
{
    add_pace_options(command, a);
    command
        .add_option("--parked", a.parked,
                    "Jobs of an account that needs its owner: wait for `unipile accounts --unpark`, or fail")
        ->type_name("wait|fail")
        ->check(CLI::IsMember({"wait", "fail"}))
        ->capture_default_str()
        ->group(pace_of_accounts);
}

void add_output(CLI::App& command, harvest_arguments& a)
{
    command
        .add_option(
            "--ndjson", a.ndjson,
            "Write each post that arrives, known or not, as a line of JSON at FILE's end too; - is standard output. "
            "Posts that an interrupted run had written but not stored come again")
        ->type_name("FILE")
        ->group("Output");
    add_watch_options(command, a.watch);
}

void add_end(CLI::App& command, harvest_arguments& a)
{
    command
        .add_option("--until", a.until,
                    "End at this time after the pages under way, with an exit code of its own if jobs are left: 06:00 "
                    "(of this machine's clock), 8h from now on, or a date and time. The same command goes on later")
        ->type_name("TIME")
        ->group(pace_of_accounts);
}

void add_server(CLI::App& command, harvest_arguments& a)
{
    add_connection_options(command, a.connection,
                           a.joins ? "Connections, and requests, at a time of this worker"
                                   : "Connections, and requests, at a time in all");
    command
        .add_option("--outage-patience", a.outage_patience,
                    "How long a server that has answered may be out of reach or silent before the run ends, such as "
                    "90s, 15m or 2h; 0: no matter how long")
        ->type_name("DURATION")
        ->capture_default_str()
        ->group("Server");
    command
        .add_option(
            "--answer-timeout", a.answer_timeout,
            "How long the server may take until an answer begins. An account whose worker died during a request "
            "rests as long before another worker goes on with it")
        ->type_name("DURATION")
        ->capture_default_str()
        ->group("Server");
}

void check_files(const harvest_arguments& a)
{
    command_files files;
    files.reads("JOBS", a.jobs);
    add_files(files, a.connection);
    files.opens_store("--store", a.store);
    files.reads("--accounts", a.accounts);
    files.writes("--rejects", a.rejects);
    files.reads("--control-token-file", a.watch.control_token_file);
    files.writes("--metrics-file", a.watch.metrics_file);
    if (a.dry_run)
        files.writes_lines("--output", {});
    else if (!a.ndjson.empty())
        files.writes_lines("--ndjson", a.ndjson);
    files.check();
}

}  // namespace

void add_harvest_options(CLI::App& command, harvest_arguments& a)
{
    add_jobs(command, a);
    command
        .add_option(
            "--store", a.store,
            "The SQLite file for posts and progress, created if it does not exist; or a PostgreSQL database, as a URL: "
            "postgresql://HOST/DATABASE")
        ->type_name("FILE")
        ->required();
    add_bounds(command, a);
    add_pages(command, a);
    add_care(command, a);
    add_end(command, a);
    command
        .add_flag("--dry-run", a.dry_run,
                  "Send nothing: print how many requests it takes, how long, and which account takes longest")
        ->group(pace_of_accounts);
    add_output(command, a);
    add_server(command, a);
    command
        .add_option("--take-over-after", a.take_over_after,
                    "When the tables of a database are made: how long a worker has to be without a heartbeat until "
                    "others take its accounts over, 1s to 1d; usually 90s. All workers of the store keep to it")
        ->type_name("DURATION")
        ->group("Server");
    command
        .add_flag("--base-url-changed", a.base_url_changed,
                  "The accounts of the store have moved to this base URL; without it, a store is harvested into from "
                  "the base URL that filled it first, and from no other")
        ->group("Server");
    command.footer(
        "Whatever happens to it, run the same command again: it goes on where the last commit was. Run it again when\n"
        "it is done: it fetches only what is new. Ctrl-C finishes the pages under way; a second one stops at once.\n"
        "A harvest of days goes on after you log out under nohup, in tmux, or as a systemd unit.\n"
        "Example: unipile harvest jobs.csv --store posts.db");
}

void add_work_options(CLI::App& command, harvest_arguments& a)
{
    a.joins = true;
    command
        .add_option("--store", a.store,
                    "The PostgreSQL database that `unipile harvest` fills, such as "
                    "postgresql://db.example/harvest")
        ->type_name("URL")
        ->required();
    command.add_flag("--wait", a.wait, "Wait for a harvest if none is under way, and for the next one after its end");
    add_pages(command, a);
    add_end(command, a);
    add_output(command, a);
    add_server(command, a);
    command.footer(
        "Any number of machines can work on one harvest: begin it with `unipile harvest JOBS --store URL`, and start\n"
        "this on the others, with --wait if it may come first. Its --pace and --parked are for all. Each account is "
        "one\n"
        "worker's at a time, so its pace holds. Workers may come, leave and be killed at any time: others take their\n"
        "accounts over. Ctrl-C and SIGTERM finish the pages under way and give the accounts back at once.\n"
        "Exits with 0 as well if no harvest is under way, and else as the harvest does, whose jobs are all workers'.\n"
        "Example: unipile work --store postgresql://db.example/harvest");
}

namespace {

milliseconds read_duration(const char* option, const std::string& text, milliseconds least, milliseconds most,
                           const char* examples)
{
    const auto time = parse_duration(text);
    if (!time || *time < least || *time > most)
        throw std::invalid_argument{std::string{option} + ": give a duration such as " + examples};
    return *time;
}

/// `accounts`: the text of their table, or empty.
void set_terms(harvest_plan& plan, std::string_view parked, std::string_view pace, std::string_view accounts,
               const std::string& name_of_table)
{
    plan.pace_by_provider = pace == "recommended";
    try {
        plan.pace = parse_pacing(pace);
    } catch (const std::invalid_argument& e) {
        throw std::invalid_argument{"--pace: " + std::string{e.what()}};
    }
    if (!plan.pace_by_provider) plan.harvester.harvest.pace = plan.pace;
    plan.harvester.harvest.when_parked =
        parked == "fail" ? harvest_options::parked_jobs::fail : harvest_options::parked_jobs::wait;
    const auto otherwise = plan.pace_by_provider ? std::nullopt : std::optional{plan.pace};
    auto table = std::make_shared<account_table>();
    if (!accounts.empty()) *table = account_table{accounts, name_of_table, otherwise, wall_now()};
    plan.accounts = table;
    if (table->empty()) return;
    plan.harvester.harvest.pace_of = [table](std::string_view account) { return table->pace_of(account); };
    plan.harvester.prepare_ledger = [table](std::string_view account, account_ledger& ledger) {
        table->prepare(account, ledger, wall_now());
    };
}

std::optional<wall_time> read_until(const std::string& text)
{
    if (text.empty()) return std::nullopt;
    const auto time = parse_end(text, wall_now());
    if (!time) throw std::invalid_argument{"--until: give a time to come such as 06:00, 8h or 2024-05-31T06:00:00Z"};
    return time;
}

std::optional<milliseconds> read_take_over_after(const harvest_arguments& a)
{
    if (a.take_over_after.empty()) return std::nullopt;
    if (!is_database(a.store))
        throw std::invalid_argument{"--take-over-after: a file has one worker; several work on a PostgreSQL database"};
    return read_duration("--take-over-after", a.take_over_after, std::chrono::seconds{1}, std::chrono::hours{24},
                         "90s or 5m, from 1s to 1d");
}

}  // namespace

void adopt_terms(harvest_plan& plan, std::string_view terms)
{
    constexpr std::string_view before = "--parked ", between = " --pace ";
    const std::size_t line = std::min(terms.find('\n'), terms.size());
    const std::size_t at = terms.find(between);
    if (!terms.starts_with(before) || at > line)
        throw std::invalid_argument{"--store: the run under way is of another version of this program"};
    const std::size_t pace = at + between.size();
    set_terms(plan, terms.substr(before.size(), at - before.size()), terms.substr(pace, line - pace),
              terms.substr(std::min(line + 1, terms.size())), "--store: the accounts of the run under way");
}

namespace {

void read_terms(harvest_plan& plan, const harvest_arguments& a)
{
    const bool has_table = !a.accounts.empty();
    set_terms(plan, a.parked, a.pace, has_table ? read_text_file("--accounts", a.accounts) : std::string{},
              "--accounts: " + printable(a.accounts));
    plan.run.terms = "--parked " + a.parked + " --pace " + a.pace;
    if (has_table) plan.run.terms += '\n' + plan.accounts->text();
}

}  // namespace

harvest_plan make_pace_plan(const harvest_arguments& a)
{
    harvest_plan plan;
    read_terms(plan, a);
    return plan;
}

harvest_plan make_plan(const harvest_arguments& a)
{
    if (a.joins && !is_database(a.store))
        throw std::invalid_argument{
            "--store: a file has one worker, `unipile harvest JOBS --store FILE`; several work "
            "on a PostgreSQL database"};
    check_files(a);
    const job_columns refuses{a.columns};
    harvest_plan plan;
    const auto warn = [&a](std::string_view line) { say(a.watch, line); };
    if (!a.dry_run) plan.harvester.client = make_client_options(a.connection, warn);
    read_terms(plan, a);
    plan.harvester.harvest.outage_patience =
        read_duration("--outage-patience", a.outage_patience, {}, milliseconds::max(), "90s, 15m or 2h, or 0");
    plan.harvester.client.deadlines.first_byte =
        read_duration("--answer-timeout", a.answer_timeout, milliseconds{1}, milliseconds::max(), "90s or 2m");
    plan.take_over_after = read_take_over_after(a);
    plan.until = read_until(a.until);
    plan.watch = watch_settings_of(a.watch);
    plan.harvester.harvest.max_buffered_bytes = most_buffered;
    plan.harvester.limit = a.limit;
    plan.harvester.empty_page_tolerance = a.empty_pages;

    plan.run.mode = a.full ? store::walk_mode::full : store::walk_mode::update;
    plan.run.bounds.max_posts = a.max_posts;
    plan.run.bounds.since = read_time("--since", a.since);
    plan.run.order = a.order == "listed" ? store::job_order::listed : store::job_order::least_recent;
    plan.run.restart = a.restart;
    if (!a.dry_run) plan.run.tenant = tenant_of(plan.harvester.client.base_url);
    plan.run.move_tenant = a.base_url_changed;
    plan.run.retry_failed = a.retry_failed;
    if (!a.dry_run) check_client(plan.harvester.client);  // before there is a store
    return plan;
}

}  // namespace unipile::program
