// curl multi + simdjson on-demand into structs of std::string.
#include "curl_loop.hpp"
#include "simdjson_posts.hpp"

namespace {

struct parse {
    benchmark::seen seen;
    peer::simdjson_parser parser;

    std::string operator()(std::span<char> body, std::chrono::steady_clock::time_point asked)
    {
        using loop = peer::curl_loop<parse>;
        const peer::page page = parser.parse(body.data(), body.size(), body.size() + loop::padding);
        ++seen.pages;
        seen.first_post(asked);
        for (const auto& item : page.items) {
            ++seen.posts;
            if (const auto* l = std::get_if<peer::linkedin_post>(&item)) {
                seen.id(l->id);
                seen.text += l->text.size();
                seen.counters +=
                    static_cast<std::uint64_t>(l->reaction_counter + l->comment_counter + l->repost_counter);
            } else if (const auto* i = std::get_if<peer::instagram_post>(&item)) {
                seen.id(i->provider_id);
                seen.text += i->caption ? i->caption->text.size() : 0;
                seen.counters += static_cast<std::uint64_t>(i->like_count + i->comment_count);
            }
        }
        return page.cursor.value_or("");
    }
};

}  // namespace

int main()
{
    const benchmark::stopwatch watch;
    const auto task = benchmark::task_from_environment();
    parse p;
    peer::curl_loop<parse>(task, p).run();
    benchmark::report(p.seen, watch);
}
