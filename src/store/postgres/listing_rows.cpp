// The rows that pages and ends read and write. Rows are written in the order of their keys, so that transactions of
// several workers wait for each other and do not deadlock.
#include "store/postgres/listing_work.hpp"
#include "store/postgres/statements.hpp"
#include "store/postgres/wire.hpp"

#include <unipile/utf8.hpp>

#include <algorithm>
#include <tuple>

namespace unipile::store::postgres {

namespace {

std::string packed_hash(const std::array<std::uint64_t, 2>& hash)
{
    std::string out;
    for (const std::uint64_t part : hash) put_64(out, static_cast<std::int64_t>(part));
    return out;
}

std::array<std::uint64_t, 2> unpacked_hash(std::string_view bytes)
{
    if (bytes.size() != 16) return {};
    return {static_cast<std::uint64_t>(number_in(bytes.substr(0, 8))),
            static_cast<std::uint64_t>(number_in(bytes.substr(8)))};
}

std::int64_t as_signed(std::uint64_t n) noexcept { return static_cast<std::int64_t>(n); }
std::uint64_t as_unsigned(std::int64_t n) noexcept { return static_cast<std::uint64_t>(n); }

}  // namespace

std::string quarantine_hash(const quarantined_row& item) { return packed_hash(hash_of_bytes(item.raw)); }

void listing_work::read(std::span<const operation> operations)
{
    std::vector<bucket_number> buckets;
    const auto note = [&](const auto& op) {
        using type = std::decay_t<decltype(op)>;
        if constexpr (std::is_same_v<type, save_account>) {
            if (batch_.me().has(op.row.account)) buckets.push_back(batch_.bucket_of(op.row.account));
        } else if constexpr (requires { op.job; }) {
            if (const claim* c = batch_.claim_of(op.job)) buckets.push_back(c->bucket);
        }
    };
    for (const operation& op : operations) std::visit(note, op);
    batch_.fence(std::move(buckets));
    std::vector<claimed_page> pages;
    for (const operation& op : operations)
        if (const auto* page = std::get_if<page_write>(&op))
            if (const claim* c = batch_.claim_of(page->job)) {
                read_page(*page, *c);
                pages.push_back({page, c->bucket});
            }
    read_posts();
    read_sightings(pages);
    t_.sync();
    take_over(operations);
}

void listing_work::read_page(const page_write& page, const claim& c)
{
    for (const post_row& p : page.posts) posts_.try_emplace({storable_text(stored_id(p)), storable_text(p.provider())});
    if (c.line.untouched()) look_for_others(page.job, c.bucket);
    if (page.quarantined.empty()) return;
    array hashes(type_id::bytes);
    for (const quarantined_row& q : page.quarantined) hashes.add(bytes{quarantine_hash(q)});
    query find("SELECT hash FROM unipile.quarantined WHERE bucket = $1 AND job = $2 AND hash = ANY ($3)");
    find.add(c.bucket).add(page.job).add(std::move(hashes));
    t_.add(std::move(find), [this, job = page.job](const rows& found) {
        for (int i = 0; i < found.count(); ++i) quarantined_[job].emplace(found.bytes(i, 0));
    });
}

void listing_work::read_posts()
{
    if (posts_.empty()) return;
    array ids(type_id::text);
    for (const auto& [key, post] : posts_) ids.add(std::string_view(key.first));
    query find(
        "SELECT id, provider, job, bucket, view, content, counters, own, links, changed FROM unipile.posts "
        "WHERE id = ANY ($1)");
    find.add(std::move(ids));
    t_.add(std::move(find), [this](const rows& found) {
        for (int i = 0; i < found.count(); ++i) {
            const auto at = posts_.find({found.string(i, 0), found.string(i, 1)});
            if (at == posts_.end()) continue;
            known_post& p = at->second;
            p.stored = true;
            p.finder = found.integer(i, 2);
            p.finder_bucket = static_cast<bucket_number>(found.integer(i, 3));
            p.view.job = found.integer(i, 4);
            p.view.content = unpacked_hash(found.bytes(i, 5));
            p.view.counters = as_unsigned(found.integer(i, 6));
            p.view.own = as_unsigned(found.integer(i, 7));
            p.view.links = as_unsigned(found.integer(i, 8));
            p.changed = found.time(i, 9).value_or(wall_time{});
        }
    });
}

void listing_work::read_sightings(std::span<const claimed_page> pages)
{
    array bucket(type_id::bigint), job(type_id::bigint), id(type_id::text);
    for (const claimed_page& p : pages)
        for (const post_row& post : p.page->posts) {
            bucket.add(p.bucket);
            job.add(p.page->job);
            id.add(std::string_view(storable_text(stored_id(post))));
        }
    if (id.size() == 0) return;
    // One search in the key for each row, whatever the planner believes of the table: OFFSET keeps it from a join.
    query find(
        "SELECT x.job, s.id, s.provider, s.place, s.walk, s.last_seen, s.marked, s.is_gone FROM unnest($1, $2, $3) "
        "AS x(bucket, job, id) CROSS JOIN LATERAL (SELECT id, provider, place, walk, last_seen, "
        "gone IS NOT NULL OR missed IS NOT NULL AS marked, gone IS NOT NULL AS is_gone FROM unipile.sightings "
        "WHERE bucket = x.bucket AND job = x.job AND id = x.id OFFSET 0) AS s");
    find.add(std::move(bucket)).add(std::move(job)).add(std::move(id));
    t_.add(std::move(find), [this](const rows& found) {
        for (int i = 0; i < found.count(); ++i) {
            const auto post = posts_.find({found.string(i, 1), found.string(i, 2)});
            if (post == posts_.end()) continue;
            known_sighting& s = sightings_[{found.integer(i, 0), &*post}];
            s.stored = true;
            s.at = unpacked(found.integer(i, 3));
            s.walk = found.integer(i, 4);
            s.last_seen = found.time(i, 5).value_or(wall_time{});
            s.marked = found.boolean(i, 6);
            s.gone = found.boolean(i, 7);
        }
    });
}

// Another account may have read this listing before.
void listing_work::look_for_others(std::int64_t job, bucket_number bucket)
{
    if (others_.contains(job)) return;
    query find(
        "SELECT o.bucket, o.job, o.timeline FROM unipile.jobs j JOIN unipile.jobs o ON o.identifier = j.identifier "
        "AND o.company = j.company WHERE j.bucket = $1 AND j.job = $2 AND o.timeline <> '' "
        "AND (o.bucket <> j.bucket OR o.job <> j.job) "
        "ORDER BY o.whole DESC, o.harvested DESC NULLS LAST, o.job LIMIT 1");
    find.add(bucket).add(job);
    t_.add(std::move(find), [this, job](const rows& found) {
        if (found.count() == 0) return;
        others_[job] = {static_cast<bucket_number>(found.integer(0, 0)), found.integer(0, 1), found.string(0, 2)};
    });
}

// What the other account has seen is taken over if this one is shown at least some of it: the same identifier may be
// another listing at another provider.
void listing_work::take_over(std::span<const operation> operations)
{
    std::erase_if(others_, [this](const auto& other) {
        return !timeline::parse(other.second.timeline, batch_.rules()).has_value();
    });
    if (others_.empty()) return;
    const auto for_pages = [&](const auto& f) {
        for (const operation& op : operations)
            if (const auto* page = std::get_if<page_write>(&op))
                if (const auto other = others_.find(page->job); other != others_.end()) f(*page, other->second);
    };
    std::set<std::int64_t> done;
    for_pages([&](const page_write& page, other_listing& other) {
        if (!done.insert(page.job).second) return;
        array ids(type_id::text), providers(type_id::text);
        for (const post_row& p : page.posts) {
            ids.add(std::string_view(storable_text(stored_id(p))));
            providers.add(std::string_view(storable_text(p.provider())));
        }
        query shown(
            "SELECT EXISTS (SELECT 1 FROM unipile.sightings s JOIN unnest($3, $4) AS x(id, provider) "
            "ON s.id = x.id AND s.provider = x.provider WHERE s.bucket = $1 AND s.job = $2)");
        shown.add(other.bucket).add(other.job).add(std::move(ids)).add(std::move(providers));
        t_.add(std::move(shown), [&other](const rows& found) { other.shown = found.boolean(0, 0); });
    });
    t_.sync();
    done.clear();
    std::vector<claimed_page> shown;
    for_pages([&](const page_write& page, other_listing& other) {
        const bucket_number bucket = memory_.find(page.job)->bucket;
        if (other.shown && done.insert(page.job).second) {
            // A reader that is between the two listings takes what is first seen later for not visited yet.
            query copy(
                "INSERT INTO unipile.sightings (bucket, job, id, provider, place, walk, finder, first_seen, last_seen, "
                "gone, missed) SELECT $1, $2, id, provider, place, walk, false, $5, last_seen, gone, missed "
                "FROM unipile.sightings WHERE bucket = $3 AND job = $4 ON CONFLICT DO NOTHING");
            copy.add(bucket).add(page.job).add(other.bucket).add(other.job).add(page.now);
            t_.add(std::move(copy), [&other](const rows& r) { other.copied = r.affected(); });
        }
        if (other.shown) shown.push_back({&page, bucket});
    });
    read_sightings(shown);
    t_.sync();
}

void listing_work::write()
{
    write_posts();
    count_posts();
    write_returned();
    write_sightings();
    write_misses();
    write_quarantined();
    write_jobs();
    write_accounts();
    write_gone();
    write_feed();
}

namespace {

// Bytes of bodies in one statement. The server works on one while the next one is on its way.
constexpr std::size_t most_bodies = std::size_t{1} << 20;

// The condition is what the comparison has found already, except where another worker stored the post since. In a list
// of columns, `unnest` gives a row at a time; in a list of tables, it writes bodies of some MB to a file first.
constexpr const char* upsert_posts =
    "INSERT INTO unipile.posts AS p (id, provider, job, bucket, view, published, first_seen, changed, content, "
    "counters, own, links, body, raw) SELECT id, provider, job, bucket, view, published, changed, changed, "
    "content, counters, own, links, body, raw FROM (SELECT unnest($1) AS id, unnest($2) AS provider, "
    "unnest($3) AS job, unnest($4) AS bucket, unnest($5) AS view, unnest($6) AS published, unnest($7) AS changed, "
    "unnest($8) AS content, unnest($9) AS counters, unnest($10) AS own, unnest($11) AS links, unnest($12) AS body, "
    "unnest($13) AS raw) AS x "
    "ON CONFLICT (id, provider) DO UPDATE SET view = excluded.view, "
    "published = coalesce(excluded.published, p.published), changed = excluded.changed, "
    "content = excluded.content, counters = excluded.counters, own = excluded.own, links = excluded.links, "
    "body = excluded.body, raw = excluded.raw "
    "WHERE p.own = 0 OR excluded.own <> 0 OR p.view = excluded.view OR p.content <> excluded.content";

// The columns of posts that are written together.
struct post_columns {
    array id{type_id::text}, provider{type_id::text}, job{type_id::bigint}, bucket{type_id::bigint};
    array view{type_id::bigint}, published{type_id::timestamp}, changed{type_id::timestamp}, content{type_id::bytes};
    array counters{type_id::bigint}, own{type_id::bigint}, links{type_id::bigint}, body{type_id::text};
    array raw{type_id::bytes};

    void add_body(std::string_view json)
    {
        const bool exact = is_storable(json);
        if (exact)
            body.add_storable(json);
        else
            body.add_storable(storable_text(json));
        raw.add(exact ? std::nullopt : std::optional(bytes{json}));
    }
    query upsert() &&
    {
        query q(upsert_posts);
        q.add(std::move(id)).add(std::move(provider)).add(std::move(job)).add(std::move(bucket)).add(std::move(view));
        q.add(std::move(published)).add(std::move(changed)).add(std::move(content)).add(std::move(counters));
        q.add(std::move(own)).add(std::move(links)).add(std::move(body)).add(std::move(raw));
        return q;
    }
};

}  // namespace

void listing_work::write_posts()
{
    post_columns columns;
    for (const auto& [key, p] : posts_) {
        if (!p.write) continue;
        columns.id.add_storable(key.first);
        columns.provider.add_storable(key.second);
        columns.job.add(p.finder);
        columns.bucket.add(p.finder_bucket);
        columns.view.add(p.view.job);
        columns.published.add(storable(p.write->published()));
        columns.changed.add(storable(p.changed));
        columns.content.add(bytes{packed_hash(p.view.content)});
        columns.counters.add(as_signed(p.view.counters));
        columns.own.add(as_signed(p.view.own));
        columns.links.add(as_signed(p.view.links.value_or(0)));
        columns.add_body(p.write->json());
        if (columns.body.bytes_used() < most_bodies) continue;
        t_.add(std::exchange(columns, {}).upsert());
    }
    if (columns.id.size() > 0) t_.add(std::move(columns).upsert());
}

// Another worker may have been the first to store a post: then it is another job's. No job is in two transactions at
// once.
void listing_work::count_posts()
{
    array id(type_id::text), provider(type_id::text), job(type_id::bigint), bucket(type_id::bigint);
    for (const auto& [key, p] : posts_) {
        if (!p.added) continue;
        id.add(std::string_view(key.first));
        provider.add(std::string_view(key.second));
        job.add(p.finder);
        bucket.add(p.finder_bucket);
    }
    if (id.size() == 0) return;
    query q(
        "INSERT INTO unipile.post_totals AS t (bucket, posts, quarantined) SELECT bucket, count(*), 0 "
        "FROM unnest($1, $2, $3, $4) AS x(id, provider, job, bucket) WHERE (SELECT p.job = x.job FROM unipile.posts p "
        "WHERE p.id = x.id AND p.provider = x.provider) GROUP BY bucket ORDER BY bucket "
        "ON CONFLICT (bucket) DO UPDATE SET posts = t.posts + excluded.posts");
    q.add(std::move(id)).add(std::move(provider)).add(std::move(job)).add(std::move(bucket));
    t_.add(std::move(q));
}

void listing_work::write_sightings()
{
    if (sighted_.empty()) return;
    std::vector<const sighting_write*> sorted;
    sorted.reserve(sighted_.size());
    for (const auto& [key, s] : sighted_) sorted.push_back(&s);
    std::sort(sorted.begin(), sorted.end(), [](const auto* a, const auto* b) {
        return std::tie(a->bucket, a->job, *a->post) < std::tie(b->bucket, b->job, *b->post);
    });
    array bucket(type_id::bigint), job(type_id::bigint), id(type_id::text), provider(type_id::text);
    array place(type_id::bigint), walk(type_id::bigint), now(type_id::timestamp);
    for (const auto* s : sorted) {
        bucket.add(s->bucket);
        job.add(s->job);
        id.add(std::string_view(s->post->first));
        provider.add(std::string_view(s->post->second));
        place.add(s->place);
        walk.add(s->walk);
        now.add(storable(s->now));
    }
    // Another worker may have been the first to store the post.
    query q(
        "INSERT INTO unipile.sightings AS s (bucket, job, id, provider, place, walk, finder, first_seen, last_seen) "
        "SELECT bucket, job, id, provider, place, walk, coalesce((SELECT p.job = x.job FROM unipile.posts p "
        "WHERE p.id = x.id AND p.provider = x.provider), false), now, now "
        "FROM unnest($1, $2, $3, $4, $5, $6, $7) AS x(bucket, job, id, provider, place, walk, now) "
        "ON CONFLICT (bucket, job, id, provider) DO UPDATE SET place = excluded.place, walk = excluded.walk, "
        "last_seen = excluded.last_seen, gone = NULL, missed = NULL");
    q.add(std::move(bucket)).add(std::move(job)).add(std::move(id)).add(std::move(provider)).add(std::move(place));
    q.add(std::move(walk)).add(std::move(now));
    t_.add(std::move(q));
}

// Posts that two walks in a row have not seen are gone.
void listing_work::write_misses()
{
    for (const miss& m : misses_) {
        query q(
            "UPDATE unipile.sightings SET gone = CASE WHEN missed IS NULL THEN NULL ELSE $1 END, "
            "missed = coalesce(missed, $4) WHERE bucket = $2 AND job = $3 AND walk <> $4 AND gone IS NULL");
        q.add(storable(m.at)).add(m.bucket).add(m.job).add(m.walk);
        t_.add(std::move(q));
    }
}

void listing_work::write_quarantined()
{
    if (kept_apart_.empty()) return;
    array bucket(type_id::bigint), job(type_id::bigint), hash(type_id::bytes), seen(type_id::timestamp);
    array why(type_id::text), raw(type_id::bytes);
    std::map<bucket_number, std::int64_t> counts;
    for (const quarantine_write& w : kept_apart_) {
        ++counts[w.bucket];
        bucket.add(w.bucket);
        job.add(w.job);
        hash.add(bytes{w.hash});
        seen.add(storable(w.now));
        why.add(std::string_view(storable_text(w.row->why)));
        raw.add(bytes{w.row->raw});
    }
    query q(
        "INSERT INTO unipile.quarantined (bucket, job, hash, seen, why, raw) "
        "SELECT * FROM unnest($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING");
    q.add(std::move(bucket)).add(std::move(job)).add(std::move(hash)).add(std::move(seen)).add(std::move(why));
    q.add(std::move(raw));
    t_.add(std::move(q));
    array counted(type_id::bigint), items(type_id::bigint);
    for (const auto& [b, n] : counts) {
        counted.add(b);
        items.add(n);
    }
    query count(
        "INSERT INTO unipile.post_totals AS t (bucket, posts, quarantined) SELECT bucket, 0, n "
        "FROM unnest($1, $2) AS x(bucket, n) ORDER BY bucket "
        "ON CONFLICT (bucket) DO UPDATE SET quarantined = t.quarantined + excluded.quarantined");
    count.add(std::move(counted)).add(std::move(items));
    t_.add(std::move(count));
}

}  // namespace unipile::store::postgres
