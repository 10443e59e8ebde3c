#include "program/watch/metrics.hpp"

#include "program/terminal/safe_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <functional>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace unipile::program {
namespace {

using std::chrono::milliseconds;

double seconds(milliseconds d) { return static_cast<double>(d.count()) / 1000; }
double seconds(wall_time t) { return seconds(t.time_since_epoch()); }
double number(std::uint64_t n) { return static_cast<double>(n); }

/// Returns the value of a label: UTF-8, with what the format reserves escaped.
std::string label_value(std::string_view text)
{
    std::string out;
    for (const char c : plain_text(text)) {
        if (c == '\n')
            out += "\\n";
        else if (c == '"' || c == '\\')
            (out += '\\') += c;
        else
            out += c;
    }
    return out;
}

/// Writes metrics one after the other.
class metric_writer {
public:
    /// Begins a metric: its samples follow.
    void begin(std::string_view name, std::string_view type, std::string_view help)
    {
        name_ = "unipile_" + std::string(name);
        ((text_ += "# HELP ") += name_) += ' ';
        (text_ += help) += '\n';
        (((text_ += "# TYPE ") += name_) += ' ') += type;
        text_ += '\n';
    }
    void sample(double value) { sample({}, {}, value); }
    void sample(std::string_view label, std::string_view label_text, double value)
    {
        text_ += name_;
        if (!label.empty()) (((text_ += '{') += label) += "=\"" + label_value(label_text)) += "\"}";
        std::array<char, 32> digits{};
        const double finite = std::isfinite(value) ? value : 0;
        const bool is_plain = std::abs(finite) < 1e15;  // of any other, the digits don't matter
        const auto form = is_plain ? std::chars_format::fixed : std::chars_format::general;
        const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), finite, form).ptr;
        (text_ += ' ').append(digits.data(), end) += '\n';
    }
    void gauge(std::string_view name, std::string_view help, double value)
    {
        begin(name, "gauge", help);
        sample(value);
    }
    void counter(std::string_view name, std::string_view help, std::uint64_t value)
    {
        begin(name, "counter", help);
        sample(number(value));
    }
    std::string take() { return std::move(text_); }

private:
    std::string text_, name_;
};

void write_run(metric_writer& out, const harvest_state& s)
{
    out.begin("build_info", "gauge", "The version of the program; always 1.");
    out.sample("version", UNIPILE_VERSION, 1);
    out.gauge("harvest_running", "1 until the harvest has ended.", s.exit_code ? 0 : 1);
    out.gauge("harvest_start_time_seconds", "When this process began.", seconds(s.began));
    if (s.exit_code) {
        out.gauge("harvest_end_time_seconds", "When the harvest ended.", seconds(s.now));
        out.gauge("harvest_exit_code", "The exit code of the harvest.", *s.exit_code);
        out.gauge("harvest_complete", "1 if every job is done.", s.whole() ? 1 : 0);
    }
    out.gauge("harvest_outage", "1 while the server can't be reached or does not work.", s.accounts.outage ? 1 : 0);
    out.gauge("harvest_paused", "1 while no request is sent, by unipile control.", s.paused ? 1 : 0);
    if (s.eta)
        out.gauge("harvest_left_seconds", "About how much longer it takes.",
                  seconds(std::max(milliseconds{0}, *s.eta)));
    out.begin("jobs", "gauge", "Jobs of the run, in all processes that work on it.");
    out.sample("state", "done", number(s.jobs.done));
    out.sample("state", "failed", number(s.jobs.failed));
    out.sample("state", "running", number(s.running()));
    out.sample("state", "waiting", number(s.jobs.open() - s.running()));
}

void write_counters(metric_writer& out, const harvest_state& s)
{
    const std::uint64_t new_or_changed = s.tally.added + s.tally.changed;
    out.begin("posts_total", "counter", "Posts that this process has stored.");
    out.sample("change", "new", number(s.tally.added));
    out.sample("change", "changed", number(s.tally.changed));
    out.sample("change", "unchanged", number(s.tally.posts - std::min(s.tally.posts, new_or_changed)));
    out.counter("unreadable_items_total", "Items that are no posts.", s.tally.quarantined);
    out.counter("pages_total", "Pages that this process has stored.", s.tally.pages);
    out.counter("requests_total", "Requests of this process.", s.tally.requests);
    out.counter("retries_total", "Requests that were sent again.", s.tally.retries);
    out.counter("received_bytes_total", "Bytes of the answers of listings that have ended.", s.tally.wire_bytes);
    out.begin("jobs_ended_total", "counter", "Jobs that have ended in this process, by how.");
    for (const auto& [end, n] : s.tally.by_end) out.sample("end", end, number(n));
    out.gauge("requests_running", "Requests under way.", number(s.accounts.running));
    out.gauge("connections", "Requests at once, at most.", number(s.connections));
}

void write_accounts(metric_writer& out, const accounts_view& a)
{
    const std::uint64_t rest = a.resting + a.parked_count;
    out.begin("accounts", "gauge", "Accounts that had a job in this process.");
    out.sample("state", "parked", number(a.parked_count));
    out.sample("state", "resting", number(a.resting));
    out.sample("state", "working", number(a.accounts - std::min<std::uint64_t>(a.accounts, rest)));
    if (a.bounded) out.gauge("requests_left", "Requests that the paces still allow.", number(a.left_today));
}

void write_each_account(metric_writer& out, const std::vector<account_view>& all)
{
    if (all.empty()) return;
    const auto end = all.begin() + static_cast<std::ptrdiff_t>(std::min(all.size(), most_accounts_with_metrics));
    out.gauge("accounts_without_metrics", "Accounts that have no metrics of their own, since there are too many.",
              number(static_cast<std::uint64_t>(all.end() - end)));
    const auto each = [&](const char* name, const char* type, const char* help,
                          const std::function<std::optional<double>(const account_view&)>& value) {
        out.begin(name, type, help);
        for (auto a = all.begin(); a != end; ++a)
            if (const auto v = value(*a)) out.sample("account", a->account, *v);
    };
    const auto is_parked = [](const account_view& a) { return std::string_view(a.state) == "parked"; };
    each("account_parked", "gauge", "1 while the account waits for its owner.",
         [&](const account_view& a) { return is_parked(a) ? 1 : 0; });
    each("account_next_request_time_seconds", "gauge", "The earliest time of the account's next request.",
         [&](const account_view& a) { return is_parked(a) ? std::nullopt : std::optional(seconds(a.next_request)); });
    each("account_requests_left", "gauge", "Requests that the account's longest window still allows.",
         [](const account_view& a) { return a.left ? std::optional(number(*a.left)) : std::nullopt; });
    each("account_requests_total", "counter", "Requests of the account.",
         [](const account_view& a) { return number(a.counts.requests); });
    each("account_posts_total", "counter", "Posts that the account has brought.",
         [](const account_view& a) { return number(a.counts.posts); });
    each("account_jobs_done_total", "counter", "Jobs of the account that are done.",
         [](const account_view& a) { return number(a.counts.done); });
    each("account_jobs_failed_total", "counter", "Jobs of the account that have failed.",
         [](const account_view& a) { return number(a.counts.failed); });
}

}  // namespace

std::string metrics_text(const harvest_state& s, const process_figures& process)
{
    metric_writer out;
    write_run(out, s);
    write_counters(out, s);
    write_accounts(out, s.accounts);
    write_each_account(out, s.accounts.each);
    out.gauge("process_resident_memory_bytes", "Memory of the process.", number(process.resident_bytes));
    out.begin("process_cpu_seconds_total", "counter", "CPU time of the process.");
    out.sample(seconds(process.cpu));
    return out.take();
}

}  // namespace unipile::program
