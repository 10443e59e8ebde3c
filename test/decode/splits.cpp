// How a page is split changes nothing.
#include "describe.hpp"
#include "page_corpus.hpp"
#include "support/printing.hpp"

#include <boost/test/unit_test.hpp>

namespace {

using namespace unipile;
using namespace unipile::test;

std::vector<std::string_view> pieces_of(std::string_view page, std::size_t size)
{
    std::vector<std::string_view> pieces;
    for (std::size_t at = 0; at < page.size(); at += size) pieces.push_back(page.substr(at, size));
    return pieces;
}

BOOST_AUTO_TEST_SUITE(splits)

BOOST_AUTO_TEST_CASE(the_corpus_is_read_as_meant)
{
    BOOST_TEST(decode_whole(page_corpus()[0]).find("error Success") == 0u);
    const std::string odd = decode_whole(page_corpus()[1]);
    BOOST_TEST(odd.find("error Success") == 0u);
    const std::size_t items = deviating_items().size() + hopeless_items().size();
    BOOST_TEST(odd.find("end " + std::to_string(items) + " cursor 1") != std::string::npos);
    BOOST_TEST(odd.find("quarantined " + std::to_string(deviating_items().size()) +
                        " not valid JSON at byte 8: {\"a\":tru}") != std::string::npos);
    BOOST_TEST(odd.find("wrong_type paging.page_count") != std::string::npos);
    BOOST_TEST(odd.find("unexpected_value object") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(one_split_anywhere)
{
    for (const std::string& text : page_corpus()) {
        const std::string_view page = text;
        const std::string whole = decode_whole(page);
        for (std::size_t at = 1; at < page.size(); ++at)
            if (decode_pieces({page.substr(0, at), page.substr(at)}) != whole)
                BOOST_ERROR("a split at " << at << " changes what is read from " << page);
    }
}

BOOST_AUTO_TEST_CASE(pieces_of_every_small_size)
{
    for (const std::string& page : page_corpus())
        for (std::size_t size = 1; size < 70; ++size)
            BOOST_TEST(decode_pieces(pieces_of(page, size)) == decode_whole(page), "pieces of " << size);
}

BOOST_AUTO_TEST_CASE(truncated_anywhere)
{
    for (const std::string& text : page_corpus()) {
        const std::string_view page = text;
        const std::size_t last = page.rfind('}');
        for (std::size_t at = 0; at <= last; ++at) {
            const std::string seen = decode_whole(page.substr(0, at));
            if (!seen.starts_with("error the page ended too early")) BOOST_ERROR("cut at " << at << ": " << seen);
            if (decode_pieces(pieces_of(page.substr(0, at), 7)) != seen) BOOST_ERROR("cut at " << at);
        }
    }
}

BOOST_AUTO_TEST_CASE(one_byte_damaged_anywhere_reads_the_same_in_any_pieces)
{
    for (const std::string& page : page_corpus()) {
        for (std::size_t at = 0; at < page.size(); ++at) {
            std::string damaged = page;
            damaged[at] = "\"}\\\xff"[at % 4];
            if (decode_pieces(pieces_of(damaged, 5)) != decode_whole(damaged)) BOOST_ERROR("damaged at " << at);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_post_is_complete_at_its_closing_brace)
{
    const std::string page = page_of(std::string(full_linkedin_post()) + "," + std::string(full_instagram_post()));
    const std::size_t first = page.find(full_linkedin_post()) + full_linkedin_post().size();
    const std::size_t second = page.find(full_instagram_post()) + full_instagram_post().size();
    decode::page_decoder decoder({}, false);
    for (std::size_t at = 0; at < page.size(); ++at) {
        BOOST_REQUIRE(!decoder.write({&page[at], 1}));
        BOOST_TEST_REQUIRE(decoder.items().size() == (at + 1 >= second ? 2u : at + 1 >= first ? 1u : 0u));
    }
    BOOST_TEST(!decoder.finish());
}

BOOST_AUTO_TEST_CASE(reset_forgets)
{
    decode::page_decoder decoder({}, false);
    for (std::size_t cut : {0u, 5u, 40u, 700u, 2000u}) {
        decoder.reset();
        BOOST_TEST(!decoder.write(std::string_view(page_corpus()[0]).substr(0, cut)));
        decoder.reset();
        BOOST_TEST(!decoder.write(page_corpus()[0]));
        BOOST_TEST(!decoder.finish());
        BOOST_TEST(decoder.items().size() == 2u);
        BOOST_TEST(decoder.end().cursor == "a+b/c==!");
    }
    decoder.reset();
    BOOST_TEST(decoder.write("x") == errc::not_json);
    BOOST_TEST(decoder.write(page_corpus()[0]) == errc::not_json);
    BOOST_TEST(decoder.finish() == errc::not_json);
    decoder.reset();
    BOOST_TEST(decoder.finish() == errc::page_truncated);
}

BOOST_AUTO_TEST_CASE(taking_as_it_goes)
{
    decode::page_decoder decoder({}, false);
    std::vector<std::uint32_t> indexes;
    for (std::string_view piece : pieces_of(page_corpus()[1], 11)) {
        BOOST_REQUIRE(!decoder.write(piece));
        for (const auto& item : decoder.items()) indexes.push_back(item.index);
        decoder.items().clear();
    }
    BOOST_TEST(!decoder.finish());
    BOOST_REQUIRE_EQUAL(indexes.size(), decoder.end().items);
    for (std::uint32_t i = 0; i < indexes.size(); ++i) BOOST_TEST(indexes[i] == i);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
