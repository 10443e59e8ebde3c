#include "contract.hpp"

#include <algorithm>
#include <functional>
#include <set>
#include <string_view>
#include <vector>

namespace contract {
namespace {

namespace json = boost::json;
using check = std::function<std::string(const json::value&)>;

struct field {
    std::string_view name;
    bool required;
    check value;
};

std::string text(const json::value& v) { return v.is_string() ? "" : "is no string"; }
std::string number(const json::value& v) { return v.is_number() ? "" : "is no number"; }
std::string boolean(const json::value& v) { return v.is_bool() ? "" : "is no boolean"; }

check nullable(check value)
{
    return [value](const json::value& v) { return v.is_null() ? std::string() : value(v); };
}

check word(std::string_view expected)
{
    return [expected](const json::value& v) {
        return v.is_string() && v.get_string() == expected ? std::string() : "is not " + std::string(expected);
    };
}

check object(std::vector<field> fields)
{
    return [fields = std::move(fields)](const json::value& v) -> std::string {
        if (!v.is_object()) return "is no object";
        std::set<std::string_view> seen;
        for (const auto& member : v.get_object()) {
            const std::string_view name(member.key().data(), member.key().size());
            const auto known = std::find_if(fields.begin(), fields.end(), [&](auto& f) { return f.name == name; });
            if (known == fields.end()) return "has the unknown " + std::string(name);
            if (!seen.insert(name).second) return "has twice " + std::string(name);
            const auto wrong = known->value(member.value());
            if (!wrong.empty()) return std::string(name) + ' ' + wrong;
        }
        for (const auto& each : fields)
            if (each.required && !seen.contains(each.name)) return "lacks " + std::string(each.name);
        return {};
    };
}

check list(check item)
{
    return [item](const json::value& v) -> std::string {
        if (!v.is_array()) return "is no array";
        for (const auto& each : v.get_array())
            if (const auto wrong = item(each); !wrong.empty()) return "holds what " + wrong;
        return {};
    };
}

/// Chooses by a discriminator.
check one_of(std::string_view name, std::vector<std::pair<std::string_view, check>> kinds)
{
    return [name, kinds = std::move(kinds)](const json::value& v) -> std::string {
        const auto* found = v.is_object() ? v.get_object().if_contains(name) : nullptr;
        if (!found || !found->is_string()) return "lacks " + std::string(name);
        for (const auto& [kind, value] : kinds)
            if (found->get_string() == kind) return value(v);
        return "has a strange " + std::string(name);
    };
}

check author()
{
    return object({{"public_identifier", true, nullable(text)},
                   {"id", true, nullable(text)},
                   {"name", true, nullable(text)},
                   {"is_company", true, boolean},
                   {"headline", false, text}});
}

check attachment()
{
    const auto kind = [](std::string_view name, std::vector<field> more) {
        more.insert(more.end(), {{"id", true, text},
                                 {"file_size", false, number},
                                 {"unavailable", true, boolean},
                                 {"mimetype", false, text},
                                 {"url", false, text},
                                 {"url_expires_at", false, number},
                                 {"type", true, word(name)}});
        return std::pair(name, object(std::move(more)));
    };
    const auto size = object({{"width", true, number}, {"height", true, number}});
    return one_of("type", {kind("img", {{"size", true, size}, {"sticker", true, boolean}}),
                           kind("video", {{"size", true, size}, {"gif", true, boolean}}),
                           kind("audio", {{"duration", false, number}, {"voice_note", true, boolean}}),
                           kind("file", {{"file_name", true, text}}), kind("linkedin_post", {}),
                           kind("video_meeting", {{"starts_at", true, nullable(number)},
                                                  {"expires_at", true, nullable(number)},
                                                  {"time_range", true, nullable(number)}})});
}

check linkedin()
{
    const auto option =
        object({{"id", true, text}, {"text", true, text}, {"win", true, boolean}, {"votes_count", true, number}});
    return object({
        {"object", true, word("Post")},
        {"provider", true, word("LINKEDIN")},
        {"id", true, text},
        {"social_id", true, text},
        {"share_url", true, text},
        {"title", false, text},
        {"text", true, text},
        {"date", true, text},
        {"parsed_datetime", true, text},
        {"reaction_counter", true, number},
        {"comment_counter", true, number},
        {"repost_counter", true, number},
        {"impressions_counter", true, number},
        {"author", true, author()},
        {"written_by", false, object({{"id", true, text}, {"public_identifier", true, text}, {"name", true, text}})},
        {"permissions", true,
         object({{"can_react", true, boolean}, {"can_share", true, boolean}, {"can_post_comments", true, boolean}})},
        {"is_repost", true, boolean},
        {"repost_id", false, text},
        {"reposted_by", false, author()},
        {"repost_content", false,
         object({{"id", true, text},
                 {"date", true, text},
                 {"parsed_datetime", true, text},
                 {"author", true, author()},
                 {"text", true, text}})},
        {"attachments", true, list(attachment())},
        {"poll", false,
         object({{"id", true, text},
                 {"total_votes_count", true, number},
                 {"question", true, text},
                 {"is_open", true, boolean},
                 {"options", true, list(option)}})},
        {"group", false, object({{"id", true, text}, {"name", true, text}, {"private", true, boolean}})},
        {"analytics", false,
         object({{"impressions", true, number},
                 {"engagements", true, number},
                 {"engagement_rate", true, number},
                 {"clicks", true, number},
                 {"clickthrough_rate", true, number},
                 {"page_viewers_from_this_post", false, number},
                 {"followers_gained_from_this_post", false, number},
                 {"members_reached", false, number}})},
    });
}

check instagram()
{
    const auto media = object({{"url", true, text}, {"width", true, number}, {"height", true, number}});
    return object({
        {"object", true, word("Post")},
        {"provider", true, word("INSTAGRAM")},
        {"provider_id", true, text},
        {"has_audio", true, boolean},
        {"has_liked", true, boolean},
        {"like_count", true, number},
        {"comment_count", true, number},
        {"like_and_view_counts_disabled", true, boolean},
        {"comments_disabled", true, nullable(boolean)},
        {"accessibility_caption", true, nullable(text)},
        {"caption", false,
         object({{"edited", true, boolean},
                 {"has_translation", true, boolean},
                 {"created_at", true, number},
                 {"text", true, text}})},
        {"video", false, media},
        {"preview_image", true, media},
        {"owner", true,
         object({{"id", true, text},
                 {"username", true, text},
                 {"profile_pic_url", true, text},
                 {"is_verified", true, boolean},
                 {"is_private", true, boolean}})},
        {"location", true, nullable(object({{"name", true, text}, {"lat", true, number}, {"lng", true, number}}))},
    });
}

}  // namespace

std::string page_fault(const json::value& page)
{
    static const auto item = one_of("provider", {{"LINKEDIN", linkedin()}, {"INSTAGRAM", instagram()}});
    static const auto whole = object({{"object", true, word("PostList")},
                                      {"items", true, list(item)},
                                      {"cursor", true, nullable(text)},
                                      {"paging", true, object({{"page_count", true, number}})}});
    return whole(page);
}

std::string error_fault(const json::value& body, unsigned status)
{
    const check exact = [status](const json::value& v) {
        return v.is_number() && v.to_number<unsigned>() == status ? std::string() : std::string("is another status");
    };
    const check type = [](const json::value& v) {
        return v.is_string() && v.get_string().starts_with("errors/") ? std::string() : std::string("is no error type");
    };
    const auto connection = object({{"imap_host", true, text},
                                    {"imap_encryption", false, text},
                                    {"imap_port", true, number},
                                    {"imap_user", true, text},
                                    {"smtp_host", true, text},
                                    {"smtp_port", true, number},
                                    {"smtp_user", true, text}});
    return object({{"title", true, text},
                   {"detail", false, text},
                   {"instance", false, text},
                   {"type", true, type},
                   {"status", true, exact},
                   {"connectionParams", false, connection}})(body);
}

}  // namespace contract
