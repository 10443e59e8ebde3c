// No field is left out: of the tables, of the full posts, of what the other tests compare.
#include "decode/schema.hpp"
#include "describe.hpp"
#include "page_corpus.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace unipile::test {

/// Converts to the type of any member. In a named namespace, since it is declared only.
struct anything {
    template <class T>
    operator T() const noexcept;
};

}  // namespace unipile::test

namespace {

using namespace unipile;
using namespace unipile::test;

template <class T, std::size_t... I>
consteval bool takes(std::index_sequence<I...>)
{
    return requires { T{(static_cast<void>(I), anything{})...}; };
}

/// The number of members of an aggregate.
template <class T, std::size_t N = 0>
consteval int members()
{
    if constexpr (takes<T>(std::make_index_sequence<N + 1>{}))
        return members<T, N + 1>();
    else
        return N;
}

template <class... T>
consteval bool each_member_has_its_line()
{
    return ((members<T>() == decode::schema<T>::table.size()) && ...);
}

consteval int lines_of(unsigned owner)
{
    const auto& table = decode::schema<decode::item_fields>::table;
    int lines = 0;
    for (int i = 0; i < table.size(); ++i) lines += table[i].owner == owner;
    return lines;
}

static_assert(members<linkedin_post>() == lines_of(decode::of_linkedin),
              "each member of linkedin_post has one line in schema<item_fields> (src/decode/schema.hpp)");
static_assert(members<instagram_post>() == lines_of(decode::of_instagram),
              "each member of instagram_post has one line in schema<item_fields> (src/decode/schema.hpp)");
static_assert(each_member_has_its_line<author, written_by, permissions, repost_content, poll_option, poll, group,
                                       analytics, article, mention, pixel_size, instagram_caption, instagram_media,
                                       instagram_owner, instagram_location>(),
              "each member of these objects has one line in its schema (src/decode/schema.hpp)");

/// The rules of all fields. Gathered while this compiles: the tables' readers exist within the decoder only.
consteval std::size_t count_rules()
{
    std::size_t n = 0;
    decode::all_objects::for_each_rule([&n](const decode::field_rule&) { ++n; });
    return n;
}
constexpr auto rules = [] {
    std::array<decode::field_rule, count_rules()> all{};
    auto next = all.begin();
    decode::all_objects::for_each_rule([&next](const decode::field_rule& rule) { *next++ = rule; });
    return all;
}();

/// The names in a description; with `filled`, of fields that have a value.
std::set<std::string, std::less<>> names_in(std::string_view description, bool filled)
{
    std::set<std::string, std::less<>> names;
    while (!description.empty()) {
        std::string_view line = description.substr(0, description.find('\n'));
        description.remove_prefix(std::min(line.size() + 1, description.size()));
        if (filled && (line.ends_with(" = (empty)") || line.ends_with(" = (null)"))) continue;
        line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
        names.emplace(line.substr(0, line.find(" = ")));
    }
    return names;
}

BOOST_AUTO_TEST_SUITE(tables)

BOOST_AUTO_TEST_CASE(no_field_is_left_out)
{
    const std::string json = std::string(full_linkedin_post()) + std::string(full_instagram_post());
    const std::string description =
        describe(post::parse(full_linkedin_post()).value()) + describe(post::parse(full_instagram_post()).value());
    const auto compared = names_in(description, false), filled = names_in(description, true);
    for (const decode::field_rule& rule : rules) {
        const std::string name{rule.name}, key = '"' + name + "\":";
        const bool sent = json.find(key) != std::string::npos;
        BOOST_TEST(sent, name + " is in none of the full posts (page_corpus.cpp)");
        if (name == "object") continue;  // checked, and not kept
        BOOST_TEST(compared.contains(name), name + " is not compared (describe.cpp)");
        const bool null = json.find(key + "null") != std::string::npos;
        BOOST_TEST((!sent || null || filled.contains(name)), name + " is sent and does not arrive");
    }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
