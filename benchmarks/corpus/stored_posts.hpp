// Posts as a store gets them.
#pragma once

#include <cstddef>
#include <random>
#include <string>
#include <vector>

namespace benchmark {

struct post_text {
    std::string id, json;
};

/// Makes posts of 1.5 to 3 KB, the same in each call. `words(random)` returns some words of a post's text.
template <class Words>
std::vector<post_text> make_posts(std::size_t count, Words words)
{
    std::mt19937_64 random(1);
    std::vector<post_text> posts;
    posts.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
        const auto id = std::to_string(7'000'000'000'000'000'000ULL + random() % 400'000'000'000'000'000ULL);
        std::string text;
        for (std::size_t n = 800 + random() % 1200; text.size() < n;) text += words(random);
        posts.push_back(
            {id,
             R"({"object":"Post","provider":"LINKEDIN","id":")" + id + R"(","social_id":"urn:li:activity:)" + id +
                 R"(","share_url":"https://www.linkedin.com/posts/x-)" + id +
                 R"(?utm_source=share&utm_medium=member&rcm=ACoAAB","text":")" + text +
                 R"(","date":"3d","parsed_datetime":"2024-05-06T07:08:09.000Z","reaction_counter":)" +
                 std::to_string(random() % 5000) +
                 R"(,"comment_counter":12,"repost_counter":3,"impressions_counter":0,"is_repost":false,)"
                 R"("author":{"public_identifier":"someone","id":"ACoAAA1234567890","name":"Some One","is_company":false,)"
                 R"("headline":"Something at Somewhere"},"permissions":{"can_react":true,"can_share":true,)"
                 R"("can_post_comments":true},"attachments":[{"id":"D4E22AQ","type":"img","size":{"width":800,)"
                 R"("height":600},"sticker":false,"unavailable":false,"mimetype":"image/jpeg","url":)"
                 R"("https://media.licdn.com/dms/image/D4E22AQ/0/1?e=1&v=beta&t=abc","url_expires_at":1720000000000}]})"});
    }
    return posts;
}

}  // namespace benchmark
