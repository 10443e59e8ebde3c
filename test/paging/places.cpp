// Where a listing stands, and pages that are fetched again after they have changed.
#include "scripted.hpp"

#include "paging/listing.hpp"
#include "support/printing.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <set>

using namespace unipile;
using namespace unipile::paging;
using unipile::test::item;
using unipile::test::numbers;
using unipile::test::someone;

namespace {

/// Feeds pages to a listing and keeps what comes out.
class feeder {
public:
    explicit feeder(const position& from = {}) : state(someone, from) {}

    /// An attempt at the current page that breaks off behind `count` items.
    void attempt(const std::vector<std::string>& items, std::size_t count)
    {
        state.attempt_begins();
        for (std::size_t i = 0; i != count; ++i)
            state.take(post::parse(items[i]).value(), static_cast<std::uint32_t>(i));
        while (state.has_post()) ids.emplace_back(state.pop().id());
    }
    void whole_page(const std::vector<std::string>& items, const std::string& cursor)
    {
        attempt(items, items.size());
        state.page_ends(cursor.empty() ? nullptr : &cursor, items.size());
    }

    listing state;
    std::vector<std::string> ids;
};

std::vector<std::string> items(const std::vector<std::string>& ids)
{
    std::vector<std::string> out;
    for (const auto& id : ids) out.push_back(item(id));
    return out;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(places)

BOOST_AUTO_TEST_CASE(a_page_that_broke_off_anywhere)
{
    const auto page = items(numbers(0, 8));
    for (std::size_t first = 0; first <= 8; ++first)
        for (std::size_t second = 0; second <= 8; ++second) {
            feeder f;
            f.attempt(page, first);
            f.attempt(page, second);
            f.whole_page(page, "");
            BOOST_TEST(f.ids == numbers(0, 8), boost::test_tools::per_element());
            BOOST_TEST(f.state.known_end() == end_reason::null_cursor);
        }
}

BOOST_AUTO_TEST_CASE(a_new_post_at_the_top)
{
    // Page size 4. It breaks off behind `n` posts; then there is a new one and the last one of the page moves on.
    for (std::size_t n = 0; n <= 4; ++n) {
        feeder f;
        f.attempt(items({"0", "1", "2", "3"}), n);
        f.whole_page(items({"new", "0", "1", "2"}), "c");
        f.whole_page(items({"3", "4", "5", "6"}), "");
        std::multiset<std::string> got(f.ids.begin(), f.ids.end());
        const std::multiset<std::string> expected{"new", "0", "1", "2", "3", "4", "5", "6"};
        BOOST_TEST(got == expected, boost::test_tools::per_element());
    }
}

BOOST_AUTO_TEST_CASE(more_new_posts_than_a_page_holds)
{
    feeder f;
    f.attempt(items({"0", "1", "2", "3"}), 3);
    f.whole_page(items({"a", "b", "c", "d"}), "c1");
    f.whole_page(items({"e", "f", "0", "1"}), "c2");
    f.whole_page(items({"2", "3", "4", "5"}), "");
    const std::vector<std::string> expected{"0", "1", "2", "a", "b", "c", "d", "e", "f", "3", "4", "5"};
    BOOST_TEST(f.ids == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_post_that_was_deleted)
{
    for (const std::string gone : {"0", "1", "2", "3", "4"}) {
        feeder f;
        const std::vector<std::string> before{"0", "1", "2", "3", "4"};
        auto after = before;
        std::erase(after, gone);
        after.emplace_back("5");
        f.attempt(items(before), 3);
        f.whole_page(items(after), "");
        auto expected = std::vector<std::string>{"0", "1", "2"};
        for (const auto& id : {"3", "4", "5"})
            if (id != gone) expected.emplace_back(id);
        BOOST_TEST(f.ids == expected, boost::test_tools::per_element());
    }
}

BOOST_AUTO_TEST_CASE(equal_posts_remain_two)
{
    feeder f;
    const auto page = items({"0", "1", "0", "2", "0"});
    f.attempt(page, 2);
    f.whole_page(page, "");
    const std::vector<std::string> expected{"0", "1", "0", "2", "0"};
    BOOST_TEST(f.ids == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(posts_without_an_identity)
{
    const std::string a = R"({"provider":"NEW","text":"a"})", b = R"({"provider":"NEW","text":"b"})",
                      b2 = R"({"provider":"NEW","text":"b, edited"})", c = R"({"provider":"NEW","text":"c"})";
    const auto taken = [&](const std::vector<std::string>& before, std::size_t n,
                           const std::vector<std::string>& after) {
        listing state(someone, {});
        std::vector<std::string> out;
        for (const auto* page : {&before, &after}) {
            state.attempt_begins();
            for (std::size_t i = 0; i != (page == &before ? n : after.size()); ++i)
                state.take(post::parse((*page)[i]).value(), static_cast<std::uint32_t>(i));
            while (state.has_post()) out.emplace_back(state.pop().json());
        }
        return out;
    };
    const std::vector<std::string> expected{a, b, c};
    BOOST_TEST(taken({a, b, c}, 2, {a, b, c}) == expected, boost::test_tools::per_element());
    // One that was changed is recognised by its place.
    BOOST_TEST(taken({a, b, c}, 2, {a, b2, c}) == expected, boost::test_tools::per_element());
    // Even if a new one has come before it.
    const std::vector<std::string> with_new{a, b, item("9"), c};
    BOOST_TEST(taken({a, b, c}, 2, {item("9"), a, b2, c}) == with_new, boost::test_tools::per_element());
    // Those not reached before are not.
    const std::vector<std::string> changed{a, b2, c};
    BOOST_TEST(taken({a, b, c}, 1, {a, b2, c}) == changed, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(positions_everywhere)
{
    // Two pages; at each post the rest is read from the position's text, from pages that have got two new posts.
    const auto first = numbers(0, 6), second = numbers(6, 12);
    for (std::size_t taken = 0; taken <= 12; ++taken) {
        listing state(someone, {});
        std::size_t n = 0;
        const auto take = [&] {
            for (; state.has_post() && n != taken; ++n) (void)state.pop();
        };
        for (const auto* page : {&first, &second}) {
            if (n == taken && taken != 0) break;
            state.attempt_begins();
            for (std::size_t i = 0; i != page->size(); ++i)
                state.take(post::parse(item((*page)[i])).value(), static_cast<std::uint32_t>(i));
            take();
            const std::string cursor = "c";
            state.page_ends(page == &first ? &cursor : nullptr, page->size());
        }
        const auto place = position::parse(state.place().text());
        BOOST_TEST(place.belongs_to(someone));
        feeder rest(place);
        if (taken == 12) {
            BOOST_TEST(rest.state.known_end() == end_reason::null_cursor);
            continue;
        }
        BOOST_TEST(rest.state.cursor() == (taken < 6 ? "" : "c"));
        std::vector<std::string> expected;
        if (taken < 6) {
            rest.whole_page(items({"x", "y", "0", "1", "2", "3"}), "d");
            rest.whole_page(items({"4", "5", "6", "7", "8", "9"}), "e");
            rest.whole_page(items({"10", "11"}), "");
            expected = {"x", "y"};
        } else {
            rest.whole_page(items(second), "");
        }
        for (auto i = taken; i != 12; ++i) expected.push_back(std::to_string(i));
        BOOST_TEST(rest.ids == expected, boost::test_tools::per_element());
    }
}

BOOST_AUTO_TEST_CASE(a_position_of_a_position)
{
    // Post after post, each through a new listing.
    const auto page = items(numbers(0, 7));
    position place;
    std::vector<std::string> ids;
    for (int i = 0; i != 7; ++i) {
        listing state(someone, place);
        state.attempt_begins();
        for (std::uint32_t n = 0; n != 7; ++n) state.take(post::parse(page[n]).value(), n);
        ids.emplace_back(state.pop().id());
        place = position::parse(state.place().text());
        BOOST_TEST(detail::access::parts(place).index == static_cast<std::uint32_t>(i + 1));
    }
    BOOST_TEST(ids == numbers(0, 7), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(batches_over_pages)
{
    auto prefetching = someone;
    prefetching.prefetch_pages = 3;
    listing state(prefetching, {});
    const std::string cursors[] = {"c0", "c1"};
    std::size_t n = 0;
    for (int page = 0; page != 3; ++page) {
        state.attempt_begins();
        for (std::uint32_t i = 0; i != 5; ++i) state.take(post::parse(item(n++)).value(), i);
        if (page != 2) state.page_ends(&cursors[page], 5);
    }
    (void)state.pop();
    const auto all = state.lend();
    BOOST_TEST(all.size() == 14u);
    BOOST_TEST(all.front().id() == "1");
    BOOST_TEST(all.back().id() == "14");
    BOOST_TEST(state.waiting_bytes() == 0u);
    BOOST_TEST(state.stats.posts == 15u);
    BOOST_TEST(detail::access::parts(state.place()).cursor == "c1");
    BOOST_TEST(detail::access::parts(state.place()).index == 5u);
    BOOST_TEST(!state.has_post());
    state.page_ends(nullptr, 5);
    BOOST_TEST(state.place().ended() == end_reason::null_cursor);
}

BOOST_AUTO_TEST_CASE(cancelled_in_the_middle)
{
    // What was decoded and not taken is not behind the position, even if the end was known.
    feeder f;
    f.state.attempt_begins();
    for (std::uint32_t i = 0; i != 5; ++i) f.state.take(post::parse(item(i)).value(), i);
    f.state.page_ends(nullptr, 5);
    (void)f.state.pop();
    f.state.cancel();
    BOOST_TEST(f.state.known_end() == end_reason::cancelled);
    BOOST_TEST(f.state.place().ended() == end_reason::none);
    BOOST_TEST(detail::access::parts(f.state.place()).index == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
