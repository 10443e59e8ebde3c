// The text of a position: what it has, what it is read back as, and what is refused.
#include "scripted.hpp"

#include "paging/fingerprint.hpp"
#include "paging/listing.hpp"
#include "support/printing.hpp"

#include <unipile/errc.hpp>
#include <unipile/failure.hpp>
#include <unipile/position.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstdint>
#include <map>
#include <random>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>

using namespace unipile;
using namespace unipile::paging;
using unipile::test::someone;

namespace {

position sample(std::size_t known, std::string cursor = "abc+/=")
{
    detail::position_parts p;
    p.query = query_fingerprint(someone);
    p.cursor = std::move(cursor);
    p.index = static_cast<std::uint32_t>(known + 3);
    for (std::size_t i = 0; i != known; ++i) p.behind.push_back(identity::named("X", std::to_string(i)).bits());
    return detail::access::make<position>(p);
}

bool is_refused(std::string_view text)
{
    try {
        (void)position::parse(text);
    } catch (const failure& f) {
        return f.code() == errc::invalid_position;
    }
    return false;
}

/// The alphabet of positions, without padding.
std::string base64(std::string_view bytes)
{
    const std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    std::string out;
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        std::uint32_t three = 0;
        for (std::size_t k = 0; k != 3; ++k)
            three = three << 8 | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0u);
        const auto letters = std::min<std::size_t>(bytes.size() - i, 3) + 1;
        for (std::size_t k = 0; k != letters; ++k) out.push_back(alphabet[three >> (18 - 6 * k) & 63]);
    }
    return out;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(position_texts)

BOOST_AUTO_TEST_CASE(text_round_trip)
{
    for (const std::size_t known : {0u, 1u, 2u, 3u, 50u, 100u, 1000u})
        for (const std::string cursor :
             {"", "x", "xy", "xyz", "\xff\x01\n", "a cursor that is longer than the others"}) {
            const auto p = sample(known, cursor);
            const auto text = p.text();
            BOOST_TEST(position::parse(text) == p);
            BOOST_TEST(text.starts_with("u1."));
            BOOST_TEST(text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.") ==
                       std::string::npos);
            std::ostringstream out;
            out << p;
            BOOST_TEST(out.str() == text);
        }
    for (const auto reason :
         {end_reason::null_cursor, end_reason::empty_page, end_reason::exhausted_cursor, end_reason::missing_cursor}) {
        detail::position_parts p;
        p.query = query_fingerprint(someone);
        const auto ended = detail::access::make<position>(p, reason);
        BOOST_TEST(position::parse(ended.text()) == ended);
        BOOST_TEST(position::parse(ended.text()).ended() == reason);
    }
    BOOST_TEST(position::parse(position().text()) == position());
    BOOST_TEST(sample(100).text().size() < 850u);
    BOOST_TEST(sample(0, "").text().size() < 40u);
}

BOOST_AUTO_TEST_CASE(the_format_does_not_change)
{
    // Texts of released versions must remain readable.
    detail::position_parts p;
    p.query = 0x0123456789abcdef;
    p.cursor = "cursor";
    p.index = 300;
    p.behind = {0x123456789abc, 1};
    BOOST_TEST(detail::access::make<position>(p).text() == "u1.782riWdFIwEArAIGY3Vyc29yAryaeFY0EgEAAAAAAAnqEAI");
    BOOST_TEST(fingerprint("unipile", 7) == 9500141237004429047u);
    BOOST_TEST(query_fingerprint(someone) == 1691965201361206997u);
}

BOOST_AUTO_TEST_CASE(damaged_text_is_refused)
{
    const auto text = sample(5).text();
    for (std::size_t n = 0; n != text.size(); ++n) BOOST_TEST(is_refused(text.substr(0, n)));
    for (std::size_t n = 0; n != text.size(); ++n)
        for (const char c : {'A', 'x', '_', '.', '=', ' ', '\0'}) {
            auto damaged = text;
            if (damaged[n] == c) continue;
            damaged[n] = c;
            BOOST_TEST(is_refused(damaged), damaged);
        }
    BOOST_TEST(is_refused(text + "A"));
    BOOST_TEST(is_refused("u2." + text.substr(3)));
    BOOST_TEST(is_refused(" " + text));
    // A number with a byte more than it needs: a position has one text.
    BOOST_TEST(is_refused("u1.EREREREREREAgAAAACdJ1vM"));
    // Noise, some of it with a good check, would have to be read without harm.
    std::mt19937 random(1);
    for (int i = 0; i != 20'000; ++i) {
        std::string noise = "u1.";
        for (auto n = random() % 60; n; --n)
            noise.push_back("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"[random() % 64]);
        BOOST_REQUIRE(is_refused(noise));
    }
}

BOOST_AUTO_TEST_CASE(parts_that_can_not_be_are_refused_although_the_check_is_right)
{
    const auto sealed = [](std::string bytes) {
        const auto check = fingerprint(bytes, 1);
        for (unsigned i = 0; i != 4; ++i) bytes.push_back(static_cast<char>(check >> 8 * i & 0xff));
        return "u1." + base64(bytes);
    };
    const std::string query(8, '\x11'), none(1, '\0');
    BOOST_TEST(!is_refused(sealed(query + none + std::string("\0\0\0", 3))));
    const std::string head = query + none, big(18, '\xff');
    for (const auto& [what, bytes] : std::map<std::string, std::string>{
             {"nothing", ""},
             {"no end", query},
             {"no index", head},
             {"an index above 32 bits", head + std::string("\x80\x80\x80\x80\x10\0\0", 7)},
             {"a number above 63 bits", head + big},
             {"a cursor that is longer than the text", head + std::string("\0\x05"
                                                                          "abc\0",
                                                                          6)},
             {"more posts than the text has", head + std::string("\0\0\x02"
                                                                 "123456",
                                                                 9)},
             {"more than its parts", head + std::string("\0\0\0x", 4)},
             {"an end that is not final",
              query + std::string(1, static_cast<char>(end_reason::cancelled)) + std::string("\0\0\0", 3)},
             {"an end that there is not", query + '\x7f' + std::string("\0\0\0", 3)}})
        BOOST_TEST(is_refused(sealed(bytes)), what);
}

BOOST_AUTO_TEST_CASE(positions_differ_in_each_of_their_parts)
{
    const auto with = [](auto change) {
        auto parts = detail::access::parts(sample(2));
        change(parts);
        return detail::access::make<position>(parts);
    };
    BOOST_TEST(with([](auto&) {}) == sample(2));
    BOOST_TEST(with([](auto& p) { p.query += 1; }) != sample(2));
    BOOST_TEST(with([](auto& p) { p.cursor += 'x'; }) != sample(2));
    BOOST_TEST(with([](auto& p) { p.index += 1; }) != sample(2));
    BOOST_TEST(with([](auto& p) { p.behind.pop_back(); }) != sample(2));
    BOOST_TEST(detail::access::make<position>(detail::access::parts(sample(2)), end_reason::null_cursor) != sample(2));
}

BOOST_AUTO_TEST_CASE(at_the_beginning)
{
    const auto beginning = [](auto change) {
        detail::position_parts p;
        p.query = 1;
        change(p);
        return detail::access::make<position>(p).at_beginning();
    };
    BOOST_TEST(position().at_beginning());
    BOOST_TEST(beginning([](auto&) {}));
    BOOST_TEST(!beginning([](auto& p) { p.cursor = "c"; }));
    BOOST_TEST(!beginning([](auto& p) { p.index = 1; }));
    BOOST_TEST(!beginning([](auto& p) { p.behind = {1}; }));
    BOOST_TEST(!detail::access::make<position>(detail::position_parts(), end_reason::null_cursor).at_beginning());
}

BOOST_AUTO_TEST_CASE(belongs_to_its_query)
{
    const auto p = sample(1);
    BOOST_TEST(p.belongs_to(someone));
    auto other = someone;
    other.max_posts = 7;
    other.limit = 10;
    BOOST_TEST(p.belongs_to(other));
    other = someone;
    other.is_company = true;
    BOOST_TEST(!p.belongs_to(other));
    other = someone;
    other.identifier = "another";
    BOOST_TEST(!p.belongs_to(other));
    other = someone;
    other.account_id = "another";
    BOOST_TEST(!p.belongs_to(other));
    BOOST_TEST(position().belongs_to(other));
    BOOST_TEST(position().at_beginning());
    BOOST_TEST(!p.at_beginning());
    // Where one text ends and the next begins makes a difference.
    BOOST_TEST(query_fingerprint({.account_id = "ab", .identifier = "c"}) !=
               query_fingerprint({.account_id = "a", .identifier = "bc"}));
}

BOOST_AUTO_TEST_SUITE_END()
