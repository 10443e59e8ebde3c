// What happens to posts, as readers of the table `changes` get it.
#include "store/post_counters.hpp"
#include "store/postgres/listing_work.hpp"
#include "store/postgres/statements.hpp"

namespace unipile::store::postgres {

// The counters of stored posts that are about to be replaced.
void listing_work::read_replaced()
{
    array ids(type_id::text);
    for (const feed_entry& e : feed_)
        if (e.reads_before) ids.add(std::string_view(e.post->first));
    if (ids.size() == 0) return;
    std::map<post_key, post_counters> counters;
    query find("SELECT id, provider, body, raw FROM unipile.posts WHERE id = ANY ($1)");
    find.add(std::move(ids));
    t_.add(std::move(find), [&counters](const rows& found) {
        for (int i = 0; i < found.count(); ++i)
            counters[{found.string(i, 0), found.string(i, 1)}] =
                counters_of(found.null(i, 3) ? found.text(i, 2) : found.bytes(i, 3));
    });
    t_.sync();
    for (feed_entry& e : feed_)
        if (e.reads_before) e.before = counters[*e.post];
}

// Posts that were gone from this listing, or from that which found them first, and have been seen. The sightings that
// say so have not been written yet. Whether others were gone is not asked: another worker may mark them at this moment.
void listing_work::write_returned()
{
    if (seen_again_.empty()) return;
    array bucket(type_id::bigint), seq(type_id::bigint), n(type_id::bigint), at(type_id::timestamp);
    array job(type_id::bigint), id(type_id::text), provider(type_id::text), here(type_id::boolean);
    for (const feed_entry& e : seen_again_) {
        bucket.add(e.bucket);
        seq.add(batch_.number_in(e.bucket));
        n.add(batch_.next_change());
        at.add(storable(e.at));
        job.add(e.job);
        id.add(std::string_view(e.post->first));
        provider.add(std::string_view(e.post->second));
        here.add(e.was_gone);
    }
    query q(
        "INSERT INTO unipile.changes (bucket, seq, n, at, kind, job, id, provider) "
        "SELECT bucket, seq, n, at, 6, job, id, provider FROM unnest($1, $2, $3, $4, $5, $6, $7, $8) "
        "AS x(bucket, seq, n, at, job, id, provider, here) WHERE here OR EXISTS (SELECT 1 FROM unipile.sightings f "
        "WHERE f.id = x.id AND f.provider = x.provider AND f.finder AND f.gone IS NOT NULL)");
    q.add(std::move(bucket)).add(std::move(seq)).add(std::move(n)).add(std::move(at)).add(std::move(job));
    q.add(std::move(id)).add(std::move(provider)).add(std::move(here));
    t_.add(std::move(q));
}

void listing_work::write_gone()
{
    // The misses have been written, so their marks can be read.
    for (const miss& m : misses_) {
        query q(
            "INSERT INTO unipile.changes (bucket, seq, n, at, kind, job, id, provider) "
            "SELECT $1, $2, $3 + row_number() OVER (ORDER BY id, provider), $4, 4, $5, id, provider "
            "FROM unipile.sightings WHERE bucket = $1 AND job = $5 AND gone = $4 AND walk <> $6");
        q.add(m.bucket).add(batch_.number_in(m.bucket)).add(batch_.many_changes());
        q.add(storable(m.at)).add(m.job).add(m.walk);
        t_.add(std::move(q));
    }
}

void listing_work::write_feed()
{
    if (feed_.empty()) return;
    array bucket(type_id::bigint), seq(type_id::bigint), n(type_id::bigint), at(type_id::timestamp);
    array kind(type_id::bigint), job(type_id::bigint), id(type_id::text), provider(type_id::text);
    array taken(type_id::timestamp), reactions(type_id::bigint), comments(type_id::bigint), reposts(type_id::bigint);
    array impressions(type_id::bigint);
    for (const feed_entry& e : feed_) {
        bucket.add(e.bucket);
        seq.add(batch_.number_in(e.bucket));
        n.add(batch_.next_change());
        at.add(storable(e.at));
        kind.add(e.kind);
        job.add(e.job);
        id.add(std::string_view(e.post->first));
        provider.add(std::string_view(e.post->second));
        taken.add(storable(e.taken));
        reactions.add(e.before.reactions);
        comments.add(e.before.comments);
        reposts.add(e.before.reposts);
        impressions.add(e.before.impressions);
    }
    query q(
        "INSERT INTO unipile.changes (bucket, seq, n, at, kind, job, id, provider, taken, reactions, comments, "
        "reposts, impressions) SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)");
    q.add(std::move(bucket)).add(std::move(seq)).add(std::move(n)).add(std::move(at)).add(std::move(kind));
    q.add(std::move(job)).add(std::move(id)).add(std::move(provider)).add(std::move(taken)).add(std::move(reactions));
    q.add(std::move(comments)).add(std::move(reposts)).add(std::move(impressions));
    t_.add(std::move(q));
}

}  // namespace unipile::store::postgres
