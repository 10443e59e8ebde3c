#include "store/postgres/reader.hpp"

#include "store/postgres/batch.hpp"
#include "store/postgres/post_rows.hpp"
#include "store/postgres/statements.hpp"

#include <algorithm>
#include <thread>
#include <utility>

namespace unipile::store::postgres {

using std::chrono::milliseconds;

// Connects and calls `work`, again if that is worth it.
template <class Work>
auto postgres_reader::repeated(Work work)
{
    const auto until = std::chrono::steady_clock::now() + options_.patience;
    milliseconds pause{10};
    for (;; pause = std::min<milliseconds>(2 * pause, milliseconds(1'000))) {
        try {
            db_.connect(options_.patience);
            return work();
        } catch (const database_error& e) {
            const bool passes = e.kind() == error_kind::lost || e.kind() == error_kind::again;
            if (!passes || std::chrono::steady_clock::now() >= until) throw;
        }
        std::this_thread::sleep_for(pause);
    }
}

postgres_reader::postgres_reader(const std::string& text, const postgres_options& options)
    : options_(options), db_(conninfo(text), with_hook())
{
    db_.connect(std::min(options_.patience, options_.first_patience));
    was_reached_ = true;
    format_ = repeated([this] { return read_format(db_); });
    if (format_.version == 0) throw store_error(store_errc::nothing_stored, db_.name());
}

connection_options postgres_reader::with_hook()
{
    connection_options o;
    if (options_.while_waiting)
        o.while_waiting = [this](milliseconds waited) {
            waiting w;
            w.what = was_reached_ ? waiting::reason::server : waiting::reason::contact;
            w.waited = waited;
            w.longest = was_reached_ ? options_.patience : std::min(options_.patience, options_.first_patience);
            if (!db_.connected()) w.why = db_.trouble();
            return options_.while_waiting(w);
        };
    return o;
}

// Returns the results of one transaction, which is one state of the store.
std::vector<rows> postgres_reader::ask(std::vector<query> queries)
{
    queries.insert(queries.begin(), query(begin_reading));
    queries.emplace_back(commit);
    return repeated([&] {
        std::vector<rows> results = db_.run(queries);
        results.erase(results.begin());
        results.pop_back();
        return results;
    });
}

rows postgres_reader::ask(query one)
{
    std::vector<query> queries;
    queries.push_back(std::move(one));
    return std::move(ask(std::move(queries)).front());
}

std::uint64_t postgres_reader::posts(const post_filter& filter, const std::function<bool(const stored_post&)>& visit)
{
    if (!filter.account && !filter.identifier) return all_posts(filter, visit);
    const wall_time began = wall_now();
    std::uint64_t n = 0;
    std::vector<job_key> jobs = jobs_behind({}, filter);
    while (!jobs.empty()) {
        for (const job_key& job : jobs)
            if (!posts_of(job, filter, began, visit, n)) return n;
        jobs = jobs_behind(jobs.back(), filter);
    }
    return n;
}

std::uint64_t postgres_reader::all_posts(const post_filter& filter,
                                         const std::function<bool(const stored_post&)>& visit)
{
    static const std::string sql =
        std::string("SELECT ") + post_columns + ", j.account, j.identifier FROM (SELECT * FROM unipile.posts p WHERE " +
        time_conditions + " AND (p.id, p.provider) > ($4, $5) ORDER BY p.id, p.provider LIMIT $6) p " +
        finding_sighting +
        "LEFT JOIN unipile.jobs j ON j.bucket = p.bucket AND j.job = p.job ORDER BY p.id, p.provider";
    std::string id, provider;
    slice_size size;
    std::uint64_t n = 0;
    for (;;) {
        const std::int64_t most = size.rows();
        query q = with_times(sql, filter);
        q.add(std::string_view(id)).add(std::string_view(provider)).add(most);
        const rows found = ask(std::move(q));
        std::size_t bytes = 0;
        for (int i = 0; i < found.count(); ++i) {
            stored_post p = post_in(found, i);
            p.account = found.text(i, 9);
            p.identifier = found.text(i, 10);
            bytes += p.json.size();
            if (p.gone && !filter.gone) continue;
            ++n;
            if (!visit(p)) return n;
        }
        if (found.count() < most) return n;
        id = found.string(found.count() - 1, 0);
        provider = found.string(found.count() - 1, 1);
        size.note(bytes, found.count());
    }
}

// Returns the next jobs that match a filter, behind one.
std::vector<postgres_reader::job_key> postgres_reader::jobs_behind(const job_key& after, const post_filter& filter)
{
    query q(
        "SELECT bucket, job, account, identifier FROM unipile.jobs WHERE ($1::text IS NULL OR account = $1) "
        "AND ($2::text IS NULL OR identifier = $2) AND (bucket, job) > ($3, $4) ORDER BY bucket, job LIMIT $5");
    const auto text = [](const std::optional<std::string>& s) {
        return s ? std::optional<std::string_view>(*s) : std::nullopt;
    };
    q.add(text(filter.account)).add(text(filter.identifier)).add(after.bucket).add(after.job).add(slice_rows);
    const rows found = ask(std::move(q));
    std::vector<job_key> jobs;
    jobs.reserve(static_cast<std::size_t>(found.count()));
    for (int i = 0; i < found.count(); ++i)
        jobs.push_back({found.integer(i, 0), found.integer(i, 1), {found.string(i, 2), found.string(i, 3), false}});
    return jobs;
}

// Visits the posts of a listing that no matching listing before it has. Returns false if the visitor wants no more.
bool postgres_reader::posts_of(const job_key& job, const post_filter& filter, wall_time began,
                               const std::function<bool(const stored_post&)>& visit, std::uint64_t& visited)
{
    // A post that an earlier listing had at the beginning was visited there. One that it has found since may have come
    // too late for that, and is visited here.
    static const std::string sql =
        std::string("SELECT ") + post_columns +
        " FROM unipile.sightings m JOIN unipile.posts p ON p.id = m.id AND "
        "p.provider = m.provider " +
        finding_sighting + "WHERE m.bucket = $4 AND m.job = $5 AND (m.id, m.provider) > ($6, $7) AND " +
        time_conditions +
        " AND NOT EXISTS (SELECT 1 FROM unipile.sightings e JOIN unipile.jobs j ON j.bucket = e.bucket AND "
        "j.job = e.job WHERE e.id = m.id AND e.provider = m.provider AND e.first_seen <= $8 "
        "AND (NOT e.finder OR (e.bucket = p.bucket AND e.job = p.job)) AND (e.bucket, e.job) < ($4, $5) "
        "AND ($9::text IS NULL OR j.account = $9) AND ($10::text IS NULL OR j.identifier = $10)) "
        "ORDER BY m.id, m.provider LIMIT $11";
    std::string id, provider;
    slice_size size;
    for (;;) {
        const std::int64_t most = size.rows();
        query q = with_times(sql, filter);
        q.add(job.bucket).add(job.job).add(std::string_view(id)).add(std::string_view(provider)).add(began);
        q.add(filter.account ? std::optional<std::string_view>(*filter.account) : std::nullopt);
        q.add(filter.identifier ? std::optional<std::string_view>(*filter.identifier) : std::nullopt);
        q.add(most);
        const rows found = ask(std::move(q));
        std::size_t bytes = 0;
        for (int i = 0; i < found.count(); ++i) {
            stored_post p = post_in(found, i);
            p.account = job.spec.account;
            p.identifier = job.spec.identifier;
            bytes += p.json.size();
            if (p.gone && !filter.gone) continue;
            ++visited;
            if (!visit(p)) return false;
        }
        if (found.count() < most) return true;
        id = found.string(found.count() - 1, 0);
        provider = found.string(found.count() - 1, 1);
        size.note(bytes, found.count());
    }
}

std::uint64_t postgres_reader::jobs(const job_filter& filter, const std::function<bool(const stored_job&)>& visit)
{
    const auto text = [](const std::optional<std::string>& s) {
        return s ? std::optional<std::string_view>(*s) : std::nullopt;
    };
    const bool failed = filter.state == job_state::failed;
    // Few jobs fail.
    const std::string from = failed ? "unipile.unfinished k JOIN unipile.jobs j ON j.bucket = k.bucket AND "
                                      "j.job = k.job WHERE k.state = 4"
                                    : "unipile.jobs j WHERE true";
    const std::string key = failed ? "k.bucket, k.job" : "j.bucket, j.job";
    const std::string sql =
        "SELECT j.bucket, j.job, j.account, j.identifier, j.company, j.state, j.end_reason, j.failure, j.failure_type, "
        "j.posts, j.pages, j.requests, j.whole, j.harvested, j.due, j.run = 0, coalesce(j.tried, j.harvested), "
        "j.suspect FROM " +
        from + " AND (" + key +
        ") > ($1, $2) AND ($3::text IS NULL OR j.account = $3) AND ($4::text IS NULL OR j.identifier = $4) "
        "AND ($5::bigint IS NULL OR j.state = $5) AND ($6::bigint IS NULL OR j.run = $6) ORDER BY " +
        key + " LIMIT $7";
    std::int64_t bucket = 0, job = 0;
    std::uint64_t n = 0;
    for (;;) {
        query q(sql);
        q.add(bucket).add(job).add(text(filter.account)).add(text(filter.identifier));
        q.add(filter.state ? std::optional(static_cast<std::int64_t>(*filter.state)) : std::nullopt).add(filter.run);
        q.add(slice_rows);
        const rows found = ask(std::move(q));
        for (int i = 0; i < found.count(); ++i) {
            stored_job j;
            bucket = found.integer(i, 0);
            j.job = job = found.integer(i, 1);
            j.spec = {found.string(i, 2), found.string(i, 3), found.boolean(i, 4)};
            j.state = state_in(found, i, 5);
            j.end = found.string(i, 6);
            j.failure = found.string(i, 7);
            j.failure_type = found.string(i, 8);
            j.posts = as_count(found.integer(i, 9));
            j.pages = as_count(found.integer(i, 10));
            j.requests = as_count(found.integer(i, 11));
            j.whole = found.boolean(i, 12);
            j.harvested = found.time(i, 13);
            if (j.state == job_state::delayed) j.again_at = found.time(i, 14);
            j.withdrawn = found.boolean(i, 15);
            j.tried = found.time(i, 16);
            j.suspect = found.boolean(i, 17);
            j.inferred = is_inferred_end(j.end);
            ++n;
            if (!visit(j)) return n;
        }
        if (found.count() < slice_rows) return n;
    }
}

std::uint64_t postgres_reader::quarantined(
    const std::function<bool(const job_spec&, const quarantined_row&, wall_time)>& visit)
{
    std::int64_t bucket = 0, job = 0;
    std::string hash;
    slice_size size;
    std::uint64_t n = 0;
    for (;;) {
        const std::int64_t most = size.rows();
        query q(
            "SELECT q.bucket, q.job, q.hash, j.account, j.identifier, j.company, q.raw, q.why, q.seen "
            "FROM unipile.quarantined q JOIN unipile.jobs j ON j.bucket = q.bucket AND j.job = q.job "
            "WHERE (q.bucket, q.job, q.hash) > ($1, $2, $3) ORDER BY q.bucket, q.job, q.hash LIMIT $4");
        q.add(bucket).add(job).add(bytes{hash}).add(most);
        const rows found = ask(std::move(q));
        std::size_t bytes_read = 0;
        for (int i = 0; i < found.count(); ++i) {
            const job_spec spec{found.string(i, 3), found.string(i, 4), found.boolean(i, 5)};
            const quarantined_row item{std::string(found.bytes(i, 6)), found.string(i, 7)};
            bytes_read += item.raw.size();
            ++n;
            if (!visit(spec, item, found.time(i, 8).value_or(wall_time{}))) return n;
        }
        if (found.count() < most) return n;
        const int last = found.count() - 1;
        bucket = found.integer(last, 0);
        job = found.integer(last, 1);
        hash = found.bytes(last, 2);
        size.note(bytes_read, found.count());
    }
}

std::unique_ptr<post_reader> open_postgres_reader(const std::string& conninfo, const postgres_options& options)
{
    return std::make_unique<postgres_reader>(conninfo, options);
}

}  // namespace unipile::store::postgres
