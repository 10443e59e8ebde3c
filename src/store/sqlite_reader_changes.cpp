// Reads what has happened to posts. A place is the number of the last post that was added, that of the last entry of
// the table `changes`, and the epoch of both.
#include "store/post_counters.hpp"
#include "store/sqlite_change_log.hpp"
#include "store/sqlite_post_rows.hpp"
#include "store/sqlite_reader.hpp"
#include "store/store_rules.hpp"

#include <utility>

namespace unipile::store {

namespace {

std::int64_t post_in(const change_place& p) noexcept { return static_cast<std::int64_t>(p.numbers[0]); }
std::int64_t entry_in(const change_place& p) noexcept { return static_cast<std::int64_t>(p.numbers[1]); }
std::int64_t epoch_in(const change_place& p) noexcept { return static_cast<std::int64_t>(p.numbers[2]); }

struct kept_change {
    kept_post post;
    std::uint64_t kinds = 0;
};

struct kept_counters {
    std::string provider, id;
    wall_time at{};
    post_counters counters;
};

std::optional<std::int64_t> number_in(const statement& found, int column)
{
    return found.null(column) ? std::nullopt : std::optional(found.integer(column));
}

}  // namespace

change_place sqlite_reader::last_place()
{
    const snapshot one_state(db_);
    change_place last;
    last.store = db_.text("SELECT value FROM properties WHERE name = 'id'");
    const std::int64_t epoch = db_.number("SELECT epoch FROM epochs ORDER BY number DESC LIMIT 1");
    for (const std::int64_t n : {last_post_in(db_), last_entry_in(db_), epoch})
        last.numbers.push_back(static_cast<std::uint64_t>(n));
    return last;
}

change_place sqlite_reader::place_in(const std::string& text, const change_place& last)
{
    if (text.empty()) return {last.store, {0, 0, 0}};
    auto place = parse_change_place(text);
    if (!place || place->store != last.store || place->numbers.size() != last.numbers.size() || !is_known(*place, last))
        throw store_error(store_errc::unknown_place, db_.file());
    return *std::move(place);
}

// A place behind the end of its epoch was given before the store was set back.
bool sqlite_reader::is_known(const change_place& place, const change_place& last)
{
    statement epoch(db_, "SELECT number FROM epochs WHERE epoch = ?");
    epoch.bind(1, epoch_in(place));
    if (!epoch.step()) return false;
    statement next(db_, "SELECT post, entry FROM epochs WHERE number > ? ORDER BY number LIMIT 1");
    next.bind(1, epoch.integer(0));
    const bool ended = next.step();
    const std::int64_t last_post = ended ? next.integer(0) : post_in(last);
    const std::int64_t last_entry = ended ? next.integer(1) : entry_in(last);
    return post_in(place) <= last_post && entry_in(place) <= last_entry;
}

// Collects the posts that have changed, without those that are new. Returns the table's name.
std::string sqlite_reader::match_changes(const change_place& after, const change_place& upto)
{
    const std::string name = "temp.matches_" + std::to_string(++tables_);
    db_.run(
        ("CREATE TABLE " + name + "(post INTEGER PRIMARY KEY, job INTEGER NOT NULL, kinds INTEGER NOT NULL)").c_str());
    statement note(db_, "INSERT INTO " + name +
                            " SELECT p.post, p.job, c.kinds FROM (SELECT post, sum(DISTINCT 1 << kind) AS kinds "
                            "FROM changes WHERE seq > ? AND seq <= ? AND post <= ? GROUP BY post) c "
                            "CROSS JOIN posts p ON p.post = c.post ORDER BY p.post");
    note.bind(1, entry_in(after)).bind(2, entry_in(upto)).bind(3, post_in(after)).run();
    return name;
}

// With `matches`, those posts; without, the new ones.
bool sqlite_reader::visit_changes(const std::string& matches, const change_place& after, const change_place& upto,
                                  const std::function<bool(const changed_post&)>& visit)
{
    statement find(db_, matches.empty()
                            ? posts_query({}, " AND p.post <= :upto", ", 1 << " + std::to_string(logged::added))
                            : posts_query(matches, {}, ", m.kinds"));
    std::int64_t last = matches.empty() ? post_in(after) : 0;
    const auto begin = [&] {
        find.bind(find.parameter(":after"), last);
        if (matches.empty()) find.bind(find.parameter(":upto"), post_in(upto));
    };
    const auto read = [&](slice<kept_change>& rows) {
        last = find.integer(0);
        kept_change& row = rows.next(find.text(5).size());
        row.post.take(find);
        row.kinds = static_cast<std::uint64_t>(find.integer(more_columns));
    };
    bool wanted = true;
    in_slices<kept_change>(db_, find, begin, read, [&](const kept_change& row) {
        changed_post change{{}, row.post.view()};
        const auto kind = change_by(row.kinds, change.post.gone);
        if (!kind) return true;
        change.kind = *kind;
        return wanted = visit(change);
    });
    return wanted;
}

std::string sqlite_reader::changes(const std::string& after, const std::function<bool(const changed_post&)>& visit)
{
    if (version_ < 7) throw store_error(store_errc::not_upgraded, db_.file());
    const change_place last = last_place();
    const change_place from = place_in(after, last);
    if (entry_in(from) < entry_in(last) && post_in(from) > 0) {
        const std::string matches = match_changes(from, last);
        const temporary_table dropped_at_the_end(db_, matches);
        if (!visit_changes(matches, from, last, visit)) return {};
    }
    return visit_changes({}, from, last, visit) ? text_of(last) : std::string();
}

std::uint64_t sqlite_reader::counters(const std::function<bool(const counted_post&)>& visit)
{
    bool wanted = true;
    const auto visit_rows = [&](const kept_counters& row) {
        return wanted = visit({row.provider, row.id, row.at, row.counters});
    };
    std::uint64_t n = 0;
    if (version_ >= 6) {
        statement replaced(db_,
                           "SELECT c.seq, p.provider, p.id, c.taken, c.reactions, c.comments, c.reposts, c.impressions "
                           "FROM changes c CROSS JOIN posts p ON p.post = c.post WHERE c.seq > ? "
                           "AND c.taken IS NOT NULL ORDER BY c.seq");
        std::int64_t after = 0;
        const auto read = [&](slice<kept_counters>& rows) {
            after = replaced.integer(0);
            post_counters counters{number_in(replaced, 4), number_in(replaced, 5), number_in(replaced, 6),
                                   number_in(replaced, 7)};
            rows.next(sizeof(kept_counters)) = {replaced.string(1), replaced.string(2), replaced.time_or_zero(3),
                                                counters};
        };
        n += in_slices<kept_counters>(db_, replaced, [&] { replaced.bind(1, after); }, read, visit_rows);
    }
    if (!wanted) return n;
    statement current(db_,
                      "SELECT post, provider, id, iif(changed, changed, first_seen), json FROM posts WHERE post > ? "
                      "ORDER BY post");
    std::int64_t after = 0;
    const auto read = [&](slice<kept_counters>& rows) {
        after = current.integer(0);
        rows.next(sizeof(kept_counters)) = {current.string(1), current.string(2), current.time_or_zero(3),
                                            counters_of(current.text(4))};
    };
    return n + in_slices<kept_counters>(db_, current, [&] { current.bind(1, after); }, read, visit_rows);
}

}  // namespace unipile::store
