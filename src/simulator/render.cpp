#include "simulator/render.hpp"

#include "simulator/random.hpp"

#include <unipile/simulator.hpp>

#include <zlib.h>

#include <new>
#include <utility>
#include <vector>

namespace unipile::simulator {
namespace {

/// Returns a profile without a server, for `generate_post`: a million posts up to a fixed day.
traits lone_profile(std::uint64_t seed, provider provider)
{
    options options;
    options.seed = seed;
    options.posts_min = options.posts_max = 1'000'000;
    options.instagram_share = provider == provider::instagram ? 1 : 0;
    return people(options).profile(0);
}

void write_nth(json_writer& out, const traits& owner, std::uint64_t index, unsigned deviations)
{
    const viewer reader{.hash = owner.seed, .is_home = true};
    const auto serial = index < owner.posts ? owner.posts - 1 - index : index;
    const auto shown = deviations & static_cast<unsigned>(mix(owner.seed, 0xdeb1a7e, serial));
    write_post(
        out,
        {.owner = owner, .serial = serial, .revision = 0, .viewer = reader, .now = options{}.now, .deviations = shown});
}

}  // namespace

std::string join_page(std::string_view items, std::string_view cursor, std::uint32_t count, unsigned deviations,
                      std::uint64_t dice)
{
    const auto paging = "{\"page_count\":" + std::to_string(count) + '}';
    std::vector<std::pair<std::string_view, std::string_view>> members = {{"object", "\"PostList\""}, {"items", items}};
    if (!cursor.empty()) members.emplace_back("cursor", cursor);
    if (!(deviations & missing_fields)) members.emplace_back("paging", paging);
    if (deviations & unknown_fields) members.emplace_back("x_trace", R"({"took_ms":12,"shards":[1,2]})");
    if (deviations & key_order) {
        rng random(dice);
        for (auto i = members.size() - 1; i > 0; --i) std::swap(members[i], members[random.below(i + 1)]);
    }
    std::string page;
    page.reserve(items.size() + cursor.size() + 160);
    for (const auto& [name, value] : members) {
        ((page += page.empty() ? "{\"" : ",\"") += name) += deviations & white_space ? "\" : " : "\":";
        if (name == "items")
            ((page += '[') += value) += ']';
        else
            page += value;
    }
    return page += '}';
}

std::string compress(std::string_view text)
{
    z_stream stream{};
    if (deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) throw std::bad_alloc();
    std::string result(deflateBound(&stream, static_cast<uLong>(text.size())), '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream.avail_in = static_cast<uInt>(text.size());
    stream.next_out = reinterpret_cast<Bytef*>(result.data());
    stream.avail_out = static_cast<uInt>(result.size());
    deflate(&stream, Z_FINISH);
    result.resize(stream.total_out);
    deflateEnd(&stream);
    result.shrink_to_fit();
    return result;
}

std::string generate_post(std::uint64_t seed, provider provider, std::uint64_t index, unsigned deviations)
{
    std::string post;
    json_writer out(post);
    write_nth(out, lone_profile(seed, provider), index, deviations);
    return post;
}

std::string generate_page(std::uint64_t seed, provider provider, std::uint64_t first, std::uint32_t count,
                          std::string_view cursor, unsigned deviations)
{
    const auto owner = lone_profile(seed, provider);
    std::string items;
    json_writer out(items);
    for (std::uint64_t i = first; i < first + count; ++i) write_nth(out, owner, i, deviations);
    const auto next = cursor.empty() ? std::string("null") : '"' + std::string(cursor) + '"';
    return join_page(items, next, count, deviations & static_cast<unsigned>(mix(seed, first)), mix(seed, first, count));
}

}  // namespace unipile::simulator
