// The handle of a harvest: backpressure, confirmation, pausing, stopping, resuming.
#include "harvest/gathering.hpp"
#include "support/printing.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace asio = boost::asio;
using namespace unipile;
using namespace unipile::test;
using namespace std::chrono_literals;

namespace {

BOOST_AUTO_TEST_SUITE(harvest_control)

BOOST_AUTO_TEST_CASE(a_slow_consumer_stops_the_reading)
{
    auto options = quickly();
    options.max_buffered_bytes = 500'000;
    // A post takes between one and four KiB, however little it says.
    constexpr std::size_t least_of_a_page = 100 * 1024, most_of_a_page = 100 * 4096;
    scripted_harvest h(plain_listing(300, 100), row(500), options);
    std::size_t posts = 0, most = 0;
    auto one = [&]() -> asio::awaitable<void> {
        auto e = co_await h.stream.next();
        BOOST_REQUIRE(e);
        posts += e->posts.size();
    };
    while (posts < 500 * 300) {
        asio::co_spawn(h.context, one(), rethrow);
        h.context.restart();
        while (h.context.poll() > 0) {
        }
        const auto buffered = h.stream.stats().buffered_bytes;
        most = std::max(most, buffered);
        // What is under way when the buffer is full is still read: one page each of eight connections at most.
        BOOST_REQUIRE_LE(buffered, options.max_buffered_bytes + 8 * most_of_a_page);
        BOOST_REQUIRE_LE(h.requests(), posts / 100 + 2 + options.max_buffered_bytes / least_of_a_page + 3 * 8);
    }
    BOOST_TEST(most >= options.max_buffered_bytes);
    BOOST_TEST(h.run().over);
}

BOOST_AUTO_TEST_CASE(pages_wait_for_their_answer)
{
    auto options = quickly();
    options.confirm_pages = options.whole_pages = true;
    scripted_harvest h(plain_listing(45, 10), row(4), options);
    std::map<std::string, std::vector<std::string>> got;
    std::map<std::string, end_reason> ends;
    auto work = [&]() -> asio::awaitable<void> {
        while (auto e = co_await h.stream.next()) {
            const auto& name = e->job->query.identifier;
            for (const auto& p : e->posts) got[name].emplace_back(p.id());
            if (e->ended) {
                ends[name] = e->end_reason;
                BOOST_TEST(!h.stream.go_on(e->number));
                continue;
            }
            if (!e->page_ends) continue;
            if (name == "1" && got[name].size() == 20) {
                BOOST_TEST(h.stream.finish(e->number));
            } else if (name == "2" && got[name].size() == 10) {
                auto parts = detail::access::parts(e->position);
                parts.cursor = "c3";
                BOOST_TEST(h.stream.jump(e->number, detail::access::make<position>(parts)));
            } else {
                if (name == "3") {
                    auto parts = detail::access::parts(e->position);
                    parts.query += 1;
                    BOOST_CHECK_THROW(h.stream.jump(e->number, detail::access::make<position>(parts)), failure);
                }
                BOOST_TEST(h.stream.go_on(e->number));
            }
            BOOST_TEST(!h.stream.go_on(e->number));
            BOOST_TEST(!h.stream.finish(e->number));
        }
    };
    asio::co_spawn(h.context, work(), rethrow);
    h.run_all();
    BOOST_TEST(got["0"] == numbers(0, 45), boost::test_tools::per_element());
    BOOST_TEST(got["1"] == numbers(0, 20), boost::test_tools::per_element());
    auto jumped = numbers(0, 10);
    const auto rest = numbers(30, 45);
    jumped.insert(jumped.end(), rest.begin(), rest.end());
    BOOST_TEST(got["2"] == jumped, boost::test_tools::per_element());
    BOOST_TEST(got["3"] == numbers(0, 45), boost::test_tools::per_element());
    BOOST_TEST(ends["0"] == end_reason::null_cursor);
    BOOST_TEST(ends["1"] == end_reason::stopped);
    BOOST_TEST(h.requests() == 5u + 2u + 3u + 5u);
}

BOOST_AUTO_TEST_CASE(a_place_that_is_refused_after_a_jump_is_an_end_and_no_failure)
{
    auto options = quickly();
    options.confirm_pages = options.whole_pages = true;
    const auto s = [](std::size_t, const asked& r) {
        return r.cursor == "c3" ? refusal(422, "invalid_recipient") : plain_listing(r, 45, 10);
    };
    scripted_harvest h(s, row(1), options);
    const auto jump = [&](const harvest_element& e) {
        if (!e.page_ends || e.ended) return false;
        auto parts = detail::access::parts(e.position);
        parts.cursor = "c3";
        BOOST_TEST(h.stream.jump(e.number, detail::access::make<position>(parts)));
        return false;
    };
    asio::co_spawn(h.context, gather(h.stream, h.got, jump), rethrow);
    h.run_all();
    BOOST_TEST(h.got.over);
    BOOST_TEST(h.got.at("a0/0").ids == numbers(0, 10), boost::test_tools::per_element());
    BOOST_TEST(h.got.at("a0/0").reason == end_reason::refused_cursor);
    BOOST_TEST(!h.got.at("a0/0").failed.has_value());
}

BOOST_AUTO_TEST_CASE(an_account_leaves_after_the_page_under_way)
{
    auto options = quickly();
    options.confirm_pages = options.whole_pages = true;
    std::size_t loads = 0, saves = 0;
    options.load_ledger = [&](std::string_view account) -> std::optional<account_ledger> {
        if (account == "a0") ++loads;
        return std::nullopt;
    };
    options.save_ledger = [&](std::string_view, const account_ledger&) { ++saves; };
    scripted_harvest h(plain_listing(45, 10), row(6), options);
    bool left = false;
    const auto answer = [&](const harvest_element& e) {
        if (e.job->query.account_id == "a0" && !std::exchange(left, true)) {
            BOOST_TEST(h.stream.leave("a0"));
            BOOST_TEST(!h.stream.forget("a0"));
            BOOST_TEST(!h.stream.leave("a7"));
            BOOST_TEST(h.stream.forget("a7"));
        }
        if (e.page_ends && !e.ended) BOOST_TEST(h.stream.go_on(e.number));
        return false;
    };
    asio::co_spawn(h.context, gather(h.stream, h.got, answer), rethrow);
    h.run_all();
    BOOST_TEST(h.got.over);
    BOOST_TEST(h.got.jobs.size() == 6u);
    for (const auto& [name, j] : h.got.jobs) {
        const bool leaves = name.starts_with("a0/");
        BOOST_TEST((j.reason == end_reason::cancelled) == leaves);
        BOOST_TEST(j.ids.size() == (leaves ? std::min<std::size_t>(j.ids.size(), 10) : 45u));
        if (leaves) BOOST_TEST((j.failed->code() == errc::harvest_stopped));
    }
    BOOST_TEST(loads == 1u);
    BOOST_TEST(h.stream.account("a0", [](const account_status&) {}));
    BOOST_TEST(h.stream.forget("a0"));
    BOOST_TEST(h.stream.forget("a0"));
    BOOST_TEST(!h.stream.account("a0", [](const account_status&) {}));
    // Its ledger is another's by then.
    saves = 0;
    BOOST_TEST(!h.stream.unpark("a0"));
    BOOST_TEST(saves == 0u);
    BOOST_TEST(h.stream.unpark("a1"));
    BOOST_TEST(h.stream.stats().accounts == 2u);
    std::size_t shown = 0;
    h.stream.accounts([&](const account_status&) { ++shown; });
    BOOST_TEST(shown == 2u);
}

BOOST_AUTO_TEST_CASE(a_pause_holds_every_request_and_the_end)
{
    scripted_harvest h(plain_listing(45, 10), row(6), quickly());
    bool paused = false;
    const auto pause = [&](const harvest_element&) {
        if (!std::exchange(paused, true)) h.stream.pause();
        return false;
    };
    asio::co_spawn(h.context, gather(h.stream, h.got, pause), rethrow);
    while (h.context.poll() > 0) {
    }
    BOOST_TEST(paused);
    BOOST_TEST(!h.got.over);
    BOOST_TEST(h.stream.stats().paused);
    BOOST_TEST(h.stream.stats().running == 0u);
    const std::size_t asked_before = h.requests();
    BOOST_TEST(asked_before < 30u);
    // An account may be parked meanwhile, and nothing ends for it.
    BOOST_TEST(h.stream.park("a0", "by hand"));
    BOOST_TEST(!h.stream.park("a7", "by hand"));
    while (h.context.poll() > 0) {
    }
    BOOST_TEST(!h.got.over);
    BOOST_TEST(h.stream.unpark("a0"));
    h.stream.resume();
    h.run_all();
    BOOST_TEST(h.got.over);
    BOOST_TEST(h.requests() == 30u);
    for (const auto& [name, j] : h.got.jobs) BOOST_TEST(j.ids == numbers(0, 45), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_paused_harvest_can_be_stopped)
{
    for (const bool at_once : {false, true}) {
        scripted_harvest h(plain_listing(45, 10), row(6), quickly());
        h.stream.pause();
        asio::co_spawn(h.context, gather(h.stream, h.got), rethrow);
        while (h.context.poll() > 0) {
        }
        BOOST_TEST(h.requests() == 0u);
        at_once ? h.stream.cancel() : h.stream.stop();
        h.run_all();
        BOOST_TEST(h.got.over);
        BOOST_TEST(h.got.jobs.size() == 6u);
    }
}

BOOST_AUTO_TEST_CASE(an_account_that_is_parked_by_hand_waits)
{
    scripted_harvest h(plain_listing(45, 10), row(6), quickly());
    bool parked = false;
    const auto park = [&](const harvest_element&) {
        if (!std::exchange(parked, true)) BOOST_TEST(h.stream.park("a1", "by hand"));
        return false;
    };
    asio::co_spawn(h.context, gather(h.stream, h.got, park), rethrow);
    h.run_all();
    // Only its jobs were left.
    BOOST_TEST(h.got.over);
    for (const auto& [name, j] : h.got.jobs) {
        BOOST_TEST((j.reason == end_reason::null_cursor) == !name.starts_with("a1/"), name);
        if (name.starts_with("a1/")) BOOST_TEST((j.failed->code() == errc::account_parked));
    }
}

BOOST_AUTO_TEST_CASE(the_number_of_connections_changes_at_any_time)
{
    scripted_harvest h(plain_listing(45, 10), row(24), quickly());
    const std::size_t most = h.stream.stats().max_connections;
    BOOST_TEST(most > 1u);
    h.stream.set_max_connections(1);
    BOOST_TEST(h.stream.stats().max_connections == 1u);
    std::size_t at_once = 0;
    const auto look = [&](const harvest_element&) {
        at_once = std::max(at_once, h.stream.stats().running);
        return false;
    };
    asio::co_spawn(h.context, gather(h.stream, h.got, look), rethrow);
    h.run_all();
    BOOST_TEST(at_once == 1u);
    h.stream.set_max_connections(1'000);
    BOOST_TEST(h.stream.stats().max_connections == most);
    h.stream.set_max_connections(2);
    h.stream.set_max_connections(0);
    BOOST_TEST(h.stream.stats().max_connections == most);
}

BOOST_AUTO_TEST_CASE(nothing_is_asked_for_before_the_answer)
{
    auto options = quickly();
    options.confirm_pages = true;
    scripted_harvest h(plain_listing(45, 10), row(3), options);
    asio::co_spawn(h.context, gather(h.stream, h.got), rethrow);
    while (h.context.poll() > 0) {
    }
    BOOST_TEST(h.requests() == 3u);
    BOOST_TEST(h.stream.stats().queued == 3u);
    BOOST_TEST(h.stream.stats().running == 0u);
    h.stream.stop();
    while (h.context.poll() > 0) {
    }
    BOOST_TEST(h.got.over);
    for (const auto& [name, j] : h.got.jobs) {
        BOOST_TEST(j.reason == end_reason::cancelled);
        BOOST_TEST(j.ids == numbers(0, 10), boost::test_tools::per_element());
    }
}

BOOST_AUTO_TEST_CASE(what_waits_for_a_connection_is_not_sent_after_a_stop)
{
    scripted_harvest h(plain_listing(45, 10), row(3));
    asio::co_spawn(h.context, gather(h.stream, h.got), rethrow);
    while (h.requests() < 3) BOOST_TEST_REQUIRE(h.context.poll_one() == 1u);
    h.stream.stop();
    h.run_all();
    BOOST_TEST(h.got.over);
    BOOST_TEST(!h.got.failed);
    BOOST_TEST(h.requests() == 3u);
    BOOST_TEST(h.got.jobs.size() == 3u);
    for (const auto& [name, j] : h.got.jobs) {
        BOOST_TEST(j.reason == end_reason::cancelled);
        BOOST_TEST(j.elements == 1u);
        BOOST_TEST(j.ids.empty());
    }
}

/// Stopped in any of three ways after any number of elements, and resumed: all there, none twice.
BOOST_AUTO_TEST_CASE(what_is_stopped_anywhere_is_resumed_without_loss)
{
    auto slowly = [](std::size_t, const asked& r) {
        auto a = plain_listing(r, 25, 10);
        a.chunk = 300;
        return a;
    };
    const std::size_t all = scripted_harvest(slowly, row(6)).run().elements;
    for (int way = 0; way < 3; ++way) {
        for (std::size_t k = 0; k <= all; ++k) {
            std::map<std::string, position> places;
            std::map<std::string, std::vector<std::string>> got;
            std::size_t left = k, unfinished = 6;
            {
                scripted_harvest h(slowly, row(6));
                auto first = [&](const harvest_element& e) {
                    places[e.job->query.identifier] = e.position;
                    for (const auto& p : e.posts) got[e.job->query.identifier].emplace_back(p.id());
                    if (e.ended && (is_complete(e.end_reason) || is_inferred(e.end_reason))) --unfinished;
                    const bool now = left == 1;
                    if (left > 0) --left;
                    if (now) {
                        if (way == 0) h.stream.stop();
                        if (way == 1) h.stream.cancel();
                        if (way == 2) return true;  // and what it had not delivered is gone
                    }
                    return false;
                };
                if (k > 0) {
                    asio::co_spawn(h.context, gather(h.stream, h.got, first), rethrow);
                    h.run_all();
                    if (way < 2) {
                        BOOST_TEST(h.got.over);
                        for (const auto& [name, j] : h.got.jobs) BOOST_TEST(j.ends == 1u);
                    }
                }
            }
            std::vector<harvest_job> jobs;
            for (auto& q : row(6)) jobs.emplace_back(q, places[q.identifier]);
            scripted_harvest again(slowly, jobs);
            auto rest = [&](const harvest_element& e) {
                for (const auto& p : e.posts) got[e.job->query.identifier].emplace_back(p.id());
                return false;
            };
            asio::co_spawn(again.context, gather(again.stream, again.got, rest), rethrow);
            again.run_all();
            BOOST_TEST(again.got.over);
            for (const auto& [name, ids] : got) BOOST_TEST(ids == numbers(0, 25), boost::test_tools::per_element());
            BOOST_TEST(got.size() == 6u);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_closed_client_ends_the_harvest)
{
    scripted_harvest h(plain_listing(25, 10), row(6));
    auto close_soon = [&, left = 3](const harvest_element&) mutable {
        if (--left == 0) h.api.close();
        return false;
    };
    asio::co_spawn(h.context, gather(h.stream, h.got, close_soon), rethrow);
    h.run_all();
    BOOST_REQUIRE(h.got.failed);
    BOOST_TEST(h.got.failed->code() == errc::client_closed);
    for (const auto& [name, j] : h.got.jobs) BOOST_TEST(j.ends == 1u);
}

BOOST_AUTO_TEST_CASE(a_client_is_closed_while_all_accounts_wait)
{
    auto options = quickly();
    options.pace = parse_pacing("1/day");
    scripted_harvest h(plain_listing(25, 10), row(6), options);
    asio::co_spawn(h.context, gather(h.stream, h.got), rethrow);
    while (h.context.poll() > 0) {
    }
    BOOST_TEST(!h.got.failed);
    h.api.close();
    h.run_all();
    BOOST_REQUIRE(h.got.failed);
    BOOST_TEST(h.got.failed->code() == errc::client_closed);
    BOOST_TEST(h.got.jobs.size() == 6u);
    for (const auto& [name, j] : h.got.jobs) BOOST_TEST(j.ends == 1u);
    BOOST_CHECK_THROW(h.api.harvest(row(1)), failure);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
