#include "store/sqlite_post_rows.hpp"

namespace unipile::store {

std::string posts_query(const std::string& matches, const std::string& conditions, const std::string& more)
{
    std::string q =
        "SELECT p.post, p.provider, p.id, j.account, j.identifier, p.json, p.published, p.first_seen, "
        "max(f.last_seen, coalesce((SELECT max(last_seen) FROM sightings s WHERE s.post = p.post "
        "AND s.finder = 0), 0)), iif(p.changed, p.changed, p.first_seen), "
        "(f.gone IS NOT NULL AND NOT EXISTS(SELECT 1 FROM sightings s WHERE s.post = p.post "
        "AND s.finder = 0 AND s.gone IS NULL)) AS is_gone" +
        more;
    if (matches.empty())
        q += " FROM posts p CROSS JOIN jobs j ON j.job = p.job ";
    else
        q += " FROM " + matches + " m CROSS JOIN posts p ON p.post = m.post CROSS JOIN jobs j ON j.job = m.job ";
    const std::string key = matches.empty() ? "p.post" : "m.post";
    return q + "CROSS JOIN sightings f ON f.job = p.job AND f.post = p.post WHERE " + key + " > :after" + conditions +
           " ORDER BY " + key;
}

void kept_post::take(const statement& found)
{
    text_.clear();
    for (int i = 0; i < 5; ++i) {
        const std::string_view part = found.text(i + 1);
        text_ += part;
        sizes_[static_cast<std::size_t>(i)] = part.size();
    }
    post_.published = found.time(6);
    post_.first_seen = found.time_or_zero(7);
    post_.last_seen = found.time_or_zero(8);
    post_.changed = found.time_or_zero(9);
    post_.gone = found.integer(10) != 0;
}

void kept_post::take_json(std::string_view json)
{
    text_ = json;
    sizes_ = {0, 0, 0, 0, json.size()};
}

stored_post kept_post::view() const
{
    stored_post p = post_;
    std::string_view rest = text_;
    std::size_t at = 0;
    for (std::string_view* part : {&p.provider, &p.id, &p.account, &p.identifier, &p.json}) {
        *part = rest.substr(0, sizes_[at]);
        rest.remove_prefix(sizes_[at++]);
    }
    return p;
}

}  // namespace unipile::store
