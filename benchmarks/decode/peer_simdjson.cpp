// Compiled with -march=native: the on-demand front end can't choose at run time.
#include "peers.hpp"

#include <simdjson.h>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace unipile::peers {
namespace {

using namespace simdjson;

struct author {
    std::string public_identifier, id, name, headline, profile_picture_url;
    bool is_company = false;
};

struct attachment {
    std::string id, type, mimetype, url;
    std::int64_t width = 0, height = 0, url_expires_at = 0, file_size = 0;
    bool unavailable = false, sticker = false, gif = false;
};

struct repost {
    std::string id, date, parsed_datetime, text;
    peers::author author;
};

struct permissions {
    bool can_react = false, can_share = false, can_post_comments = false;
};

struct caption {
    bool edited = false, has_translation = false;
    std::int64_t created_at = 0;
    std::string text;
};

struct media {
    std::string url;
    std::int64_t width = 0, height = 0;
};

struct owner {
    std::string id, username, profile_pic_url;
    bool is_verified = false, is_private = false;
};

struct post {
    std::string provider, id, social_id, share_url, title, text, date, parsed_datetime, accessibility_caption;
    std::int64_t reactions = 0, comments = 0, reposts = 0, impressions = 0;
    bool is_repost = false, has_audio = false, has_liked = false, counts_disabled = false, comments_disabled = false;
    peers::author author;
    peers::permissions permissions;
    std::optional<repost> repost_content;
    std::vector<attachment> attachments;
    std::optional<peers::caption> caption;
    std::optional<media> preview_image;
    std::optional<peers::owner> owner;
};

void take(ondemand::value& v, std::string& out)
{
    std::string_view text;
    if (v.get_string().get(text) == SUCCESS) out.assign(text);
}
void take(ondemand::value& v, std::int64_t& out)
{
    if (v.get_int64().get(out) != SUCCESS) out = 0;
}
void take(ondemand::value& v, bool& out)
{
    if (v.get_bool().get(out) != SUCCESS) out = false;
}

/// Calls `on(key, value)` for each field.
template <class F>
void each(ondemand::value& v, F&& on)
{
    ondemand::object object;
    if (v.get_object().get(object) != SUCCESS) return;
    for (auto field : object) {
        const std::string_view key = field.unescaped_key();
        ondemand::value value = field.value();
        on(key, value);
    }
}

void take(ondemand::value& v, author& out)
{
    each(v, [&](std::string_view key, ondemand::value& f) {
        if (key == "public_identifier")
            take(f, out.public_identifier);
        else if (key == "id")
            take(f, out.id);
        else if (key == "name")
            take(f, out.name);
        else if (key == "is_company")
            take(f, out.is_company);
        else if (key == "headline")
            take(f, out.headline);
        else if (key == "profile_picture_url")
            take(f, out.profile_picture_url);
    });
}

void take(ondemand::value& v, permissions& out)
{
    each(v, [&](std::string_view key, ondemand::value& f) {
        if (key == "can_react")
            take(f, out.can_react);
        else if (key == "can_share")
            take(f, out.can_share);
        else if (key == "can_post_comments")
            take(f, out.can_post_comments);
    });
}

void take(ondemand::value& v, attachment& out)
{
    each(v, [&](std::string_view key, ondemand::value& f) {
        if (key == "id")
            take(f, out.id);
        else if (key == "type")
            take(f, out.type);
        else if (key == "size") {
            each(f, [&](std::string_view k, ondemand::value& n) {
                if (k == "width")
                    take(n, out.width);
                else if (k == "height")
                    take(n, out.height);
            });
        } else if (key == "unavailable")
            take(f, out.unavailable);
        else if (key == "sticker")
            take(f, out.sticker);
        else if (key == "gif")
            take(f, out.gif);
        else if (key == "mimetype")
            take(f, out.mimetype);
        else if (key == "url")
            take(f, out.url);
        else if (key == "url_expires_at")
            take(f, out.url_expires_at);
        else if (key == "file_size")
            take(f, out.file_size);
    });
}

void take(ondemand::value& v, repost& out)
{
    each(v, [&](std::string_view key, ondemand::value& f) {
        if (key == "id")
            take(f, out.id);
        else if (key == "date")
            take(f, out.date);
        else if (key == "parsed_datetime")
            take(f, out.parsed_datetime);
        else if (key == "text")
            take(f, out.text);
        else if (key == "author")
            take(f, out.author);
    });
}

void take(ondemand::value& v, caption& out)
{
    each(v, [&](std::string_view key, ondemand::value& f) {
        if (key == "edited")
            take(f, out.edited);
        else if (key == "has_translation")
            take(f, out.has_translation);
        else if (key == "created_at")
            take(f, out.created_at);
        else if (key == "text")
            take(f, out.text);
    });
}

void take(ondemand::value& v, media& out)
{
    each(v, [&](std::string_view key, ondemand::value& f) {
        if (key == "url")
            take(f, out.url);
        else if (key == "width")
            take(f, out.width);
        else if (key == "height")
            take(f, out.height);
    });
}

void take(ondemand::value& v, owner& out)
{
    each(v, [&](std::string_view key, ondemand::value& f) {
        if (key == "id")
            take(f, out.id);
        else if (key == "username")
            take(f, out.username);
        else if (key == "profile_pic_url")
            take(f, out.profile_pic_url);
        else if (key == "is_verified")
            take(f, out.is_verified);
        else if (key == "is_private")
            take(f, out.is_private);
    });
}

void take_attachments(ondemand::value& v, std::vector<attachment>& out)
{
    ondemand::array list;
    if (v.get_array().get(list) != SUCCESS) return;
    for (auto element : list) {
        ondemand::value value = element.value();
        take(value, out.emplace_back());
    }
}

bool take_instagram(std::string_view key, ondemand::value& f, post& out)
{
    if (key == "provider_id")
        take(f, out.id);
    else if (key == "like_count")
        take(f, out.reactions);
    else if (key == "comment_count")
        take(f, out.comments);
    else if (key == "has_audio")
        take(f, out.has_audio);
    else if (key == "has_liked")
        take(f, out.has_liked);
    else if (key == "like_and_view_counts_disabled")
        take(f, out.counts_disabled);
    else if (key == "comments_disabled")
        take(f, out.comments_disabled);
    else if (key == "accessibility_caption")
        take(f, out.accessibility_caption);
    else if (key == "caption")
        take(f, out.caption.emplace());
    else if (key == "preview_image")
        take(f, out.preview_image.emplace());
    else if (key == "owner")
        take(f, out.owner.emplace());
    else
        return false;
    return true;
}

void take(ondemand::value& v, post& out)
{
    each(v, [&](std::string_view key, ondemand::value& f) {
        if (key == "provider")
            take(f, out.provider);
        else if (key == "id")
            take(f, out.id);
        else if (key == "social_id")
            take(f, out.social_id);
        else if (key == "share_url")
            take(f, out.share_url);
        else if (key == "title")
            take(f, out.title);
        else if (key == "text")
            take(f, out.text);
        else if (key == "date")
            take(f, out.date);
        else if (key == "parsed_datetime")
            take(f, out.parsed_datetime);
        else if (key == "reaction_counter")
            take(f, out.reactions);
        else if (key == "comment_counter")
            take(f, out.comments);
        else if (key == "repost_counter")
            take(f, out.reposts);
        else if (key == "impressions_counter")
            take(f, out.impressions);
        else if (key == "author")
            take(f, out.author);
        else if (key == "permissions")
            take(f, out.permissions);
        else if (key == "is_repost")
            take(f, out.is_repost);
        else if (key == "attachments")
            take_attachments(f, out.attachments);
        else if (key == "repost_content")
            take(f, out.repost_content.emplace());
        else
            take_instagram(key, f, out);
    });
}

}  // namespace

struct simdjson_structs::state {
    ondemand::parser parser;
};

simdjson_structs::simdjson_structs() : state_(std::make_unique<state>()) {}
simdjson_structs::~simdjson_structs() = default;

std::uint64_t simdjson_structs::read(const std::string& page)
{
    std::vector<post> posts;
    ondemand::document document = state_->parser.iterate(padded_string_view(page, page.size() + padding));
    for (auto element : document["items"].get_array()) {
        ondemand::value value = element.value();
        take(value, posts.emplace_back());
    }
    std::uint64_t sum = posts.size();
    for (const post& p : posts) sum += p.id.size() + static_cast<std::uint64_t>(p.reactions);
    return sum;
}

std::string simdjson_structs::implementation() { return SIMDJSON_STRINGIFY(SIMDJSON_BUILTIN_IMPLEMENTATION); }

}  // namespace unipile::peers
