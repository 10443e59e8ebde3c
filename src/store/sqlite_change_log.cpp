#include "store/sqlite_change_log.hpp"

#include "store/post_counters.hpp"
#include "store/store_rules.hpp"

namespace unipile::store {

std::int64_t last_post_in(connection& db)
{
    return db.number(
        "SELECT max(coalesce((SELECT max(post) FROM posts), 0), "
        "coalesce((SELECT CAST(value AS INTEGER) FROM properties WHERE name = 'last_post'), 0))");
}

std::int64_t last_entry_in(connection& db)
{
    return db.number("SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'changes'), 0)");
}

void begin_epoch(connection& db)
{
    statement begin(db, "INSERT INTO epochs(epoch, post, entry) VALUES(random(), ?, ?)");
    begin.bind(1, last_post_in(db)).bind(2, last_entry_in(db)).run();
}

change_log::change_log(connection& db)
    : add_(db, "INSERT INTO changes(post, kind, at) VALUES(?, ?, ?)"),
      keep_(db,
            "INSERT INTO changes(post, kind, at, taken, reactions, comments, reposts, impressions) "
            "VALUES(?, ?, ?, ?, ?, ?, ?, ?)"),
      replaced_(db, "SELECT json, iif(changed, changed, first_seen) FROM posts WHERE post = ?"),
      gone_(db,
            "SELECT 1 FROM sightings f INDEXED BY sightings_gone WHERE f.post = ?1 AND f.finder = 1 "
            "AND f.gone IS NOT NULL AND NOT EXISTS(SELECT 1 FROM sightings s WHERE s.post = ?1 AND s.finder = 0 "
            "AND s.gone IS NULL)")
{}

void change_log::replaces(std::int64_t post, std::int64_t kind, wall_time now)
{
    const running scope(replaced_);
    replaced_.bind(1, post);
    if (!replaced_.step()) return;
    const post_counters before = counters_of(replaced_.text(0));
    keep_.bind(1, post).bind(2, kind).bind(3, std::optional(now)).bind(4, replaced_.integer(1));
    int at = 5;
    for (const auto& counter : {before.reactions, before.comments, before.reposts, before.impressions}) {
        if (counter)
            keep_.bind(at, *counter);
        else
            keep_.bind_null(at);
        ++at;
    }
    keep_.run();
}

void change_log::add(std::int64_t post, std::int64_t kind, wall_time now)
{
    add_.bind(1, post).bind(2, kind).bind(3, std::optional(now)).run();
}

void change_log::sees(std::int64_t post, wall_time now)
{
    gone_.bind(1, post);
    bool was_gone = false;
    {
        const running scope(gone_);
        was_gone = gone_.step();
    }
    if (was_gone) add(post, logged::returned, now);
}

}  // namespace unipile::store
