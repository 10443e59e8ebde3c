#include "store/postgres/post_rows.hpp"

#include "store/postgres/statements.hpp"

namespace unipile::store::postgres {

query with_times(const std::string& sql, const post_filter& filter)
{
    query q(sql);
    q.add(storable(filter.since)).add(storable(filter.until)).add(filter.undated);
    return q;
}

stored_post post_in(const rows& found, int row)
{
    stored_post p;
    p.id = found.text(row, 0);
    p.provider = found.text(row, 1);
    p.published = found.time(row, 2);
    p.first_seen = found.time(row, 3).value_or(wall_time{});
    p.changed = found.time(row, 4).value_or(wall_time{});
    p.json = found.null(row, 6) ? found.text(row, 5) : found.bytes(row, 6);
    p.last_seen = found.time(row, 7).value_or(p.first_seen);
    p.gone = found.boolean(row, 8);
    return p;
}

}  // namespace unipile::store::postgres
