// Cursors that are older than the query trusts.
#include "one_listing.hpp"
#include "page_loop.hpp"
#include "support/printing.hpp"

#include <boost/test/unit_test.hpp>

#include <vector>

using namespace unipile;
using namespace unipile::test;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(aged_cursors)

BOOST_AUTO_TEST_CASE(the_page_before_is_read_again)
{
    one_listing f(plain_listing(9, 3));
    BOOST_TEST(f.next(3) == numbers(0, 3), boost::test_tools::per_element());
    f.time->advance(1h);  // still good
    BOOST_TEST(f.next(3) == numbers(3, 6), boost::test_tools::per_element());
    f.time->advance(1h + 1ms);
    BOOST_TEST(f.next(3) == numbers(6, 9), boost::test_tools::per_element());
    BOOST_TEST(f.next().empty());
    BOOST_TEST(f.cursors() == (texts{"", "c1", "c1", "c2"}), boost::test_tools::per_element());
    BOOST_TEST(f.stream.end_reason() == end_reason::null_cursor);
    BOOST_TEST(f.stream.stats().pages == 3u);
    BOOST_TEST(f.stream.stats().rereads == 1u);
    BOOST_TEST(f.stream.stats().retries == 0u);
}

BOOST_AUTO_TEST_CASE(trusted_for_as_long_as_the_query_says)
{
    for (const auto trust : {0ms, 50h / 1ms * 1ms}) {
        one_listing f(plain_listing(6, 3), {.trust_cursor_for = trust});
        (void)f.next(3);
        f.time->advance(49h);
        BOOST_TEST(f.next(3) == numbers(3, 6), boost::test_tools::per_element());
        BOOST_TEST(f.cursors().size() == 2u);
    }
}

BOOST_AUTO_TEST_CASE(in_the_middle_of_a_page)
{
    // The page breaks off, and when it can be had again its cursor is old.
    one_listing f([](std::size_t n, const asked& a) {
        auto p = plain_listing(a, 9, 3);
        if (n == 1) p.break_at = p.body.find(R"("id":"5")");
        if (n == 2 || n == 3) p = {.status = 429, .body = R"({"type":"errors/too_many_requests"})"};
        return p;
    });
    BOOST_TEST(f.next(5) == numbers(0, 5), boost::test_tools::per_element());
    BOOST_TEST(f.next().empty());
    BOOST_TEST(f.last_error == errc::account_throttled);
    BOOST_TEST(f.cursors().size() == 3u);
}

/// A request after each of `waits`.
std::shared_ptr<page_loop> paced(one_listing& f, std::vector<std::chrono::milliseconds> waits)
{
    auto pages = page_loop::of(f.client);
    for (const auto wait : waits) {
        f.time->advance(wait);
        if (!pages->ask()) break;
        f.context.restart();
        f.context.run();
    }
    return pages;
}

BOOST_AUTO_TEST_CASE(older_whenever_a_request_may_go)
{
    // Before each request more time passes than cursors are trusted for: the listing still comes to its end.
    one_listing f(plain_listing(9, 3));
    const auto pages = paced(f, std::vector<std::chrono::milliseconds>(20, 5h));
    BOOST_TEST(pages->ids == numbers(0, 9), boost::test_tools::per_element());
    BOOST_TEST(pages->visible_end() == end_reason::null_cursor);
    BOOST_TEST(f.cursors() == (texts{"", "", "c1", "c1", "c2"}), boost::test_tools::per_element());
    for (const auto& o : pages->outcomes) BOOST_TEST(o.whole);
    BOOST_TEST(pages->state().stats.retries == 0u);
}

BOOST_AUTO_TEST_CASE(an_old_refusal_confirms_nothing)
{
    one_listing f([](std::size_t n, const asked& a) -> answer {
        if (n == 1 || n == 3) return {.status = 422, .body = R"({"type":"errors/unprocessable_entity"})"};
        return plain_listing(a, 9, 3);
    });
    const auto pages = paced(f, {0min, 1min, 1min, 61min});
    BOOST_TEST(pages->visible_end() == end_reason::refused_cursor);
    BOOST_TEST(f.cursors() == (texts{"", "c1", "", "c1"}), boost::test_tools::per_element());
    BOOST_REQUIRE(pages->outcomes.size() == 4u);
    for (std::size_t i = 0; i != 4; ++i) {
        BOOST_TEST(pages->outcomes[i].is_good());
        BOOST_TEST(pages->outcomes[i].whole == (i % 2 == 0));
    }
    BOOST_TEST(detail::access::parts(pages->state().place()).cursor.empty());
}

BOOST_AUTO_TEST_CASE(of_a_position)
{
    one_listing first(plain_listing(9, 3));
    (void)first.next(3);
    first.context.restart();
    first.context.run();
    const auto place = first.stream.position();

    // A position has no age of its own.
    one_listing good(plain_listing(9, 3), {}, impatient(), place);
    good.time->advance(1h);
    BOOST_TEST(good.next(6) == numbers(3, 9), boost::test_tools::per_element());

    one_listing lost(plain_listing(9, 3), {}, impatient(), place);
    lost.time->advance(1h + 1ms);
    BOOST_TEST(lost.next().empty());
    BOOST_TEST(lost.last_error == errc::position_lost);
    BOOST_TEST(lost.cursors().empty());
    BOOST_REQUIRE(lost.stream.last_failure());
    BOOST_TEST(lost.stream.last_failure()->scope() == failure_scope::target);
    BOOST_TEST(!lost.stream.last_failure()->may_pass());

    // With what the other stream knew, it isn't lost.
    one_listing moved(plain_listing(9, 3), {}, impatient(), place);
    moved.time->advance(2h);
    detail::access::core(moved.stream)->remember(detail::access::core(first.stream)->forget());
    BOOST_TEST(moved.next(6) == numbers(3, 9), boost::test_tools::per_element());
    BOOST_TEST(moved.cursors() == (texts{"", "c1", "c2"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(guards_go_along)
{
    // A ring of four pages: each stream reads one page and hands over to the next.
    const auto ring = [](std::size_t, const asked& a) -> answer {
        const auto n = a.cursor.empty() ? 0 : std::stoul(a.cursor.substr(1)) % 4;
        return {.body = page(3 * n, 3 * n + 3, "\"c" + std::to_string((n + 1) % 4) + "\"")};
    };
    position place;
    paging::listing_memory memory;
    std::size_t streams = 0;
    for (bool over = false; !over && streams != 20; ++streams) {
        one_listing f(ring, {}, impatient(), place);
        detail::access::core(f.stream)->remember(std::move(memory));
        (void)f.next(3);
        f.context.restart();
        f.context.run();
        over = f.stream.end_reason() == end_reason::cursor_loop;
        place = f.stream.position();
        memory = detail::access::core(f.stream)->forget();
    }
    BOOST_TEST(streams == 5u);
}

// A pace keeps requests apart for longer than cursors may live: what is refused twice need not be the end.
BOOST_AUTO_TEST_CASE(a_second_cursor_that_may_have_expired_confirms_no_end)
{
    const auto short_lived = [](std::size_t n, const asked& a) {
        return a.cursor.empty() ? plain_listing(a, 9, 3) : n == 1 || n == 3 ? refusal(422, "invalid_cursor") : answer{};
    };
    for (const auto wait : {0ms, 1000ms, 1001ms, 30min / 1ms * 1ms}) {
        one_listing f(short_lived);
        const auto pages = paced(f, {0ms, wait, wait, wait});
        BOOST_TEST(f.cursors() == (texts{"", "c1", "", "c1"}), boost::test_tools::per_element());
        BOOST_TEST(pages->visible_end() == (wait > 1s ? end_reason::refused_cursor : end_reason::exhausted_cursor));
    }
}

BOOST_AUTO_TEST_CASE(a_cursor_as_old_as_one_that_was_followed_has_not_expired)
{
    for (const auto wait : {10min / 1ms * 1ms, 10min / 1ms * 1ms + 1ms}) {
        one_listing f([](std::size_t, const asked& a) {
            return a.cursor == "c2" ? refusal(422, "invalid_cursor") : plain_listing(a, 9, 3);
        });
        const auto pages = paced(f, {0ms, 10min, 1ms, 1ms, wait});
        BOOST_TEST(f.cursors() == (texts{"", "c1", "c2", "c1", "c2"}), boost::test_tools::per_element());
        BOOST_TEST(pages->visible_end() == (wait > 10min ? end_reason::refused_cursor : end_reason::exhausted_cursor));
    }
}

BOOST_AUTO_TEST_SUITE_END()
