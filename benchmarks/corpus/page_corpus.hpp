// Pages as the API sends them, made up from a seed: same seed, same bytes.
#pragma once

#include <array>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>

namespace unipile::corpus {

/// Writes pages of LinkedIn posts (about 2.5 KB each) or Instagram posts (about 1 KB). Shapes, lengths and the share
/// of escapes and of letters beyond ASCII follow what the API's answers look like; the words mean nothing.
class page_writer {
public:
    explicit page_writer(std::uint64_t seed) : random_(seed) {}

    std::string linkedin_page(int posts, std::string_view cursor = {})
    {
        return page(posts, cursor, &page_writer::linkedin_post);
    }
    std::string instagram_page(int posts, std::string_view cursor = {})
    {
        return page(posts, cursor, &page_writer::instagram_post);
    }

private:
    std::string page(int posts, std::string_view cursor, void (page_writer::*write)())
    {
        out_ = R"({"object":"PostList","items":[)";
        for (int i = 0; i < posts; ++i) {
            if (i != 0) out_ += ',';
            (this->*write)();
        }
        out_ += R"(],"cursor":)";
        out_ += cursor.empty() ? "null" : '"' + std::string(cursor) + '"';
        out_ += R"(,"paging":{"page_count":)" + std::to_string(posts) + "}}";
        return out_;
    }

    std::uint64_t below(std::uint64_t n) { return random_() % n; }
    bool chance(unsigned percent) { return below(100) < percent; }
    void number(std::string_view key, std::uint64_t n) { out_ += ",\"" + std::string(key) + "\":" + std::to_string(n); }
    void boolean(std::string_view key, bool b) { out_ += ",\"" + std::string(key) + (b ? "\":true" : "\":false"); }
    void text(std::string_view key, std::string_view value)
    {
        out_ += ",\"" + std::string(key) + "\":\"" + std::string(value) + '"';
    }

    std::string token(std::size_t length)
    {
        static constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        std::string t;
        for (std::size_t i = 0; i < length; ++i) t += alphabet[below(alphabet.size())];
        return t;
    }

    std::string words(std::size_t length)
    {
        static constexpr std::array<std::string_view, 32> all{
            "the",       "team",    "we",     "shipped",     "growth", "of",     "learned", "a",
            "customers", "in",      "hiring", "product",     "and",    "is",     "to",      "launch",
            "proud",     "quarter", "with",   "founders",    "data",   "métier", "für",     "people",
            "sales",     "your",    "naïve",  "engineering", "what",   "this",   "open",    "pipeline"};
        std::string t;
        while (t.size() < length) {
            t += all[below(all.size())];
            const std::uint64_t dice = below(60);
            t += dice == 0 ? ".\\n\\n" : dice == 1 ? " \\\"quoted\\\" " : dice == 2 ? " 🚀 " : dice == 3 ? ", " : " ";
        }
        return t;
    }

    std::string date_time()
    {
        const auto two = [&](std::uint64_t from, std::uint64_t n) {
            const std::string s = std::to_string(from + below(n));
            return s.size() < 2 ? '0' + s : s;
        };
        return "202" + std::to_string(below(5)) + '-' + two(1, 12) + '-' + two(1, 28) + 'T' + two(0, 24) + ':' +
               two(0, 60) + ':' + two(0, 60) + ".123Z";
    }

    void author(std::string_view key)
    {
        out_ += ",\"" + std::string(key) + R"(":{"public_identifier":")" + token(14) + '"';
        text("id", "ACoAA" + token(34));
        text("name", words(12));
        boolean("is_company", false);
        text("headline", words(60));
        text("profile_picture_url", "https://media.licdn.com/dms/image/" + token(120));
        out_ += '}';
    }

    void attachment()
    {
        out_ += R"({"id":")" + token(20) + '"';
        const bool image = chance(80);
        text("type", image ? "img" : "video");
        out_ += R"(,"size":{"width":1200,"height":)" + std::to_string(600 + below(600)) + '}';
        boolean("unavailable", false);
        boolean(image ? "sticker" : "gif", false);
        text("mimetype", image ? "image/jpeg" : "video/mp4");
        text("url", "https://media.licdn.com/dms/image/v2/" + token(160) + "?e=1735171200&v=beta&t=" + token(43));
        number("url_expires_at", 1735171200000);
        out_ += '}';
    }

    void linkedin_post()
    {
        const std::string id =
            std::to_string((std::uint64_t{1600000000000} + below(120000000000)) << 22 | below(1 << 22));
        out_ += R"({"object":"Post","provider":"LINKEDIN","id":")" + id + '"';
        text("social_id", "urn:li:activity:" + id);
        text("share_url", "https://www.linkedin.com/posts/" + token(40) + "-activity-" + id + "-" + token(4) +
                              "?utm_source=social_share_send&utm_medium=member_desktop_web&rcm=" + token(39));
        text("title", "");
        text("text", words(500 + below(1000)));
        text("date", "3d");
        text("parsed_datetime", date_time());
        number("reaction_counter", below(3000));
        number("comment_counter", below(300));
        number("repost_counter", below(50));
        number("impressions_counter", 0);
        author("author");
        out_ += R"(,"permissions":{"can_react":true,"can_share":true,"can_post_comments":true})";
        boolean("is_repost", false);
        out_ += R"(,"attachments":[)";
        const std::uint64_t attachments = chance(60) ? 1 + below(2) : 0;
        for (std::uint64_t i = 0; i < attachments; ++i) {
            if (i != 0) out_ += ',';
            attachment();
        }
        out_ += ']';
        if (chance(20)) {
            out_ += R"(,"repost_content":{"id":")" + id + '"';
            text("date", "1w");
            text("parsed_datetime", date_time());
            author("author");
            text("text", words(400));
            out_ += '}';
        }
        out_ += R"(,"mentions":[],"user_reacted":null})";
    }

    void instagram_post()
    {
        out_ += R"({"object":"Post","provider":"INSTAGRAM","provider_id":")" + std::to_string(random_()) + '"';
        boolean("has_audio", false);
        boolean("has_liked", chance(10));
        number("like_count", below(5000));
        number("comment_count", below(400));
        boolean("like_and_view_counts_disabled", false);
        boolean("comments_disabled", false);
        text("accessibility_caption", words(60));
        out_ += R"(,"caption":{"edited":false,"has_translation":false,"created_at":)" +
                std::to_string(1600000000 + below(120000000));
        text("text", words(200 + below(500)));
        out_ += R"(},"preview_image":{"url":"https://scontent.cdninstagram.com/v/)" + token(200) + '"';
        number("width", 1080);
        number("height", 1350);
        out_ += R"(},"owner":{"id":")" + std::to_string(random_()) + '"';
        text("username", token(12));
        text("profile_pic_url", "https://scontent.cdninstagram.com/v/" + token(120));
        boolean("is_verified", chance(5));
        boolean("is_private", false);
        out_ += R"(},"location":null})";
    }

    std::mt19937_64 random_;
    std::string out_;
};

}  // namespace unipile::corpus
