// A program of its own, since it replaces operator new: memory runs out at every k-th allocation.
#include "decode/block_cache.hpp"
#include "decode/error_body.hpp"
#include "decode/page_decoder.hpp"
#include "describe.hpp"
#include "failing_new.hpp"
#include "page_corpus.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstring>

namespace {

using namespace unipile;
using namespace unipile::test;

/// Runs `work` with the k-th allocation failing, for every k until it gets through; nothing may leak.
template <class Work>
void with_every_failure(Work&& work)
{
    work();  // what is made once and kept is made now
    for (long k = 0;; ++k) {
        decode::drop_cached_blocks();
        const long before = live_allocations();
        bool failed = false;
        try {
            const fail_at scope(k);
            work();
        } catch (const std::bad_alloc&) {
            failed = true;
        }
        decode::drop_cached_blocks();
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
    const auto described = [&page](decode::page_decoder& decoder) {
        BOOST_TEST_REQUIRE(!decoder.write(page));
        BOOST_TEST_REQUIRE(!decoder.finish());
        std::string text;
        for (const post& p : posts_of(decoder)) text += describe(p);
        return text;
    };
    decode::page_decoder fresh({}, false);
    const std::string expected = described(fresh);
    for (long k = 0;; k += 3) {
        decode::drop_cached_blocks();
        decode::page_decoder decoder({}, false);
        bool failed = false;
        try {
            const fail_at scope(k);
            (void)decoder.write(page);
        } catch (const std::bad_alloc&) {
            failed = true;
        }
        std::vector<post> kept = posts_of(decoder);
        for (const post& p : kept) BOOST_TEST_REQUIRE(page.find(p.json()) != std::string::npos);
        decoder.reset();
        BOOST_TEST_REQUIRE((described(decoder) == expected), "allocation " << k << " failed before");
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

BOOST_AUTO_TEST_CASE(one_block_a_post_and_none_once_it_is_warm)
{
    std::string items;
    for (int i = 0; i < 50; ++i) {
        if (i != 0) items += ',';
        items += full_linkedin_post();
    }
    const std::string page = page_of(items);
    decode::page_decoder decoder({}, false);
    const auto allocations_of_a_page = [&] {
        const long before = allocation_count();
        decoder.reset();
        BOOST_REQUIRE(!decoder.write(page));
        BOOST_REQUIRE(!decoder.finish());
        return allocation_count() - before;
    };
    (void)allocations_of_a_page();
    const std::vector<post> kept = posts_of(decoder);
    decode::drop_cached_blocks();
    BOOST_TEST(allocations_of_a_page() <= 50 + 8);
    BOOST_TEST(allocations_of_a_page() <= 8);
}

BOOST_AUTO_TEST_CASE(what_a_thread_keeps_is_bounded)
{
    decode::drop_cached_blocks();
    const long before = live_allocations();
    std::vector<post> many;
    many.reserve(2000);
    for (int i = 0; i < 2000; ++i) many.push_back(post::parse(full_linkedin_post()).value());
    std::vector<post>().swap(many);
    const long kept = live_allocations() - before;
    decode::drop_cached_blocks();
    const long left = live_allocations() - before;
    BOOST_TEST(left == 0);
    BOOST_TEST(kept > 0);
    BOOST_TEST(kept <= static_cast<long>(decode::cached_bytes_per_thread / full_linkedin_post().size()));
}

BOOST_AUTO_TEST_CASE(blocks_of_every_size_come_back)
{
    for (std::size_t size = 1; size < 200'000; size += size / 7 + 1) {
        std::size_t first = size;
        void* block = decode::obtain_block(first);
        BOOST_TEST(first >= size);
        BOOST_TEST(first <= std::max<std::size_t>(1024, size + size / 4 + 1));
        std::memset(block, 0x55, first);
        decode::release_block(block, first);
        std::size_t second = size;
        void* again = decode::obtain_block(second);
        if (size <= 32768) BOOST_TEST(again == block);
        std::memset(again, 0x66, second);
        decode::release_block(again, second);
        decode::drop_cached_blocks();
    }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
