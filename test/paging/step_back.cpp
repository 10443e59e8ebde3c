// The decision to read the last page once more, for every row of events.
#include "paging/step_back.hpp"
#include "support/printing.hpp"

#include <boost/test/unit_test.hpp>

using unipile::paging::follow_up;
using unipile::paging::step_back;

BOOST_AUTO_TEST_SUITE(step_backs)

BOOST_AUTO_TEST_CASE(every_row_of_events)
{
    // What the decision may say depends on what has happened since the last new page, and on nothing else.
    enum event : int { request, aged_request, refused, aged_refused, page_same, page_changed, events };
    constexpr int length = 6;
    int rows = 1;
    for (int i = 0; i != length; ++i) rows *= events;
    for (int row = 0; row != rows; ++row) {
        step_back s;
        bool rereading = false, by_refusal = false, renewed = false, same = true;
        for (int i = 0, left = row; i != length; ++i, left /= events) {
            const auto e = static_cast<event>(left % events);
            const bool aged = e == aged_request || e == aged_refused;
            const follow_up f{.has_cursor = true, .knows_last = true, .aged = aged, .lives = !aged};
            BOOST_REQUIRE(s.rereading() == rereading);
            BOOST_REQUIRE(s.confirming() == (rereading && by_refusal));
            if (e == request || e == aged_request) {
                const bool back = aged && !rereading && !renewed;
                BOOST_TEST_REQUIRE(s.before_request(f) == (back ? step_back::next::reread : step_back::next::follow));
                if (back) rereading = true, by_refusal = false;
            } else if (e == refused || e == aged_refused) {
                const auto verdict = s.refused(f);
                if (rereading) {
                    BOOST_TEST_REQUIRE(verdict == step_back::verdict::unconfirmed);
                    break;
                }
                if (renewed && by_refusal) {
                    const bool sure = same && !aged;
                    BOOST_REQUIRE(
                        (verdict == (sure ? step_back::verdict::confirmed : step_back::verdict::unconfirmed)));
                    break;
                }
                BOOST_TEST_REQUIRE(verdict == step_back::verdict::reread);
                rereading = by_refusal = true;
                renewed = false;
            } else {
                same = e == page_same;
                s.page_ended(same);
                renewed = rereading;
                rereading = false;
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(without_a_page_to_go_back_to)
{
    for (const bool has_cursor : {false, true})
        for (const bool aged : {false, true}) {
            step_back s;
            const follow_up f{.has_cursor = has_cursor, .knows_last = false, .aged = aged};
            const auto next = has_cursor && aged ? step_back::next::lost : step_back::next::follow;
            BOOST_TEST(s.before_request(f) == next);
            BOOST_TEST(s.refused(f) == step_back::verdict::failed);
            BOOST_TEST(!s.rereading());
        }
}

BOOST_AUTO_TEST_SUITE_END()
