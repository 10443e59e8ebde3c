// A page into structs with simdjson's on-demand front end, one pass in the document's own order.
#pragma once

#include "typed_posts.hpp"

#include <simdjson.h>

#include <cstring>
#include <optional>
#include <string>
#include <string_view>

namespace peer {

namespace od = simdjson::ondemand;

class simdjson_parser {
public:
    page parse(char* data, std::size_t size, std::size_t capacity)
    {
        page out;
        auto document = parser_.iterate(data, size, capacity);
        for (auto field : document.get_object()) {
            const auto key = name(field);
            if (is(key, "items")) {
                out.items.reserve(100);
                for (auto item : field.value().get_array()) {
                    od::object object = item.get_object();
                    if (std::string_view(object["provider"].get_string()) == "INSTAGRAM") {
                        object.reset();
                        read_object(object, std::get<instagram_post>(out.items.emplace_back(instagram_post{})));
                    } else {
                        object.reset();
                        read_object(object, std::get<linkedin_post>(out.items.emplace_back()));
                    }
                }
            } else if (is(key, "cursor")) {
                read(field.value(), out.cursor);
            } else if (is(key, "paging")) {
                for (auto inner : field.value().get_object())
                    if (is(name(inner), "page_count")) read(inner.value(), out.page_count);
            }
        }
        return out;
    }

private:
    using result = simdjson::simdjson_result<od::value>;

    template <class Field>
    static const char* name(Field& field)
    {
        return field.key().value().raw();
    }
    template <std::size_t N>
    static bool is(const char* key, const char (&name)[N])
    {  // the key's closing quote and padding follow it
        return std::memcmp(key, name, N - 1) == 0 && key[N - 1] == '"';
    }

    static void read(result v, std::string& out)
    {
        if (std::string_view s; v.get_string().get(s) == simdjson::SUCCESS) out.assign(s);
    }
    static void read(result v, std::optional<std::string>& out)
    {
        if (std::string_view s; v.get_string().get(s) == simdjson::SUCCESS) out.emplace(s);
    }
    static void read(result v, std::int64_t& out)
    {
        if (v.get_int64().get(out) != simdjson::SUCCESS) out = static_cast<std::int64_t>(double(v.get_double()));
    }
    static void read(result v, double& out) { out = v.get_double(); }
    static void read(result v, std::optional<double>& out)
    {
        if (double d; v.get_double().get(d) == simdjson::SUCCESS) out = d;
    }
    static void read(result v, bool& out) { out = v.get_bool(); }
    static void read(result v, std::optional<bool>& out)
    {
        if (bool b; v.get_bool().get(b) == simdjson::SUCCESS) out = b;
    }
    template <class T>
    static void read(result v, T& out)
    {
        if (od::object object; v.get_object().get(object) == simdjson::SUCCESS) read_object(object, out);
    }
    template <class T>
    static void read(result v, std::optional<T>& out)
    {
        if (od::object object; v.get_object().get(object) == simdjson::SUCCESS) read_object(object, out.emplace());
    }

    static void read_object(od::object object, author& out)
    {
        for (auto field : object) {
            const auto key = name(field);
            if (is(key, "public_identifier"))
                read(field.value(), out.public_identifier);
            else if (is(key, "id"))
                read(field.value(), out.id);
            else if (is(key, "name"))
                read(field.value(), out.name);
            else if (is(key, "is_company"))
                read(field.value(), out.is_company);
            else if (is(key, "headline"))
                read(field.value(), out.headline);
        }
    }

    static void read_object(od::object object, written_by& out)
    {
        for (auto field : object) {
            const auto key = name(field);
            if (is(key, "id"))
                read(field.value(), out.id);
            else if (is(key, "public_identifier"))
                read(field.value(), out.public_identifier);
            else if (is(key, "name"))
                read(field.value(), out.name);
        }
    }

    static void read_object(od::object object, repost_content& out)
    {
        for (auto field : object) {
            const auto key = name(field);
            if (is(key, "id"))
                read(field.value(), out.id);
            else if (is(key, "date"))
                read(field.value(), out.date);
            else if (is(key, "parsed_datetime"))
                read(field.value(), out.parsed_datetime);
            else if (is(key, "text"))
                read(field.value(), out.text);
            else if (is(key, "author"))
                read(field.value(), out.author);
        }
    }

    static void read_object(od::object object, poll_option& out)
    {
        for (auto field : object) {
            const auto key = name(field);
            if (is(key, "id"))
                read(field.value(), out.id);
            else if (is(key, "text"))
                read(field.value(), out.text);
            else if (is(key, "win"))
                read(field.value(), out.win);
            else if (is(key, "votes_count"))
                read(field.value(), out.votes_count);
        }
    }

    static void read_object(od::object object, poll& out)
    {
        for (auto field : object) {
            const auto key = name(field);
            if (is(key, "id"))
                read(field.value(), out.id);
            else if (is(key, "total_votes_count"))
                read(field.value(), out.total_votes_count);
            else if (is(key, "question"))
                read(field.value(), out.question);
            else if (is(key, "is_open"))
                read(field.value(), out.is_open);
            else if (is(key, "options"))
                for (auto option : field.value().get_array()) read(result(option), out.options.emplace_back());
        }
    }

    static void read_object(od::object object, group& out)
    {
        for (auto field : object) {
            const auto key = name(field);
            if (is(key, "id"))
                read(field.value(), out.id);
            else if (is(key, "name"))
                read(field.value(), out.name);
            else if (is(key, "private"))
                read(field.value(), out.is_private);
        }
    }

    static void read_object(od::object object, analytics& out)
    {
        for (auto field : object) {
            const auto key = name(field);
            if (is(key, "impressions"))
                read(field.value(), out.impressions);
            else if (is(key, "engagements"))
                read(field.value(), out.engagements);
            else if (is(key, "engagement_rate"))
                read(field.value(), out.engagement_rate);
            else if (is(key, "clicks"))
                read(field.value(), out.clicks);
            else if (is(key, "clickthrough_rate"))
                read(field.value(), out.clickthrough_rate);
            else if (is(key, "page_viewers_from_this_post"))
                read(field.value(), out.page_viewers_from_this_post);
            else if (is(key, "followers_gained_from_this_post"))
                read(field.value(), out.followers_gained_from_this_post);
            else if (is(key, "members_reached"))
                read(field.value(), out.members_reached);
        }
    }

    static attachment::kind kind_of(std::string_view type)
    {
        using kind = attachment::kind;
        if (type == "img") return kind::img;
        if (type == "video") return kind::video;
        if (type == "audio") return kind::audio;
        if (type == "file") return kind::file;
        if (type == "linkedin_post") return kind::linkedin_post;
        if (type == "video_meeting") return kind::video_meeting;
        return kind::unknown;
    }

    static void read_object(od::object object, attachment& out)
    {
        for (auto field : object) {
            const auto key = name(field);
            if (is(key, "id"))
                read(field.value(), out.id);
            else if (is(key, "type"))
                out.type = kind_of(field.value().get_string());
            else if (is(key, "file_size"))
                read(field.value(), out.file_size);
            else if (is(key, "unavailable"))
                read(field.value(), out.unavailable);
            else if (is(key, "mimetype"))
                read(field.value(), out.mimetype);
            else if (is(key, "url"))
                read(field.value(), out.url);
            else if (is(key, "url_expires_at"))
                read(field.value(), out.url_expires_at);
            else if (is(key, "size"))
                for (auto side : field.value().get_object())
                    read(side.value(), is(name(side), "width") ? out.width : out.height);
            else if (is(key, "sticker"))
                read(field.value(), out.sticker);
            else if (is(key, "gif"))
                read(field.value(), out.gif);
            else if (is(key, "duration"))
                read(field.value(), out.duration);
            else if (is(key, "voice_note"))
                read(field.value(), out.voice_note);
            else if (is(key, "file_name"))
                read(field.value(), out.file_name);
            else if (is(key, "starts_at"))
                read(field.value(), out.starts_at);
            else if (is(key, "expires_at"))
                read(field.value(), out.expires_at);
            else if (is(key, "time_range"))
                read(field.value(), out.time_range);
        }
    }

    static void read_object(od::object object, linkedin_post& out)
    {
        for (auto field : object) {
            const auto key = name(field);
            if (is(key, "id"))
                read(field.value(), out.id);
            else if (is(key, "social_id"))
                read(field.value(), out.social_id);
            else if (is(key, "share_url"))
                read(field.value(), out.share_url);
            else if (is(key, "title"))
                read(field.value(), out.title);
            else if (is(key, "text"))
                read(field.value(), out.text);
            else if (is(key, "date"))
                read(field.value(), out.date);
            else if (is(key, "parsed_datetime"))
                read(field.value(), out.parsed_datetime);
            else if (is(key, "reaction_counter"))
                read(field.value(), out.reaction_counter);
            else if (is(key, "comment_counter"))
                read(field.value(), out.comment_counter);
            else if (is(key, "repost_counter"))
                read(field.value(), out.repost_counter);
            else if (is(key, "impressions_counter"))
                read(field.value(), out.impressions_counter);
            else if (is(key, "author"))
                read(field.value(), out.author);
            else if (is(key, "written_by"))
                read(field.value(), out.written_by);
            else if (is(key, "permissions"))
                read_permissions(field.value(), out);
            else if (is(key, "is_repost"))
                read(field.value(), out.is_repost);
            else if (is(key, "repost_id"))
                read(field.value(), out.repost_id);
            else if (is(key, "reposted_by"))
                read(field.value(), out.reposted_by);
            else if (is(key, "repost_content"))
                read(field.value(), out.repost_content);
            else if (is(key, "attachments"))
                for (auto one : field.value().get_array()) read(result(one), out.attachments.emplace_back());
            else if (is(key, "poll"))
                read(field.value(), out.poll);
            else if (is(key, "group"))
                read(field.value(), out.group);
            else if (is(key, "analytics"))
                read(field.value(), out.analytics);
        }
    }

    static void read_permissions(result v, linkedin_post& out)
    {
        for (auto field : v.get_object()) {
            const auto key = name(field);
            if (is(key, "can_react"))
                read(field.value(), out.can_react);
            else if (is(key, "can_share"))
                read(field.value(), out.can_share);
            else if (is(key, "can_post_comments"))
                read(field.value(), out.can_post_comments);
        }
    }

    static void read_object(od::object object, caption& out)
    {
        for (auto field : object) {
            const auto key = name(field);
            if (is(key, "edited"))
                read(field.value(), out.edited);
            else if (is(key, "has_translation"))
                read(field.value(), out.has_translation);
            else if (is(key, "created_at"))
                read(field.value(), out.created_at);
            else if (is(key, "text"))
                read(field.value(), out.text);
        }
    }

    static void read_object(od::object object, picture& out)
    {
        for (auto field : object) {
            const auto key = name(field);
            if (is(key, "url"))
                read(field.value(), out.url);
            else if (is(key, "width"))
                read(field.value(), out.width);
            else if (is(key, "height"))
                read(field.value(), out.height);
        }
    }

    static void read_object(od::object object, owner& out)
    {
        for (auto field : object) {
            const auto key = name(field);
            if (is(key, "id"))
                read(field.value(), out.id);
            else if (is(key, "username"))
                read(field.value(), out.username);
            else if (is(key, "profile_pic_url"))
                read(field.value(), out.profile_pic_url);
            else if (is(key, "is_verified"))
                read(field.value(), out.is_verified);
            else if (is(key, "is_private"))
                read(field.value(), out.is_private);
        }
    }

    static void read_object(od::object object, location& out)
    {
        for (auto field : object) {
            const auto key = name(field);
            if (is(key, "name"))
                read(field.value(), out.name);
            else if (is(key, "lat"))
                read(field.value(), out.lat);
            else if (is(key, "lng"))
                read(field.value(), out.lng);
        }
    }

    static void read_object(od::object object, instagram_post& out)
    {
        for (auto field : object) {
            const auto key = name(field);
            if (is(key, "provider_id"))
                read(field.value(), out.provider_id);
            else if (is(key, "has_audio"))
                read(field.value(), out.has_audio);
            else if (is(key, "has_liked"))
                read(field.value(), out.has_liked);
            else if (is(key, "like_count"))
                read(field.value(), out.like_count);
            else if (is(key, "comment_count"))
                read(field.value(), out.comment_count);
            else if (is(key, "like_and_view_counts_disabled"))
                read(field.value(), out.like_and_view_counts_disabled);
            else if (is(key, "comments_disabled"))
                read(field.value(), out.comments_disabled);
            else if (is(key, "accessibility_caption"))
                read(field.value(), out.accessibility_caption);
            else if (is(key, "caption"))
                read(field.value(), out.caption);
            else if (is(key, "video"))
                read(field.value(), out.video);
            else if (is(key, "preview_image"))
                read(field.value(), out.preview_image);
            else if (is(key, "owner"))
                read(field.value(), out.owner);
            else if (is(key, "location"))
                read(field.value(), out.location);
        }
    }

    od::parser parser_;
};

}  // namespace peer
