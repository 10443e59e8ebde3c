// Reads what has happened to posts. A place has a number for each bucket: that of the last transaction whose changes
// were read. A bucket has one writer at a time, whose transactions are committed in the order of their numbers.
#include "store/post_counters.hpp"
#include "store/postgres/post_rows.hpp"
#include "store/postgres/statements.hpp"
#include "store/store_rules.hpp"

#include <algorithm>
#include <functional>
#include <limits>
#include <utility>

namespace unipile::store::postgres {

namespace {

constexpr std::uint64_t bit_of(int kind) noexcept { return std::uint64_t{1} << kind; }

std::optional<std::int64_t> number_in(const rows& found, int row, int column)
{
    return found.null(row, column) ? std::nullopt : std::optional(found.integer(row, column));
}

}  // namespace

change_place postgres_reader::last_place()
{
    std::vector<query> queries;
    queries.emplace_back("SELECT value FROM unipile.store WHERE name = 'id'");
    queries.emplace_back("SELECT seq FROM unipile.buckets ORDER BY bucket");
    const std::vector<rows> found = ask(std::move(queries));
    if (found[0].count() == 0) throw store_error(store_errc::not_upgraded, db_.name());
    change_place last;
    last.store = found[0].string(0, 0);
    for (int i = 0; i < found[1].count(); ++i) last.numbers.push_back(as_count(found[1].integer(i, 0)));
    return last;
}

// A number that is higher than that of its bucket is of a commit that the database has lost.
change_place postgres_reader::place_in(const std::string& text, const change_place& last)
{
    auto place = parse_change_place(text);
    const auto fits = [&](const change_place& p) {
        return p.store == last.store && p.numbers.size() == last.numbers.size() &&
               std::equal(p.numbers.begin(), p.numbers.end(), last.numbers.begin(), std::less_equal<>());
    };
    if (!place || !fits(*place)) throw store_error(store_errc::unknown_place, db_.name());
    return *std::move(place);
}

std::string postgres_reader::changes(const std::string& after, const std::function<bool(const changed_post&)>& visit)
{
    const change_place last = last_place();
    bool wanted = true;
    if (after.empty()) {
        all_posts({}, [&](const stored_post& p) {
            return wanted = visit({change_by(bit_of(logged::added), p.gone).value_or(change_kind::added), p});
        });
        return wanted ? text_of(last) : std::string();
    }
    const change_place from = place_in(after, last);
    for (std::size_t b = 0; b < last.numbers.size(); ++b) {
        if (from.numbers[b] == last.numbers[b]) continue;
        const feed_key first{static_cast<std::int64_t>(from.numbers[b]), std::numeric_limits<std::int64_t>::max()};
        const auto upto = static_cast<std::int64_t>(last.numbers[b]);
        if (!visit_changes(static_cast<std::int64_t>(b), first, upto, visit)) return {};
    }
    return text_of(last);
}

// Visits what has changed in one bucket. Returns false if the visitor wants no more.
bool postgres_reader::visit_changes(std::int64_t bucket, feed_key after, std::int64_t upto,
                                    const std::function<bool(const changed_post&)>& visit)
{
    slice_size size;
    for (;;) {
        const std::int64_t most = size.rows();
        query q(
            "SELECT seq, n, kind, id, provider FROM unipile.changes WHERE bucket = $1 AND (seq, n) > ($2, $3) "
            "AND seq <= $4 ORDER BY seq, n LIMIT $5");
        q.add(bucket).add(after.seq).add(after.n).add(upto).add(most);
        const rows found = ask(std::move(q));
        std::map<std::pair<std::string, std::string>, std::uint64_t> kinds;
        for (int i = 0; i < found.count(); ++i) {
            after = {found.integer(i, 0), found.integer(i, 1)};
            kinds[{found.string(i, 3), found.string(i, 4)}] |= bit_of(static_cast<int>(found.integer(i, 2)));
        }
        std::size_t bytes = 0;
        if (!kinds.empty() && !visit_posts(kinds, visit, bytes)) return false;
        if (found.count() < most) return true;
        size.note(bytes, found.count());
    }
}

// Visits posts as they are, with what has happened to them.
bool postgres_reader::visit_posts(const std::map<std::pair<std::string, std::string>, std::uint64_t>& kinds,
                                  const std::function<bool(const changed_post&)>& visit, std::size_t& bytes)
{
    static const std::string sql = std::string("SELECT ") + post_columns +
                                   ", j.account, j.identifier FROM unipile.posts p " + finding_sighting +
                                   "LEFT JOIN unipile.jobs j ON j.bucket = p.bucket AND j.job = p.job "
                                   "WHERE p.id = ANY ($1) ORDER BY p.id, p.provider";
    array ids(type_id::text);
    for (const auto& [key, mask] : kinds) ids.add(std::string_view(key.first));
    query q(sql);
    q.add(std::move(ids));
    const rows found = ask(std::move(q));
    for (int i = 0; i < found.count(); ++i) {
        changed_post change{{}, post_in(found, i)};
        const auto at = kinds.find({std::string(change.post.id), std::string(change.post.provider)});
        if (at == kinds.end()) continue;
        change.post.account = found.text(i, 9);
        change.post.identifier = found.text(i, 10);
        bytes += change.post.json.size();
        const auto kind = change_by(at->second, change.post.gone);
        if (!kind) continue;
        change.kind = *kind;
        if (!visit(change)) return false;
    }
    return true;
}

std::uint64_t postgres_reader::counters(const std::function<bool(const counted_post&)>& visit)
{
    bool wanted = true;
    std::uint64_t n = format_.version >= 4 ? replaced_counters(visit, wanted) : 0;
    if (!wanted) return n;
    return n + all_posts(
                   {}, [&](const stored_post& p) { return visit({p.provider, p.id, p.changed, counters_of(p.json)}); });
}

std::uint64_t postgres_reader::replaced_counters(const std::function<bool(const counted_post&)>& visit, bool& wanted)
{
    std::int64_t bucket = -1;
    feed_key after;
    std::uint64_t n = 0;
    for (;;) {
        query q(
            "SELECT bucket, seq, n, provider, id, taken, reactions, comments, reposts, impressions "
            "FROM unipile.changes WHERE (bucket, seq, n) > ($1, $2, $3) AND taken IS NOT NULL "
            "ORDER BY bucket, seq, n LIMIT $4");
        q.add(bucket).add(after.seq).add(after.n).add(slice_rows);
        const rows found = ask(std::move(q));
        for (int i = 0; i < found.count(); ++i) {
            bucket = found.integer(i, 0);
            after = {found.integer(i, 1), found.integer(i, 2)};
            const post_counters counters{number_in(found, i, 6), number_in(found, i, 7), number_in(found, i, 8),
                                         number_in(found, i, 9)};
            ++n;
            wanted = visit({found.text(i, 3), found.text(i, 4), found.time(i, 5).value_or(wall_time{}), counters});
            if (!wanted) return n;
        }
        if (found.count() < slice_rows) return n;
    }
}

}  // namespace unipile::store::postgres
