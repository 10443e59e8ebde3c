#include "program/harvest/dry_run.hpp"

#include "program/command.hpp"
#include "program/harvest/estimate_lines.hpp"
#include "program/harvest/job_import.hpp"
#include "program/output/blocking_output.hpp"
#include "program/stored/open_store.hpp"
#include "program/stored/usable_store.hpp"
#include "program/terminal/figures.hpp"
#include "program/watch/state_json.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

namespace unipile::program {
namespace {

/// The posts since the last run usually fit on one page.
constexpr double requests_of_known_job = 1;

struct known_account {
    std::string ledger, provider;
    std::uint64_t jobs_done = 0;
    double requests_per_job = 0;  ///< so far; 0: unknown
    bool parked = false;
};

std::unordered_map<std::string, known_account> read_accounts(const harvest_arguments& arguments)
{
    std::unordered_map<std::string, known_account> known;
    std::error_code unknown;
    const bool is_file = !is_database(arguments.store);
    if (is_file && !std::filesystem::exists(arguments.store, unknown) && !unknown) return known;
    std::unique_ptr<store::post_reader> reader;
    std::string bound;
    open_usable([&] {
        try {
            reader = open_reader(arguments.store);
            bound = reader->tenant();
        } catch (const store::store_error& e) {
            if (is_file || e.reason() != store::store_errc::nothing_stored) throw;
        }
    });
    if (!reader) return known;
    if (!arguments.base_url_changed) require_tenant(bound, given_base_url(arguments.connection), arguments.store);
    reader->accounts([&](const store::account_row& row, const store::account_summary& s) {
        known_account& k = known[row.account];
        k.ledger = row.ledger;
        k.provider = row.provider;
        k.parked = row.parked;
        k.jobs_done = s.jobs.done;
        if (s.jobs.done > 0) k.requests_per_job = static_cast<double>(s.requests) / static_cast<double>(s.jobs.done);
        return true;
    });
    return known;
}

/// The jobs of a file, each once.
struct jobs_seen {
    std::unordered_map<std::string, std::uint64_t> by_account;
    jobs_file_notes notes;
};

using known_accounts = std::unordered_map<std::string, known_account>;

jobs_seen look_through(const harvest_arguments& arguments, const known_accounts& known)
{
    import_request request;
    request.jobs = arguments.jobs;
    request.account = arguments.account;
    request.company = arguments.company;
    request.columns = job_columns{arguments.columns};
    job_file file{request, [&](std::string_view line) { say(arguments.watch, line); }, [] { return true; }};
    jobs_seen seen;
    // Hashes, since a file may have millions of lines.
    std::unordered_set<std::size_t> jobs;
    while (auto job = file.next()) {
        const std::string key = job->account + '\0' + job->identifier + (job->is_company ? "\1" : "");
        if (!jobs.insert(std::hash<std::string>{}(key)).second) {
            ++seen.notes.repeated;
            continue;
        }
        const auto account = known.find(job->account);
        const std::string provider = account == known.end() ? std::string{} : account->second.provider;
        if (!job->is_company && (provider.empty() || provider == "LINKEDIN")) {
            ++seen.notes.persons;
            seen.notes.odd += looks_like_linkedin_id(job->identifier) ? 0 : 1;
        }
        ++seen.by_account[std::move(job->account)];
    }
    seen.notes.rejected = file.finish();
    return seen;
}

std::vector<std::string> lines_on(const jobs_file_notes& notes)
{
    std::vector<std::string> lines;
    if (notes.repeated > 0) lines.push_back(repetition_line(notes.repeated));
    if (notes.rejected > 0)
        lines.push_back(with_thousands(notes.rejected) + (notes.rejected == 1 ? " line holds" : " lines hold") +
                        " no job that can be asked for");
    if (notes.odd > 0)
        lines.push_back(with_thousands(notes.odd) + " of " + with_thousands(notes.persons) +
                        " persons' identifiers don't look like LinkedIn ids (ACo…): the API refuses LinkedIn's vanity "
                        "names; Instagram's user names are fine");
    return lines;
}

/// Returns the average over an account's jobs: those that are done only have to be updated, unless all posts are read
/// again.
double requests_per_job(const known_account& k, std::uint64_t jobs, const harvest_arguments& arguments)
{
    double whole = std::max(1.0, k.requests_per_job > 0 ? k.requests_per_job : requests_of_new_job);
    if (arguments.max_posts > 0)
        whole = std::min(whole, std::ceil(static_cast<double>(arguments.max_posts) / arguments.limit));
    if (arguments.full) return whole;
    const double done = static_cast<double>(std::min(k.jobs_done, jobs));
    const double fresh = static_cast<double>(jobs) - done;
    return (fresh * whole + done * requests_of_known_job) / static_cast<double>(jobs);
}

/// Completes the account by what its owner says of it, as a run does.
void apply(const account_table& table, account_load& load, wall_time now)
{
    if (table.empty()) return;
    account_ledger ledger;
    if (!load.ledger.empty()) ledger = account_ledger::from_text(load.ledger).value_or(account_ledger::used_up(now));
    if (ledger.parked && load.unparked) ledger.unpark(now);
    const account_ledger before = ledger;
    table.prepare(load.account, ledger, now);
    if (load.provider.empty()) load.provider = ledger.provider;
    if (ledger == before) return;
    load.ledger = ledger.to_text();
    load.unparked = false;
}

}  // namespace

int dry_run(const harvest_arguments& arguments, const harvest_plan& plan)
{
    const auto known = read_accounts(arguments);
    const jobs_seen seen = look_through(arguments, known);
    estimate_rules rules;
    rules.pace = plan.pace;
    rules.pace_by_provider = plan.pace_by_provider;
    rules.pace_of = plan.harvester.harvest.pace_of;
    rules.connections = arguments.connection.connections;
    rules.now = wall_now();
    harvest_estimator estimator{rules};
    for (const auto& [account, n] : seen.by_account) {
        const auto at = known.find(account);
        const known_account k = at == known.end() ? known_account{} : at->second;
        account_load load;
        load.account = account;
        load.ledger = k.ledger;
        load.provider = k.provider;
        load.jobs = n;
        load.unparked = !k.parked;
        apply(*plan.accounts, load, rules.now);
        load.requests_per_job = requests_per_job(k, n, arguments);
        estimator.add(load);
    }
    blocking_output out{{}};
    if (plan.watch.log.summary == log_form::json) {
        out.write(estimate_json(estimator.result(), seen.notes) + '\n');
    } else {
        for (const std::string& line : estimate_lines(estimator.result())) out.write(line + '\n');
        for (const std::string& line : lines_on(seen.notes)) out.write(line + '\n');
    }
    out.finish();
    return seen.notes.rejected == 0 ? exit_code::all_complete : exit_code::some_incomplete;
}

}  // namespace unipile::program
