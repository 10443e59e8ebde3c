#include "store/post_counters.hpp"

#include <unipile/post.hpp>

namespace unipile::store {

post_counters counters_of(std::string_view json)
{
    post_counters counters;
    const auto read = post::parse(json);
    if (!read) return counters;
    if (const linkedin_post* p = read->linkedin())
        counters = {p->reaction_counter, p->comment_counter, p->repost_counter, p->impressions_counter};
    if (const instagram_post* p = read->instagram()) {
        counters.reactions = p->like_count;
        counters.comments = p->comment_count;
    }
    return counters;
}

}  // namespace unipile::store
