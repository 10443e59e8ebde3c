// A program of its own, since it replaces operator new: memory runs out at every k-th allocation.
#include "decode/error_body.hpp"
#include "decode/page_decoder.hpp"
#include "describe.hpp"
#include "failing_new.hpp"
#include "page_corpus.hpp"

#include <boost/test/unit_test.hpp>

namespace {

using namespace unipile;
using namespace unipile::test;

/// Runs `work` with the k-th allocation failing, for every k until it gets through; nothing may leak.
template <class Work>
void with_every_failure(Work&& work)
{
    work();  // what is made once and kept is made now
    for (long k = 0;; ++k) {
        const long before = live_allocations();
        bool failed = false;
        try {
            const fail_at scope(k);
            work();
        } catch (const std::bad_alloc&) {
            failed = true;
        }
        if (live_allocations() != before) BOOST_FAIL("a leak when allocation " << k << " fails");
        if (!failed) {
            BOOST_TEST(k > 0);
            return;
        }
    }
}

BOOST_AUTO_TEST_SUITE(allocations)

BOOST_AUTO_TEST_CASE(decoding)
{
    for (const std::string& page : page_corpus())
        for (std::size_t piece : {page.size(), std::size_t{100}})
            with_every_failure([&] {
                decode::page_decoder decoder({}, false);
                for (std::size_t at = 0; at < page.size(); at += piece)
                    (void)decoder.write(std::string_view(page).substr(at, piece));
                (void)decoder.finish();
            });
}

BOOST_AUTO_TEST_CASE(a_decoder_is_good_again_after_reset)
{
    const std::string& page = page_corpus()[1];
    const std::string expected = decode_whole(page);
    for (long k = 0;; k += 3) {
        decode::page_decoder decoder({}, false);
        bool failed = false;
        try {
            const fail_at scope(k);
            (void)decoder.write(page);
        } catch (const std::bad_alloc&) {
            failed = true;
        }
        std::vector<post> kept = std::move(decoder.ready());
        for (const post& p : kept) BOOST_TEST_REQUIRE(page.find(p.json()) != std::string::npos);
        decoder.reset();
        BOOST_TEST_REQUIRE(!decoder.write(page));
        BOOST_TEST_REQUIRE(!decoder.finish());
        BOOST_TEST_REQUIRE(decoder.end().items == deviating_items().size() + hopeless_items().size());
        if (!failed) break;
    }
}

BOOST_AUTO_TEST_CASE(single_posts_and_error_bodies)
{
    with_every_failure([] { (void)post::parse(full_linkedin_post()); });
    with_every_failure([] {
        (void)decode::parse_error_body(
            401, R"({"type":"errors/a_type_that_is_too_long_for_small_strings","title":"x",)"
                 R"("connectionParams":{"imap_host":"a-host-name-that-is-long-enough.example"}})");
    });
}

BOOST_AUTO_TEST_CASE(one_block_a_post)
{
    std::string items;
    for (int i = 0; i < 200; ++i) {
        if (i != 0) items += ',';
        items += full_linkedin_post();
    }
    const std::string page = page_of(items);
    decode::page_decoder decoder({}, false);
    for (int round = 0; round < 2; ++round) {
        decoder.reset();
        const long before = allocation_count();
        BOOST_REQUIRE(!decoder.write(page));
        BOOST_REQUIRE(!decoder.finish());
        if (round == 1) BOOST_TEST(allocation_count() - before <= 200 + 8);
    }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
