#include "program/harvest_dry_run.hpp"

#include "program/blocking_output.hpp"
#include "program/command.hpp"
#include "program/harvest_estimate.hpp"
#include "program/job_import.hpp"
#include "program/store_source.hpp"
#include "program/text.hpp"
#include "program/usable_store.hpp"

#include <unipile/store/sqlite.hpp>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <memory>
#include <string>
#include <system_error>
#include <unordered_map>
#include <utility>

namespace unipile::program {
namespace {

/// What is new since the last run fits on a page, as a rule.
constexpr double requests_of_known_job = 1;

struct known_account {
    std::string ledger, provider;
    std::uint64_t jobs_done = 0;
    double requests_per_job = 0;  ///< so far; 0: not known
    bool parked = false;
};

std::unordered_map<std::string, known_account> read_accounts(const std::string& file)
{
    std::unordered_map<std::string, known_account> known;
    std::error_code unknown;
    if (!std::filesystem::exists(file, unknown) && !unknown) return known;
    std::unique_ptr<store::post_reader> reader;
    open_usable([&] { reader = store::open_sqlite_reader(file); });
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

/// On average over an account's jobs: those that are done only have to be brought up to date, unless all is read again.
double requests_per_job(const known_account& k, std::uint64_t jobs, bool full)
{
    const double whole = std::max(1.0, k.requests_per_job > 0 ? k.requests_per_job : requests_of_new_job);
    if (full) return whole;
    const double done = static_cast<double>(std::min(k.jobs_done, jobs));
    const double fresh = static_cast<double>(jobs) - done;
    return (fresh * whole + done * requests_of_known_job) / static_cast<double>(jobs);
}

}  // namespace

int dry_run(const harvest_arguments& arguments, const harvest_plan& plan)
{
    std::unordered_map<std::string, std::uint64_t> jobs;
    import_request request;
    request.jobs = arguments.jobs;
    request.account = arguments.account;
    request.company = arguments.company;
    const std::uint64_t rejected = read_jobs(
        request,
        [&jobs](job_line&& job, std::uint64_t) {
            ++jobs[std::move(job.account)];
            return true;
        },
        [](std::string_view line) { std::cerr << line << '\n'; });

    const auto known = read_accounts(arguments.store);
    estimate_rules rules;
    rules.pace = plan.pace;
    rules.pace_by_provider = plan.pace_by_provider;
    rules.connections = arguments.connection.connections;
    rules.now = wall_now();
    harvest_estimator estimator{rules};
    for (const auto& [account, n] : jobs) {
        const auto at = known.find(account);
        const known_account k = at == known.end() ? known_account{} : at->second;
        account_load load;
        load.account = account;
        load.ledger = k.ledger;
        load.provider = k.provider;
        load.jobs = n;
        load.unparked = !k.parked;
        load.requests_per_job = requests_per_job(k, n, arguments.full);
        estimator.add(load);
    }
    blocking_output out{{}};
    for (const std::string& line : estimate_lines(estimator.result())) out.write(line + '\n');
    out.finish();
    return rejected == 0 ? exit_code::all_complete : exit_code::some_incomplete;
}

}  // namespace unipile::program
