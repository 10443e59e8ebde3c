// Jobs of a store, harvested into it.
#include "durable/stored_harvest.hpp"
#include "support/printing.hpp"

#include <unipile/errc.hpp>
#include <unipile/store/account_rows.hpp>

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

using namespace unipile;
using namespace unipile::test;
using namespace std::chrono_literals;
namespace asio = boost::asio;

namespace {

std::vector<std::string> truth_of(const std::vector<std::string>& identifiers)
{
    std::vector<std::string> all;
    for (const std::string& identifier : identifiers)
        for (std::string& id : ids_of(identifier, 25)) all.push_back(std::move(id));
    std::sort(all.begin(), all.end());
    return all;
}

std::vector<std::string> ids_in(std::span<const post> posts)
{
    std::vector<std::string> ids;
    for (const post& p : posts) ids.emplace_back(p.id());
    return ids;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(harvester)

BOOST_AUTO_TEST_CASE(everything_is_stored_and_known_the_next_time)
{
    stored_world w = two_accounts();
    {
        stored_harvest h(w);
        h.run();
        BOOST_TEST(!*h.result);
        BOOST_TEST(!h.harvester->last_failure());
        BOOST_TEST(!h.harvester->outage());
        const store::harvester_stats& s = h.harvester->stats();
        BOOST_TEST(s.jobs_done == 4u);
        BOOST_TEST(s.jobs_failed == 0u);
        BOOST_TEST(s.jobs_left == 0u);
        BOOST_TEST(s.posts == 100u);
        BOOST_TEST(s.added == 100u);
        BOOST_TEST(s.pages == 12u);
        BOOST_TEST(s.requests == 12u);
        BOOST_TEST(s.retries == 0u);
        BOOST_TEST(s.wire_bytes > 0u);
        BOOST_TEST(s.by_end.at("null_cursor") == 4u);
        BOOST_TEST(s.by_account.size() == 2u);
        for (const auto& [name, a] : s.by_account) {
            BOOST_TEST(a.done == 2u);
            BOOST_TEST(a.failed == 0u);
            BOOST_TEST(a.posts == 50u);
            BOOST_TEST(a.requests == 6u);
        }
        BOOST_TEST(h.counts().done == 4u);
        std::size_t accounts = 0;
        h.harvester->accounts([&](const account_status& a) {
            ++accounts;
            BOOST_TEST(a.ledger.requests == 6u);
        });
        BOOST_TEST(accounts == 2u);
    }
    BOOST_TEST(w.stored_ids() == truth_of({"w", "x", "y", "z"}), boost::test_tools::per_element());
    w.reader()->accounts([](const store::account_row& row, const store::account_summary& s) {
        BOOST_TEST(row.requests == 6u);
        BOOST_TEST(!store::ledger_of(row, wall_now()).damaged);
        BOOST_TEST(s.jobs.done == 2u);
        return true;
    });

    w.request.restart = true;
    stored_harvest again(w);
    again.run();
    BOOST_TEST(!*again.result);
    BOOST_TEST(again.requests() == 4u);
    BOOST_TEST(again.harvester->stats().added == 0u);
    BOOST_TEST(again.harvester->stats().by_end.at("up_to_date") == 4u);
}

BOOST_AUTO_TEST_CASE(posts_are_shown_before_they_are_stored)
{
    stored_world w = two_accounts();
    std::vector<std::string> shown;
    store::harvester_options o = durably();
    o.on_posts = [&](std::span<const post> posts) -> asio::awaitable<void> {
        const std::vector<std::string> stored = w.stored_ids();
        for (std::string& id : ids_in(posts)) {
            BOOST_TEST(!std::binary_search(stored.begin(), stored.end(), id));
            shown.push_back(std::move(id));
        }
        co_return;
    };
    {
        stored_harvest h(w, o);
        h.run();
        BOOST_TEST(!*h.result);
    }
    std::sort(shown.begin(), shown.end());
    BOOST_TEST(shown == truth_of({"w", "x", "y", "z"}), boost::test_tools::per_element());
}

// A slow consumer gets the posts of a listing in their order, and no more pages wait than are allowed to.
BOOST_AUTO_TEST_CASE(a_slow_consumer_is_waited_for)
{
    stored_world w = two_accounts();
    for (int i = 0; i < 20; ++i) w.jobs.push_back(spec_of(2, "many" + std::to_string(i)));
    w.answers = [](std::size_t, const asked& r) { return listing_of(r, 5, 10); };
    std::vector<std::string> shown;
    std::size_t waiting = 0, most = 0;
    store::harvester_options o = durably();
    o.max_unstored_bytes = 1;
    stored_harvest* running = nullptr;
    o.on_posts = [&](std::span<const post> posts) -> asio::awaitable<void> {
        most = std::max(most, ++waiting);
        const auto executor = co_await asio::this_coro::executor;
        for (int i = 0; i < 50; ++i) co_await asio::post(executor, asio::use_awaitable);
        for (std::string& id : ids_in(posts)) shown.push_back(std::move(id));
        --waiting;
    };
    stored_harvest h(w, o);
    running = &h;
    h.run();
    BOOST_TEST(!*running->result);
    BOOST_TEST(most == 1u);
    BOOST_TEST(shown.size() == 24u * 5u);
    for (std::size_t i = 0; i < shown.size(); ++i) BOOST_TEST(shown[i].ends_with("-" + std::to_string(i % 5)));
}

BOOST_AUTO_TEST_CASE(items_that_are_no_posts_are_stored_apart)
{
    stored_world w{[](std::size_t, const asked&) -> answer {
                       return {.body = page(std::vector<std::string>{item("x-0"), "{}", "17"}, "null")};
                   },
                   {spec_of(0, "x")}};
    {
        stored_harvest h(w);
        h.run();
        BOOST_TEST(h.harvester->stats().quarantined == 2u);
        BOOST_TEST(h.harvester->stats().posts == 1u);
    }
    std::set<std::string> raw;
    w.reader()->quarantined([&](const store::job_spec& job, const store::quarantined_row& row, wall_time) {
        BOOST_TEST(job.identifier == "x");
        raw.insert(row.raw);
        return true;
    });
    BOOST_TEST((raw == std::set<std::string>{"17", "{}"}));
}

BOOST_AUTO_TEST_CASE(a_failed_job_is_described)
{
    const auto refuse_x = [](std::size_t n, const asked& r) {
        return r.identifier == "x" ? refusal(404, "resource_not_found") : ten_each(n, r);
    };
    for (const bool described : {true, false}) {
        stored_world w = two_accounts(refuse_x);
        store::harvester_options o = durably();
        if (described) o.describe = [](const failure& f) { return "in our words: " + f.api()->type; };
        std::string text;
        {
            stored_harvest h(w, o);
            h.run();
            BOOST_TEST(!*h.result);
            const store::harvester_stats& s = h.harvester->stats();
            BOOST_TEST(s.jobs_failed == 1u);
            BOOST_TEST(s.by_end.at("errors/resource_not_found") == 1u);
            BOOST_TEST(s.by_account.at("a0").failed == 1u);
            text = s.failure_of.at("errors/resource_not_found");
        }
        BOOST_TEST(text.starts_with("in our words: errors/resource_not_found") == described);
        store::job_filter failed;
        failed.state = store::job_state::failed;
        std::uint64_t n = w.reader()->jobs(failed, [&](const store::stored_job& job) {
            BOOST_TEST(job.spec.identifier == "x");
            BOOST_TEST(job.failure == text);
            BOOST_TEST(job.failure_type == "errors/resource_not_found");
            return true;
        });
        BOOST_TEST(n == 1u);
    }
}

// What comes of a listing before its failure is stored; a later run goes on there.
BOOST_AUTO_TEST_CASE(a_position_of_an_earlier_run_is_gone_on_from)
{
    bool healthy = false;
    stored_world w{[&healthy](std::size_t, const asked& r) {
                       return r.cursor == "c1" && !healthy ? refusal(400, "invalid_request") : listing_of(r, 25, 10);
                   },
                   {spec_of(0, "x")}};
    {
        stored_harvest h(w);
        h.run();
        BOOST_TEST(h.harvester->stats().jobs_failed == 1u);
    }
    BOOST_TEST(w.stored_ids().size() == 10u);
    healthy = true;
    {
        w.request.retry_failed = true;
        stored_harvest h(w);
        h.run();
        BOOST_TEST(h.harvester->stats().jobs_done == 1u);
    }
    std::vector<std::string> all = ids_of("x", 25);
    std::sort(all.begin(), all.end());
    BOOST_TEST(w.stored_ids() == all, boost::test_tools::per_element());
}

// An update that comes to what an interrupted run has read goes on below it, within the same listing.
BOOST_AUTO_TEST_CASE(what_is_known_is_jumped_over)
{
    stored_world w{[](std::size_t, const asked& r) { return listing_of(r, 55, 10); }, {spec_of(0, "x")}};
    w.request.mode = store::walk_mode::full;
    {
        stored_harvest h(w);
        h.begin();
        while (h.harvester->stats().pages < 3) h.step();
        h.harvester->stop();
        while (!h.result && h.step()) {
        }
    }
    w.request.mode = store::walk_mode::update;
    {
        stored_harvest h(w);
        h.run();
        BOOST_TEST(h.harvester->stats().jobs_done == 1u);
        std::set<std::string> cursors;
        for (const asked& r : h.scripted.transport->requests) cursors.insert(r.cursor);
        BOOST_TEST(cursors.contains(""));
        BOOST_TEST(!cursors.contains("c1"));
        BOOST_TEST(cursors.contains("c5"));
    }
    std::vector<std::string> all = ids_of("x", 55);
    std::sort(all.begin(), all.end());
    BOOST_TEST(w.stored_ids() == all, boost::test_tools::per_element());
}

// The jobs of one account are claimed as it gets through with them.
BOOST_AUTO_TEST_CASE(jobs_stay_in_the_store_until_their_account_has_time)
{
    stored_world w{[](std::size_t, const asked& r) { return listing_of(r, 5, 10); }, {}};
    for (int i = 0; i < 30; ++i) w.jobs.push_back(spec_of(0, "many" + std::to_string(i)));
    store::harvester_options o = durably();
    o.harvest.max_queued_per_account = 1;
    stored_harvest h(w, o);
    h.begin();
    std::size_t most = 0;
    while (!h.result && h.step())
        h.harvester->accounts([&](const account_status& a) { most = std::max(most, a.queued + a.running); });
    BOOST_TEST(h.counts().done == 30u);
    BOOST_TEST(most <= 9u);
}

BOOST_AUTO_TEST_CASE(the_last_failures_are_kept)
{
    stored_world w = two_accounts([](std::size_t n, const asked& r) {
        return r.account == "a1" ? refusal(404, "resource_not_found") : ten_each(n, r);
    });
    for (int i = 0; i < 30; ++i) w.jobs.push_back(spec_of(1, "more" + std::to_string(i)));
    store::harvester_options o = durably();
    o.harvest.max_refusals = 0;
    o.describe = [](const failure& f) { return "described: " + std::string(f.what()); };
    stored_harvest h(w, o);
    h.run();
    const auto& failures = h.harvester->stats().recent_failures;
    BOOST_TEST(h.harvester->stats().jobs_failed == 32u);
    BOOST_TEST(failures.size() == store::harvester_stats::most_recent_failures);
    for (const store::job_failure& f : failures) {
        BOOST_TEST(f.account == "a1");
        BOOST_TEST(!f.identifier.empty());
        BOOST_TEST(f.kind == "errors/resource_not_found");
        BOOST_TEST(f.text.starts_with("described: "));
        BOOST_TEST((f.at > wall_time{}));
    }
}

BOOST_AUTO_TEST_CASE(a_damaged_ledger_is_reported_once_and_counts_as_used_up)
{
    stored_world w = two_accounts();
    const auto damage = [](store::engine& engine, std::int64_t) {
        store::account_row row = store::row_of("a0", account_ledger{}, wall_now(), wall_now());
        row.ledger = "not a ledger";
        engine.perform(store::save_account{row});
    };
    std::vector<std::string> damaged;
    store::harvester_options o = durably();
    o.on_damaged_ledger = [&](std::string_view account) { damaged.emplace_back(account); };
    {
        stored_harvest h(w, o, {}, damage);
        h.begin();
        for (int i = 0; i < 5'000 && h.harvester->stats().jobs_done < 2; ++i) h.step();
        h.harvester->stop();
        while (!h.result && h.step()) {
        }
        BOOST_TEST(damaged == std::vector<std::string>{"a0"});
        for (const asked& r : h.scripted.transport->requests) BOOST_TEST(r.account == "a1");
        BOOST_TEST(h.requests() == 6u);
    }
    // The store holds a ledger that can be read now.
    w.reader()->accounts([](const store::account_row& row, const store::account_summary&) {
        BOOST_TEST(!store::ledger_of(row, wall_now()).damaged);
        return true;
    });
    // Without the function, nothing is reported.
    stored_harvest h(w, durably(), {}, damage);
    h.begin();
    for (int i = 0; i < 500; ++i) h.step();
    h.harvester->cancel();
    while (!h.result && h.step()) {
    }
    for (const asked& r : h.scripted.transport->requests) BOOST_TEST(r.account == "a1");
}

BOOST_AUTO_TEST_SUITE_END()
