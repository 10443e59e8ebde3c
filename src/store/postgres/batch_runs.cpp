// Runs, and the imports that fill their queues.
#include "store/postgres/batch.hpp"
#include "store/postgres/job_rows.hpp"
#include "store/postgres/statements.hpp"

#include <array>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>

namespace unipile::store::postgres {

namespace {

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

}  // namespace

run_info batch::apply(const begin_run& op)
{
    const run_request& request = op.request;
    fence_own();
    lock_store();
    check_tenant(request);
    memory_.forget_open();
    if (auto last = unfinished_run(request, op.now)) return *last;
    query insert(
        "INSERT INTO unipile.runs (run, mode, max_posts, since, since_run, job_order, retry_failed, label, started, "
        "terms) "
        "SELECT coalesce(max(run), 0) + 1, $1, $2, $3, $4, $5, $6, $7, $8, $9 FROM unipile.runs RETURNING run");
    insert.add(std::string_view(name_of(request.mode))).add(request.bounds.max_posts);
    insert.add(storable(request.bounds.since)).add(request.bounds.since_run);
    insert.add(std::string_view(name_of(request.order))).add(request.retry_failed);
    insert.add(std::string_view(storable_text(request.label))).add(storable(op.now));
    insert.add(std::string_view(storable_text(request.terms)));
    run_info info;
    info.run = ask(std::move(insert)).integer(0, 0);
    fold_totals(info.run);
    info.mode = request.mode;
    info.label = request.label;
    info.started = op.now;
    info.terms = request.terms;
    return info;
}

// One worker at a time begins a run, so that all join the same one, or imports, which changes the same totals. What is
// read behind it is what the one before has left.
void batch::lock_store() { t_.add(query("SELECT value FROM unipile.store WHERE name = 'schema' FOR UPDATE")); }

// Adds up the totals of earlier runs, whose jobs change seldom.
void batch::fold_totals(std::int64_t run)
{
    query take(
        "DELETE FROM unipile.job_totals WHERE run <> $1 RETURNING run, state, end_reason, failure_type, jobs, suspect");
    take.add(run);
    const rows taken = ask(std::move(take));
    std::map<std::tuple<std::int64_t, std::int64_t, std::string, std::string>, std::array<std::int64_t, 2>> sums;
    for (int i = 0; i < taken.count(); ++i) {
        auto& sum = sums[{taken.integer(i, 0), taken.integer(i, 1), taken.string(i, 2), taken.string(i, 3)}];
        sum[0] += taken.integer(i, 4);
        sum[1] += taken.integer(i, 5);
    }
    array runs(type_id::bigint), state(type_id::bigint), end(type_id::text), failure(type_id::text);
    array jobs(type_id::bigint), suspect(type_id::bigint);
    for (const auto& [key, sum] : sums) {
        if (sum[0] == 0 && sum[1] == 0) continue;
        runs.add(std::get<0>(key));
        state.add(std::get<1>(key));
        end.add(std::string_view(std::get<2>(key)));
        failure.add(std::string_view(std::get<3>(key)));
        jobs.add(sum[0]);
        suspect.add(sum[1]);
    }
    if (runs.size() == 0) return;
    query put(
        "INSERT INTO unipile.job_totals (bucket, run, state, end_reason, failure_type, jobs, suspect) "
        "SELECT -1, * FROM unnest($1, $2, $3, $4, $5, $6)");
    put.add(std::move(runs)).add(std::move(state)).add(std::move(end)).add(std::move(failure));
    put.add(std::move(jobs)).add(std::move(suspect));
    t_.add(std::move(put));
}

std::string batch::apply(const read_tenant&) { return bound_tenant(); }

std::string batch::bound_tenant()
{
    const rows found = ask(query(read_bound_tenant));
    return found.count() == 0 ? std::string() : found.string(0, 0);
}

void batch::check_tenant(const run_request& request)
{
    if (request.tenant.empty()) return;
    const std::string bound = bound_tenant();
    if (bound == request.tenant) return;
    if (!bound.empty() && !request.move_tenant)
        throw store_error(store_errc::other_tenant, store_, "to " + bound + ", and not to " + request.tenant);
    query set(
        "INSERT INTO unipile.store VALUES ('tenant', $1) ON CONFLICT (name) DO UPDATE SET value = excluded.value");
    set.add(std::string_view(request.tenant));
    t_.add(std::move(set));
}

// Returns the last run if it can be continued with this request; ends it otherwise.
std::optional<run_info> batch::unfinished_run(const run_request& request, wall_time now)
{
    const rows found =
        ask(query("SELECT run, mode, max_posts, since, label, started, terms FROM unipile.runs WHERE ended IS NULL "
                  "ORDER BY run DESC LIMIT 1"));
    if (found.count() == 0) return std::nullopt;
    run_info info;
    info.run = found.integer(0, 0);
    info.resumed = true;
    info.mode = request.mode;
    info.label = found.string(0, 4);
    info.started = found.time(0, 5).value_or(wall_time{});
    info.terms = request.terms;
    run_row last;
    last.mode = mode_named(found.text(0, 1));
    last.bounds.max_posts = static_cast<std::uint64_t>(found.integer(0, 2));
    last.bounds.since = found.time(0, 3);
    const bool same = continues(request, last, info.label);
    if (!same)
        refuse_if_others_work("for a run of " + info.label +
                              (info.label == request.label ? " with other options" : ""));
    if (found.text(0, 6) != storable_text(request.terms))
        refuse_if_others_work("on other terms: " + first_line(found.string(0, 6)));
    if (!same || !can_go_on(info.run)) {
        query end("UPDATE unipile.runs SET ended = $1, outcome = 'given up for another run' WHERE ended IS NULL");
        end.add(storable(now));
        t_.add(std::move(end));
        return std::nullopt;
    }
    query retry("UPDATE unipile.runs SET retry_failed = $1, job_order = $2, terms = $3 WHERE run = $4");
    retry.add(request.retry_failed).add(std::string_view(name_of(request.order)));
    retry.add(std::string_view(storable_text(request.terms))).add(info.run);
    t_.add(std::move(retry));
    run_row row = run_of(info.run);
    row.retry_failed = request.retry_failed;
    row.order = request.order;
    row.import = 0;
    row.withheld = false;
    memory_.set_run(info.run, row);
    return info;
}

// The run under way is theirs, too.
void batch::refuse_if_others_work(const std::string& how)
{
    query others(
        "SELECT w.name FROM unipile.workers w WHERE w.state = 0 AND w.worker <> $1::uuid "
        "AND EXISTS (SELECT 1 FROM unipile.buckets b WHERE b.owner = w.worker) LIMIT 1");
    others.add(std::string_view(me().text));
    const rows found = ask(std::move(others));
    if (found.count() > 0)
        throw store_error(store_errc::in_use, store_,
                          "by " + found.string(0, 0) + ", " + how + "; unipile work joins it");
}

// If all open jobs of a run wait for parked accounts, continuing it would keep the other accounts' jobs from being
// harvested until one of them is unparked.
bool batch::can_go_on(std::int64_t run)
{
    query open(
        "SELECT count(*) = 0 OR count(*) > count(CASE WHEN coalesce(a.parked, false) THEN 1 END) FROM "
        "(SELECT DISTINCT bucket, account FROM unipile.unfinished WHERE run = $1 AND state IN (0, 1)) j "
        "LEFT JOIN unipile.accounts a ON a.bucket = j.bucket AND a.account = j.account");
    open.add(run);
    return ask(std::move(open)).boolean(0, 0);
}

bool batch::apply(const end_run& op)
{
    fence_own();
    query end(
        "UPDATE unipile.runs SET ended = $1, outcome = $2 WHERE run = $3 AND ended IS NULL AND NOT EXISTS ("
        "SELECT 1 FROM unipile.unfinished WHERE run = $3 AND state IN (0, 1)) "
        // More jobs may come.
        "AND NOT EXISTS (SELECT 1 FROM unipile.store WHERE name = 'open_import' AND value = import::text)");
    end.add(storable(op.now)).add(std::string_view(storable_text(op.outcome))).add(op.run);
    t_.add(std::move(end));
    // Another worker may have ended it before.
    query ended("SELECT ended IS NOT NULL FROM unipile.runs WHERE run = $1");
    ended.add(op.run);
    const rows found = ask(std::move(ended));
    return found.count() == 1 && found.boolean(0, 0);
}

run_row batch::run_of(std::int64_t run)
{
    if (const run_row* known = memory_.run(run)) return *known;
    query find(
        "SELECT mode, max_posts, since, since_run, job_order, retry_failed, listed, import FROM unipile.runs "
        "WHERE run = $1");
    find.add(run);
    const rows found = ask(std::move(find));
    run_row r;
    if (found.count() == 1) {
        r.mode = mode_named(found.text(0, 0));
        r.bounds.max_posts = static_cast<std::uint64_t>(found.integer(0, 1));
        r.bounds.since = found.time(0, 2);
        r.bounds.since_run = static_cast<unsigned>(found.integer(0, 3));
        r.order = order_named(found.text(0, 4));
        r.retry_failed = found.boolean(0, 5);
        r.listed = found.integer(0, 6);
    }
    memory_.set_run(run, r);
    return r;
}

void batch::apply(const begin_import& op)
{
    fence_own();
    run_row r = run_of(op.run);
    // One counter for all runs, since the import number of a job does not identify its run.
    query count(
        "SELECT coalesce(max(import), 0) + 1, count(CASE WHEN run = $1 AND (import > 0 OR listed > 0) THEN 1 END) "
        "FROM unipile.runs");
    count.add(op.run);
    const rows counted = ask(std::move(count));
    r.import = counted.integer(0, 0);
    r.listed = 0;
    query set("UPDATE unipile.runs SET import = $1, listed = 0 WHERE run = $2");
    set.add(r.import).add(op.run);
    t_.add(std::move(set));
    query open(
        "INSERT INTO unipile.store VALUES ('open_import', $1) ON CONFLICT (name) DO UPDATE SET value = excluded.value");
    open.add(std::string_view(std::to_string(r.import)));
    t_.add(std::move(open));
    // Only a run that was added to before may have jobs.
    r.withheld = false;
    if (counted.integer(0, 1) > 0) {
        query any("SELECT coalesce(sum(jobs), 0) > 0 FROM unipile.job_totals WHERE run = $1 AND state = 0");
        any.add(op.run);
        r.withheld = ask(std::move(any)).boolean(0, 0);
    }
    memory_.set_run(op.run, r);
}

namespace {

// Columns of jobs that are new to the store.
struct new_jobs {
    job_keys keys;
    array account{type_id::text}, identifier{type_id::text};
    array company{type_id::boolean}, sort_key{type_id::bigint}, number{type_id::bigint};

    void add(bucket_number b, std::int64_t n, const job_spec& spec, std::int64_t key, std::int64_t place)
    {
        keys.add(b, n);
        account.add(std::string_view(spec.account));
        identifier.add(std::string_view(spec.identifier));
        company.add(spec.is_company);
        sort_key.add(key);
        number.add(place);
    }
    query statement(std::int64_t run, std::int64_t import)
    {
        query q(
            "INSERT INTO unipile.jobs (bucket, job, account, identifier, company, sort_key, number, run, import) "
            "SELECT x.*, $8, $9 FROM unnest($1, $2, $3, $4, $5, $6, $7) AS x");
        q.add(keys.bucket).add(keys.job).add(std::move(account)).add(std::move(identifier));
        q.add(std::move(company)).add(std::move(sort_key)).add(std::move(number)).add(run).add(import);
        return q;
    }
};

// Columns of jobs that the store knows. Without a sort key it stays.
struct known_jobs {
    job_keys keys;
    array queued{type_id::boolean}, sort_key{type_id::bigint};

    query statement(std::int64_t run, std::int64_t import)
    {
        query q(
            "UPDATE unipile.jobs j SET run = $5, import = greatest(j.import, $6), "
            "sort_key = coalesce(x.sort_key, j.sort_key), state = CASE WHEN x.queued THEN 0 ELSE j.state END, "
            "due = CASE WHEN x.queued THEN NULL ELSE j.due END, "
            "end_reason = CASE WHEN x.queued THEN '' ELSE j.end_reason END, "
            "failure = CASE WHEN x.queued THEN '' ELSE j.failure END, "
            "failure_type = CASE WHEN x.queued THEN '' ELSE j.failure_type END, "
            "may_pass = j.may_pass AND NOT x.queued "
            "FROM unnest($1, $2, $3, $4) AS x(bucket, job, queued, sort_key) "
            "WHERE j.bucket = x.bucket AND j.job = x.job");
        q.add(keys.bucket).add(keys.job).add(std::move(queued)).add(std::move(sort_key));
        q.add(run).add(import);
        return q;
    }
};

query find_jobs(const listed_jobs& listed)
{
    array bucket(type_id::bigint), job(type_id::bigint);
    for (const auto& [key, one] : listed) {
        bucket.add(key.first);
        job.add(key.second);
    }
    query q(
        "SELECT j.bucket, j.job, j.account, j.identifier, j.company, j.run, j.state, j.may_pass, "
        "coalesce(j.tried, j.harvested), j.import FROM unnest($1, $2) AS x(bucket, job) "
        "JOIN unipile.jobs j ON j.bucket = x.bucket AND j.job = x.job");
    q.add(std::move(bucket)).add(std::move(job));
    return q;
}

// Adds one line of the list.
void list(listed_job& job, run_row& r, import_result& result)
{
    const std::int64_t number = ++r.listed;
    if (job.fresh && job.number == 0) {
        job.number = number;
        job.known = {true, true, job_state::queued, false};
        ++result.added;
        return;
    }
    const import_step step = import_step_of(job.known, r);
    count(result, step);
    if (step == import_step::repeat) return;
    job.number = number;
    job.known.in_this_run = job.known.in_this_import = true;
    if (step == import_step::queue) job.known.state = job_state::queued;
    if (job.step != import_step::queue) job.step = step;
}

}  // namespace

listed_jobs batch::listed_jobs_of(const add_jobs& op, const run_row& r)
{
    const auto refuse_collision = [this](const job_spec& one, const job_spec& other) {
        if (one != other)
            throw store_error(store_errc::engine, store_,
                              "two jobs have the same number: " + storable_text(one.identifier) + " and " +
                                  storable_text(other.identifier));
    };
    listed_jobs listed;
    for (const job_spec& spec : op.jobs) {
        listed_job& one = listed[key_of(spec)];
        if (one.spec) refuse_collision(*one.spec, spec);
        one.spec = &spec;
        one.fresh = true;
    }
    const rows found = ask(find_jobs(listed));
    for (int i = 0; i < found.count(); ++i) {
        listed_job& one = listed.at({static_cast<bucket_number>(found.integer(i, 0)), found.integer(i, 1)});
        refuse_collision(*one.spec, {found.string(i, 2), found.string(i, 3), found.boolean(i, 4)});
        one.fresh = false;
        one.known = {found.integer(i, 5) == op.run, found.integer(i, 9) == r.import, state_in(found, i, 6),
                     found.boolean(i, 7)};
        one.key = found.time(i, 8).value_or(wall_time{}).time_since_epoch().count();
    }
    return listed;
}

void batch::list_accounts(const listed_jobs& listed)
{
    std::set<std::pair<bucket_number, std::string_view>> accounts;
    for (const auto& [key, one] : listed)
        if (one.fresh) accounts.emplace(key.first, one.spec->account);
    array bucket(type_id::bigint), account(type_id::text);
    for (const auto& [b, name] : accounts) {
        bucket.add(b);
        account.add(name);
    }
    query q(
        "INSERT INTO unipile.listed_accounts (bucket, account) SELECT bucket, account FROM unnest($1, $2) "
        "AS x(bucket, account) ORDER BY bucket, account ON CONFLICT (bucket, account) DO NOTHING");
    q.add(std::move(bucket)).add(std::move(account));
    t_.add(std::move(q));
}

import_result batch::apply(const add_jobs& op)
{
    import_result result;
    fence_own();
    lock_store();
    run_row r = run_of(op.run);
    memory_.forget_open();
    listed_jobs listed = listed_jobs_of(op, r);
    for (const job_spec& spec : op.jobs) list(listed.at(key_of(spec)), r, result);
    new_jobs fresh;
    known_jobs known;
    for (const auto& [key, one] : listed) {
        const bool by_place = r.order == job_order::listed;
        if (one.fresh) {
            fresh.add(key.first, key.second, *one.spec, by_place ? one.number : 0, one.number);
        } else if (one.step) {
            const bool open = *one.step == import_step::queue || *one.step == import_step::keep;
            known.keys.add(key.first, key.second);
            known.queued.add(*one.step == import_step::queue);
            known.sort_key.add(open ? std::optional(by_place ? one.number : one.key) : std::nullopt);
        }
    }
    if (fresh.keys.size() > 0) {
        t_.add(fresh.statement(op.run, r.import));
        t_.add(add_new_to_totals(op.run, fresh.keys.size()));
        t_.add(note_unfinished(fresh.keys));
        list_accounts(listed);
    }
    if (known.keys.size() > 0) {
        t_.add(subtract_from_totals(known.keys, totals_of::imports));
        t_.add(known.statement(op.run, r.import));
        t_.add(add_to_totals(known.keys, totals_of::imports));
        t_.add(drop_outdated(known.keys));
        t_.add(note_unfinished(known.keys));
    }
    query set("UPDATE unipile.runs SET listed = $1 WHERE run = $2");
    set.add(r.listed).add(op.run);
    t_.add(std::move(set));
    memory_.set_run(op.run, r);
    return result;
}

}  // namespace unipile::store::postgres
