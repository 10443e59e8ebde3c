// Makes a post of an item's fields, and records its deviations.
#include "decode/item_parser.hpp"
#include "decode/timestamp.hpp"

#include <algorithm>

namespace unipile::decode {

template <class T>
const T* item_parser::keep(const T& value)
{
    void* place = builder_.allocate(sizeof(T), alignof(T));
    return place ? new (place) T(value) : nullptr;
}

void item_parser::finish_linkedin()
{
    const linkedin_post& fields = item_.linkedin;
    detail::post_block& post = builder_.header();
    post.id = fields.id.value_or(std::string_view{});
    if (fields.id && fields.id->empty()) note(anomaly_kind::unexpected_value, {}, "id", of_linkedin);
    if (fields.parsed_datetime) {
        post.published_at = parse_datetime(*fields.parsed_datetime);
        if (!post.published_at) note(anomaly_kind::bad_time, {}, "parsed_datetime", of_linkedin);
    }
    if (!post.published_at) post.published_at = time_of_linkedin_id(post.id);
    post.linkedin = keep(fields);
}

void item_parser::finish_instagram()
{
    const instagram_post& fields = item_.instagram;
    detail::post_block& post = builder_.header();
    post.id = fields.provider_id.value_or(std::string_view{});
    if (fields.provider_id && fields.provider_id->empty())
        note(anomaly_kind::unexpected_value, {}, "provider_id", of_instagram);
    if (fields.caption && fields.caption->created_at) {
        post.published_at = time_of_number(*fields.caption->created_at);
        if (!post.published_at) note(anomaly_kind::bad_time, "caption", "created_at", of_instagram);
    }
    post.instagram = keep(fields);
}

/// Copies the anomalies that apply to the post's provider into its block; those of texts always apply.
bool item_parser::keep_anomalies(unsigned owner)
{
    const auto concerns = [&](const deviations::entry& n) {
        return (n.owner & owner) != 0 || n.what.kind == anomaly_kind::bad_text;
    };
    const auto n = static_cast<std::size_t>(std::count_if(noted_.begin(), noted_.end(), concerns));
    if (n == 0) return true;
    anomaly* copy = builder_.allocate<anomaly>(n);
    if (!copy) return false;
    anomaly* next = copy;
    for (const deviations::entry& one : noted_)
        if (concerns(one)) new (next++) anomaly(one.what);
    builder_.header().anomalies = {copy, n};
    return true;
}

}  // namespace unipile::decode
