#include "program/export/post_columns.hpp"

namespace unipile::program {
namespace {

using std::string_view;

/// Returns the value of the function for the provider that the post is of; none for others.
template <class L, class I>
cell typed(post_row& row, L linkedin, I instagram)
{
    if (const linkedin_post* p = row.linkedin()) return linkedin(*p);
    if (const instagram_post* p = row.instagram()) return instagram(*p);
    return {};
}
template <class L>
cell of_linkedin(post_row& row, L linkedin)
{
    const linkedin_post* p = row.linkedin();
    return p != nullptr ? linkedin(*p) : cell{};
}

cell author_name(post_row& row)
{
    return typed(
        row, [](const auto& p) { return p.author != nullptr ? cell_of(p.author->name) : cell{}; },
        [](const auto& p) { return p.owner != nullptr ? cell_of(p.owner->username) : cell{}; });
}
cell author_id(post_row& row)
{
    return typed(
        row, [](const auto& p) { return p.author != nullptr ? cell_of(p.author->id) : cell{}; },
        [](const auto& p) { return p.owner != nullptr ? cell_of(p.owner->id) : cell{}; });
}
cell text_of(post_row& row)
{
    return typed(
        row, [](const auto& p) { return cell_of(p.text); },
        [](const auto& p) { return p.caption != nullptr ? cell_of(p.caption->text) : cell{}; });
}
cell reactions(post_row& row)
{
    return typed(
        row, [](const auto& p) { return cell_of(p.reaction_counter); },
        [](const auto& p) { return cell_of(p.like_count); });
}
cell comments(post_row& row)
{
    return typed(
        row, [](const auto& p) { return cell_of(p.comment_counter); },
        [](const auto& p) { return cell_of(p.comment_count); });
}
cell attachments(post_row& row)
{
    return of_linkedin(row, [](const auto& p) { return cell{static_cast<std::int64_t>(p.attachments.size())}; });
}

constexpr std::array all_columns{
    post_column{"change",
                [](post_row& r) { return r.change() ? cell{string_view{store::to_string(*r.change())}} : cell{}; }},
    post_column{"provider", [](post_row& r) { return cell{r.stored().provider}; }},
    post_column{"id", [](post_row& r) { return cell{r.stored().id}; }},
    post_column{"account", [](post_row& r) { return cell{r.stored().account}; }},
    post_column{"identifier", [](post_row& r) { return cell{r.stored().identifier}; }},
    post_column{"published_at", [](post_row& r) { return cell_of(r.stored().published); }},
    post_column{"first_seen", [](post_row& r) { return cell{r.stored().first_seen}; }},
    post_column{"last_seen", [](post_row& r) { return cell{r.stored().last_seen}; }},
    post_column{"changed", [](post_row& r) { return cell{r.stored().changed}; }},
    post_column{"gone", [](post_row& r) { return cell{r.stored().gone}; }},
    post_column{"author", author_name},
    post_column{"author_id", author_id},
    post_column{"text", text_of},
    post_column{"title", [](post_row& r) { return of_linkedin(r, [](const auto& p) { return cell_of(p.title); }); }},
    post_column{"url", [](post_row& r) { return of_linkedin(r, [](const auto& p) { return cell_of(p.share_url); }); }},
    post_column{"reactions", reactions},
    post_column{"comments", comments},
    post_column{"reposts",
                [](post_row& r) { return of_linkedin(r, [](const auto& p) { return cell_of(p.repost_counter); }); }},
    post_column{
        "impressions",
        [](post_row& r) { return of_linkedin(r, [](const auto& p) { return cell_of(p.impressions_counter); }); }},
    post_column{"is_repost",
                [](post_row& r) { return of_linkedin(r, [](const auto& p) { return cell_of(p.is_repost); }); }},
    post_column{"repost_id",
                [](post_row& r) { return of_linkedin(r, [](const auto& p) { return cell_of(p.repost_id); }); }},
    post_column{"attachments", attachments},
    post_column{"post", [](post_row& r) { return cell{json_text{r.stored().json}}; }},
};

}  // namespace

bool post_row::parsed()
{
    if (!tried_) {
        tried_ = true;
        if (auto read = post::parse(stored_->json)) typed_ = *std::move(read);
    }
    return typed_.has_value();
}

std::span<const post_column> post_columns() noexcept { return all_columns; }

}  // namespace unipile::program
