// `unipile status`: the progress of a store's harvest.
#include "program/command.hpp"
#include "program/harvest/arguments.hpp"
#include "program/harvest/estimate_lines.hpp"
#include "program/harvest/eta.hpp"
#include "program/stored/drift.hpp"
#include "program/stored/failed_jobs.hpp"
#include "program/stored/store_view.hpp"
#include "program/terminal/figures.hpp"
#include "program/terminal/json_object.hpp"
#include "program/terminal/kinds.hpp"
#include "program/terminal/safe_text.hpp"

#include <unipile/store/post_reader.hpp>

#include <CLI/CLI.hpp>

#include <cstdint>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace unipile::program {
namespace {

using store::store_summary;

constexpr std::uint64_t failures_shown = 20;

std::string counts_json(const kind_counts& counts)
{
    kind_counts bounded;
    for (const auto& [name, n] : most_frequent(counts)) add_kind(bounded, name, n);
    json_object out;
    for (const auto& [name, n] : bounded) out.add_number(name, n);
    return out.finish();
}

using worker_rows = std::optional<std::vector<store::worker_row>>;

std::string workers_json(const std::vector<store::worker_row>& workers)
{
    std::string out = "[";
    for (const store::worker_row& w : workers) {
        json_object one;
        one.add_text("name", w.name);
        one.add_text("started", time_text(w.started));
        one.add_number("heartbeat_ms_ago", static_cast<std::uint64_t>(w.silent.count()));
        one.add_flag("may_send", w.may_send);
        one.add_number("accounts", w.accounts);
        if (out.size() > 1) out += ',';
        out += one.finish();
    }
    return out + ']';
}

/// Returns how much longer the pace of the run lets its accounts take; empty if no run is under way, or its pace is not
/// known. Reads all jobs.
std::optional<pace_outlook> outlook_of(store::post_reader& reader, const store_summary& s)
{
    if (!s.last_run || s.last_run->ended || s.last_run->terms.empty() || s.jobs.open() == 0) return std::nullopt;
    harvest_plan plan;
    try {
        adopt_terms(plan, s.last_run->terms);
    } catch (const std::invalid_argument&) {
        return std::nullopt;  // begun by another program, whose pace is not known
    }
    std::uint64_t over = 0, requests = 0;
    reader.accounts([&](const store::account_row&, const store::account_summary& a) {
        over += a.jobs.done + a.jobs.failed;
        requests += a.requests;
        return true;
    });
    account_speeds speeds;
    speeds.requests_per_job =
        over > 0 ? static_cast<double>(requests) / static_cast<double>(over) : requests_of_new_job;
    estimate_rules rules;
    rules.pace = plan.pace;
    rules.pace_by_provider = plan.pace_by_provider;
    rules.pace_of = plan.harvester.harvest.pace_of;
    rules.now = wall_now();
    return read_outlook(reader, std::move(rules), speeds);
}

std::string outlook_line(const pace_outlook& o)
{
    std::string line = "time: about " + human_duration(o.duration) + " to go at the accounts' pace";
    if (o.parked_jobs > 0) line += ", without " + counted(o.parked_jobs, "job", "jobs") + " of parked accounts";
    return line + '\n';
}

std::string summary_json(const store_summary& s, std::optional<bool> harvesting, const worker_rows& workers,
                         const std::optional<pace_outlook>& outlook)
{
    json_object jobs;
    jobs.add_number("queued", s.jobs.queued);
    jobs.add_number("delayed", s.jobs.delayed);
    jobs.add_number("done", s.jobs.done);
    jobs.add_number("failed", s.jobs.failed);
    json_object out;
    out.add("jobs", jobs.finish());
    out.add_number("posts", s.posts);
    out.add_number("gone", s.gone);
    out.add_number("unreadable_items", s.quarantined);
    out.add("by_end", counts_json(s.by_end));
    out.add("by_failure", counts_json(s.by_failure));
    if (s.last_run) {
        json_object run;
        run.add_number("number", static_cast<std::uint64_t>(s.last_run->run));
        run.add_text("label", s.last_run->label);
        run.add_text("mode", s.last_run->mode == store::walk_mode::full ? "full" : "update");
        run.add_text("started", time_text(s.last_run->started));
        run.add_filled("ended", time_text(s.last_run->ended));
        run.add_filled("outcome", s.last_run->outcome);
        run.add_flag("import_open", s.import_open);
        out.add("last_run", run.finish());
    }
    json_object ends;
    ends.add_number("complete", s.ends.complete);
    ends.add_number("inferred", s.ends.inferred);
    ends.add_number("up_to_date", s.ends.up_to_date);
    ends.add_number("chosen", s.ends.chosen);
    ends.add_number("failed", s.ends.failed);
    out.add("ends", ends.finish());
    out.add_number("suspect", s.suspect);
    out.add_number("withdrawn", s.withdrawn);
    out.add_filled("tenant", s.tenant);
    if (harvesting) out.add_flag("harvesting", *harvesting);
    if (outlook) out.add_number("time_left_ms", static_cast<std::uint64_t>(outlook->duration.count()));
    if (workers) out.add("workers", workers_json(*workers));
    return out.finish() + '\n';
}

std::string run_line(const store::run_info& run, std::optional<bool> harvesting)
{
    const bool busy = harvesting.value_or(false);
    std::string line =
        "run " + std::to_string(run.run) + " (" + printable(run.label, 200) + "): began " + time_text(run.started);
    if (!run.ended && busy) return line + ", a harvest is running";
    if (!run.ended && harvesting) return line + ", not ended: the same command goes on with it";
    if (!run.ended) return line + ", not ended";
    line += ", ended " + time_text(run.ended);
    if (!run.outcome.empty()) line += ": " + printable(run.outcome, 200);
    return busy ? line + "; a harvest begins or ends" : line;
}

/// An import that is not at its end.
std::string import_line(std::optional<bool> harvesting)
{
    if (harvesting.value_or(false)) return "import: the jobs file is being read; more jobs may come\n";
    return "import: the jobs file was not read to its end, so jobs may be missing: run the same command again\n";
}

std::string summary_text(const store_summary& s, std::optional<bool> harvesting)
{
    std::string out;
    if (s.last_run) out += run_line(*s.last_run, harvesting) + '\n';
    if (s.import_open) out += import_line(harvesting);
    out += "jobs: " + with_thousands(s.jobs.all()) + " in all, " + with_thousands(s.jobs.done) + " done, " +
           with_thousands(s.jobs.open()) + " waiting, " + with_thousands(s.jobs.failed) + " failed\n";
    out += "posts: " + with_thousands(s.posts);
    if (s.gone > 0)
        out += ", of which " + with_thousands(s.gone) +
               (s.gone == 1 ? " is gone from its listing" : " are gone from their listings");
    out += '\n';
    if (s.quarantined > 0)
        out += "kept apart, since they are no posts: " + counted(s.quarantined, "item", "items") + '\n';
    if (!s.by_end.empty()) out += "ends: " + kinds_text(s.by_end) + '\n';
    if (s.ends.inferred > 0)
        out += "inferred ends: " + with_thousands(s.ends.inferred) + ", which the API has not stated\n";
    if (s.suspect > 0)
        out += "suspect: " + with_thousands(s.suspect) + (s.suspect == 1 ? " listing" : " listings") +
               " may have posts that were not shown; harvests look again\n";
    if (s.withdrawn > 0)
        out += "withdrawn: " + with_thousands(s.withdrawn) + (s.withdrawn == 1 ? " job" : " jobs") +
               " that no jobs file names any more\n";
    if (!s.by_failure.empty()) out += "failures: " + kinds_text(s.by_failure) + '\n';
    return out;
}

std::string worker_line(const store::worker_row& w)
{
    std::string line = "  " + printable(w.name, 200) + ": " + counted(w.accounts, "account", "accounts") + ", since " +
                       time_text(w.started) + ", ";
    if (w.may_send) return line + "heartbeat " + human_duration(w.silent) + " ago\n";
    return line + "no heartbeat for " + human_duration(w.silent) + ": it sends no requests, and after " +
           human_duration(w.lost_after) + " others take its accounts over\n";
}

void write_workers(const std::vector<store::worker_row>& workers, blocking_output& out)
{
    out.write("workers: " + with_thousands(workers.size()) + '\n');
    for (const store::worker_row& w : workers) out.write(worker_line(w));
}

void write_failures(store::post_reader& reader, std::uint64_t failed, blocking_output& out)
{
    store::job_filter filter;
    filter.state = store::job_state::failed;
    std::uint64_t shown = 0;
    out.write("failed jobs:\n");
    reader.jobs(filter, [&](const store::stored_job& job) {
        out.write("  " + printable(job.spec.identifier, 100) + " through " + printable(job.spec.account, 100) + ": " +
                  printable(job.failure, 300) + '\n');
        return ++shown < failures_shown;
    });
    if (failed > shown) out.write("  and " + with_thousands(failed - shown) + " more; --jobs lists all\n");
}

std::string job_json(const store::stored_job& job)
{
    json_object out;
    out.add_text("account", job.spec.account);
    out.add_text("identifier", job.spec.identifier);
    out.add_flag("company", job.spec.is_company);
    out.add_text("state", to_string(job.state));
    out.add_filled("end", job.end);
    out.add_filled("failure", job.failure);
    out.add_filled("failure_type", job.failure_type);
    out.add_number("posts", job.posts);
    out.add_number("pages", job.pages);
    out.add_number("requests", job.requests);
    out.add_flag("whole", job.whole);
    out.add_filled("harvested", time_text(job.harvested));
    out.add_filled("tried", time_text(job.tried));
    if (!job.end.empty()) out.add_flag("inferred", job.inferred);
    out.add_flag("suspect", job.suspect);
    out.add_flag("withdrawn", job.withdrawn);
    return out.finish() + '\n';
}

struct status_options {
    std::string file;
    std::string failed_jobs;  ///< file, or `-`; empty: not written
    bool json = false;
    bool jobs = false;
    bool eta = false;
    bool drift = false;
};

int write_failed(const status_options& o)
{
    const bool ndjson = o.failed_jobs.ends_with(".ndjson") || o.failed_jobs.ends_with(".jsonl");
    return view_store(
        o.file, o.failed_jobs,
        [ndjson](store::post_reader& reader, blocking_output& out) {
            const auto n = write_failed_jobs(reader, out, ndjson ? jobs_format::ndjson : jobs_format::csv);
            std::cerr << with_thousands(n) << (n == 1 ? " job" : " jobs") << " failed\n";
        },
        "--failed-jobs");
}

int write_drift(const status_options& o)
{
    return view_store(o.file, {}, [&o](store::post_reader& reader, blocking_output& out) {
        const drift d = read_drift(reader, {});
        out.write(o.json ? drift_json(d) : drift_text(d));
    });
}

int run_status(const status_options& o)
{
    if (!o.failed_jobs.empty()) return write_failed(o);
    if (o.drift) return write_drift(o);
    bool all_done = true;
    const int code = view_store(o.file, {}, [&](store::post_reader& reader, blocking_output& out) {
        const store_summary summary = reader.summary();
        all_done = summary.jobs.done == summary.jobs.all() && !summary.import_open;
        if (o.jobs) {
            reader.jobs({}, [&](const store::stored_job& job) { return out.write(job_json(job)); });
            return;
        }
        const std::optional<bool> harvesting = reader.harvesting();
        const auto outlook = o.eta ? outlook_of(reader, summary) : std::nullopt;
        if (o.json) {
            out.write(summary_json(summary, harvesting, reader.workers(), outlook));
            return;
        }
        out.write(summary_text(summary, harvesting));
        if (outlook) out.write(outlook_line(*outlook));
        if (summary.jobs.failed > 0) write_failures(reader, summary.jobs.failed, out);
        if (const worker_rows workers = reader.workers()) write_workers(*workers, out);
    });
    return code == exit_code::all_complete && !all_done ? exit_code::some_incomplete : code;
}

}  // namespace

void add_status(CLI::App& app, runner& run)
{
    CLI::App* command = app.add_subcommand("status", "Show how far the harvest of a store is, also while it runs");
    const auto o = std::make_shared<status_options>();
    command
        ->add_option("--store", o->file,
                     "The store that `unipile harvest` fills: a file, or the URL of a PostgreSQL database")
        ->type_name("STORE")
        ->required();
    command->add_flag("--json", o->json, "One JSON object instead of text");
    command->add_flag("--eta", o->eta, "Also how much longer the run of a database takes, which reads all its jobs");
    command->add_flag("--jobs", o->jobs, "Every job, one JSON object a line");
    command
        ->add_flag("--drift", o->drift,
                   "Instead, how posts deviate from the API's contract: unknown and missing fields, odd types, with "
                   "counts; reads all posts. With --json, an object a line")
        ->excludes("--jobs")
        ->excludes("--eta");
    command
        ->add_option("--failed-jobs", o->failed_jobs,
                     "Write the failed jobs as a jobs file to FILE (NDJSON if it ends with .ndjson, else CSV) or, with "
                     "-, to standard output; `unipile harvest FILE --retry-failed` takes them up again")
        ->type_name("FILE|-")
        ->excludes("--json")
        ->excludes("--jobs")
        ->excludes("--drift");
    command->footer(
        "Exits with 1 as long as jobs wait or have failed, or the jobs file was not read to its end; with "
        "--failed-jobs\n"
        "and --drift, only if they can't be written. In a database, a user who only reads (status, export, accounts) "
        "needs\n"
        "GRANT USAGE ON SCHEMA unipile TO reader; GRANT SELECT ON ALL TABLES IN SCHEMA unipile TO reader.");
    command->callback([&run, o] { run = [o] { return run_status(*o); }; });
}

}  // namespace unipile::program
