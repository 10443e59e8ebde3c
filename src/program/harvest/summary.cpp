#include "program/harvest/summary.hpp"

#include "program/terminal/figures.hpp"
#include "program/terminal/kinds.hpp"
#include "program/terminal/safe_text.hpp"
#include "program/watch/politeness.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

namespace unipile::program {
namespace {

constexpr std::size_t accounts_shown = 20;
constexpr std::size_t failures_shown = 5;
constexpr std::size_t longest_name = 80;
constexpr std::size_t longest_failure = 300;

std::string jobs_line(const harvest_state& e)
{
    const std::uint64_t all = e.jobs.all();
    const bool partly = e.tally.jobs_done != e.jobs.done;  // the rest was done by other processes
    const std::string here = e.shared ? " by this worker" : " this time";
    const std::string now = with_thousands(e.tally.jobs_done);
    if (e.whole()) {
        if (all == 0) return "there was no job to do";
        const std::string line = all == 1 ? "the job is done" : "all " + with_thousands(all) + " jobs are done";
        return partly ? line + ", " + now + " of them" + here : line;
    }
    std::string line = "not complete: of " + counted(all, "job", "jobs") + ", ";
    line += with_thousands(e.jobs.done) + " came to the end" + (partly ? " (" + now + here + "), " : ", ");
    line += with_thousands(e.jobs.failed) + " failed, " + with_thousands(e.left()) + " left";
    if (e.unconfirmed() > 0) line += "; " + counted(e.unconfirmed(), "end", "ends") + " not confirmed";
    if (e.time_is_up) line += "; ended by --until, and the same command goes on";
    return e.all_read ? line : line + "; the jobs file was not read to its end";
}

std::string posts_line(const store::harvester_stats& t)
{
    const std::uint64_t new_or_changed = t.added + t.changed;
    std::string line = "posts: " + with_thousands(t.posts) + ", of which " + with_thousands(t.added) + " new, " +
                       with_thousands(t.changed) + " changed, " +
                       with_thousands(t.posts - std::min(t.posts, new_or_changed)) + " unchanged";
    if (t.quarantined > 0)
        line += "; kept apart, since they are no posts: " + counted(t.quarantined, "item", "items") +
                ", listed by unipile export --quarantined";
    return line;
}

std::string traffic_line(const harvest_state& e)
{
    const store::harvester_stats& t = e.tally;
    return "traffic: " + counted(t.pages, "page", "pages") + ", " + counted(t.requests, "request", "requests") + ", " +
           counted(t.retries, "retry", "retries") + ", " + human_bytes(t.wire_bytes) + ", " + human_duration(e.elapsed);
}

/// Adds the ends that the API has not stated.
void add_inferred(std::vector<std::string>& lines, const harvest_state& e)
{
    std::uint64_t open = 0;
    for (const char* name : {"empty_page", "missing_cursor"})
        if (const auto at = e.tally.by_end.find(name); at != e.tally.by_end.end()) open += at->second;
    if (open > 0)
        lines.push_back(counted(open, "listing", "listings") +
                        " ended without the API saying so; the next run looks there again");
    if (const auto at = e.tally.by_end.find("up_to_date_inferred"); at != e.tally.by_end.end())
        lines.push_back(counted(at->second, "listing is", "listings are") +
                        " up to date down to an end that the API has not stated");
    if (const std::uint64_t n = e.unconfirmed(); n > 0)
        lines.push_back(counted(n, "listing", "listings") +
                        " ended with a refusal that could not be confirmed to be the end; the next run looks there "
                        "again");
}

/// Adds what failed and what to do, once per kind.
void add_failures(std::vector<std::string>& lines, const harvest_state& e)
{
    const auto& failure_of = e.tally.failure_of;
    std::size_t shown = 0;
    for (const auto& [name, n] : most_frequent(e.tally.by_end)) {
        const auto text = failure_of.find(name);
        if (text == failure_of.end() || shown == failures_shown) continue;
        ++shown;
        lines.push_back(counted(n, "job", "jobs") + " failed: " + printable(text->second, longest_failure));
    }
    if (const std::uint64_t before = std::max(e.jobs.failed, e.tally.jobs_failed) - e.tally.jobs_failed; before > 0)
        lines.push_back(counted(before, "job", "jobs") + (e.shared ? " failed earlier, or in other workers"
                                                                   : " failed earlier; --retry-failed tries again"));
}

void add_parked(std::vector<std::string>& lines, const harvest_state& e)
{
    const std::string command = "unipile accounts --store " + printable(e.store);
    for (const auto& [name, reason] : e.accounts.parked) {
        const std::string account = printable(name, longest_name);
        std::string line = "parked: account " + account;
        line += " (" + printable(reason, longest_name) + "): ";
        line += reason.ends_with("errors/invalid_account")
                    ? "the API doesn't know it; correct its id in the jobs file, or connect it again; then: "
                    : "its owner has to check it; then: ";
        line += command;
        line += " --unpark " + account;
        lines.push_back(std::move(line));
    }
    const std::size_t named = e.accounts.parked.size();
    if (const std::size_t more = std::max(e.accounts.parked_count, named) - named; more > 0)
        lines.push_back("parked: " + counted(more, "more account", "more accounts") +
                        "; all are listed by: " + command);
}

std::string account_text(const store::account_counts& a)
{
    std::string text = counted(a.done, "job", "jobs");
    if (a.failed > 0) text += ", " + with_thousands(a.failed) + " failed";
    return text + ", " + counted(a.posts, "post", "posts") + ", " + counted(a.requests, "request", "requests");
}

bool is_idle(const store::account_counts& a) { return a.done + a.failed + a.posts + a.requests == 0; }

/// Adds the accounts with most jobs; names only those that had something to do.
void add_accounts(std::vector<std::string>& lines, const std::map<std::string, store::account_counts>& by_account)
{
    using entry = std::map<std::string, store::account_counts>::const_iterator;
    std::vector<entry> accounts;
    accounts.reserve(by_account.size());
    for (auto it = by_account.begin(); it != by_account.end(); ++it) accounts.push_back(it);
    std::sort(accounts.begin(), accounts.end(), [](entry a, entry b) {
        const std::uint64_t jobs_of_a = a->second.done + a->second.failed;
        const std::uint64_t jobs_of_b = b->second.done + b->second.failed;
        if (jobs_of_a != jobs_of_b) return jobs_of_a > jobs_of_b;
        const bool a_is_idle = is_idle(a->second), b_is_idle = is_idle(b->second);
        return a_is_idle != b_is_idle ? b_is_idle : a->first < b->first;
    });
    const auto idle = std::find_if(accounts.begin(), accounts.end(), [](entry a) { return is_idle(a->second); });
    const std::size_t shown = std::min(static_cast<std::size_t>(idle - accounts.begin()), accounts_shown);
    store::account_counts rest;
    for (std::size_t i = 0; i < accounts.size(); ++i) {
        const store::account_counts& a = accounts[i]->second;
        if (i < shown) {
            lines.push_back("account " + printable(accounts[i]->first, longest_name) + ": " + account_text(a));
            continue;
        }
        rest.done += a.done;
        rest.failed += a.failed;
        rest.posts += a.posts;
        rest.requests += a.requests;
    }
    if (accounts.size() > shown)
        lines.push_back(counted(accounts.size() - shown, shown > 0 ? "more account" : "account",
                                shown > 0 ? "more accounts" : "accounts") +
                        ": " + account_text(rest));
}

}  // namespace

std::vector<std::string> summary_lines(const harvest_state& e)
{
    if (e.store.empty()) return {"not complete: ended before the store was opened; no request was sent"};
    std::vector<std::string> lines{jobs_line(e), posts_line(e.tally), traffic_line(e)};
    if (!e.tally.by_end.empty()) lines.push_back("ends: " + kinds_text(e.tally.by_end));
    add_inferred(lines, e);
    add_failures(lines, e);
    add_parked(lines, e);
    add_accounts(lines, e.tally.by_account);
    politeness paces;
    for (const account_view& a : e.accounts.each) paces.add(a.account, a.windows);
    for (std::string& line : paces.lines()) lines.push_back(std::move(line));
    if (e.withdrawn > 0)
        lines.push_back(counted(e.withdrawn, "job was", "jobs were") + " withdrawn: the jobs file names " +
                        (e.withdrawn == 1 ? "it" : "them") + " no more");
    if (e.rejects > 0) lines.push_back(counted(e.rejects, "line", "lines") + " of the jobs file could not be read");
    lines.push_back("details: unipile status --store " + printable(e.store));
    return lines;
}

std::string outcome_of(const store::job_counts& jobs)
{
    std::string text = with_thousands(jobs.done) + " done";
    if (jobs.failed > 0) text += ", " + with_thousands(jobs.failed) + " failed";
    return text;
}

std::string log_line(const store::log_tail& left)
{
    return "unipile: another process reads the store, so " + human_bytes(left.bytes) + " of it are in " +
           printable(left.file) + " only; copy that with it, or use unipile backup";
}

}  // namespace unipile::program
