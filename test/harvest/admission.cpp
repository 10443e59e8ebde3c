// Requests that wait for their leave: how budgets are made to survive a kill.
#include "harvest/gathering.hpp"
#include "support/printing.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <exception>
#include <iterator>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace asio = boost::asio;
using namespace unipile;
using namespace unipile::test;
using namespace std::chrono_literals;

namespace {

constexpr boost::system::error_code granted;

struct waiting {
    std::string account;
    account_ledger ledger;
    harvest_options::admission go;
};

/// Harvests of six jobs through three accounts whose requests wait here.
struct gated {
    explicit gated(script s = plain_listing(25, 10), std::chrono::milliseconds gap = {})
        : harvest(std::move(s), row(6), options(gap))
    {}

    harvest_options options(std::chrono::milliseconds gap)
    {
        auto o = quickly();
        o.pace->gap = {gap, gap};
        o.pace->windows = {{1'000, 24h}};
        o.admit = [this](const harvest_job& job, const account_ledger& l, harvest_options::admission go) {
            asked.push_back({job.query.account_id, l, std::move(go)});
        };
        o.save_ledger = [this](std::string_view, const account_ledger& l) { saved = l, ++saves; };
        return o;
    }
    void begin()
    {
        asio::co_spawn(harvest.context, gather(harvest.stream, harvest.got), [](std::exception_ptr e) {
            if (e) std::rethrow_exception(e);
        });
        settle();
    }
    void settle()
    {
        harvest.context.restart();
        while (harvest.context.poll() > 0) {
        }
    }
    void answer(boost::system::error_code code = granted)
    {
        auto go = std::move(asked.front().go);
        asked.erase(asked.begin());
        std::move(go)(code);
        settle();
    }
    void check_all_cancelled() const
    {
        BOOST_TEST(harvest.requests() == 0u);
        BOOST_TEST(harvest.got.jobs.size() == 6u);
        for (const auto& [name, j] : harvest.got.jobs) {
            BOOST_TEST(j.ends == 1u);
            BOOST_TEST(j.reason == end_reason::cancelled);
        }
    }

    std::vector<waiting> asked;
    account_ledger saved;
    std::size_t saves = 0;
    scripted_harvest harvest;
};

BOOST_AUTO_TEST_SUITE(harvest_admission)

BOOST_AUTO_TEST_CASE(nothing_is_sent_before_its_leave_and_nobody_waits_for_another)
{
    gated g;
    g.begin();
    BOOST_TEST_REQUIRE(g.asked.size() == 3u);
    BOOST_TEST(g.harvest.requests() == 0u);
    BOOST_TEST(g.harvest.stream.stats().running == 3u);
    for (const auto& w : g.asked) {
        BOOST_TEST(w.ledger.in_flight == 1u);  // counted already
        BOOST_TEST(w.ledger.requests == 1u);
    }
    for (std::size_t n = 1; n <= 3; ++n) {
        std::rotate(g.asked.begin(), std::prev(g.asked.end()), g.asked.end());  // in any order
        const std::string account = g.asked.front().account;
        g.answer();
        BOOST_TEST(g.harvest.requests() == n);
        BOOST_TEST(g.harvest.scripted.transport->requests.back().account == account);
        BOOST_TEST(g.saved.in_flight == 0u);
        BOOST_TEST(g.saved.used_after({}) == g.saved.requests);
        BOOST_TEST(g.asked.size() == 3u);  // its next one
    }
    std::size_t answers = 3;
    for (; !g.asked.empty(); ++answers) g.answer();
    BOOST_TEST(g.harvest.got.over);
    BOOST_TEST(answers == g.harvest.requests());
    BOOST_TEST(answers == 6u * 3u);
    for (const auto& [name, j] : g.harvest.got.jobs)
        BOOST_TEST(j.ids == numbers(0, 25), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(retries_ask_too)
{
    std::size_t failed = 0;
    gated g([&](std::size_t, const asked& r) {
        answer a = plain_listing(r, 25, 10);
        if (failed < 5 && r.cursor == "c1") {
            ++failed;
            a.no_answer = true;
        }
        return a;
    });
    g.begin();
    std::size_t answers = 0;
    while (!g.harvest.got.over) {
        for (; !g.asked.empty(); ++answers) g.answer();
        if (g.harvest.got.over) break;
        BOOST_REQUIRE(g.harvest.time->is_waited_for());
        g.harvest.time->advance();
        g.settle();
    }
    BOOST_TEST(failed == 5u);
    BOOST_TEST(answers == 6u * 3u + 5u);
    BOOST_TEST(answers == g.harvest.requests());
}

BOOST_AUTO_TEST_CASE(asks_only_where_the_past_matters)
{
    for (const char* pace : {"none", "hours 00:00-24:00", "gap 1ms", "1000/day"}) {
        auto options = quickly();
        options.pace = parse_pacing(pace);
        std::size_t asked = 0, saved = 0;
        options.admit = [&](const harvest_job&, const account_ledger&, harvest_options::admission go) {
            ++asked;
            std::move(go)(granted);  // at once
        };
        options.save_ledger = [&](std::string_view, const account_ledger& l) { saved += l.in_flight > 0; };
        scripted_harvest h(plain_listing(25, 10), row(6), options);
        BOOST_TEST(h.run().over);
        BOOST_TEST(h.requests() == 18u);
        const bool bounded = std::string_view(pace).ends_with("ms") || std::string_view(pace).ends_with("day");
        BOOST_TEST(asked == (bounded ? 18u : 0u), pace);
        BOOST_TEST(saved == (bounded ? 0u : 18u), pace);
    }
}

BOOST_AUTO_TEST_CASE(leave_may_come_from_another_thread)
{
    auto options = quickly();
    options.pace->windows = {{1'000, 24h}};
    std::vector<std::thread> threads;
    options.admit = [&](const harvest_job&, const account_ledger&, harvest_options::admission go) {
        threads.emplace_back([go = std::move(go)]() mutable { std::move(go)(granted); });
    };
    scripted_harvest h(plain_listing(25, 10), row(6), options);
    BOOST_TEST(h.run().over);
    for (auto& t : threads) t.join();
    BOOST_TEST(h.requests() == 18u);
}

BOOST_AUTO_TEST_CASE(leave_counts_once)
{
    gated g;
    g.begin();
    const auto go = g.asked.front().go;  // may be kept like any function
    for (std::size_t n = 0; n != 3; ++n) {
        go(granted);
        g.settle();
        BOOST_TEST(g.harvest.requests() == 1u);
    }
    while (!g.asked.empty()) g.answer();
    BOOST_TEST(g.harvest.got.over);
    BOOST_TEST(g.harvest.requests() == 18u);
}

BOOST_AUTO_TEST_CASE(a_gap_begins_when_its_request_is_sent)
{
    gated g(plain_listing(25, 10), 1h);
    g.begin();
    g.harvest.time->pass(2s);
    const auto answered = g.harvest.time->wall();
    g.answer();
    BOOST_TEST(g.harvest.requests() == 1u);
    BOOST_TEST(g.saved.next_request == answered + 1h);
}

BOOST_AUTO_TEST_CASE(a_ledger_that_cannot_be_saved_ends_the_harvest)
{
    gated g;
    g.begin();
    g.answer(asio::error::no_buffer_space);
    while (!g.asked.empty()) g.answer();
    BOOST_REQUIRE(g.harvest.got.failed);
    BOOST_TEST(g.harvest.got.failed->code() == asio::error::no_buffer_space);
    g.check_all_cancelled();
}

BOOST_AUTO_TEST_CASE(accounts_without_a_pace_are_admitted_on_demand)
{
    for (const bool all : {false, true}) {
        auto options = quickly();
        options.admit_all = all;
        std::size_t asked = 0;
        options.admit = [&](const harvest_job&, const account_ledger&, harvest_options::admission go) {
            ++asked;
            go({});
        };
        scripted_harvest h(plain_listing(25, 10), row(6), options);
        BOOST_TEST(h.run().over);
        BOOST_TEST(asked == (all ? h.requests() : 0u));
    }
}

BOOST_AUTO_TEST_CASE(a_request_that_is_not_admitted_makes_its_account_leave)
{
    gated g;
    g.begin();
    const std::string account = g.asked.front().account;
    g.answer(asio::error::operation_aborted);
    while (!g.asked.empty()) g.answer();
    g.harvest.run_all();
    while (!g.asked.empty()) {
        g.answer();
        g.harvest.run_all();
    }
    BOOST_TEST(g.harvest.got.over);
    BOOST_TEST(!g.harvest.got.failed.has_value());
    BOOST_TEST(g.harvest.got.jobs.size() == 6u);
    for (const auto& [name, j] : g.harvest.got.jobs) {
        const bool leaves = name.starts_with(account + "/");
        BOOST_TEST(j.ids.size() == (leaves ? 0u : 25u));
        BOOST_TEST((j.reason == end_reason::cancelled) == leaves);
    }
    BOOST_TEST(g.harvest.stream.forget(account));
}

BOOST_AUTO_TEST_CASE(what_waits_for_leave_is_not_sent_after_a_stop)
{
    for (const bool at_once : {false, true}) {
        gated g;
        g.begin();
        if (at_once)
            g.harvest.stream.cancel();
        else
            g.harvest.stream.stop();
        g.settle();
        BOOST_TEST(g.harvest.got.over == at_once);
        while (!g.asked.empty()) g.answer();
        BOOST_TEST(g.harvest.got.over);
        BOOST_TEST(g.saves == 3u);
        BOOST_TEST(g.saved.requests == 0u);
        BOOST_TEST(g.saved.in_flight == 0u);
        g.check_all_cancelled();
    }
}

BOOST_AUTO_TEST_CASE(leave_that_comes_too_late_is_no_harm)
{
    gated closed;
    closed.begin();
    closed.harvest.api.close();
    closed.settle();
    while (!closed.asked.empty()) closed.answer();
    BOOST_TEST(closed.harvest.got.failed.has_value());
    closed.check_all_cancelled();

    gated destroyed;
    destroyed.begin();
    {
        const auto gone = std::move(destroyed.harvest.stream);
    }
    while (!destroyed.asked.empty()) destroyed.answer();
    BOOST_TEST(destroyed.harvest.requests() == 0u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
