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

answer answer_of(std::size_t n, const asked& a)
{
    if (n == 1) return refusal(500, "unexpected_error");
    if (n == 3) return {.no_answer = true};
    auto p = plain_listing(a, 25, 10);
    p.chunk = 500;
    return p;
}

/// One pull after the other. What the handler keeps has been reserved.
struct starved {
    explicit starved(unsigned prefetch) : f(answer_of, {.prefetch_pages = prefetch}) { got.reserve(100); }

    void pull()
    {
        f.stream.async_next([this](boost::system::error_code code, std::optional<post> p) {
            if (code == make_error_code(errc::operation_in_progress)) return;
            if (!p) {
                over = true;
                return;
            }
            got.push_back(std::move(*p));
            pull();
        });
    }

    one_listing f;
    std::vector<post> got;
    bool over = false;
};

/// Returns false if the listing needs no more than `k` allocations.
bool fails_at(long k, long in_a_row, unsigned prefetch)
{
    starved s(prefetch);
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
    for (const unsigned prefetch : {0u, 2u})
        for (const long in_a_row : {1}) {
            long k = 0;
            for (bool failed = true; failed; ++k)
                BOOST_TEST_CONTEXT(in_a_row << " allocations from " << k << " on, prefetch " << prefetch)
                {
                    failed = fails_at(k, in_a_row, prefetch);
                }
            BOOST_TEST(k > 100);
        }
}

BOOST_AUTO_TEST_SUITE_END()
