// Writes listings as files, a folder an account's profile: `first.json`, then one file a cursor. Prints what a client
// that touched everything must have seen, folder by folder.
#include "../common/report.hpp"

#include <unipile/simulator.hpp>

#include <boost/json.hpp>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <stdexcept>
#include <string>

namespace {

namespace json = boost::json;
using unipile::simulator::provider;

struct sums {
    benchmark::seen seen;
    std::uint64_t code_points = 0, utf16 = 0, bytes = 0;

    void text(std::string_view s)
    {
        seen.text += s.size();
        for (const char c : s) {
            const auto byte = static_cast<unsigned char>(c);
            if ((byte & 0xc0u) != 0x80u) {
                ++code_points;
                utf16 += byte >= 0xf0u ? 2 : 1;
            }
        }
    }

    void counter(const json::object& o, const char* key) { seen.counters += o.at(key).to_number<std::uint64_t>(); }

    void page(const std::string& text_of_page)
    {
        ++seen.pages;
        bytes += text_of_page.size();
        const json::value page = json::parse(text_of_page);
        for (const auto& item : page.at("items").as_array()) {
            ++seen.posts;
            const auto& o = item.as_object();
            if (o.at("provider").as_string() == "INSTAGRAM") {
                seen.id(o.at("provider_id").as_string());
                if (const auto* caption = o.if_contains("caption")) text(caption->at("text").as_string());
                counter(o, "like_count");
                counter(o, "comment_count");
            } else {
                seen.id(o.at("id").as_string());
                text(o.at("text").as_string());
                counter(o, "reaction_counter");
                counter(o, "comment_counter");
                counter(o, "repost_counter");
            }
        }
    }
};

std::string cursor_of(std::uint64_t seed, std::uint32_t page)
{
    static constexpr char hex[] = "0123456789abcdef";
    std::uint64_t state = seed * 0x9e3779b97f4a7c15u + page;
    std::string out;
    for (int i = 0; i < 40; ++i) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        out.push_back(hex[state >> 60]);
    }
    return out;
}

json::object listing(const std::filesystem::path& folder, std::uint64_t seed, provider kind, std::uint32_t pages)
{
    std::filesystem::create_directories(folder);
    sums s;
    std::string name = "first";
    for (std::uint32_t i = 0; i < pages; ++i) {
        const std::string cursor = i + 1 < pages ? cursor_of(seed, i) : std::string();
        const std::string page = unipile::simulator::generate_page(seed, kind, i * 100u, 100, cursor);
        std::ofstream(folder / (name + ".json"), std::ios::binary) << page;
        s.page(page);
        name = cursor;
    }
    return {{"pages", s.seen.pages},
            {"posts", s.seen.posts},
            {"ids", s.seen.ids},
            {"counters", s.seen.counters},
            {"bytes", s.bytes},
            {"text", {{"bytes", s.seen.text}, {"utf16", s.utf16}, {"code_points", s.code_points}}}};
}

}  // namespace

int main(int argc, char** argv)
{
    if (argc != 5) {
        std::cerr << "usage: bench_corpus FOLDER LISTINGS PAGES PREFIX\n";
        return 2;
    }
    const std::filesystem::path root = argv[1];
    const auto listings = std::stoul(argv[2]);
    const auto pages = static_cast<std::uint32_t>(std::stoul(argv[3]));
    const std::string prefix = argv[4];
    json::object truth;
    for (unsigned long i = 0; i < listings; ++i) {
        const std::string name = prefix + std::to_string(i);
        const auto kind = i % 8 == 7 ? provider::instagram : provider::linkedin;
        truth[name] = listing(root / name, 1000 + i, kind, pages);
    }
    std::cout << json::serialize(truth) << '\n';
}
