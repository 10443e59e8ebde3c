// Out of memory at every allocation between the hook for a page's posts and the store: the run ends, also where pages
// wait for that one, and the next run completes it.
#include "decode/failing_new.hpp"
#include "durable/stored_harvest.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/test/unit_test.hpp>

#include <new>
#include <optional>
#include <span>
#include <utility>

using namespace unipile;
using namespace unipile::test;

namespace {

stored_world two_listings()
{
    return {[](std::size_t, const asked& r) { return listing_of(r, 15, 10); }, {spec_of(0, "x"), spec_of(1, "y")}};
}

struct attempt {
    bool failed = false;    ///< an allocation did
    bool in_error = false;  ///< the run ended in error, as it need not: some is for what can be left out
};

/// Fails the k-th allocation behind the hook's first call. None fails if that is the event loop's, or if there are not
/// so many.
attempt fail_one(stored_world& w, long k)
{
    std::optional<fail_at> here;
    attempt a;
    bool armed = false;
    store::harvester_options o = durably();
    o.max_unstored_bytes = 1;  // no page is pulled while another one is not stored
    o.on_posts = [&](std::span<const post>) -> boost::asio::awaitable<void> {
        if (!std::exchange(armed, true)) here.emplace(k, 1);
        co_return;
    };
    stored_harvest h(w, o);
    h.begin();
    try {
        while (!h.result && h.step()) {
            a.failed = a.failed || (here && here->has_failed());
            here.reset();
        }
    } catch (const std::bad_alloc&) {
        return {};
    }
    BOOST_TEST_REQUIRE(h.result.has_value());
    a.in_error = bool(*h.result);
    h.settle();
    return a;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(durable_memory)

BOOST_AUTO_TEST_CASE(a_page_that_is_not_stored_for_lack_of_memory_keeps_none_waiting)
{
    long k = 0, errors = 0;
    for (bool failed = true; failed; ++k) BOOST_TEST_CONTEXT("allocation " << k)
        {
            stored_world w = two_listings();
            const attempt a = fail_one(w, k);
            failed = a.failed;
            errors += a.in_error ? 1 : 0;
            stored_harvest again(w);
            again.run();
            BOOST_TEST(!*again.result);
            BOOST_TEST(w.stored_ids().size() == 30u);
        }
    BOOST_TEST(errors > 2);
}

BOOST_AUTO_TEST_SUITE_END()
