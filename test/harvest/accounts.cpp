// Accounts within a harvest: refused keys, parked and throttled accounts, windows, ledgers, provider rules.
#include "harvest/gathering.hpp"
#include "harvest/most_in.hpp"
#include "support/printing.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace asio = boost::asio;
using namespace unipile;
using namespace unipile::test;
using namespace std::chrono_literals;

namespace {

BOOST_AUTO_TEST_SUITE(harvest_accounts)

BOOST_AUTO_TEST_CASE(a_refused_key_stops_all)
{
    auto s = [](std::size_t number, const asked& r) {
        return number < 4 ? plain_listing(r, 15, 10) : refusal(401, "missing_credentials");
    };
    scripted_harvest h(s, grid(2, 50));
    h.run();
    BOOST_REQUIRE(h.got.failed);
    BOOST_TEST(h.got.failed->code() == errc::api_key_refused);
    BOOST_TEST(h.stream.last_failure()->code() == errc::api_key_refused);
    BOOST_TEST(h.got.jobs.size() == 100u);
    std::size_t refused = 0, stopped = 0;
    for (const auto& [name, j] : h.got.jobs) {
        BOOST_TEST(j.ends == 1u);
        if (!j.failed) continue;
        (j.failed->code() == errc::api_key_refused ? refused : stopped)++;
        if (j.failed->code() == errc::harvest_stopped) BOOST_TEST(j.reason == end_reason::cancelled);
    }
    BOOST_TEST(refused >= 1u);
    BOOST_TEST(refused <= 2u);
    BOOST_TEST(stopped >= 96u);
    BOOST_TEST(h.requests() <= 6u);
    h.got.failed.reset();
    h.run();
    BOOST_TEST(h.got.failed->code() == errc::api_key_refused);  // again and again
}

BOOST_AUTO_TEST_CASE(a_refused_account_is_parked_and_the_others_go_on)
{
    auto s = [](std::size_t, const asked& r) {
        if (r.account == "a1" && r.cursor == "c1") return refusal(401, "disconnected_account");
        return plain_listing(r, 15, 10);
    };
    for (auto what : {harvest_options::parked_jobs::wait, harvest_options::parked_jobs::fail}) {
        auto options = quickly();
        options.when_parked = what;
        std::string reason;
        options.save_ledger = [&](std::string_view account, const account_ledger& l) {
            if (!l.parked) return;
            BOOST_TEST(account == "a1");
            reason = l.parked->reason;
        };
        scripted_harvest h(s, grid(3, 3), options);
        h.run();
        BOOST_TEST(h.got.over);
        BOOST_TEST(reason == "errors/disconnected_account");
        BOOST_TEST(h.stream.stats().parked == 1u);
        std::size_t requests_of_parked = 0;
        for (const auto& r : h.scripted.transport->requests) requests_of_parked += r.account == "a1";
        BOOST_TEST(requests_of_parked == 2u);
        for (const auto& [name, j] : h.got.jobs) {
            BOOST_TEST(j.ends == 1u);
            BOOST_TEST(j.ids.size() == (!name.starts_with("a1") ? 15u : name == "a1/0" ? 10u : 0u));
            BOOST_TEST(j.failed.has_value() == name.starts_with("a1"));
            if (j.failed) BOOST_TEST(j.failed->code() == errc::account_parked);
        }
        // What was delivered is behind the position.
        scripted_harvest rest(plain_listing(15, 10),
                              std::vector{harvest_job(query_of(1, "0"), h.got.at("a1/0").position)});
        BOOST_TEST(rest.run().at("a1/0").ids == numbers(10, 15), boost::test_tools::per_element());
    }
}

BOOST_AUTO_TEST_CASE(jobs_of_a_parked_account_do_not_block_the_way_for_ever)
{
    auto s = [](std::size_t, const asked& r) {
        return r.account == "a0" ? refusal(403, "account_restricted") : plain_listing(r, 15, 10);
    };
    for (std::size_t room : {1u, 2u, 7u, 20u}) {
        auto options = quickly();
        options.max_queued = room;
        scripted_harvest h(s, grid(2, 100), options);
        h.run();
        BOOST_TEST(h.got.over);
        BOOST_TEST(h.got.jobs.size() == 200u);
        for (const auto& [name, j] : h.got.jobs) {
            BOOST_TEST(j.ends == 1u);
            BOOST_TEST(j.ids.size() == (name.starts_with("a0") ? 0u : 15u));
        }
    }
}

BOOST_AUTO_TEST_CASE(an_unparked_account_goes_on_where_it_stood)
{
    bool works = false;
    harvest_stream* stream = nullptr;
    asio::io_context* context = nullptr;
    auto s = [&](std::size_t, const asked& r) {
        if (r.account == "a0" && r.cursor == "c1" && !works) return refusal(403, "action_required");
        return plain_listing(r, 25, 10);
    };
    auto options = quickly();
    options.save_ledger = [&](std::string_view account, const account_ledger& l) {
        if (!l.parked || works) return;
        works = true;
        asio::post(*context, [&, name = std::string(account)] {
            BOOST_TEST(!stream->unpark("nobody"));
            BOOST_TEST(stream->unpark(name));
        });
    };
    // While others run, a parked account is not given up.
    scripted_harvest h(s, grid(2, 2), options);
    stream = &h.stream;
    context = &h.context;
    check_complete(h.run(), 4, 25);
    BOOST_TEST(works);
    BOOST_TEST(h.requests() == 13u);
}

BOOST_AUTO_TEST_CASE(a_throttled_account_rests_and_loses_nothing)
{
    for (std::optional<std::string> retry_after : {std::optional<std::string>(), std::optional<std::string>("0")}) {
        for (const char* type : {"too_many_requests", "limit_exceeded", "provider_error"}) {
            std::map<std::string, int> throttled;
            auto s = [&](std::size_t, const asked& r) {
                if (r.account == "a0" && throttled[r.identifier + r.cursor]++ < 2)
                    return refusal(std::string_view(type) == "provider_error" ? 500 : 429, type, retry_after);
                return plain_listing(r, 25, 10);
            };
            auto options = quickly();
            options.whole_pages = true;
            double least = 1;
            options.save_ledger = [&](std::string_view account, const account_ledger& l) {
                if (account == "a0") least = std::min(least, l.pace);
                if (account == "a1") BOOST_TEST(l.pace == 1.0);
            };
            scripted_harvest h(s, grid(2, 2), options);
            check_complete(h.run(), 4, 25);
            BOOST_TEST(h.requests() == 12u + 12u);
            BOOST_TEST(least < 0.5);
        }
    }
}

BOOST_AUTO_TEST_CASE(an_account_that_is_throttled_for_ever_is_parked)
{
    auto s = [](std::size_t, const asked& r) {
        return r.account == "a0" ? refusal(429, "too_many_requests") : plain_listing(r, 5, 10);
    };
    auto options = quickly();
    options.pace->on_throttle.park_after = 3;
    scripted_harvest h(s, grid(2, 1), options);
    h.run();
    BOOST_TEST(h.got.over);
    BOOST_TEST(h.got.at("a0/0").failed->code() == errc::account_parked);
    BOOST_TEST(h.got.at("a1/0").ids.size() == 5u);
    BOOST_TEST(h.requests() == 4u);
}

BOOST_AUTO_TEST_CASE(requests_keep_to_the_windows_and_are_saved_before_they_go)
{
    auto options = quickly();
    options.pace->windows = {{2, 40ms}, {3, 100ms}};
    options.max_in_flight = 2;
    std::map<std::string, account_ledger> saved;
    std::map<std::string, std::set<wall_time>> times;
    options.save_ledger = [&](std::string_view account, const account_ledger& l) {
        saved[std::string(account)] = l;
        for (const auto& e : l.used) times[std::string(account)].insert(e.at);
    };
    auto s = [&](std::size_t, const asked& r) {
        BOOST_TEST(saved[r.account].requests > 0u);
        return plain_listing(r, 15, 10);
    };
    scripted_harvest h(s, grid(2, 4), options);
    check_complete(h.run(), 8, 15);
    for (const auto& [account, l] : saved) {
        BOOST_TEST(l.requests == 8u);
        std::vector<wall_time> sent;
        for (const auto& e : l.used) sent.insert(sent.end(), e.count, e.at);
        BOOST_TEST(sent.size() == 8u);
        BOOST_TEST(most_in(sent, 40ms) <= 2u);
        BOOST_TEST(most_in(sent, 100ms) <= 3u);
    }
}

BOOST_AUTO_TEST_CASE(a_restart_does_not_forget_what_was_used)
{
    auto options = quickly();
    options.pace = parse_pacing("3/day");
    std::string text;
    options.save_ledger = [&](std::string_view, const account_ledger& l) { text = l.to_text(); };
    options.load_ledger = [&](std::string_view account) {
        BOOST_TEST(account == "a0");
        return text.empty() ? std::nullopt : account_ledger::from_text(text);
    };
    std::size_t requests = 0;
    for (int run = 0; run < 3; ++run) {
        scripted_harvest h(plain_listing(15, 10), grid(1, 5), options);
        asio::co_spawn(h.context, gather(h.stream, h.got), [](std::exception_ptr) {});
        // Until there is nothing to do but wait for tomorrow.
        while (h.context.poll() > 0) {
        }
        requests += h.requests();
        BOOST_TEST(requests == 3u);
        std::size_t visited = 0;
        h.stream.accounts([&](const account_status& a) {
            ++visited;
            BOOST_TEST(a.account == "a0");
            BOOST_TEST(a.left_today == 0u);
            BOOST_TEST(a.running == 0u);
            BOOST_TEST(a.ledger.requests == 3u);
            BOOST_TEST(a.next_request > h.time->wall() + 23h);
        });
        BOOST_TEST(visited == 1u);
        BOOST_TEST(h.stream.account("a0", [](const account_status&) {}));
        BOOST_TEST(!h.stream.account("a1", [](const account_status&) {}));
    }
}

BOOST_AUTO_TEST_CASE(a_gap_begins_where_the_end_of_a_request_is_unknown)
{
    for (const std::uint32_t in_flight : {0u, 1u}) {
        auto options = quickly();
        options.pace = parse_pacing("10/day, gap 10m");
        options.load_ledger = [&](std::string_view) {
            account_ledger l;
            l.in_flight = in_flight;
            return std::optional(l);
        };
        scripted_harvest h(plain_listing(5, 10), grid(1, 1), options);
        asio::co_spawn(h.context, gather(h.stream, h.got), [](std::exception_ptr) {});
        while (h.context.poll() > 0) {
        }
        BOOST_TEST(h.requests() == 1u - in_flight);
        if (in_flight == 0) continue;
        h.stream.account("a0", [&](const account_status& a) {
            BOOST_TEST(a.left_today == 9u);
            BOOST_TEST((a.next_request == h.time->wall() + 10min));
        });
    }
}

BOOST_AUTO_TEST_CASE(the_provider_is_learned_and_its_rules_hold)
{
    harvest_options options;
    options.seed = 1;
    scripted_harvest h(plain_listing(5, 10), grid(1, 2), options);
    asio::co_spawn(h.context, gather(h.stream, h.got), [](std::exception_ptr) {});
    while (h.context.poll() > 0) {
    }
    // The second request has to wait, as people would.
    BOOST_TEST(h.requests() == 1u);
    BOOST_TEST(h.stream.account("a0", [](const account_status& a) {
        BOOST_TEST(a.ledger.provider == "LINKEDIN");
        BOOST_TEST(a.rules == pacing::recommended("LINKEDIN"));
    }));

    auto own = quickly();
    own.pace_of = [](std::string_view account) {
        return account == "a1" ? std::optional(parse_pacing("1/day")) : std::nullopt;
    };
    scripted_harvest two(plain_listing(5, 10), grid(2, 3), own);
    asio::co_spawn(two.context, gather(two.stream, two.got), [](std::exception_ptr) {});
    while (two.context.poll() > 0) {
    }
    BOOST_TEST(two.requests() == 4u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
