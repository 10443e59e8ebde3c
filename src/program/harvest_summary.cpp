#include "program/harvest_summary.hpp"

#include "program/text.hpp"

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

namespace unipile::program {
namespace {

constexpr std::size_t accounts_shown = 20;
constexpr std::size_t longest_name = 80;

std::string counted(std::uint64_t n, const char* one, const char* many)
{
    return with_thousands(n) + ' ' + (n == 1 ? one : many);
}

std::string jobs_line(const harvest_ending& e)
{
    const std::uint64_t all = e.jobs.all();
    const bool partly = e.tally.jobs_done != e.jobs.done;  // the rest was done by an earlier process
    const std::string now = with_thousands(e.tally.jobs_done);
    if (e.whole()) {
        if (all == 0) return "there was no job to do";
        const std::string line = all == 1 ? "the job is done" : "all " + with_thousands(all) + " jobs are done";
        return partly ? line + ", " + now + " of them this time" : line;
    }
    std::string line = "not complete: of " + counted(all, "job", "jobs") + ", ";
    line += with_thousands(e.jobs.done) + " came to the end" + (partly ? " (" + now + " this time), " : ", ");
    line += with_thousands(e.jobs.failed) + " failed, " + with_thousands(e.left()) + " left";
    return e.all_read ? line : line + "; the jobs file was not read to its end";
}

std::string posts_line(const harvest_tally& t)
{
    const std::uint64_t told = t.added + t.changed;
    std::string line = "posts: " + with_thousands(t.posts) + ", of which " + with_thousands(t.added) + " new, " +
                       with_thousands(t.changed) + " changed, " + with_thousands(t.posts - std::min(t.posts, told)) +
                       " unchanged";
    if (t.quarantined > 0)
        line += "; kept apart, since they are not valid JSON: " + counted(t.quarantined, "item", "items");
    return line;
}

std::string traffic_line(const harvest_ending& e)
{
    const harvest_tally& t = e.tally;
    return "traffic: " + counted(t.pages, "page", "pages") + ", " + counted(t.requests, "request", "requests") + ", " +
           counted(t.retries, "retry", "retries") + ", " + human_bytes(t.wire_bytes) + ", " + human_duration(e.elapsed);
}

std::string ends_line(const std::map<std::string, std::uint64_t>& by_end)
{
    std::vector<std::pair<std::string_view, std::uint64_t>> sorted{by_end.begin(), by_end.end()};
    std::sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) {
        return a.second != b.second ? a.second > b.second : a.first < b.first;
    });
    std::string line;
    for (const auto& [name, n] : sorted)
        line += (line.empty() ? "ends: " : ", ") + with_thousands(n) + ' ' + printable(name, longest_name);
    return line;
}

std::string account_text(const account_tally& a)
{
    std::string text = counted(a.done, "job", "jobs");
    if (a.failed > 0) text += ", " + with_thousands(a.failed) + " failed";
    return text + ", " + counted(a.posts, "post", "posts") + ", " + counted(a.requests, "request", "requests");
}

void add_accounts(std::vector<std::string>& lines, const std::map<std::string, account_tally>& by_account)
{
    using entry = std::map<std::string, account_tally>::const_iterator;
    std::vector<entry> sorted;
    sorted.reserve(by_account.size());
    for (auto it = by_account.begin(); it != by_account.end(); ++it) sorted.push_back(it);
    std::sort(sorted.begin(), sorted.end(), [](entry a, entry b) {
        const std::uint64_t jobs_of_a = a->second.done + a->second.failed;
        const std::uint64_t jobs_of_b = b->second.done + b->second.failed;
        return jobs_of_a != jobs_of_b ? jobs_of_a > jobs_of_b : a->first < b->first;
    });
    const std::size_t shown = std::min(sorted.size(), accounts_shown);
    account_tally rest;
    for (std::size_t i = 0; i < sorted.size(); ++i) {
        const account_tally& a = sorted[i]->second;
        if (i < shown) {
            lines.push_back("account " + printable(sorted[i]->first, longest_name) + ": " + account_text(a));
            continue;
        }
        rest.done += a.done;
        rest.failed += a.failed;
        rest.posts += a.posts;
        rest.requests += a.requests;
    }
    if (sorted.size() > shown)
        lines.push_back(counted(sorted.size() - shown, "more account", "more accounts") + ": " + account_text(rest));
}

}  // namespace

std::vector<std::string> summary_lines(const harvest_ending& e)
{
    std::vector<std::string> lines{jobs_line(e), posts_line(e.tally), traffic_line(e)};
    if (!e.tally.by_end.empty()) lines.push_back(ends_line(e.tally.by_end));
    add_accounts(lines, e.tally.by_account);
    if (e.rejects > 0) lines.push_back(counted(e.rejects, "line", "lines") + " of the jobs file could not be read");
    lines.push_back("details: unipile status --store " + printable(e.store));
    return lines;
}

}  // namespace unipile::program
