#include "store/store_rules.hpp"

namespace unipile::store {

const char* name_of(walk_mode m) noexcept { return m == walk_mode::full ? "full" : "update"; }

const char* name_of(job_order o) noexcept { return o == job_order::listed ? "listed" : "least_recent"; }

walk_mode mode_named(std::string_view name) noexcept
{
    return name == name_of(walk_mode::full) ? walk_mode::full : walk_mode::update;
}

job_order order_named(std::string_view name) noexcept
{
    return name == name_of(job_order::listed) ? job_order::listed : job_order::least_recent;
}

bool continues(const run_request& request, const run_row& run, std::string_view label)
{
    return !request.restart && run.mode == request.mode && label == request.label &&
           run.bounds.max_posts == request.bounds.max_posts && run.bounds.since == request.bounds.since;
}

import_step import_step_of(const known_job& job, const run_row& run) noexcept
{
    if (job.in_this_run && run.import != 0 && job.in_this_import) return import_step::repeat;
    if (job.in_this_run && (job.state == job_state::queued || job.state == job_state::delayed))
        return import_step::keep;
    if (job.in_this_run && job.state == job_state::done) return import_step::settle;
    if (job.state == job_state::failed && !run.retry_failed && (job.in_this_run || !job.may_pass))
        return import_step::give_up;
    return import_step::queue;
}

void count(import_result& result, import_step what) noexcept
{
    switch (what) {
        case import_step::repeat: ++result.repeated; break;
        case import_step::keep:
        case import_step::queue: ++result.queued; break;
        case import_step::settle: ++result.settled; break;
        case import_step::give_up: ++result.gave_up; break;
    }
}

std::string stored_id(const post_row& p)
{
    if (!p.id().empty()) return std::string(p.id());
    static constexpr char digits[] = "0123456789abcdef";
    std::string id = "content:";
    for (const std::uint64_t part : p.fingerprint().content)
        for (int shift = 60; shift >= 0; shift -= 4) id += digits[(part >> shift) & 15];
    return id;
}

difference compared(const stored_view& known, const fingerprint& read, std::int64_t job) noexcept
{
    // Fields that only the owner's account sees are kept when another account's view has newer counters.
    const bool keeps_own = known.own != 0 && read.own == 0 && known.job != job;
    if (known.content != read.content) return difference::content;
    if ((known.counters != read.counters && !keeps_own) || (read.own != 0 && known.own != read.own))
        return difference::counters;
    const bool newer_links = known.links != read.links && (known.own == 0 || read.own != 0);
    return newer_links ? difference::links : difference::none;
}

std::optional<change_kind> change_by(std::uint64_t kinds, bool is_gone) noexcept
{
    const auto has = [kinds](int kind) { return (kinds >> kind & 1) != 0; };
    if (is_gone && (has(logged::gone) || has(logged::added))) return change_kind::gone;
    if (has(logged::added)) return change_kind::added;
    if (has(logged::returned) && !is_gone) return change_kind::returned;
    if (has(logged::content)) return change_kind::content;
    if (has(logged::counters)) return change_kind::counters;
    if (has(logged::links)) return change_kind::links;
    return std::nullopt;
}

page_facts facts_of(const page_write& page, bool new_quarantined) noexcept
{
    page_facts facts;
    facts.page_ends = page.page_ends;
    facts.missing = page.missing;
    facts.empty_pages = page.empty_pages;
    facts.overlapped = page.overlapped;
    facts.reread = page.reread;
    facts.quarantined = !page.quarantined.empty();
    facts.new_quarantined = new_quarantined;
    return facts;
}

std::string_view end_within(const timeline& line, const step& s)
{
    if (s.what == step::kind::complete) return s.inferred ? up_to_date_inferred : up_to_date;
    // Without a bound, it is a refused end, which is checked again later.
    return to_string(line.bound() == end_reason::none ? end_reason::refused_cursor : line.bound());
}

job_state state_after(const job_end& end) noexcept
{
    if (end.again_at) return job_state::delayed;
    const bool stopped = end.reason == end_reason::cancelled || end.reason == end_reason::none;
    return stopped ? job_state::queued : job_state::failed;
}

std::string stored_name(const set_setting& op) { return "setting " + op.name; }

void add(job_counts& counts, job_state state, std::uint64_t n) noexcept
{
    switch (state) {
        case job_state::queued: counts.queued += n; break;
        case job_state::delayed: counts.delayed += n; break;
        case job_state::done: counts.done += n; break;
        case job_state::failed: counts.failed += n; break;
    }
}

bool is_inferred_end(std::string_view name)
{
    return name == up_to_date_inferred || is_inferred(parse_end_reason(name).value_or(end_reason::none));
}

void count_jobs_in(store_summary& sum, job_state state, bool withdrawn, std::string_view end,
                   std::string_view failure_type, std::uint64_t n)
{
    if (withdrawn && state != job_state::done)
        sum.withdrawn += n;
    else
        add(sum.jobs, state, n);
    if (state == job_state::done) {
        sum.by_end[std::string(end)] += n;
        if (end == up_to_date) sum.ends.up_to_date += n;
        if (is_inferred_end(end)) sum.ends.inferred += n;
        const end_reason reason = parse_end_reason(end).value_or(end_reason::none);
        if (is_complete(reason)) sum.ends.complete += n;
        if (is_chosen(reason)) sum.ends.chosen += n;
    } else if (state == job_state::failed && !withdrawn) {
        sum.by_end[std::string(end)] += n;
        sum.by_failure[std::string(failure_type)] += n;
        sum.ends.failed += n;
    }
}

}  // namespace unipile::store
