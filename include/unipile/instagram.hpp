// The fields of an Instagram post, with the API's names.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#pragma GCC visibility push(default)
namespace unipile {

/// The text of a post.
struct instagram_caption {
    std::optional<bool> edited;
    std::optional<bool> has_translation;
    std::optional<std::int64_t> created_at;  ///< as sent; see `post::published_at()`
    std::optional<std::string_view> text;
};

/// A picture or a video: its URL, and its size in pixels.
struct instagram_media {
    std::optional<std::string_view> url;
    std::optional<std::int64_t> width;
    std::optional<std::int64_t> height;
};

/// The account that published a post.
struct instagram_owner {
    std::optional<std::string_view> id;
    std::optional<std::string_view> username;
    std::optional<std::string_view> profile_pic_url;
    std::optional<bool> is_verified;
    std::optional<bool> is_private;
};

/// The place of a post; latitude and longitude as sent.
struct instagram_location {
    std::optional<std::string_view> name;
    std::optional<double> lat;
    std::optional<double> lng;
};

/// An Instagram post. A field that is absent or null is empty; `post::json()` has the difference. Views and pointers
/// are valid as long as the post or a copy of it.
struct instagram_post {
    std::optional<std::string_view> provider_id;
    std::optional<bool> has_audio;
    std::optional<bool> has_liked;  ///< by the account of the request
    std::optional<std::int64_t> like_count;
    std::optional<std::int64_t> comment_count;
    std::optional<bool> like_and_view_counts_disabled;
    std::optional<bool> comments_disabled;
    std::optional<std::string_view> accessibility_caption;

    const instagram_caption* caption = nullptr;
    const instagram_media* video = nullptr;
    const instagram_media* preview_image = nullptr;
    const instagram_owner* owner = nullptr;
    const instagram_location* location = nullptr;
};

}  // namespace unipile
#pragma GCC visibility pop
