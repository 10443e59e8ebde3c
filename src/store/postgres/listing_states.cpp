// The rows of jobs and accounts that pages and ends write.
#include "store/postgres/job_rows.hpp"
#include "store/postgres/listing_work.hpp"
#include "store/postgres/statements.hpp"

namespace unipile::store::postgres {

namespace {

constexpr const char* update_jobs =
    "UPDATE unipile.jobs j SET timeline = coalesce(x.line, j.timeline), "
    "suspect = CASE WHEN x.line IS NULL THEN j.suspect ELSE x.suspect END, posts = j.posts + x.posts, "
    "pages = j.pages + x.pages, requests = j.requests + x.requests, state = coalesce(x.state, j.state), "
    "due = CASE WHEN x.state IS NULL THEN j.due ELSE x.due END, end_reason = coalesce(x.ends, j.end_reason), "
    "failure = CASE WHEN x.ends IS NULL THEN j.failure ELSE x.failure END, "
    "failure_type = CASE WHEN x.ends IS NULL THEN j.failure_type ELSE x.failure_type END, "
    "may_pass = CASE WHEN x.ends IS NULL THEN j.may_pass ELSE x.may_pass END, "
    "whole = coalesce(x.whole, j.whole), harvested = coalesce(x.harvested, j.harvested), "
    "tried = coalesce(x.tried, j.tried), attempts = CASE WHEN x.progressed THEN 0 ELSE j.attempts END "
    "FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17) "
    "AS x(bucket, job, line, suspect, posts, pages, requests, state, due, ends, failure, failure_type, may_pass, "
    "whole, harvested, tried, progressed) WHERE j.bucket = x.bucket AND j.job = x.job";

}  // namespace

void listing_work::write_jobs()
{
    if (jobs_.empty()) return;
    job_keys all, counted, moved;
    bool open = false;
    array line(type_id::text), suspect(type_id::boolean);
    array posts(type_id::bigint), pages(type_id::bigint), requests(type_id::bigint), state(type_id::bigint);
    array due(type_id::timestamp), end(type_id::text), failure(type_id::text), type(type_id::text);
    array may_pass(type_id::boolean), whole(type_id::boolean), harvested(type_id::timestamp), tried(type_id::timestamp);
    array progressed(type_id::boolean);
    for (const auto& [number, c] : jobs_) {
        all.add(c.bucket, number);
        if (c.state || c.turned) counted.add(c.bucket, number);
        if (c.state) moved.add(c.bucket, number);
        open = open || (c.state && *c.state != job_state::done);
        line.add(c.timeline ? std::optional<std::string_view>(*c.timeline) : std::nullopt);
        suspect.add(c.suspect);
        posts.add(c.posts);
        pages.add(c.pages);
        requests.add(c.requests);
        state.add(c.state ? std::optional(static_cast<std::int64_t>(*c.state)) : std::nullopt);
        due.add(storable(c.due));
        end.add(c.end ? std::optional<std::string_view>(*c.end) : std::nullopt);
        failure.add(std::string_view(c.failure));
        type.add(std::string_view(c.failure_type));
        may_pass.add(c.may_pass);
        whole.add(c.whole);
        harvested.add(storable(c.harvested));
        tried.add(storable(c.tried));
        progressed.add(c.progressed);
    }
    query q(update_jobs);
    q.add(all.bucket).add(all.job).add(std::move(line)).add(std::move(suspect)).add(std::move(posts));
    q.add(std::move(pages)).add(std::move(requests)).add(std::move(state)).add(std::move(due)).add(std::move(end));
    q.add(std::move(failure)).add(std::move(type)).add(std::move(may_pass)).add(std::move(whole));
    q.add(std::move(harvested)).add(std::move(tried)).add(std::move(progressed));
    if (all.size() > 1 && counted.size() < all.size()) t_.add(lock_jobs(all));
    if (counted.size() > 0) t_.add(subtract_from_totals(counted, totals_of::owner));
    t_.add(std::move(q));
    if (counted.size() > 0) t_.add(add_to_totals(counted, totals_of::owner));
    if (moved.size() > 0) t_.add(drop_outdated(moved));
    if (open) t_.add(note_unfinished(moved));
}

void listing_work::write_accounts()
{
    if (accounts_.empty()) return;
    array bucket(type_id::bigint), account(type_id::text), ledger(type_id::text), provider(type_id::text);
    array parked(type_id::boolean), since(type_id::timestamp), until(type_id::timestamp), why(type_id::text);
    array requests(type_id::bigint), today(type_id::bigint), updated(type_id::timestamp), job(type_id::bigint);
    for (const auto& [name, change] : accounts_) {
        const account_row& row = *change.row;
        if (!change.same_parking) drop_unpark_request(name);
        bucket.add(batch_.bucket_of(name));
        account.add(name);
        ledger.add(std::string_view(row.ledger));
        provider.add(std::string_view(storable_text(row.provider)));
        parked.add(row.parked);
        since.add(storable(row.parked_since));
        until.add(storable(row.waits_until));
        why.add(std::string_view(storable_text(row.why)));
        requests.add(row.requests);
        today.add(row.used_today);
        updated.add(storable(row.updated));
        job.add(change.job);
    }
    // A request to unpark lasts as long as the parking that it concerns, and ends no other one.
    query q(
        "INSERT INTO unipile.accounts AS a (bucket, account, ledger, provider, parked, parked_since, waits_until, why, "
        "requests, used_today, updated, job) SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) "
        "ORDER BY 1, 2 ON CONFLICT (bucket, account) DO UPDATE SET "
        "unpark = a.unpark AND excluded.parked AND a.parked_since IS NOT DISTINCT FROM excluded.parked_since, "
        "parked = excluded.parked AND NOT (a.unpark AND a.parked_since IS NOT DISTINCT FROM excluded.parked_since), "
        "ledger = excluded.ledger, provider = excluded.provider, parked_since = excluded.parked_since, "
        "waits_until = excluded.waits_until, why = excluded.why, requests = excluded.requests, "
        "used_today = excluded.used_today, updated = excluded.updated, job = excluded.job");
    q.add(std::move(bucket)).add(std::move(account)).add(std::move(ledger)).add(std::move(provider));
    q.add(std::move(parked)).add(std::move(since)).add(std::move(until)).add(std::move(why)).add(std::move(requests));
    q.add(std::move(today)).add(std::move(updated)).add(std::move(job));
    t_.add(std::move(q));
}

// An earlier row of this transaction has ended the parking.
void listing_work::drop_unpark_request(std::string_view account)
{
    query q("UPDATE unipile.accounts SET unpark = false WHERE bucket = $1 AND account = $2 AND unpark");
    q.add(batch_.bucket_of(account)).add(account);
    t_.add(std::move(q));
}

}  // namespace unipile::store::postgres
