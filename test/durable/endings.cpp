// A harvest that is stopped, cancelled or destroyed at any moment, whose store or consumer fails at any call, or whose
// server ends it: nothing is lost, and the next run completes it.
#include "durable/stored_harvest.hpp"
#include "support/printing.hpp"

#include <unipile/errc.hpp>
#include <unipile/store/error.hpp>

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

using namespace unipile;
using namespace unipile::test;
using namespace std::chrono_literals;
namespace asio = boost::asio;
using boost::system::error_code;

namespace {

answer fifteen_each(std::size_t n, const asked& r)
{
    // One of the first run is asked for again.
    if (n == 2) return {.no_answer = true};
    return listing_of(r, 15, 10);
}

stored_world small_world(script s = fifteen_each) { return {std::move(s), {spec_of(0, "x"), spec_of(1, "y")}}; }

std::vector<std::string> truth()
{
    std::vector<std::string> all = ids_of("x", 15);
    for (std::string& id : ids_of("y", 15)) all.push_back(std::move(id));
    std::sort(all.begin(), all.end());
    return all;
}

/// Another run completes what is there.
void check_completed(stored_world& w)
{
    {
        stored_harvest h(w);
        h.run();
        BOOST_TEST(!*h.result);
        BOOST_TEST(h.counts().done == 2u);
    }
    BOOST_TEST(w.stored_ids() == truth(), boost::test_tools::per_element());
}

enum class way { stop, cancel, destroy };

/// Stores a position for the first job that can't be read.
void spoil(store::engine& engine, std::int64_t run)
{
    const auto claimed = store::test::claim_some(engine, run, 1, wall_now());
    BOOST_REQUIRE(claimed.size() == 1u);
    store::page_write page;
    page.job = claimed.front().job;
    page.posts.push_back({"LINKEDIN", "x-0", {}, R"({"object":"Post","provider":"LINKEDIN","id":"x-0"})"});
    page.position = "no position";
    page.now = wall_now();
    engine.perform(page);
    BOOST_TEST(engine.perform(store::release_job{page.job, std::nullopt}));
}

/// Ends a run after `k` steps; false if it had ended by itself.
bool end_after(std::size_t k, way how, stored_world& w, const store::harvester_options& o)
{
    stored_harvest h(w, o);
    h.begin();
    for (std::size_t i = 0; i < k && !h.result; ++i) h.step();
    const bool early = !h.result;
    if (how == way::stop) h.harvester->stop();
    if (how == way::cancel) h.harvester->cancel();
    if (how == way::destroy) h.harvester.reset();
    while (!h.result && h.step()) {
    }
    h.settle();
    BOOST_TEST_REQUIRE(h.result.has_value());
    const error_code expected = early && how != way::stop ? error_code(asio::error::operation_aborted) : error_code();
    BOOST_TEST(*h.result == expected);
    // Every job is done or has gone back.
    const store::job_counts counts = h.counts();
    BOOST_TEST(h.claimed() == 0u);
    BOOST_TEST(counts.failed == 0u);
    BOOST_TEST(counts.done + counts.queued == 2u);
    if (h.harvester) BOOST_TEST(h.harvester->stats().jobs_left + h.harvester->stats().jobs_done <= 2u);
    return early;
}

void end_at_every_step(way how, const store::harvester_options& o)
{
    bool early = true;
    std::size_t k = 0;
    for (; early; ++k) BOOST_TEST_CONTEXT("step " << k)
        {
            stored_world w = small_world();
            early = end_after(k, how, w, o);
            if (k % 7 == 0) check_completed(w);
        }
    BOOST_TEST(k > 50u);
}

/// Takes a while for each page, and keeps what it got.
store::harvester_options shown_slowly(std::multiset<std::string>& shown)
{
    store::harvester_options o = durably();
    o.on_posts = [&shown](std::span<const post> posts) -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        for (int i = 0; i < 3; ++i) co_await asio::post(executor, asio::use_awaitable);
        for (const post& p : posts) shown.emplace(p.id());
    };
    return o;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(endings)

BOOST_AUTO_TEST_CASE(stopped_at_every_step)
{
    std::multiset<std::string> shown;
    end_at_every_step(way::stop, shown_slowly(shown));
}

BOOST_AUTO_TEST_CASE(cancelled_at_every_step)
{
    std::multiset<std::string> shown;
    end_at_every_step(way::cancel, shown_slowly(shown));
}

BOOST_AUTO_TEST_CASE(destroyed_at_every_step)
{
    std::multiset<std::string> shown;
    end_at_every_step(way::destroy, shown_slowly(shown));
}

BOOST_AUTO_TEST_CASE(stopped_before_it_begins)
{
    for (const way how : {way::stop, way::cancel}) {
        stored_world w = small_world();
        stored_harvest h(w);
        if (how == way::stop) h.harvester->stop();
        if (how == way::cancel) h.harvester->cancel();
        h.run();
        BOOST_TEST(*h.result == (how == way::stop ? error_code() : error_code(asio::error::operation_aborted)));
        BOOST_TEST(h.requests() == 0u);
        BOOST_TEST(h.counts().queued == 2u);
        // Nothing happens behind the end.
        h.harvester->stop();
        h.harvester->cancel();
    }
    // Or never run at all.
    stored_world w = small_world();
    const stored_harvest h(w);
    BOOST_TEST(h.requests() == 0u);
}

BOOST_AUTO_TEST_CASE(the_store_fails_at_every_call)
{
    bool failed = true;
    std::size_t k = 0, reported = 0;
    for (; failed; ++k) BOOST_TEST_CONTEXT("call " << k)
        {
            stored_world w = small_world();
            std::multiset<std::string> shown;
            {
                stored_harvest h(w, shown_slowly(shown), k);
                h.run();
                failed = h.writer->failure() != nullptr;
                // A commit that fails when all is handed over comes too late for the result.
                if (*h.result) {
                    BOOST_TEST(failed);
                    BOOST_TEST(*h.result == make_error_code(store::store_errc::io_error), h.result->message());
                    BOOST_TEST(!h.harvester->last_failure());
                    ++reported;
                }
            }
            // What is stored was shown before.
            for (const std::string& id : w.stored_ids()) BOOST_TEST(shown.contains(id));
            check_completed(w);
        }
    BOOST_TEST(k > 15u);
    BOOST_TEST(reported + 6 > k);
}

BOOST_AUTO_TEST_CASE(the_consumer_throws_at_every_call)
{
    bool thrown = true;
    std::size_t k = 0;
    for (; thrown; ++k) BOOST_TEST_CONTEXT("call " << k)
        {
            stored_world w = small_world();
            std::multiset<std::string> shown;
            store::harvester_options o = durably();
            std::size_t calls = 0;
            thrown = false;
            o.on_posts = [&](std::span<const post> posts) -> asio::awaitable<void> {
                const auto executor = co_await asio::this_coro::executor;
                co_await asio::post(executor, asio::use_awaitable);
                BOOST_TEST(!thrown);
                if (calls++ == k) {
                    thrown = true;
                    throw std::runtime_error("no place for them");
                }
                for (const post& p : posts) shown.emplace(p.id());
            };
            {
                stored_harvest h(w, o);
                h.run();
                const error_code expected = thrown ? make_error_code(errc::callback_failed) : error_code();
                BOOST_TEST(*h.result == expected);
                BOOST_TEST(h.harvester->last_failure().has_value() == thrown);
                if (thrown) BOOST_TEST(h.harvester->last_failure()->all().note == "on_posts: no place for them");
                BOOST_TEST(h.claimed() == 0u);
                BOOST_TEST(h.counts().failed == 0u);
            }
            // Only what was shown is stored.
            for (const std::string& id : w.stored_ids()) BOOST_TEST(shown.contains(id));
            if (!thrown) BOOST_TEST(shown.size() == 30u);
            check_completed(w);
        }
    BOOST_TEST(k == 5u);
}

// A consumer that ends the harvest from inside.
BOOST_AUTO_TEST_CASE(functions_may_stop_cancel_and_destroy_it)
{
    for (const way how : {way::stop, way::cancel, way::destroy}) {
        stored_world w = small_world();
        std::function<void()> act;
        store::harvester_options o = durably();
        o.on_posts = [&](std::span<const post>) -> asio::awaitable<void> {
            if (act) std::exchange(act, nullptr)();
            co_return;
        };
        {
            stored_harvest h(w, o);
            act = [&] {
                if (how == way::stop) h.harvester->stop();
                if (how == way::cancel) h.harvester->cancel();
                if (how == way::destroy) h.harvester.reset();
            };
            h.run();
            BOOST_TEST(*h.result == (how == way::stop ? error_code() : error_code(asio::error::operation_aborted)));
            BOOST_TEST(h.claimed() == 0u);
        }
        check_completed(w);
    }
}

BOOST_AUTO_TEST_CASE(functions_that_throw_end_it)
{
    stored_world w = small_world([](std::size_t, const asked&) { return refusal(404, "resource_not_found"); });
    store::harvester_options o = durably();
    o.harvest.max_refusals = 0;
    o.describe = [](const failure&) -> std::string { throw std::runtime_error("no words"); };
    stored_harvest h(w, o);
    h.run();
    BOOST_TEST(*h.result == make_error_code(errc::callback_failed));
    BOOST_REQUIRE(h.harvester->last_failure());
    BOOST_TEST(h.harvester->last_failure()->all().note.ends_with("no words"));
}

BOOST_AUTO_TEST_CASE(a_refused_key_ends_it)
{
    stored_world w = small_world([](std::size_t n, const asked& r) {
        return n > 2 ? refusal(401, "missing_credentials") : listing_of(r, 15, 10);
    });
    {
        stored_harvest h(w);
        h.run();
        BOOST_TEST(*h.result == make_error_code(errc::api_key_refused));
        BOOST_REQUIRE(h.harvester->last_failure());
        BOOST_TEST(h.harvester->last_failure()->code() == *h.result);
        BOOST_TEST(h.counts().failed == 0u);
        BOOST_TEST(h.claimed() == 0u);
        BOOST_TEST(h.harvester->stats().jobs_left > 0u);
    }
    w.answers = fifteen_each;
    check_completed(w);
}

BOOST_AUTO_TEST_CASE(an_outage_ends_it)
{
    stored_world w = small_world([](std::size_t n, const asked& r) -> answer {
        if (n > 1) return {.not_sent = errc::connect_failed};
        return listing_of(r, 15, 10);
    });
    {
        stored_harvest h(w);
        h.begin();
        bool seen = false;
        while (!h.result && h.step()) seen = seen || h.harvester->outage();
        BOOST_TEST(seen);
        BOOST_REQUIRE(h.result);
        BOOST_TEST(*h.result == make_error_code(errc::connect_failed));
        BOOST_TEST(h.harvester->last_failure()->all().note.starts_with("no answer for "));
        BOOST_TEST(h.counts().queued == 2u);
        BOOST_TEST(h.harvester->stats().jobs_left == 2u);
    }
    w.answers = fifteen_each;
    check_completed(w);
}

// Positions that the store holds and that are of no use, or that the API refuses.
BOOST_AUTO_TEST_CASE(a_lost_position_begins_the_listing_anew)
{
    for (const bool refused : {true, false}) {
        stored_world w{[](std::size_t, const asked& r) { return listing_of(r, 35, 10); }, {spec_of(0, "x")}};
        {
            // Interrupted behind the first page.
            stored_harvest h(w);
            h.begin();
            while (h.harvester->stats().pages == 0) h.step();
            h.harvester->cancel();
            while (!h.result && h.step()) {
            }
        }
        bool lost = false;
        w.answers = [&](std::size_t, const asked& r) {
            if (!r.cursor.empty() && !std::exchange(lost, true))
                return refused ? refusal(422, "invalid_cursor") : refusal(404, "resource_not_found");
            return listing_of(r, 35, 10);
        };
        {
            stored_harvest h(w);
            h.run();
            BOOST_TEST(!*h.result);
            BOOST_TEST(lost);
            BOOST_TEST(h.harvester->stats().jobs_done == 1u);
        }
        std::vector<std::string> all = ids_of("x", 35);
        std::sort(all.begin(), all.end());
        BOOST_TEST(w.stored_ids() == all, boost::test_tools::per_element());
    }
}

BOOST_AUTO_TEST_CASE(a_stored_position_that_cannot_be_read_is_forgotten)
{
    stored_world w{[](std::size_t, const asked& r) { return listing_of(r, 15, 10); }, {spec_of(0, "x")}};
    {
        stored_harvest h(w, durably(), {}, spoil);
        h.run();
        BOOST_TEST(!*h.result);
        BOOST_TEST(h.harvester->stats().jobs_done == 1u);
        BOOST_TEST(h.scripted.transport->requests.front().cursor == "");
    }
    std::vector<std::string> all = ids_of("x", 15);
    std::sort(all.begin(), all.end());
    BOOST_TEST(w.stored_ids() == all, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_run_may_end_while_a_position_is_forgotten)
{
    const auto one = [] {
        return stored_world{[](std::size_t, const asked& r) { return listing_of(r, 15, 10); }, {spec_of(0, "x")}};
    };
    for (const way how : {way::stop, way::cancel, way::destroy})
        for (std::size_t k = 0; k < 12; ++k) {
            stored_world w = one();
            stored_harvest h(w, durably(), {}, spoil);
            h.begin();
            for (std::size_t i = 0; i < k && !h.result; ++i) h.step();
            if (how == way::stop) h.harvester->stop();
            if (how == way::cancel) h.harvester->cancel();
            if (how == way::destroy) h.harvester.reset();
            while (!h.result && h.step()) {
            }
            h.settle();
            BOOST_TEST(h.claimed() == 0u);
        }
    for (std::size_t k = 0; k < 12; ++k) {
        stored_world w = one();
        stored_harvest h(w, durably(), k, spoil);
        h.run();
        BOOST_TEST((*h.result == store::store_errc::io_error || h.store_calls() < k));
    }
}

BOOST_AUTO_TEST_SUITE_END()
