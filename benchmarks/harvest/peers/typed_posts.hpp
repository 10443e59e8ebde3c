// What a user writes by hand: the contract's posts as plain structs that own their strings.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace peer {

struct author {
    std::string public_identifier, id, name;
    std::optional<std::string> headline;
    bool is_company = false;
};

struct attachment {
    enum class kind { unknown, img, video, audio, file, linkedin_post, video_meeting };
    kind type = kind::unknown;
    std::string id;
    std::optional<std::string> mimetype, url, file_name;
    std::optional<double> file_size, url_expires_at, duration, starts_at, expires_at, time_range;
    std::optional<double> width, height;
    bool unavailable = false, sticker = false, gif = false, voice_note = false;
};

struct written_by {
    std::string id, public_identifier, name;
};

struct repost_content {
    std::string id, date, parsed_datetime, text;
    peer::author author;
};

struct poll_option {
    std::string id, text;
    bool win = false;
    std::int64_t votes_count = 0;
};

struct poll {
    std::string id, question;
    std::int64_t total_votes_count = 0;
    bool is_open = false;
    std::vector<poll_option> options;
};

struct group {
    std::string id, name;
    bool is_private = false;
};

struct analytics {
    double impressions = 0, engagements = 0, engagement_rate = 0, clicks = 0, clickthrough_rate = 0;
    std::optional<double> page_viewers_from_this_post, followers_gained_from_this_post, members_reached;
};

struct linkedin_post {
    std::string id, social_id, share_url, text, date, parsed_datetime;
    std::optional<std::string> title, repost_id;
    std::int64_t reaction_counter = 0, comment_counter = 0, repost_counter = 0, impressions_counter = 0;
    peer::author author;
    std::optional<peer::written_by> written_by;
    bool can_react = false, can_share = false, can_post_comments = false, is_repost = false;
    std::optional<peer::author> reposted_by;
    std::optional<peer::repost_content> repost_content;
    std::vector<attachment> attachments;
    std::optional<peer::poll> poll;
    std::optional<peer::group> group;
    std::optional<peer::analytics> analytics;
};

struct caption {
    bool edited = false, has_translation = false;
    double created_at = 0;
    std::string text;
};

struct picture {
    std::string url;
    double width = 0, height = 0;
};

struct owner {
    std::string id, username, profile_pic_url;
    bool is_verified = false, is_private = false;
};

struct location {
    std::string name;
    double lat = 0, lng = 0;
};

struct instagram_post {
    std::string provider_id;
    bool has_audio = false, has_liked = false, like_and_view_counts_disabled = false;
    std::int64_t like_count = 0, comment_count = 0;
    std::optional<bool> comments_disabled;
    std::optional<std::string> accessibility_caption;
    std::optional<peer::caption> caption;
    std::optional<picture> video;
    picture preview_image;
    peer::owner owner;
    std::optional<peer::location> location;
};

using post = std::variant<linkedin_post, instagram_post>;

struct page {
    std::vector<post> items;
    std::optional<std::string> cursor;
    std::int64_t page_count = 0;
};

}  // namespace peer
