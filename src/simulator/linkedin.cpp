// LinkedIn posts as in the contract.
#include "simulator/generate.hpp"
#include "simulator/phrases.hpp"

#include <unipile/simulator/fault.hpp>

#include <algorithm>
#include <optional>

namespace unipile::simulator {
namespace {

/// Returns the age of a post as the site shows it.
std::string age(std::int64_t now, std::int64_t then)
{
    const auto minutes = std::max<std::int64_t>(now - then, 0) / 60'000;
    const auto shown = [](std::int64_t value, const char* unit) { return std::to_string(value) + unit; };
    if (minutes < 60) return shown(std::max<std::int64_t>(minutes, 1), "m");
    if (minutes < 24 * 60) return shown(minutes / 60, "h");
    if (minutes < 7 * 24 * 60) return shown(minutes / (24 * 60), "d");
    if (minutes < 30 * 24 * 60) return shown(minutes / (7 * 24 * 60), "w");
    if (minutes < 365 * 24 * 60) return shown(minutes / (30 * 24 * 60), "mo");
    return shown(minutes / (365 * 24 * 60), "yr");
}

std::string time_text(std::int64_t time)
{
    std::string result;
    append_time(result, time);
    return result;
}

/// Returns a snowflake id: the time in the upper 42 bits.
std::uint64_t snowflake(std::int64_t time, std::uint64_t hash)
{
    return static_cast<std::uint64_t>(time) << 22 | (hash & 0x3fffff);
}

void write_author(json_writer& out, std::string_view name, const person& who)
{
    if (!out.begin_object(name)) return;
    out.text("public_identifier", who.public_identifier);
    out.text("id", who.id);
    out.text("name", who.name);
    out.boolean("is_company", who.is_company);
    if (who.hash % 5 != 0) out.text("headline", headline(who.hash >> 8));
    if (out.deviates(unknown_fields))
        out.text("profile_picture_url",
                 "https://media.licdn.com/dms/image/v2/C4D03AQ/profile-displayphoto-shrink_100_100/0");
    out.end_object();
}

enum class kind { img, video, audio, file, linkedin_post, video_meeting, unknown };

std::string_view kind_name(kind kind)
{
    switch (kind) {
        case kind::img: return "img";
        case kind::video: return "video";
        case kind::audio: return "audio";
        case kind::file: return "file";
        case kind::linkedin_post: return "linkedin_post";
        case kind::video_meeting: return "video_meeting";
        case kind::unknown: break;
    }
    return "hologram";
}

std::string_view mimetype(kind kind)
{
    switch (kind) {
        case kind::img: return "image/jpeg";
        case kind::video: return "video/mp4";
        case kind::audio: return "audio/mpeg";
        default: return "application/pdf";
    }
}

std::string signed_url(rng& random, std::string_view path, std::int64_t expires)
{
    std::string url = "https://media.licdn.com/dms/";
    url += path;
    append_token(url, random, 22);
    url += "/feedshare-shrink_2048_1536/B4EZ";
    append_token(url, random, 12);
    url += "/0/";
    append_number(url, static_cast<std::uint64_t>(expires) / 1000 - 5'000'000);
    url += "?e=";
    append_number(url, static_cast<std::uint64_t>(expires) / 1000);
    url += "&v=beta&t=";
    append_token(url, random, 43);
    return url;
}

void write_size(json_writer& out, rng& random)
{
    if (!out.begin_object("size")) return;
    out.number("width", random.between(2, 40) * 96);
    out.number("height", random.between(2, 24) * 90);
    out.end_object();
}

void write_kind(json_writer& out, rng& random, kind kind, std::int64_t time)
{
    switch (kind) {
        case kind::img:
            write_size(out, random);
            out.boolean("sticker", random.below(16) == 0);
            break;
        case kind::video:
            write_size(out, random);
            out.boolean("gif", random.below(4) == 0);
            break;
        case kind::audio:
            if (random.below(4) != 0) out.real("duration", static_cast<double>(random.below(36'000)) / 8);
            out.boolean("voice_note", random.below(2) == 0);
            break;
        case kind::file:
            out.text("file_name", random.below(2) ? "Bericht 2024 – \\\"final\\\".pdf" : "slides.pdf");
            break;
        case kind::video_meeting:
            for (const auto* name : {"starts_at", "expires_at", "time_range"}) {
                if (random.below(3) == 0)
                    out.null(name);
                else
                    out.number(name, time + static_cast<std::int64_t>(random.below(1'000'000)));
            }
            break;
        case kind::linkedin_post:
        case kind::unknown: break;
    }
}

void write_attachment(json_writer& out, rng& random, kind kind, const post_request& post, std::int64_t time)
{
    out.begin_item();
    std::string id = "D4E22AQ";
    append_token(id, random, 21);
    out.text("id", id);
    out.identity("type", kind_name(kind));
    const bool stored = kind != kind::linkedin_post && kind != kind::video_meeting;
    out.boolean("unavailable", random.below(24) == 0);
    if (stored && random.below(3) != 0) out.number("file_size", random.between(2'000, 90'000'000));
    if (stored && random.below(3) != 0) out.text("mimetype", mimetype(kind));
    const auto expires = post.now + 7 * 86'400'000;
    if (kind != kind::video_meeting)
        out.text("url", signed_url(random, kind == kind::video ? "playback/v2/" : "image/v2/", expires));
    if (stored) out.number("url_expires_at", expires);
    write_kind(out, random, kind, time);
    out.end_object();
}

/// Writes many posts with pictures, and some with each other kind.
void write_attachments(json_writer& out, rng& random, const post_request& post, std::int64_t time)
{
    static constexpr kind others[] = {kind::video, kind::video,         kind::audio,        kind::file,
                                      kind::file,  kind::linkedin_post, kind::video_meeting};
    out.begin_array("attachments");
    const auto dice = random.below(20);
    const auto pictures = dice < 9 ? dice % 3 + 1 : 0;
    for (std::uint64_t i = 0; i < pictures; ++i) write_attachment(out, random, kind::img, post, time);
    if (dice >= 9 && dice < 16) write_attachment(out, random, others[dice - 9], post, time);
    if (out.deviates(unknown_kinds)) write_attachment(out, random, kind::unknown, post, time);
    out.end_array();
}

void write_poll(json_writer& out, rng& random, std::uint64_t revision)
{
    if (!out.begin_object("poll")) return;
    std::uint64_t votes[4] = {}, total = 0;
    const auto count = random.between(2, 4);
    for (std::uint64_t i = 0; i < count; ++i) total += votes[i] = random.below(500) + revision;
    std::string id;
    append_number(id, snowflake(1'700'000'000'000, random.next()));
    out.text("id", id);
    out.number("total_votes_count", total);
    out.text("question", "Tabs or spaces? \\ud83e\\udd14");
    out.boolean("is_open", random.below(2) == 0);
    out.begin_array("options");
    const auto most = *std::max_element(votes, votes + count);
    static constexpr std::string_view answers[] = {"Tabs", "Spaces", "Both, on one line",
                                                   "I let the formatter decide 🤖"};
    for (std::uint64_t i = 0; i < count; ++i) {
        out.begin_item();
        out.text("id", std::to_string(i + 1));
        out.text("text", answers[i]);
        out.boolean("win", votes[i] == most);
        out.number("votes_count", votes[i]);
        out.end_object();
    }
    out.end_array();
    out.end_object();
}

void write_analytics(json_writer& out, rng& random, std::int64_t impressions)
{
    if (!out.begin_object("analytics")) return;
    const auto clicks = static_cast<std::int64_t>(random.below(200));
    out.number("impressions", impressions);
    out.number("engagements", clicks * 3);
    out.real("engagement_rate", static_cast<double>(clicks * 3) / static_cast<double>(impressions + 1));
    out.number("clicks", clicks);
    out.real("clickthrough_rate", static_cast<double>(clicks) / static_cast<double>(impressions + 1));
    if (random.below(2)) out.number("page_viewers_from_this_post", random.below(900));
    if (random.below(2)) out.number("followers_gained_from_this_post", random.below(30));
    if (random.below(2)) out.number("members_reached", random.below(9'000));
    out.end_object();
}

void write_permissions(json_writer& out, const post_request& post, std::uint64_t hash)
{
    if (!out.begin_object("permissions")) return;
    const auto bits = mix(hash, post.viewer.hash);
    out.boolean("can_react", bits % 8 != 0);
    out.boolean("can_share", (bits >> 8) % 6 != 0);
    out.boolean("can_post_comments", (bits >> 16) % 4 != 0);
    out.end_object();
}

void write_repost(json_writer& out, rng& random, const post_request& post, std::int64_t time, const person& original)
{
    std::string id;
    append_number(id, snowflake(time, random.next()));
    out.text("repost_id", id);
    write_author(out, "reposted_by", post.owner.who);
    if (random.below(2) == 0 || !out.begin_object("repost_content")) return;
    const auto earlier = time - static_cast<std::int64_t>(random.between(1, 400)) * 3'600'000;
    id.clear();
    append_number(id, snowflake(earlier, random.next()));
    out.text("id", id);
    out.text("date", age(post.now, earlier));
    out.text("parsed_datetime", time_text(earlier));
    write_author(out, "author", original);
    std::string text;
    append_text(text, random, random.between(80, 400));
    out.text("text", text);
    out.end_object();
}

/// Writes fields that real answers have and the contract lacks.
void write_unknown_fields(json_writer& out, const post_request& post, std::uint64_t hash)
{
    if (!out.deviates(unknown_fields)) return;
    out.boolean("user_reacted", mix(hash, post.viewer.hash) % 3 == 0);
    out.raw("mentions", R"([{"url":"https://www.linkedin.com/in/kenta","start":12,"length":5}])");
    out.raw("article", R"({"id":"7250000000000000001","url":"https://example.com/a?b=c&d=%2F","title":"\"Ein\" Titel",)"
                       R"("author":"Zoë","picture_url":null,"published_at":1729000000000})");
    out.raw("x_nested", R"({"deep":[[{"a":{"b":[1,2.5e-3,null,true]}}],[],{}],"empty":""})");
}

std::string share_url(const post_request& post, std::string_view social_id, rng& random)
{
    std::string url = "https://www.linkedin.com/posts/";
    url += post.owner.who.public_identifier;
    url += "_activity-";
    url += social_id.substr(social_id.rfind(':') + 1);
    url += '-';
    append_token(url, random, 4);
    url += "?utm_source=social_share_send&utm_medium=member_desktop_web&rcm=ACoAA";
    rng reader(post.viewer.hash);
    append_token(url, reader, 34);
    return url;
}

std::string body_text(json_writer& out, rng& random)
{
    std::string text;
    const auto length = random.between(350, 1100);
    append_text(text, random, length / 2);
    if (out.deviates(lone_surrogates)) text += out.dice().below(2) ? "\\ud83d " : "\\udc00\\ud83d";
    if (out.deviates(invalid_utf8)) text += "\xff\xc0";
    append_text(text, random, length / 2);
    return text;
}

void write_counters(json_writer& out, rng& random, const post_request& post, std::int64_t impressions)
{
    out.number("reaction_counter", random.below(5'000) + 3 * post.revision);
    out.number("comment_counter", random.below(400) + post.revision);
    out.number("repost_counter", random.below(90) + post.revision);
    out.number("impressions_counter", impressions);
}

}  // namespace

void write_linkedin_post(json_writer& out, const post_request& post)
{
    const auto hash = mix(post.owner.seed, 0x10ca1, post.serial);
    rng random(hash);
    const auto time = post.owner.time_of(post.serial);
    const auto id = post_id(post.owner, post.serial);
    const bool owned = post.owner.seed % 4 == 0 && post.viewer.is_home, is_repost = hash % 7 == 0;
    const auto original = is_repost ? stranger(mix(hash, 1), hash % 3 == 0) : post.owner.who;
    const auto impressions = owned ? static_cast<std::int64_t>(hash % 90'000 + 50 * post.revision) : 0;

    std::string social_id = "urn:li:";
    social_id += hash % 5 < 3 ? "activity:" : "ugcPost:";
    if (hash % 5 < 3)
        social_id += id;
    else
        append_number(social_id, snowflake(time - 900, random.next()));

    out.begin_item();
    out.identity("object", "Post");
    out.identity("provider", out.deviates(unknown_provider) ? "MASTODON" : "LINKEDIN");
    out.identity("id", id);
    out.text("social_id", social_id);
    out.text("share_url", share_url(post, social_id, random));
    if (hash % 11 == 0) out.text("title", "Why we moved \\\"everything\\\" to C++20");
    out.text("text", body_text(out, random));
    out.text("date", age(post.now, time));
    out.text("parsed_datetime", time_text(time));
    write_counters(out, random, post, impressions);
    write_author(out, "author", original);
    if (post.owner.who.is_company && hash % 3 == 0 && out.begin_object("written_by")) {
        const auto writer = stranger(mix(hash, 2), false);
        out.text("id", writer.id);
        out.text("public_identifier", writer.public_identifier);
        out.text("name", writer.name);
        out.end_object();
    }
    write_permissions(out, post, hash);
    out.boolean("is_repost", is_repost);
    if (is_repost) write_repost(out, random, post, time, stranger(mix(hash, 3), false));
    write_attachments(out, random, post, time);
    if (hash % 19 == 0) write_poll(out, random, post.revision);
    if (hash % 17 == 0 && out.begin_object("group")) {
        out.text("id", std::to_string(8'000'000 + hash % 999'999));
        out.text("name", "C++ \\u0026 friends – 東京");
        out.boolean("private", hash % 2 == 0);
        out.end_object();
    }
    if (owned) write_analytics(out, random, impressions);
    write_unknown_fields(out, post, hash);
    if (out.deviates(duplicate_keys)) out.text("date", "1mo");
    if (out.deviates(broken_items)) out.raw("broken", hash % 2 ? "tru" : "01");
    out.end_item();
}

}  // namespace unipile::simulator
