// Accounts that are parked, by the API or by hand, and harvests that pause.
#include "durable/stored_harvest.hpp"
#include "support/printing.hpp"

#include <unipile/store/account_rows.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

using namespace unipile;
using namespace unipile::test;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(parked_accounts)

BOOST_AUTO_TEST_CASE(a_parked_account_waits_until_it_is_unparked)
{
    bool connected = false;
    const auto disconnect_a1 = [&connected](std::size_t n, const asked& r) {
        return r.account == "a1" && !connected ? refusal(401, "disconnected_account") : ten_each(n, r);
    };
    stored_world w = two_accounts(disconnect_a1);
    std::vector<std::string> of_the_other = ids_of("w", 25);
    for (std::string& id : ids_of("x", 25)) of_the_other.push_back(std::move(id));
    std::sort(of_the_other.begin(), of_the_other.end());
    {
        // Only its jobs are left: the run ends.
        stored_harvest h(w);
        h.run();
        BOOST_TEST(!*h.result);
        BOOST_TEST(h.harvester->stats().jobs_left == 2u);
        BOOST_TEST(h.counts().queued == 2u);
        std::size_t parked = 0;
        h.harvester->accounts([&](const account_status& a) { parked += a.ledger.parked.has_value(); });
        BOOST_TEST(parked == 1u);
        BOOST_TEST(!h.harvester->unpark("a1"));  // it has ended
    }
    BOOST_TEST(w.stored_ids() == of_the_other, boost::test_tools::per_element());
    {
        // The store says that it is parked: it is not asked.
        stored_harvest h(w);
        h.run();
        for (const asked& r : h.scripted.transport->requests) BOOST_TEST(r.account == "a0");
        BOOST_TEST(h.counts().queued == 2u);
    }
    connected = true;
    stored_harvest h(w, durably(), {}, [](store::engine& engine, std::int64_t) {
        BOOST_TEST(engine.perform(store::request_unpark{"a1", wall_now()}));
    });
    h.run();
    BOOST_TEST(!*h.result);
    BOOST_TEST(h.counts().done == 4u);
}

// Those that were not claimed yet when it was parked too, and in a run that finds it parked.
BOOST_AUTO_TEST_CASE(all_jobs_of_a_parked_account_fail_if_asked_for)
{
    stored_world w = two_accounts([](std::size_t n, const asked& r) {
        return r.account == "a1" ? refusal(401, "disconnected_account") : ten_each(n, r);
    });
    for (int i = 0; i < 40; ++i) w.jobs.push_back(spec_of(1, "more" + std::to_string(i)));
    store::harvester_options o = durably();
    o.harvest.when_parked = harvest_options::parked_jobs::fail;
    for (const bool again : {false, true}) {
        w.request.restart = again;
        stored_harvest h(w, o);
        h.run();
        BOOST_TEST(!*h.result);
        BOOST_TEST(h.harvester->stats().jobs_failed == 42u);
        BOOST_TEST(h.harvester->stats().jobs_left == 0u);
        BOOST_TEST(h.counts().failed == 42u);
        BOOST_TEST(h.counts().done == 2u);
        std::size_t asked_of_it = 0;
        for (const asked& r : h.scripted.transport->requests) asked_of_it += r.account == "a1";
        BOOST_TEST(asked_of_it == (again ? 0u : 1u));
    }
}

BOOST_AUTO_TEST_CASE(parked_by_hand_it_stays_parked_in_the_store)
{
    stored_world w = two_accounts(ten_each);
    {
        stored_harvest h(w);
        h.begin();
        bool parked = false;
        while (!h.result && h.step()) parked = parked || h.harvester->park("a1", "by hand");
        BOOST_TEST(parked);
        BOOST_TEST(!*h.result);
        BOOST_TEST(!h.harvester->park("a1", "by hand"));  // it has ended
        BOOST_TEST(h.counts().queued > 0u);
    }
    {
        stored_harvest h(w);
        h.run();
        for (const asked& r : h.scripted.transport->requests) BOOST_TEST(r.account == "a0");
    }
    stored_harvest h(w, durably(), {}, [](store::engine& engine, std::int64_t) {
        BOOST_TEST(engine.perform(store::request_unpark{"a1", wall_now()}));
    });
    h.run();
    BOOST_TEST(h.counts().done == 4u);
}

BOOST_AUTO_TEST_CASE(a_pause_ends_no_run)
{
    stored_world w = two_accounts(ten_each);
    stored_harvest h(w);
    h.begin();
    h.harvester->pause();
    h.harvester->set_max_connections(1);
    h.settle();
    BOOST_TEST(!h.result);
    BOOST_TEST(h.scripted.transport->requests.empty());
    h.harvester->resume();
    while (!h.result && h.step()) {
    }
    h.settle();
    BOOST_TEST(h.result.has_value());
    BOOST_TEST(h.counts().done == 4u);
}

BOOST_AUTO_TEST_CASE(unparked_while_others_work)
{
    // Once a1 is parked, it is unparked; the listings of a0 are long enough for that.
    bool connected = false;
    const auto disconnect_a1 = [&connected](std::size_t, const asked& r) {
        return r.account == "a1" && !connected ? refusal(401, "disconnected_account") : listing_of(r, 250, 10);
    };
    stored_world w = two_accounts(disconnect_a1);
    stored_harvest h(w);
    h.begin();
    while (!h.result && h.step()) {
        bool parked = false;
        h.harvester->accounts(
            [&](const account_status& a) { parked = parked || (a.account == "a1" && a.ledger.parked); });
        if (!parked || connected) continue;
        connected = true;
        BOOST_TEST(!h.harvester->unpark("nobody"));
        BOOST_TEST(h.harvester->unpark("a1"));
    }
    BOOST_TEST(connected);
    BOOST_TEST(h.harvester->stats().jobs_done == 4u);
    BOOST_TEST(h.counts().done == 4u);
}

BOOST_AUTO_TEST_CASE(jobs_of_a_parked_account_fail_where_that_is_wanted)
{
    stored_world w = two_accounts([](std::size_t n, const asked& r) {
        return r.account == "a1" ? refusal(401, "disconnected_account") : ten_each(n, r);
    });
    store::harvester_options o = durably();
    o.harvest.when_parked = harvest_options::parked_jobs::fail;
    stored_harvest h(w, o);
    h.run();
    BOOST_TEST(!*h.result);
    BOOST_TEST(h.harvester->stats().jobs_failed == 2u);
    BOOST_TEST(h.counts().failed == 2u);
}

BOOST_AUTO_TEST_SUITE_END()
