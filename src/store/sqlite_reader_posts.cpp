// Reads posts.
#include "store/sqlite_post_rows.hpp"
#include "store/sqlite_reader.hpp"

namespace unipile::store {

namespace {

std::string published_within(const post_filter& filter)
{
    const char* undated = filter.undated ? " OR p.published IS NULL)" : ")";
    std::string q;
    if (filter.since) q += std::string(" AND (p.published >= :since") + undated;
    if (filter.until) q += std::string(" AND (p.published < :until") + undated;
    return q;
}

// Returns true if a post's own row has all that is needed.
bool needs_row_only(const post_filter& filter)
{
    return filter.only_json && !filter.account && !filter.identifier && filter.gone;
}

}  // namespace

// Collects the posts that match by listing in a sorted temporary table, so that memory is bounded and the file is read
// in its own order. Returns the table's name; empty if every listing matches.
std::string sqlite_reader::match(const post_filter& filter)
{
    if (!filter.account && !filter.identifier) return {};
    const std::string name = "temp.matches_" + std::to_string(++tables_);
    db_.run(("CREATE TABLE " + name + "(post INTEGER PRIMARY KEY, job INTEGER NOT NULL)").c_str());
    std::string q = "INSERT INTO " + name +
                    " SELECT s.post, min(s.job) FROM sightings s WHERE s.job IN (SELECT job FROM jobs WHERE 1";
    if (filter.account) q += " AND account = :account";
    if (filter.identifier) q += " AND identifier = :identifier";
    statement note(db_, q + ") GROUP BY s.post ORDER BY s.post");
    if (filter.account) note.bind(note.parameter(":account"), *filter.account);
    if (filter.identifier) note.bind(note.parameter(":identifier"), *filter.identifier);
    note.run();
    return name;
}

std::uint64_t sqlite_reader::posts(const post_filter& filter, const std::function<bool(const stored_post&)>& visit)
{
    const std::string matches = match(filter);
    const temporary_table dropped_at_the_end(db_, matches);
    const std::string within = published_within(filter) + (filter.gone ? "" : " AND NOT is_gone");
    const bool row_only = needs_row_only(filter);
    statement find(db_, row_only
                            ? "SELECT p.post, p.json FROM posts p WHERE p.post > :after" + within + " ORDER BY p.post"
                            : posts_query(matches, within));
    std::int64_t after = 0;
    const auto begin = [&] {
        find.bind(find.parameter(":after"), after);
        if (filter.since) find.bind(find.parameter(":since"), filter.since);
        if (filter.until) find.bind(find.parameter(":until"), filter.until);
    };
    const auto read = [&](slice<kept_post>& rows) {
        after = find.integer(0);
        kept_post& row = rows.next(find.text(row_only ? 1 : 5).size());
        if (row_only)
            row.take_json(find.text(1));
        else
            row.take(find);
    };
    return in_slices<kept_post>(db_, find, begin, read, [&](const kept_post& row) { return visit(row.view()); });
}

}  // namespace unipile::store
