// Attachments of a LinkedIn post.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>

#pragma GCC visibility push(default)
namespace unipile {

/// Width and height in pixels.
struct pixel_size {
    std::optional<std::int64_t> width;
    std::optional<std::int64_t> height;
};

/// `img`
struct image_attachment {
    std::optional<pixel_size> size;
    std::optional<bool> sticker;
};

/// `video`
struct video_attachment {
    std::optional<pixel_size> size;
    std::optional<bool> gif;
};

/// `audio`
struct audio_attachment {
    std::optional<double> duration;  ///< as sent; its unit is not documented
    std::optional<bool> voice_note;
};

/// `file`
struct file_attachment {
    std::optional<std::string_view> file_name;
};

/// `linkedin_post`: another post as an attachment. Has no fields beyond the common ones.
struct linkedin_post_attachment {};

/// `video_meeting`. Values are as sent; their units are not documented.
struct video_meeting_attachment {
    std::optional<std::int64_t> starts_at;
    std::optional<std::int64_t> expires_at;
    std::optional<double> time_range;
};

/// A kind that this library does not know; `attachment::json` has all its fields.
struct unknown_attachment {};

/// One attachment: the fields that all kinds share, and those of its kind. Views are valid as long as the post or a
/// copy of it.
struct attachment {
    std::optional<std::string_view> id;
    std::optional<std::string_view> type;  ///< the kind as sent, e.g. `img`
    std::optional<std::int64_t> file_size;
    std::optional<bool> unavailable;
    std::optional<std::string_view> mimetype;
    std::optional<std::string_view> url;         ///< signed; expires after a while
    std::optional<std::int64_t> url_expires_at;  ///< as sent; its unit is not documented
    std::string_view json;                       ///< the attachment's exact bytes

    std::variant<unknown_attachment, image_attachment, video_attachment, audio_attachment, file_attachment,
                 linkedin_post_attachment, video_meeting_attachment>
        details;
};

}  // namespace unipile
#pragma GCC visibility pop
