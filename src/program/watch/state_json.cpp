#include "program/watch/state_json.hpp"

#include "program/stored/store_view.hpp"
#include "program/terminal/json_object.hpp"
#include "program/terminal/kinds.hpp"
#include "program/watch/politeness.hpp"

#include <algorithm>
#include <chrono>
#include <deque>
#include <string>
#include <vector>

namespace unipile::program {
namespace {

using std::chrono::milliseconds;

std::string jobs_json(const harvest_state& s)
{
    json_object out;
    out.add_number("all", s.jobs.all());
    out.add_number("done", s.jobs.done);
    out.add_number("failed", s.jobs.failed);
    out.add_number("running", s.running());
    out.add_number("waiting", s.jobs.open() - s.running());
    return out.finish();
}

std::string posts_json(const harvest_state& s)
{
    const std::uint64_t new_or_changed = s.tally.added + s.tally.changed;
    json_object out;
    out.add_number("read", s.tally.posts);
    out.add_number("new", s.tally.added);
    out.add_number("changed", s.tally.changed);
    out.add_number("unchanged", s.tally.posts - std::min(s.tally.posts, new_or_changed));
    out.add_decimal("per_minute", s.posts_per_second * 60);
    return out.finish();
}

std::string accounts_json(const accounts_view& a)
{
    json_object out;
    out.add_number("all", a.accounts);
    out.add_number("resting", a.resting);
    out.add_number("parked", a.parked_count);
    if (a.bounded) out.add_number("requests_left", a.left_today);
    return out.finish();
}

std::string parked_json(const accounts_view& accounts)
{
    std::vector<std::string> items;
    for (const auto& [name, reason] : accounts.parked) {
        json_object one;
        one.add_text("account", name);
        one.add_text("reason", reason);
        items.push_back(one.finish());
    }
    return json_array(items);
}

std::string outage_json(const outage_view& outage)
{
    json_object out;
    out.add_text("since", time_text(outage.since));
    out.add_text("next_attempt", time_text(outage.next_attempt));
    out.add_text("why", outage.why);
    return out.finish();
}

std::string account_json(const account_view& a)
{
    json_object out;
    out.add_text("account", a.account);
    out.add_filled("provider", a.provider);
    out.add_text("state", a.state);
    out.add_filled("why", a.why);
    if (std::string_view(a.state) != "parked") out.add_text("next_request", time_text(a.next_request));
    if (a.left) out.add_number("requests_left", *a.left);
    out.add_text("pace", a.pace);
    out.add_number("running", a.running);
    out.add_number("queued", a.queued);
    out.add_number("jobs_done", a.counts.done);
    out.add_number("jobs_failed", a.counts.failed);
    out.add_number("posts", a.counts.posts);
    out.add_number("requests", a.counts.requests);
    if (!a.windows.empty()) out.add("windows", windows_json(a.windows));
    return out.finish();
}

std::string each_json(const std::vector<account_view>& accounts)
{
    std::vector<std::string> items;
    items.reserve(accounts.size());
    for (const account_view& a : accounts) items.push_back(account_json(a));
    return json_array(items);
}

std::string ends_json(const kind_counts& ends)
{
    json_object out;
    for (const auto& [name, n] : most_frequent(ends)) out.add_number(name, n);
    return out.finish();
}

std::string failures_json(const store::harvester_stats& tally)
{
    std::vector<std::string> items;
    for (const auto& [name, n] : most_frequent(tally.by_end)) {
        const auto text = tally.failure_of.find(name);
        if (text == tally.failure_of.end()) continue;
        json_object one;
        one.add_text("kind", name);
        one.add_number("jobs", n);
        one.add_text("text", text->second);
        items.push_back(one.finish());
    }
    return json_array(items);
}

std::string recent_json(const std::deque<store::job_failure>& failures)
{
    std::vector<std::string> items;
    for (auto f = failures.rbegin(); f != failures.rend(); ++f) {
        json_object one;
        one.add_text("time", time_text(f->at));
        one.add_text("account", f->account);
        one.add_text("identifier", f->identifier);
        one.add_text("kind", f->kind);
        one.add_text("text", f->text.empty() ? f->kind : f->text);
        items.push_back(one.finish());
    }
    return json_array(items);
}

std::string growth_json(const growth_steps& steps)
{
    std::vector<std::string> numbers;
    numbers.reserve(steps.growth.size());
    for (const std::uint64_t n : steps.growth) numbers.push_back(std::to_string(n));
    json_object out;
    out.add_seconds("seconds_from", steps.began);
    out.add_seconds("seconds_step", steps.step);
    out.add("posts", json_array(numbers));
    return out.finish();
}

json_object object_of_type(const char* type, wall_time now)
{
    json_object out;
    out.add_text("message_type", type);
    out.add_text("time", time_text(now));
    return out;
}

void add_figures(json_object& out, const harvest_state& s)
{
    out.add_text("phase", s.phase);
    if (s.run != 0) out.add_number("run", static_cast<std::uint64_t>(s.run));
    out.add_seconds("seconds_elapsed", s.elapsed);
    if (s.eta) out.add_seconds("seconds_left", std::max(milliseconds{0}, *s.eta));
    out.add_number("percent_done", s.percent());
    out.add("jobs", jobs_json(s));
    out.add("posts", posts_json(s));
    out.add_number("unreadable_items", s.tally.quarantined);
    out.add_number("pages", s.tally.pages);
    out.add_number("requests", s.tally.requests);
    out.add_number("requests_running", s.accounts.running);
    out.add_number("retries", s.tally.retries);
    out.add_number("bytes", s.tally.wire_bytes);
    out.add("accounts", accounts_json(s.accounts));
    if (s.accounts.parked_count > 0) out.add("parked", parked_json(s.accounts));
    if (s.accounts.outage) out.add("outage", outage_json(*s.accounts.outage));
    out.add_flag("paused", s.paused);
    out.add_number("connections", s.connections);
    out.add_flag("shared", s.shared);
}

}  // namespace

std::string status_json(const harvest_state& s)
{
    json_object out = object_of_type("status", s.now);
    add_figures(out, s);
    return out.finish();
}

std::string page_json(const harvest_state& s)
{
    json_object out = object_of_type("status", s.now);
    add_figures(out, s);
    out.add_text("version", UNIPILE_VERSION);
    out.add("posts_so_far", growth_json(s.posts_so_far));
    out.add("recent_failures", recent_json(s.tally.recent_failures));
    out.add("each_account", each_json(s.accounts.each));
    return out.finish();
}

std::string summary_json(const harvest_state& s)
{
    json_object out = object_of_type("summary", s.now);
    out.add_flag("complete", s.whole());
    if (s.exit_code) out.add_number("exit_code", static_cast<std::uint64_t>(*s.exit_code));
    add_figures(out, s);
    out.add("ends", ends_json(s.tally.by_end));
    out.add("failures", failures_json(s.tally));
    out.add("each_account", each_json(s.accounts.each));
    out.add_number("unconfirmed_ends", s.unconfirmed());
    out.add_number("rejected_lines", s.rejects);
    out.add_number("withdrawn_jobs", s.withdrawn);
    out.add_flag("jobs_file_read", s.all_read);
    out.add_filled("store", s.store);
    return out.finish();
}

std::string message_json(std::string_view text, wall_time now)
{
    constexpr std::string_view name = "unipile: ";
    if (text.starts_with(name)) text.remove_prefix(name.size());
    json_object out = object_of_type("message", now);
    out.add_text("text", text);
    return out.finish();
}

std::string error_json(std::string_view text, int code, wall_time now)
{
    json_object out = object_of_type("error", now);
    out.add_number("exit_code", static_cast<std::uint64_t>(code));
    out.add_text("text", text);
    return out.finish();
}

std::string estimate_json(const harvest_estimate& e, const jobs_file_notes& notes)
{
    json_object out;
    out.add_text("message_type", "estimate");
    out.add_number("jobs", e.jobs);
    out.add_number("accounts", e.accounts);
    out.add_number("requests", e.requests);
    out.add_seconds("seconds", e.duration);
    out.add_text("bound_by", e.connection_bound ? "connections" : "pace");
    if (!e.slowest.empty()) {
        json_object slowest;
        slowest.add_text("account", e.slowest);
        slowest.add_number("jobs", e.slowest_jobs);
        slowest.add_seconds("seconds", e.slowest_duration);
        out.add("slowest_account", slowest.finish());
    }
    out.add_number("accounts_over_a_day", e.over_a_day);
    out.add_number("parked_accounts", e.parked_accounts);
    out.add_number("parked_jobs", e.parked_jobs);
    out.add_number("repeated_lines", notes.repeated);
    out.add_number("rejected_lines", notes.rejected);
    out.add_number("odd_identifiers", notes.odd);
    return out.finish();
}

}  // namespace unipile::program
