#include "store/postgres/schema.hpp"

#include "store/postgres/statements.hpp"
#include "store/postgres/transaction.hpp"
#include "store/store_rules.hpp"
#include "store/views.hpp"

#include <charconv>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace unipile::store::postgres {

namespace {

// Tables of rows that change often leave space on each page, and no index has a column that changes: such updates write
// no index entry. The space lasts while another session's long transaction keeps old versions from being removed, as
// rows of small tables have ten times their size. What an index has to find while it changes is a row of its own, which
// is inserted and deleted. Names are compared byte by byte, whatever the database's collation.
constexpr const char* tables[] = {
    "CREATE SCHEMA unipile",
    // The properties of the store: schema, buckets, lease times, tenant, number of an import that has not ended.
    "CREATE TABLE unipile.store (name text PRIMARY KEY, value text NOT NULL)",
    // `worker` is new with each start; `name` is for people. `state` never becomes 0 again;
    // `alone`: it shares the store with no other.
    R"sql(CREATE TABLE unipile.workers (
    worker uuid PRIMARY KEY,
    name text NOT NULL,
    state smallint NOT NULL,              -- 0 live, 1 fenced, 2 left
    beat bigint NOT NULL,
    started timestamptz NOT NULL,
    at timestamptz NOT NULL,
    alone boolean NOT NULL DEFAULT false) WITH (fillfactor = 10))sql",
    // Numbers the transactions of a worker that belong to no bucket. Apart from `workers`, so that no beat waits for
    // such a transaction.
    "CREATE TABLE unipile.batches (worker uuid PRIMARY KEY, seq bigint NOT NULL) WITH (fillfactor = 10)",
    R"sql(CREATE TABLE unipile.buckets (
    bucket smallint PRIMARY KEY,
    owner uuid,                           -- null: free
    epoch bigint NOT NULL DEFAULT 0,      -- rises with each change of the owner
    seq bigint NOT NULL DEFAULT 0)        -- rises with each transaction of the owner
    WITH (fillfactor = 10))sql",
    R"sql(CREATE TABLE unipile.runs (
    run bigint PRIMARY KEY,
    mode text NOT NULL,                   -- update, full
    max_posts bigint NOT NULL,
    since timestamptz,
    since_run integer NOT NULL,
    job_order text NOT NULL,              -- least_recent, listed
    retry_failed boolean NOT NULL,
    label text NOT NULL,
    terms text NOT NULL DEFAULT '',       -- pace of the accounts, and what becomes of parked ones
    listed bigint NOT NULL DEFAULT 0,     -- jobs added by the last import
    import bigint NOT NULL DEFAULT 0,     -- number of the last import of its jobs file
    started timestamptz NOT NULL,
    ended timestamptz,
    outcome text NOT NULL DEFAULT '') WITH (fillfactor = 10))sql",
    R"sql(CREATE TABLE unipile.accounts (
    bucket smallint NOT NULL,
    account text COLLATE "C" NOT NULL,
    ledger text NOT NULL,
    provider text NOT NULL,
    parked boolean NOT NULL,
    parked_since timestamptz,
    waits_until timestamptz,
    why text NOT NULL,
    requests bigint NOT NULL,
    used_today bigint NOT NULL,
    updated timestamptz NOT NULL,
    unpark boolean NOT NULL DEFAULT false,
    job bigint NOT NULL DEFAULT 0,        -- whose request is in flight; 0: none
    PRIMARY KEY (bucket, account)) WITH (fillfactor = 10))sql",
    "CREATE INDEX accounts_by_name ON unipile.accounts (account)",
    "CREATE INDEX accounts_to_unpark ON unipile.accounts (account) WHERE unpark",
    // All accounts that ever had a job.
    "CREATE TABLE unipile.listed_accounts (bucket smallint NOT NULL, account text COLLATE \"C\" NOT NULL, "
    "PRIMARY KEY (bucket, account))",
    "CREATE INDEX listed_accounts_by_name ON unipile.listed_accounts (account)",
    R"sql(CREATE TABLE unipile.jobs (
    job bigint NOT NULL,                  -- a hash of account, identifier and company
    run bigint NOT NULL,                  -- the last one that had it; 0: withdrawn
    sort_key bigint NOT NULL,
    number bigint NOT NULL,               -- place in the import that added it
    due timestamptz,                      -- when the delay ends; null in other states
    posts bigint NOT NULL DEFAULT 0,      -- found in this listing, ever
    pages bigint NOT NULL DEFAULT 0,
    requests bigint NOT NULL DEFAULT 0,
    harvested timestamptz,
    tried timestamptz,                    -- when it was last done or failed
    import bigint NOT NULL,               -- number of the import that named it last
    bucket smallint NOT NULL,
    state smallint NOT NULL DEFAULT 0,    -- 0 queued, 1 delayed, 3 done, 4 failed
    attempts smallint NOT NULL DEFAULT 0, -- workers that ended while a request of it was in flight
    company boolean NOT NULL,
    may_pass boolean NOT NULL DEFAULT false,
    whole boolean NOT NULL DEFAULT false, -- everything is stored, as of `harvested`
    suspect boolean NOT NULL DEFAULT false,
    account text COLLATE "C" NOT NULL,
    identifier text COLLATE "C" NOT NULL,
    end_reason text NOT NULL DEFAULT '',
    failure text NOT NULL DEFAULT '',
    failure_type text NOT NULL DEFAULT '',
    timeline text NOT NULL DEFAULT '',    -- which stretches are proven, and where to go on
    PRIMARY KEY (bucket, job)) WITH (fillfactor = 10))sql",
    "CREATE INDEX jobs_by_account ON unipile.jobs (account)",
    "CREATE INDEX jobs_by_identifier ON unipile.jobs (identifier, company)",
    // The jobs that are not done, but for withdrawn ones that wait: what has to be found by its state. Never updated.
    R"sql(CREATE TABLE unipile.unfinished (
    job bigint NOT NULL,
    run bigint NOT NULL,                  -- this one and the others: as in `jobs`
    sort_key bigint NOT NULL,
    number bigint NOT NULL,
    due timestamptz,
    bucket smallint NOT NULL,
    state smallint NOT NULL,
    account text COLLATE "C" NOT NULL,
    PRIMARY KEY (bucket, job)))sql",
    "CREATE INDEX unfinished_queued ON unipile.unfinished (bucket, run, account, sort_key, number, job) "
    "WHERE state = 0",
    "CREATE INDEX unfinished_delayed ON unipile.unfinished (bucket, due) WHERE state = 1",
    "CREATE INDEX unfinished_failed ON unipile.unfinished (bucket, job) WHERE state = 4",
    // Numbers of jobs, to be added up. A bucket's owner changes its rows, and imports those of bucket -1, one at a
    // time: neither waits for the other. Of queued jobs there is none, so that a job that ends changes one row.
    R"sql(CREATE TABLE unipile.job_totals (
    run bigint NOT NULL,
    jobs bigint NOT NULL,                 -- state 0: all of the run; may be negative in one bucket
    suspect bigint NOT NULL,              -- of the state
    bucket smallint NOT NULL,
    state smallint NOT NULL,
    end_reason text COLLATE "C" NOT NULL, -- of jobs that are done or have failed
    failure_type text COLLATE "C" NOT NULL, -- of jobs that have failed
    PRIMARY KEY (bucket, run, state, end_reason, failure_type)) WITH (fillfactor = 10))sql",
    // The body is stored apart from the row, and compressed.
    R"sql(CREATE TABLE unipile.posts (
    job bigint NOT NULL,                  -- the listing that found it first
    view bigint NOT NULL,                 -- the listing whose JSON this is
    published timestamptz,
    first_seen timestamptz NOT NULL,
    changed timestamptz NOT NULL,         -- when the JSON was taken
    counters bigint NOT NULL,             -- this one and the next three: hashes of the JSON's parts
    own bigint NOT NULL,
    links bigint NOT NULL,
    bucket smallint NOT NULL,             -- of `job`
    content bytea NOT NULL,
    id text COLLATE "C" NOT NULL,         -- `content:` and a hash where the provider gave none
    provider text COLLATE "C" NOT NULL,
    body text NOT NULL,                   -- the JSON as it was received
    raw bytea,                            -- exactly what was received, where that is no text in UTF-8
    PRIMARY KEY (id, provider)) WITH (toast_tuple_target = 256))sql",
    R"sql(CREATE TABLE unipile.sightings (
    job bigint NOT NULL,
    first_seen timestamptz NOT NULL,
    last_seen timestamptz NOT NULL,       -- to the day: an unchanged sighting is written once a day at most
    gone timestamptz,                     -- when a full walk did not see it any more
    place bigint NOT NULL,                -- twice the walk that places it in the timeline, odd if in its natural place
    walk bigint NOT NULL,                 -- the last walk that saw it, as far as that matters
    missed bigint,                        -- the walk that missed it first, since it was seen
    bucket smallint NOT NULL,
    finder boolean NOT NULL,              -- this listing found the post first
    id text COLLATE "C" NOT NULL,
    provider text COLLATE "C" NOT NULL,
    PRIMARY KEY (bucket, job, id, provider)) WITH (fillfactor = 90))sql",
    // Most posts are found by one listing only: those need no entry here.
    "CREATE INDEX sightings_by_others ON unipile.sightings (id, provider) WHERE NOT finder",
    // Few posts are gone.
    "CREATE INDEX sightings_gone ON unipile.sightings (id, provider) WHERE finder AND gone IS NOT NULL",
    R"sql(CREATE TABLE unipile.quarantined (
    bucket smallint NOT NULL,
    job bigint NOT NULL,
    hash bytea NOT NULL,
    seen timestamptz NOT NULL,
    why text NOT NULL,
    raw bytea NOT NULL,
    PRIMARY KEY (bucket, job, hash)))sql",
    R"sql(CREATE TABLE unipile.post_totals (
    posts bigint NOT NULL,                -- that a listing of the bucket found first
    quarantined bigint NOT NULL,
    bucket smallint PRIMARY KEY) WITH (fillfactor = 10))sql",
    // What happened to posts, in order within a bucket: a reader keeps a place in each bucket.
    R"sql(CREATE TABLE unipile.changes (
    seq bigint NOT NULL,                  -- of the bucket's transaction
    at timestamptz NOT NULL,
    n integer NOT NULL,
    bucket smallint NOT NULL,
    kind smallint NOT NULL,               -- 1 added, 2 content changed, 3 only links, 4 gone from the job's listing,
                                          -- 5 counters changed (2 until version 3), 6 was gone from all, and returned
    job bigint NOT NULL,
    id text COLLATE "C" NOT NULL,
    provider text COLLATE "C" NOT NULL,
    taken timestamptz,                    -- of the JSON that was replaced: when it was taken, and its counters
    reactions bigint,
    comments bigint,
    reposts bigint,
    impressions bigint,
    PRIMARY KEY (bucket, seq, n)))sql",
    // Views for users of SQL.
    R"sql(CREATE VIEW unipile.post AS
    SELECT p.provider, p.id, p.published, p.first_seen, p.changed, j.account, j.identifier, j.company, p.body
    FROM unipile.posts p JOIN unipile.jobs j ON j.bucket = p.bucket AND j.job = p.job)sql",
    R"sql(CREATE VIEW unipile.found AS
    SELECT s.provider, s.id, j.account, j.identifier, j.company, p.published, s.first_seen, s.last_seen, s.gone, p.body
    FROM unipile.sightings s JOIN unipile.posts p ON p.id = s.id AND p.provider = s.provider
    JOIN unipile.jobs j ON j.bucket = s.bucket AND j.job = s.job)sql",
    R"sql(CREATE VIEW unipile.account AS
    SELECT account, provider, parked, parked_since, waits_until, why, requests, used_today, updated,
    unpark AS unpark_requested FROM unipile.accounts)sql",
    R"sql(CREATE VIEW unipile.job AS
    SELECT account, identifier, company, run, CASE state WHEN 0 THEN 'queued' WHEN 1 THEN 'delayed'
    WHEN 3 THEN 'done' ELSE 'failed' END AS state, due, end_reason, failure, failure_type, posts, pages, requests,
    whole, suspect, harvested, tried FROM unipile.jobs)sql",
};

// What makes the tables of an older version those of `version`.
struct upgrade_step {
    std::int64_t version;
    const char* statement;
};
constexpr upgrade_step upgrade_steps[] = {
    {4,
     "ALTER TABLE unipile.changes ADD COLUMN taken timestamptz, ADD COLUMN reactions bigint, "
     "ADD COLUMN comments bigint, ADD COLUMN reposts bigint, ADD COLUMN impressions bigint"},
};

query insert_property(std::string_view name, std::string_view value)
{
    query q("INSERT INTO unipile.store VALUES ($1, $2)");
    q.add(name).add(value);
    return q;
}
query insert_property(std::string_view name, std::int64_t value)
{
    return insert_property(name, std::string_view(std::to_string(value)));
}

void add_views(std::vector<query>& batch)
{
    for (const std::string& statement : view_statements(sql_dialect::postgres)) batch.emplace_back(statement);
}

// Places in the changes of a store belong to it.
query insert_id() { return insert_property("id", std::string_view(fresh_worker_id().text())); }

std::int64_t number_in(const std::map<std::string, std::string, std::less<>>& properties, const std::string& where,
                       std::string_view name)
{
    const auto at = properties.find(name);
    std::int64_t n = 0;
    if (at == properties.end() ||
        std::from_chars(at->second.data(), at->second.data() + at->second.size(), n).ec != std::errc{})
        throw store_error(store_errc::foreign_database, where,
                          "unipile.store has no number named " + std::string(name));
    return n;
}

// Fails for a database in which `unipile.store` is another program's.
store_format format_of(connection& db)
{
    std::map<std::string, std::string, std::less<>> properties;
    try {
        const rows found = db.run(query("SELECT name, value FROM unipile.store"));
        for (int i = 0; i < found.count(); ++i) properties.emplace(found.string(i, 0), found.string(i, 1));
    } catch (const database_error& e) {
        if (e.kind() != error_kind::other) throw;
        throw store_error(store_errc::foreign_database, db.name(), e.what());
    }
    const auto number = [&](std::string_view name) { return number_in(properties, db.name(), name); };
    store_format f;
    f.version = number("schema");
    const auto compare = [&db](std::string_view what, std::int64_t theirs, std::int64_t ours) {
        if (theirs == ours) return;
        throw store_error(
            theirs < ours ? store_errc::older_schema : store_errc::newer_schema, db.name(),
            std::string(what) + " is " + std::to_string(theirs) + ", this program knows " + std::to_string(ours));
    };
    if (f.version < oldest_schema_version || f.version > schema_version)
        compare("its version", f.version, schema_version);
    compare("the version of its fingerprints", number("fingerprint"), fingerprint_version);
    f.buckets = static_cast<bucket_number>(number("buckets"));
    f.leases.beat_every = std::chrono::milliseconds(number("beat_every_ms"));
    f.leases.hold_for = std::chrono::milliseconds(number("hold_for_ms"));
    f.leases.take_after = std::chrono::milliseconds(number("take_after_ms"));
    return f;
}

}  // namespace

store_format read_format(connection& db)
{
    const rows found = db.run(
        query("SELECT c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
              "WHERE n.nspname = 'unipile' AND c.relkind IN ('r', 'p', 'v', 'm', 'f')"));
    if (found.count() == 0) return {};
    for (int i = 0; i < found.count(); ++i)
        if (found.text(i, 0) == "store") return format_of(db);
    throw store_error(store_errc::foreign_database, db.name(), "its schema named unipile has other tables");
}

store_format make_tables(connection& db, const lease_options& leases)
{
    if (const store_format known = read_format(db); known.version > 0) return known;
    std::vector<query> batch;
    for (const char* table : tables) batch.emplace_back(table);
    add_views(batch);
    batch.push_back(insert_property("schema", schema_version));
    batch.push_back(insert_property("fingerprint", fingerprint_version));
    batch.push_back(insert_id());
    batch.push_back(insert_property("buckets", bucket_count));
    batch.push_back(insert_property("beat_every_ms", leases.beat_every.count()));
    batch.push_back(insert_property("hold_for_ms", leases.hold_for.count()));
    batch.push_back(insert_property("take_after_ms", leases.take_after.count()));
    query buckets("INSERT INTO unipile.buckets (bucket) SELECT generate_series(0, $1::bigint - 1)");
    buckets.add(bucket_count);
    batch.push_back(std::move(buckets));
    try {
        run_transaction(db, std::move(batch));
    } catch (const database_error&) {
        // Another process may have made them at the same time, or the answer was lost.
        const store_format made = read_format(db);
        if (made.version == 0) throw;
        return made;
    }
    try {
        // Servers may have been built without it; the default compresses, too.
        std::vector<query> compression;
        compression.emplace_back("ALTER TABLE unipile.posts ALTER COLUMN body SET COMPRESSION lz4");
        run_transaction(db, std::move(compression));
    } catch (const database_error&) {
    }
    return read_format(db);
}

// First, no worker may write what it knows of the old tables.
store_format upgrade_tables(connection& db)
{
    const std::int64_t from = read_format(db).version;
    std::vector<query> batch;
    query claim("UPDATE unipile.store SET value = $1 WHERE name = 'schema' AND value = $2");
    claim.add(std::string_view(std::to_string(schema_version))).add(std::string_view(std::to_string(from)));
    batch.push_back(std::move(claim));
    batch.emplace_back("UPDATE unipile.workers SET state = 1 WHERE state = 0");
    batch.emplace_back("UPDATE unipile.buckets SET owner = NULL, epoch = epoch + 1");
    for (const upgrade_step& step : upgrade_steps)
        if (step.version > from) batch.emplace_back(step.statement);
    if (from < 4) batch.push_back(insert_id());
    if (from < 5) add_views(batch);
    try {
        if (from < schema_version) run_transaction(db, std::move(batch));
    } catch (const database_error& e) {
        // Another process may have done it at the same time, or the answer was lost.
        if (e.kind() == error_kind::lost || read_format(db).version < schema_version) throw;
    }
    return read_format(db);
}

}  // namespace unipile::store::postgres
