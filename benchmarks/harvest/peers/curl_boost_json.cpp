// curl multi + Boost.JSON's DOM in a monotonic resource that each page starts anew.
#include "curl_loop.hpp"

#include <boost/json.hpp>

namespace {

namespace json = boost::json;

struct parse {
    benchmark::seen seen;
    std::vector<unsigned char> memory = std::vector<unsigned char>(4 * 1024 * 1024);

    static std::uint64_t number(const json::object& o, json::string_view key)
    {
        return o.at(key).to_number<std::uint64_t>();
    }

    std::string operator()(std::span<char> body, std::chrono::steady_clock::time_point asked)
    {
        json::monotonic_resource resource(memory.data(), memory.size());
        const json::value page = json::parse(json::string_view(body.data(), body.size()), &resource);
        ++seen.pages;
        seen.first_post(asked);
        for (const auto& item : page.at("items").as_array()) {
            ++seen.posts;
            const auto& o = item.as_object();
            if (o.at("provider").as_string() == "INSTAGRAM") {
                seen.id(o.at("provider_id").as_string());
                if (const auto* caption = o.if_contains("caption"); caption && caption->is_object())
                    seen.text += caption->at("text").as_string().size();
                seen.counters += number(o, "like_count") + number(o, "comment_count");
            } else {
                seen.id(o.at("id").as_string());
                seen.text += o.at("text").as_string().size();
                seen.counters +=
                    number(o, "reaction_counter") + number(o, "comment_counter") + number(o, "repost_counter");
            }
        }
        const auto* cursor = page.at("cursor").if_string();
        return cursor ? std::string(*cursor) : std::string();
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
