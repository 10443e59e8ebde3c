// The texts of places in a store's changes.
#include "store/change_place.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <random>
#include <string>

using namespace unipile::store;

BOOST_AUTO_TEST_SUITE(store_change_place)

BOOST_AUTO_TEST_CASE(a_text_is_read_as_what_it_was_made_of)
{
    std::mt19937_64 dice(1);
    for (const std::size_t size : {0U, 1U, 2U, 5U, 1024U}) {
        change_place place{std::string("\0id-\xff", 5), {}};
        for (std::size_t i = 0; i < size; ++i) place.numbers.push_back(dice() >> dice() % 64);
        const std::string text = text_of(place);
        BOOST_TEST((parse_change_place(text) == place));
        BOOST_TEST(text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.") ==
                   text.npos);
    }
    BOOST_TEST((parse_change_place(text_of({{}, {~std::uint64_t{0}}})) == change_place{{}, {~std::uint64_t{0}}}));
}

BOOST_AUTO_TEST_CASE(no_other_text_is_read)
{
    const std::string text = text_of({"0123456789abcdef", {7, 300, 0}});
    for (std::size_t at = 0; at < text.size(); ++at) {
        BOOST_TEST(!parse_change_place(text.substr(0, at)), at);
        for (const char c : {'A', '-', ' ', '\0', '='}) {
            std::string other = text;
            if (other[at] == c) continue;
            other[at] = c;
            BOOST_TEST(!parse_change_place(other), other);
        }
    }
    BOOST_TEST(!parse_change_place(text + "A"));
    BOOST_TEST(!parse_change_place(""));
}

BOOST_AUTO_TEST_SUITE_END()
