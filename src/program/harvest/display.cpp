#include "program/harvest/display.hpp"

#include "program/stored/store_view.hpp"
#include "program/terminal/columns.hpp"
#include "program/terminal/figures.hpp"
#include "program/terminal/safe_text.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace unipile::program {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t parked_shown = 3;
constexpr std::size_t least_shown = 12;  ///< columns of the first account
constexpr std::size_t longest_cell = 40;
constexpr std::size_t longest_reason = 60;
constexpr std::size_t longest_outage = 200;

std::string percent(const harvest_state& s) { return std::to_string(s.percent()) + '%'; }

/// `[####!!>>....]`: done, failed, running, waiting.
std::string bar(const harvest_state& s, std::size_t cells)
{
    const store::job_counts& jobs = s.jobs;
    std::string out(cells, '.');
    if (jobs.all() > 0) {
        const double cell = static_cast<double>(cells) / static_cast<double>(jobs.all());
        std::uint64_t sum = 0;
        std::size_t at = 0;
        const auto fill = [&](std::uint64_t n, char c) {
            sum += n;
            const auto to = std::min(cells, static_cast<std::size_t>(static_cast<double>(sum) * cell + 1e-9));
            for (; at < to; ++at) out[at] = c;
        };
        fill(jobs.done, '#');
        fill(jobs.failed, '!');
        fill(s.running(), '>');
    }
    return '[' + out + ']';
}

std::string left_text(const harvest_state& s)
{
    return s.eta ? "about " + human_duration(std::max(milliseconds{0}, *s.eta)) + " to go" : std::string{};
}

std::string head_line(const harvest_state& s, std::size_t width)
{
    const std::size_t cells = std::clamp<std::size_t>(width / 4, 4, 40);
    std::string out = bar(s, cells) + ' ' + percent(s) + ' ' + s.phase;
    out += ", " + human_duration(s.elapsed);
    if (s.eta) out += ", " + left_text(s);
    return out;
}

std::string jobs_text(const harvest_state& s)
{
    return with_thousands(s.jobs.done) + " done, " + with_thousands(s.running()) +
           (s.shared ? " running here, " : " running, ") + with_thousands(s.jobs.open() - s.running()) + " waiting, " +
           with_thousands(s.jobs.failed) + " failed";
}

std::string rate_text(double per_second)
{
    const double shown = std::isfinite(per_second) ? std::clamp(per_second, 0.0, 1e18) : 0;
    return with_thousands(static_cast<std::uint64_t>(std::round(shown))) + "/s";
}

/// What precedes the figures of this process.
std::string own_part(const harvest_state& s)
{
    if (!s.shared) return {};
    return "this worker: " + counted(s.tally.jobs_done + s.tally.jobs_failed, "job", "jobs") + ", ";
}

std::string posts_text(const harvest_state& s)
{
    return with_thousands(s.tally.posts) + " (" + rate_text(s.posts_per_second) + ")";
}

std::string requests_line(const harvest_state& s)
{
    std::string out = "requests: " + with_thousands(s.tally.requests);
    if (s.accounts.bounded) out += ", " + with_thousands(s.accounts.left_today) + " left in the budgets";
    out += ", " + with_thousands(s.accounts.running) + " under way";
    if (s.tally.retries > 0) out += ", " + counted(s.tally.retries, "retry", "retries");
    return out;
}

std::string accounts_line(const harvest_state& s)
{
    return "accounts: " + with_thousands(s.accounts.accounts) + ", " + with_thousands(s.accounts.resting) +
           " resting, " + with_thousands(s.accounts.parked_count) + " parked";
}

std::string named(const std::pair<std::string, std::string>& parked)
{
    return printable(parked.first, longest_cell) + " (" + printable(parked.second, longest_reason) + ')';
}

std::string and_more(std::size_t n) { return "and " + with_thousands(n) + " more"; }

/// Returns as many accounts as fit, at least one, and the number of the others.
std::string parked_line(const accounts_view& accounts, std::size_t width)
{
    std::string out = "parked: ";
    const std::size_t all = std::max(accounts.parked_count, accounts.parked.size());
    std::size_t shown = 0;
    for (; shown < std::min(parked_shown, accounts.parked.size()); ++shown) {
        const std::string next = (shown > 0 ? ", " : "") + named(accounts.parked[shown]);
        const std::size_t rest = all - shown - 1;
        const std::size_t available = rest == 0 ? width : width - std::min(width, and_more(rest).size() + 2);
        if (shown > 0 && columns_of(out) + columns_of(next) > available) break;
        out += shown == 0 ? fitted(next, std::max(available, out.size() + least_shown) - out.size()) : next;
    }
    if (all == shown) return out;
    return out + (shown == 0 ? with_thousands(all) : ", " + and_more(all - shown));
}

std::string outage_line(const outage_view& outage, std::chrono::sys_time<milliseconds> now)
{
    std::string out = "no answer from the server for " + human_duration(std::max(milliseconds{0}, now - outage.since));
    out += ", " + (outage.next_attempt > now ? "next attempt in " + human_duration(outage.next_attempt - now)
                                             : std::string{"trying again"});
    return out + ": " + printable(outage.why, longest_outage);
}

}  // namespace

std::vector<std::string> live_lines(const harvest_state& s, std::size_t width)
{
    std::vector<std::string> lines;
    lines.push_back(head_line(s, width));
    if (s.accounts.outage) lines.push_back(outage_line(*s.accounts.outage, s.now));
    lines.push_back("jobs: " + jobs_text(s));
    lines.push_back(own_part(s) + "posts: " + posts_text(s) + ", " + with_thousands(s.tally.added) + " new, " +
                    counted(s.tally.pages, "page", "pages"));
    lines.push_back(requests_line(s));
    if (s.accounts.accounts > 0) lines.push_back(accounts_line(s));
    if (s.accounts.parked_count > 0) lines.push_back(parked_line(s.accounts, width));
    for (auto& line : lines) line = fitted(line, width);
    return lines;
}

std::string plain_line(const harvest_state& s)
{
    std::string out = time_text(s.now) + ' ' + human_duration(s.elapsed) + ": " + s.phase + ": jobs " + jobs_text(s) +
                      " (" + percent(s) + "); " + own_part(s) + "posts " + posts_text(s) + "; " + requests_line(s);
    if (s.accounts.outage) out += "; " + outage_line(*s.accounts.outage, s.now);
    if (s.accounts.resting > 0) out += "; accounts resting: " + with_thousands(s.accounts.resting);
    if (s.accounts.parked_count > 0) {
        constexpr std::size_t log_width = 400;
        out += "; " + parked_line(s.accounts, log_width);
    }
    if (s.eta) out += "; " + left_text(s);
    return out;
}

}  // namespace unipile::program
