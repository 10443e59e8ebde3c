#include "store/sqlite_schema.hpp"

#include "store/sqlite_post_ids.hpp"
#include "store/store_rules.hpp"
#include "store/views.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <new>
#include <string_view>

namespace unipile::store {

namespace {

// Times are Unix milliseconds. Size matters: a post has one row here, one in `sightings`, and an entry in `post_ids`.
constexpr const char* version_1 = R"sql(
CREATE TABLE runs(
    run INTEGER PRIMARY KEY,
    mode TEXT NOT NULL,                   -- update, full
    max_posts INTEGER NOT NULL,
    since INTEGER,
    since_run INTEGER NOT NULL,
    job_order TEXT NOT NULL,              -- least_recent, listed
    retry_failed INTEGER NOT NULL,
    label TEXT NOT NULL,
    listed INTEGER NOT NULL DEFAULT 0,    -- jobs added so far
    started INTEGER NOT NULL,
    ended INTEGER,
    outcome TEXT NOT NULL DEFAULT '');

CREATE TABLE jobs(
    job INTEGER PRIMARY KEY,
    account TEXT NOT NULL,
    identifier TEXT NOT NULL,
    company INTEGER NOT NULL,
    run INTEGER NOT NULL,                 -- the last one that had it
    state INTEGER NOT NULL DEFAULT 0,     -- 0 queued, 1 delayed, 3 done, 4 failed; 2: queued, claimed by a former version
    sort_key INTEGER NOT NULL DEFAULT 0,  -- order within the account; when it was tried, if it is done or failed
    due INTEGER,                          -- when the delay ends; null in other states
    fence INTEGER NOT NULL DEFAULT 0,     -- this one and the next three: unused, of former versions
    lease_ms INTEGER NOT NULL DEFAULT 0,
    worker TEXT NOT NULL DEFAULT '',
    attempts INTEGER NOT NULL DEFAULT 0,
    end_reason TEXT NOT NULL DEFAULT '',
    failure TEXT NOT NULL DEFAULT '',
    failure_type TEXT NOT NULL DEFAULT '',
    may_pass INTEGER NOT NULL DEFAULT 0,
    posts INTEGER NOT NULL DEFAULT 0,     -- found in this listing, ever
    pages INTEGER NOT NULL DEFAULT 0,
    requests INTEGER NOT NULL DEFAULT 0,
    whole INTEGER NOT NULL DEFAULT 0,     -- everything is stored, as of `harvested`
    harvested INTEGER,
    timeline TEXT NOT NULL DEFAULT '',    -- which stretches are proven, and where to go on
    UNIQUE(account, identifier, company));
CREATE INDEX jobs_by_state ON jobs(run, state, account, sort_key);
CREATE INDEX jobs_queued ON jobs(run, sort_key) WHERE state = 0;
CREATE INDEX jobs_waiting ON jobs(due) WHERE due IS NOT NULL;

CREATE TABLE posts(
    post INTEGER PRIMARY KEY,
    provider TEXT NOT NULL,
    id TEXT NOT NULL,                     -- `content:` and a hash where the provider gave none
    job INTEGER NOT NULL,                 -- the listing that found it first
    view INTEGER NOT NULL,                -- the listing whose JSON this is; 0: `job`
    published INTEGER,
    first_seen INTEGER NOT NULL,
    changed INTEGER NOT NULL,             -- when the JSON was taken; 0: `first_seen`. Views have the time
    content BLOB NOT NULL,                -- hashes of the JSON's parts
    counters INTEGER NOT NULL,
    own INTEGER NOT NULL,
    json TEXT NOT NULL);
CREATE UNIQUE INDEX posts_by_id ON posts(id, provider);

CREATE TABLE sightings(
    job INTEGER NOT NULL,
    post INTEGER NOT NULL,
    place INTEGER NOT NULL,               -- twice the walk that places it in the timeline, odd if in its natural place
    walk INTEGER NOT NULL,                -- the last walk that saw it
    finder INTEGER NOT NULL,              -- 1: this listing found the post first
    first_seen INTEGER NOT NULL,          -- 0: that of the post. The view `found` has the time
    last_seen INTEGER NOT NULL,
    gone INTEGER,                         -- when a full walk did not see it any more
    PRIMARY KEY(job, post)) WITHOUT ROWID;
-- Most posts are found by one listing only: those need no entry here.
CREATE INDEX sightings_by_others ON sightings(post) WHERE finder = 0;

CREATE TABLE quarantined(
    item INTEGER PRIMARY KEY,
    job INTEGER NOT NULL,
    seen INTEGER NOT NULL,
    hash BLOB NOT NULL,
    why TEXT NOT NULL,
    raw BLOB NOT NULL,
    UNIQUE(job, hash));

CREATE TABLE accounts(
    account TEXT PRIMARY KEY,
    ledger TEXT NOT NULL,
    provider TEXT NOT NULL,
    parked INTEGER NOT NULL,
    parked_since INTEGER,
    waits_until INTEGER,
    why TEXT NOT NULL,
    requests INTEGER NOT NULL,
    used_today INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    unpark INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;

-- For people: each post with each listing in which it was found.
CREATE VIEW found AS
    SELECT p.provider, p.id, j.account, j.identifier, j.company, p.published, s.first_seen, s.last_seen, s.gone, p.json
    FROM sightings s JOIN posts p ON p.post = s.post JOIN jobs j ON j.job = s.job;
)sql";

// Adds columns with constant defaults only. No row is rewritten, so apart from the index the step takes as long for a
// large store as for a small one.
constexpr const char* version_2 = R"sql(
ALTER TABLE runs ADD COLUMN import INTEGER NOT NULL DEFAULT 0;  -- number of the last import of its jobs file
ALTER TABLE jobs ADD COLUMN tried INTEGER;                      -- when it was last done or failed; null: see harvested
ALTER TABLE jobs ADD COLUMN import INTEGER NOT NULL DEFAULT 0;  -- number of the import that queued it last
ALTER TABLE jobs ADD COLUMN suspect INTEGER NOT NULL DEFAULT 0; -- 1: the last walk may not have been shown everything
-- The other accounts that have read a listing.
CREATE INDEX jobs_by_identifier ON jobs(identifier, company);
ALTER TABLE posts ADD COLUMN links INTEGER;                     -- hash of URLs and expiry dates; null: not known
ALTER TABLE sightings ADD COLUMN missed INTEGER;                -- the walk that missed it first, since it was seen
CREATE TABLE properties(
    name TEXT PRIMARY KEY,                -- tenant; open_import: number of the import that has not ended
    value TEXT NOT NULL) WITHOUT ROWID;
)sql";

// Posts are found by a number made of their id, in a table that gets its entries in sorted runs; see `post_ids`.
constexpr const char* version_3 = R"sql(
CREATE TABLE post_ids(
    number INTEGER NOT NULL,
    post INTEGER NOT NULL,
    PRIMARY KEY(number, post)) WITHOUT ROWID;
CREATE TABLE new_post_ids(                -- what is not there yet, and some of what is
    post INTEGER PRIMARY KEY,
    number INTEGER NOT NULL);
-- The offset keeps the order of the inner query.
INSERT INTO post_ids SELECT unipile_placed(number), post FROM (
    SELECT unipile_id_number(provider, id) AS number, post FROM posts INDEXED BY posts_by_id
    ORDER BY number LIMIT -1 OFFSET 0);
DROP INDEX posts_by_id;
DROP INDEX jobs_queued;
)sql";

// The posts that are gone are counted without reading all sightings. What most rows have twice is stored once:
// - posts.view is 0 where it is posts.job, and posts.changed where it is posts.first_seen;
// - sightings.first_seen is 0 for the listing that found the post first.
constexpr const char* version_4 = R"sql(
CREATE INDEX sightings_gone ON sightings(post, finder) WHERE gone IS NOT NULL;
DROP VIEW found;
CREATE VIEW found AS
    SELECT p.provider, p.id, j.account, j.identifier, j.company, p.published,
           iif(s.first_seen, s.first_seen, p.first_seen) AS first_seen, s.last_seen, s.gone, p.json
    FROM sightings s JOIN posts p ON p.post = s.post JOIN jobs j ON j.job = s.job;
)sql";

// A run may have the jobs of the run before it without a change of their rows. What people read has the values that
// the tables leave out.
constexpr const char* version_5 = R"sql(
ALTER TABLE runs ADD COLUMN list TEXT NOT NULL DEFAULT '';      -- the list that its jobs are; empty: not known
ALTER TABLE runs ADD COLUMN jobs_of INTEGER NOT NULL DEFAULT 0; -- the run whose done jobs are queued in this one, too
INSERT INTO properties VALUES('fingerprint', '1');              -- version of the hashes of all posts
UPDATE jobs SET sort_key = coalesce(tried, harvested, 0) WHERE state IN (3, 4);
DROP VIEW found;
-- For people: each post with each listing in which it was found.
CREATE VIEW found AS
    SELECT p.provider, p.id, j.account, j.identifier, j.company, p.published,
           iif(s.first_seen, s.first_seen, p.first_seen) AS first_seen, s.last_seen, s.gone,
           iif(p.changed, p.changed, p.first_seen) AS changed, p.json
    FROM sightings s JOIN posts p ON p.post = s.post JOIN jobs j ON j.job = s.job;
-- Each post once, with the listing that found it first.
CREATE VIEW post AS
    SELECT p.provider, p.id, p.published, p.first_seen, iif(p.changed, p.changed, p.first_seen) AS changed,
           j.account, j.identifier, j.company, p.json
    FROM posts p JOIN jobs j ON j.job = p.job;
CREATE VIEW job AS
    SELECT account, identifier, company, run,
           CASE state WHEN 1 THEN 'delayed' WHEN 3 THEN 'done' WHEN 4 THEN 'failed' ELSE 'queued' END AS state, due,
           end_reason, failure, failure_type, posts, pages, requests, whole, suspect, harvested, tried
    FROM (SELECT job, account, identifier, company, iif(lent, last, jobs.run) AS run, iif(lent, 0, state) AS state, due,
                 iif(lent, '', end_reason) AS end_reason, failure, failure_type, posts, pages, requests, whole, suspect,
                 harvested, tried
          FROM (SELECT *, run = before AND state = 3 AS lent FROM jobs
                LEFT JOIN (SELECT run AS last, iif(ended IS NULL AND jobs_of, jobs_of, -1) AS before FROM runs
                           ORDER BY run DESC LIMIT 1)) AS jobs);
)sql";

// What happens to posts after they were added, in order; see `change_log`.
constexpr const char* version_6 = R"sql(
CREATE TABLE changes(
    seq INTEGER PRIMARY KEY AUTOINCREMENT,  -- never used twice, so that readers keep their places
    post INTEGER NOT NULL,
    kind INTEGER NOT NULL,                  -- 2 content, 3 links, 4 gone from a listing, 5 counters, 6 returned
    at INTEGER NOT NULL,
    taken INTEGER,                          -- of the JSON that was replaced: when it was taken, and its counters
    reactions INTEGER,
    comments INTEGER,
    reposts INTEGER,
    impressions INTEGER);
-- Random, and kept by copies: readers' places belong to a store. `last_post` is the number of the last post that was
-- added, if that is stored no more.
INSERT INTO properties VALUES('id', lower(hex(randomblob(16))));
)sql";

// Each harvest that opens the store begins an epoch, so that a store that was set back to a copy continues in other
// epochs. And the views that `views.md` describes.
std::string version_7()
{
    std::string all = R"sql(
CREATE TABLE epochs(
    number INTEGER PRIMARY KEY,
    epoch INTEGER NOT NULL,                 -- random
    post INTEGER NOT NULL,                  -- this one and the next: the place in the changes at which it began
    entry INTEGER NOT NULL);
INSERT INTO epochs(epoch, post, entry) VALUES(random(), 0, 0);
)sql";
    for (const std::string& statement : view_statements(sql_dialect::sqlite)) all += statement + ";\n";
    return all;
}

// The step that reads all sightings.
constexpr std::size_t step_of_sightings = 3;
constexpr std::size_t version_with_fingerprints = 5;

// With a function of the post's text and the number of a column.
constexpr const char* new_fingerprints =
    "UPDATE posts SET content = unipile_fingerprint(json, 0), counters = unipile_fingerprint(json, 1), "
    "own = unipile_fingerprint(json, 2), links = unipile_fingerprint(json, 3); "
    "REPLACE INTO properties SELECT 'fingerprint', ";

constexpr int operations_between_looks = 20'000;  // some milliseconds
constexpr int operations_for_a_sighting = 3;      // which are not gone
constexpr std::chrono::milliseconds between_calls{100};

// Counts the posts and sightings that the steps have read and placed, and ends them if the caller wants that.
class watched_upgrade {
public:
    watched_upgrade(connection& db, const upgrade_watch& go_on, upgrade_progress begin)
        : db_(db), go_on_(go_on), progress_(begin)
    {
        int code = set_function("unipile_id_number", 2, id_number_function);
        if (code == SQLITE_OK) code = set_function("unipile_placed", 1, placed_function);
        if (code == SQLITE_OK) code = set_function("unipile_fingerprint", 2, fingerprint_function);
        if (code != SQLITE_OK) db_.fail(code);
        if (go_on_) sqlite3_progress_handler(db_.get(), operations_between_looks, look, this);
    }
    watched_upgrade(const watched_upgrade&) = delete;
    watched_upgrade& operator=(const watched_upgrade&) = delete;
    ~watched_upgrade()
    {
        sqlite3_progress_handler(db_.get(), 0, nullptr, nullptr);
        set_function("unipile_id_number", 2, nullptr);
        set_function("unipile_placed", 1, nullptr);
        set_function("unipile_fingerprint", 2, nullptr);
    }

    void run(const char* step, bool reads_sightings)
    {
        reads_sightings_ = reads_sightings;
        if (!goes_on()) throw store_error(store_errc::interrupted, db_.file());
        db_.run(step);
    }

private:
    using function = void (*)(sqlite3_context*, int, sqlite3_value**);

    // Without `f` there is no such function any more.
    int set_function(const char* name, int arguments, function f) noexcept
    {
        return sqlite3_create_function_v2(db_.get(), name, arguments, SQLITE_UTF8, &progress_, f, nullptr, nullptr,
                                          nullptr);
    }
    bool goes_on() const { return !go_on_ || go_on_(progress_); }

    static int look(void* context) noexcept
    {
        auto& self = *static_cast<watched_upgrade*>(context);
        if (self.reads_sightings_)
            self.progress_.done = std::min(self.progress_.done + operations_between_looks / operations_for_a_sighting,
                                           self.progress_.all);
        const auto now = std::chrono::steady_clock::now();
        if (now < self.next_call_) return 0;
        self.next_call_ = now + between_calls;
        try {
            return self.goes_on() ? 0 : 1;
        } catch (...) {
            return 1;
        }
    }
    static std::string_view text_of(sqlite3_value* v) noexcept
    {
        const auto* data = reinterpret_cast<const char*>(sqlite3_value_text(v));
        return {data, static_cast<std::size_t>(sqlite3_value_bytes(v))};
    }
    // unipile_id_number(provider, id)
    static void id_number_function(sqlite3_context* context, int, sqlite3_value** arguments) noexcept
    {
        ++static_cast<upgrade_progress*>(sqlite3_user_data(context))->done;
        try {
            sqlite3_result_int64(context, id_number(text_of(arguments[0]), text_of(arguments[1])));
        } catch (const std::bad_alloc&) {
            sqlite3_result_error_nomem(context);
        }
    }
    // unipile_placed(value): the value
    static void placed_function(sqlite3_context* context, int, sqlite3_value** arguments) noexcept
    {
        ++static_cast<upgrade_progress*>(sqlite3_user_data(context))->done;
        sqlite3_result_value(context, arguments[0]);
    }

    // unipile_fingerprint(json, column)
    static void fingerprint_function(sqlite3_context* context, int, sqlite3_value** arguments) noexcept
    {
        const fingerprint f = fingerprint_of(text_of(arguments[0]));
        const auto number = [context](std::uint64_t n) { sqlite3_result_int64(context, static_cast<std::int64_t>(n)); };
        switch (sqlite3_value_int(arguments[1])) {
            case 0: sqlite3_result_blob(context, f.content.data(), stored_hash, SQLITE_TRANSIENT); break;
            case 1: number(f.counters); break;
            case 2: number(f.own); break;
            default: number(f.links); ++static_cast<upgrade_progress*>(sqlite3_user_data(context))->done;
        }
    }

    connection& db_;
    const upgrade_watch& go_on_;
    upgrade_progress progress_;
    bool reads_sightings_ = false;
    std::chrono::steady_clock::time_point next_call_{};
};

}  // namespace

std::span<const char* const> schema_steps()
{
    static const std::string views = version_7();
    static const std::array steps{version_1, version_2, version_3, version_4, version_5, version_6, views.c_str()};
    return steps;
}

int check_schema(connection& db, std::span<const char* const> known)
{
    const auto application = db.number("PRAGMA application_id");
    const auto version = db.number("PRAGMA user_version");
    if (application == store_application_id) {
        if (version > static_cast<std::int64_t>(known.size()))
            throw store_error(
                store_errc::newer_schema, db.file(),
                "its version is " + std::to_string(version) + ", this program knows " + std::to_string(known.size()));
        return static_cast<int>(version);
    }
    if (application != 0 || version != 0 || db.number("SELECT count(*) FROM sqlite_schema") != 0)
        throw store_error(store_errc::foreign_database, db.file());
    return 0;
}

std::string bound_tenant(connection& db)
{
    return db.text(
        "SELECT value FROM properties WHERE name = 'tenant' AND "
        "(EXISTS(SELECT 1 FROM posts) OR EXISTS(SELECT 1 FROM jobs WHERE state = 3 AND run IN "
        "(SELECT run FROM runs UNION ALL SELECT 0)))");
}

job_state stored_state(std::int64_t state) noexcept
{
    return state == 2 ? job_state::queued : static_cast<job_state>(state);
}

namespace {

std::int64_t stored_fingerprints(connection& db)
{
    return db.number("SELECT CAST(value AS INTEGER) FROM properties WHERE name = 'fingerprint'");
}

// What the steps from this version on read and place. Each listing counts its posts, that is, its sightings.
std::uint64_t work_from(connection& db, std::size_t version)
{
    std::int64_t all = 0;
    if (version > 0 && version < step_of_sightings) all += 2 * db.number("SELECT coalesce(max(post), 0) FROM posts");
    if (version >= version_with_fingerprints && stored_fingerprints(db) < fingerprint_version)
        all += db.number("SELECT coalesce(max(post), 0) FROM posts");
    if (version > 0 && version <= step_of_sightings) all += db.number("SELECT coalesce(sum(posts), 0) FROM jobs");
    return static_cast<std::uint64_t>(all);
}

}  // namespace

bool is_outdated(connection& db, int version)
{
    if (version < static_cast<int>(schema_steps().size())) return true;
    const std::int64_t fingerprints = stored_fingerprints(db);
    if (fingerprints > fingerprint_version)
        throw store_error(store_errc::newer_schema, db.file(),
                          "the version of its fingerprints is " + std::to_string(fingerprints) +
                              ", this program knows " + std::to_string(fingerprint_version));
    return fingerprints < fingerprint_version;
}

void migrate(connection& db, std::span<const char* const> known, const upgrade_watch& go_on)
{
    const auto version = static_cast<std::size_t>(check_schema(db, known));
    if (version == known.size() && !is_outdated(db, static_cast<int>(version))) return;
    {
        watched_upgrade upgrade(db, go_on, {0, work_from(db, version)});
        for (std::size_t i = version; i < known.size(); ++i) upgrade.run(known[i], i == step_of_sightings);
        if (known.size() >= version_with_fingerprints && stored_fingerprints(db) < fingerprint_version)
            upgrade.run((std::string(new_fingerprints) + std::to_string(fingerprint_version)).c_str(), false);
    }
    db.run(("PRAGMA user_version = " + std::to_string(known.size())).c_str());
    db.run(("PRAGMA application_id = " + std::to_string(store_application_id)).c_str());
}

}  // namespace unipile::store
