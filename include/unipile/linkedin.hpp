// The fields of a LinkedIn post, with the API's names.
#pragma once

#include <unipile/attachment.hpp>
#include <unipile/author.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#pragma GCC visibility push(default)
namespace unipile {

/// The member who wrote a company's post.
struct written_by {
    std::optional<std::string_view> id;
    std::optional<std::string_view> public_identifier;
    std::optional<std::string_view> name;
};

/// What the account of the request may do with the post; other accounts may get other values.
struct permissions {
    std::optional<bool> can_react;
    std::optional<bool> can_share;
    std::optional<bool> can_post_comments;
};

/// The original of a repost.
struct repost_content {
    std::optional<std::string_view> id;
    std::optional<std::string_view> date;             ///< relative: `3d`
    std::optional<std::string_view> parsed_datetime;  ///< as sent
    std::optional<std::string_view> text;
    const unipile::author* author = nullptr;
};

/// One answer of a poll.
struct poll_option {
    std::optional<std::string_view> id;
    std::optional<std::string_view> text;
    std::optional<bool> win;
    std::optional<std::int64_t> votes_count;
};

/// A poll in a post.
struct poll {
    std::optional<std::string_view> id;
    std::optional<std::int64_t> total_votes_count;
    std::optional<std::string_view> question;
    std::optional<bool> is_open;
    std::span<const poll_option> options;
};

/// The group in which a post was published.
struct group {
    std::optional<std::string_view> id;
    std::optional<std::string_view> name;
    std::optional<bool> is_private;  ///< `private` in the JSON
};

/// Present only on posts of the account itself, and rarely complete.
struct analytics {
    std::optional<std::int64_t> impressions;
    std::optional<std::int64_t> engagements;
    std::optional<double> engagement_rate;
    std::optional<std::int64_t> clicks;
    std::optional<double> clickthrough_rate;
    std::optional<std::int64_t> page_viewers_from_this_post;
    std::optional<std::int64_t> followers_gained_from_this_post;
    std::optional<std::int64_t> members_reached;
};

/// A mention in a post's text. Not in the contract; seen in answers.
struct mention {
    std::optional<std::string_view> url;
    std::optional<std::int64_t> start;  ///< as sent; whether bytes or characters is not documented
    std::optional<std::int64_t> length;
};

/// A shared article. Not in the contract; seen in answers.
struct article {
    std::optional<std::string_view> id;
    std::optional<std::string_view> url;
    std::optional<std::string_view> title;
    std::optional<std::string_view> author;
    std::optional<std::string_view> picture_url;
    std::optional<std::string_view> published_at;  ///< as sent
};

/// A LinkedIn post. A field that is absent or null is empty; `post::json()` has the difference. Views, pointers and
/// spans are valid as long as the post or a copy of it.
struct linkedin_post {
    std::optional<std::string_view> id;         ///< decimal, above 2^53; its upper bits are the time of the post
    std::optional<std::string_view> social_id;  ///< `urn:li:activity:…` or `urn:li:ugcPost:…`; no relation to `id`
    std::optional<std::string_view> share_url;  ///< its query depends on the account of the request
    std::optional<std::string_view> title;
    std::optional<std::string_view> text;
    std::optional<std::string_view> date;             ///< relative: `21m`, `3d`, `1mo`
    std::optional<std::string_view> parsed_datetime;  ///< as sent; see `post::published_at()`
    std::optional<std::int64_t> reaction_counter;
    std::optional<std::int64_t> comment_counter;
    std::optional<std::int64_t> repost_counter;
    std::optional<std::int64_t> impressions_counter;  ///< 0 where the account doesn't own the post
    std::optional<bool> is_repost;
    std::optional<std::string_view> repost_id;
    std::optional<std::string_view> repost_parsed_datetime;  ///< not in the contract; seen in answers
    std::optional<std::string_view> user_reacted;            ///< not in the contract; seen in answers

    const unipile::author* author = nullptr;
    const unipile::author* reposted_by = nullptr;
    const unipile::written_by* written_by = nullptr;
    const unipile::permissions* permissions = nullptr;
    const unipile::repost_content* repost_content = nullptr;
    const unipile::poll* poll = nullptr;
    const unipile::group* group = nullptr;
    const unipile::analytics* analytics = nullptr;
    const unipile::article* article = nullptr;
    std::span<const attachment> attachments;
    std::span<const mention> mentions;
};

}  // namespace unipile
#pragma GCC visibility pop
