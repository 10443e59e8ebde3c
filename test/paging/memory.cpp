// Out of memory at the k-th allocation of a listing, for every k: it ends or goes on, its place is true, and nothing is
// delivered twice or lost.
#include "decode/failing_new.hpp"
#include "one_listing.hpp"
#include "support/printing.hpp"

#include <boost/test/unit_test.hpp>

#include <new>
#include <optional>
#include <string>
#include <vector>

using namespace unipile;
using namespace unipile::test;

namespace {

/// Listings that come to their end, fail, or go in a circle.
enum class kind { good, refused, circle };

script answers_of(kind k)
{
    return [k](std::size_t n, const asked& a) -> answer {
        if (n == 1) return refusal(500, "unexpected_error");
        if (n == 3) return {.no_answer = true};
        if (k == kind::refused && a.cursor == "c2") return refusal(403, "account_restricted");
        auto p = plain_listing(a, 25, 10);
        if (k == kind::circle && a.cursor == "c1") p.body = page(10, 20, "\"c1\"");
        p.chunk = 500;
        return p;
    };
}

/// One pull after the other. What the handler keeps has been reserved.
struct starved {
    starved(kind k, unsigned prefetch) : f(answers_of(k), {.prefetch_pages = prefetch}) { got.reserve(100); }

    void pull()
    {
        f.stream.async_next([this](boost::system::error_code code, std::optional<post> p) {
            if (code == make_error_code(errc::operation_in_progress)) return;
            if (!p) {
                over = true;
                error = code;
                return;
            }
            got.push_back(std::move(*p));
            pull();
        });
    }

    one_listing f;
    std::vector<post> got;
    bool over = false;
    boost::system::error_code error;
};

/// Returns false if the listing needs no more than `k` allocations.
bool fails_at(long k, long in_a_row, kind what, unsigned prefetch)
{
    starved s(what, prefetch);
    bool failed = false;
    {
        const fail_at here(k, in_a_row);
        try {
            s.pull();
            s.f.run();
        } catch (const std::bad_alloc&) {
            // It left the event loop; whoever runs that goes on.
        }
        failed = here.has_failed();
    }
    for (int tries = 0; tries != 5 && !s.over; ++tries) {
        s.pull();
        s.f.run();
    }
    BOOST_TEST(s.over);
    // One that has failed says so, to its last pull too.
    BOOST_TEST(bool(s.error) == is_failure(s.f.stream.end_reason()));
    BOOST_TEST(s.f.stream.last_failure().has_value() == is_failure(s.f.stream.end_reason()));
    if (what == kind::circle && s.f.stream.end_reason() == end_reason::cursor_loop) return failed;
    texts ids;
    for (const auto& p : s.got) ids.emplace_back(p.id());
    one_listing rest(plain_listing(25, 10), {}, impatient(), s.f.stream.position());
    rest.finish();
    ids.insert(ids.end(), rest.got.ids.begin(), rest.got.ids.end());
    BOOST_TEST(ids == numbers(0, 25), boost::test_tools::per_element());
    BOOST_TEST(s.f.client.transport->alive == 0u);
    return failed;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(listing_memory_)

BOOST_AUTO_TEST_CASE(the_kth_allocation_fails)
{
    for (const auto what : {kind::good, kind::refused, kind::circle})
        for (const unsigned prefetch : {0u, 2u})
            for (const long in_a_row : {1, 2, 5, 30}) {
                long k = 0;
                for (bool failed = true; failed; ++k)
                    BOOST_TEST_CONTEXT(in_a_row << " allocations from " << k << " on, prefetch " << prefetch
                                                << ", kind " << static_cast<int>(what))
                    {
                        failed = fails_at(k, in_a_row, what, prefetch);
                    }
                BOOST_TEST(k > 100);
            }
}

BOOST_AUTO_TEST_SUITE_END()
