// Servers that don't work for a night, lists and addresses that are wrong: what that costs, and what is left
// afterwards.
#include "harvest/gathering.hpp"
#include "support/printing.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <map>
#include <set>
#include <string>
#include <vector>

using namespace unipile;
using namespace unipile::test;
using namespace std::chrono_literals;

namespace {

struct trouble {
    const char* name;
    answer what;
    bool gateway;
};

std::vector<trouble> troubles()
{
    answer redirect;
    redirect.status = 302;
    return {{"503", refusal(503, "service_unavailable"), false},
            {"500", refusal(500, "unexpected_error"), false},
            {"no session", refusal(503, "no_client_session"), false},
            {"nginx", {.status = 404, .body = "<html><title>404 Not Found</title></html>"}, true},
            {"forbidden", {.status = 403, .body = "<html>Access denied</html>"}, true},
            {"proxy", {.status = 407, .body = "<html>Who are you?</html>"}, true},
            {"nothing", {.status = 204}, true},
            {"moved", redirect, true},
            {"portal", {.body = "<!doctype html><title>Sign in</title>"}, true},
            {"other JSON", {.body = R"({"hello":"world"})"}, true},
            {"bad gateway", {.status = 502, .body = "<html>Bad gateway</html>"}, true}};
}

/// What each account has sent while there was trouble.
struct counted {
    std::map<std::string, std::size_t> by_account;
    std::size_t all = 0, most = 0;
    void add(const std::string& account)
    {
        ++all;
        most = std::max(most, ++by_account[account]);
    }
};

/// Works until the 30th request and again after `length`.
script night(const trouble& t, std::chrono::milliseconds length, scripted_harvest*& h, counted& during)
{
    return [&t, length, &h, &during](std::size_t n, const asked& r) {
        if (n < 30 || h->time->passed() > length) return plain_listing(r, 25, 10);
        during.add(r.account);
        return t.what;
    };
}

harvest_options patient(std::chrono::milliseconds patience)
{
    auto o = quickly();
    o.outage_patience = patience;
    o.pace->windows = {{2'000, 24h}};
    return o;
}

/// Not a job failed, not an account is parked; those that have not come to their end can go on.
void check_spared(const scripted_harvest& h)
{
    BOOST_TEST(h.stream.stats().parked == 0u);
    for (const auto& [name, j] : h.got.jobs) {
        BOOST_TEST(j.ends == 1u);
        BOOST_TEST((j.reason == end_reason::null_cursor || j.reason == end_reason::cancelled));
        if (j.failed) BOOST_TEST(j.failed->code() == make_error_code(errc::harvest_stopped));
    }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(nights)

BOOST_AUTO_TEST_CASE(cost_a_handful_of_requests_and_no_job)
{
    for (const auto& t : troubles())
        for (const std::size_t accounts : {1u, 3u, 40u}) BOOST_TEST_CONTEXT(t.name << ", " << accounts << " accounts")
            {
                counted during;
                scripted_harvest* self = nullptr;
                scripted_harvest h(night(t, 8h, self, during), row(200, accounts), patient(0ms));
                self = &h;
                h.run();
                BOOST_TEST(h.got.over);
                BOOST_TEST(!h.got.failed);
                check_spared(h);
                BOOST_TEST(h.stream.stats().completed == 200u);
                BOOST_TEST(during.all > 8u);
                BOOST_TEST(during.all < 50u);
                if (accounts == 40) BOOST_TEST(during.most <= 2u);
            }
}

BOOST_AUTO_TEST_CASE(end_with_what_was_seen_when_patience_ends)
{
    for (const auto& t : troubles()) BOOST_TEST_CONTEXT(t.name)
        {
            counted during;
            scripted_harvest* self = nullptr;
            scripted_harvest h(night(t, 8h, self, during), row(200, 10), patient(15min));
            self = &h;
            h.run();
            BOOST_REQUIRE(h.got.failed);
            BOOST_TEST(h.got.failed->code() == make_error_code(errc::server_unavailable));
            BOOST_TEST(h.got.failed->may_pass());
            const std::string words = h.got.failed->what();
            if (t.what.status != 200 && t.what.status != 302)
                BOOST_TEST(words.find(std::to_string(t.what.status)) != std::string::npos, words);
            BOOST_TEST(words.find("no usable answer for 900 s") != std::string::npos, words);
            BOOST_TEST(h.stream.stats().ended_by_outage);
            BOOST_TEST(h.stream.stats().failed > 0u);  // not started, or in the middle
            check_spared(h);
            BOOST_TEST(during.all < 40u);
        }
}

BOOST_AUTO_TEST_CASE(a_gateway_on_the_first_call_is_a_wrong_address)
{
    for (const auto& t : troubles()) {
        if (!t.gateway) continue;
        BOOST_TEST_CONTEXT(t.name)
        {
            scripted_harvest h([&](std::size_t, const asked&) { return t.what; }, row(200, 10), patient(15min));
            h.run();
            BOOST_REQUIRE(h.got.failed);
            // A gateway that says that what is behind it doesn't work may be right: but not for long.
            if (t.what.status >= 500)
                BOOST_TEST(h.got.failed->code() == make_error_code(errc::server_unavailable));
            else if (t.what.status == 200 || t.what.status == 302)
                BOOST_TEST(h.got.failed->code() != make_error_code(errc::api_key_refused));
            else
                BOOST_TEST(h.got.failed->code() == make_error_code(errc::not_from_api));
            if (t.what.status != 200 && t.what.status != 302)
                BOOST_TEST(std::string(h.got.failed->what()).find("base URL") != std::string::npos);
            BOOST_TEST(h.time->passed() < 10s);
            BOOST_TEST(h.requests() < 20u);
            BOOST_TEST(h.got.jobs.size() == 200u);
            check_spared(h);
        }
    }
}

BOOST_AUTO_TEST_CASE(one_identifier_that_never_works_fails_alone)
{
    for (const auto& t : troubles()) BOOST_TEST_CONTEXT(t.name)
        {
            std::size_t asked_for = 0;
            const auto s = [&](std::size_t n, const asked& r) {
                if (n == 0 || r.identifier != "7") return plain_listing(r, 25, 10);
                ++asked_for;
                return t.what;
            };
            scripted_harvest h(s, row(40, 4), patient(15min));
            h.run();
            BOOST_TEST(h.got.over);
            BOOST_TEST(!h.got.failed);
            BOOST_TEST(h.stream.stats().completed == 39u);
            BOOST_TEST(h.got.at("a3/7").reason == end_reason::failed);
            BOOST_TEST(h.got.at("a3/7").failed->may_pass());
            BOOST_TEST(asked_for <= 10u);
        }
}

BOOST_AUTO_TEST_CASE(the_last_job_spends_no_more_than_its_attempts)
{
    std::size_t asked_for = 0;
    const auto s = [&](std::size_t n, const asked& r) {
        if (n == 0) return plain_listing(r, 25, 10);
        return ++asked_for, refusal(500, "unexpected_error");
    };
    scripted_harvest h(s, row(1, 1), patient(15min));
    h.run();
    BOOST_TEST(h.got.over);
    BOOST_TEST(asked_for == 4u);
    BOOST_TEST(h.got.at("a0/0").failed->code() == make_error_code(errc::api_unavailable));
    BOOST_TEST(h.got.at("a0/0").failed->may_pass());
}

BOOST_AUTO_TEST_CASE(a_wait_that_the_server_asks_for_is_kept)
{
    auto busy = refusal(503, "service_unavailable", "600");
    std::vector<std::chrono::milliseconds> times;
    scripted_harvest* self = nullptr;
    const auto s = [&](std::size_t n, const asked& r) {
        if (n < 5 || self->time->passed() > 35min) return plain_listing(r, 25, 10);
        times.push_back(self->time->passed());
        return busy;
    };
    scripted_harvest h(s, row(20, 1), patient(0ms));
    self = &h;
    h.run();
    BOOST_TEST(h.stream.stats().completed == 20u);
    BOOST_TEST(times.size() <= 5u);
    for (std::size_t i = 1; i < times.size(); ++i) BOOST_TEST(times[i] - times[i - 1] >= 10min);
}

BOOST_AUTO_TEST_CASE(accounts_that_the_api_does_not_know_are_a_wrong_address)
{
    for (const std::size_t accounts : {1u, 2u, 3u, 50u})
        for (const bool fail : {false, true}) BOOST_TEST_CONTEXT(accounts << ' ' << fail)
            {
                auto o = patient(15min);
                o.max_connections = 1;
                if (fail) o.when_parked = harvest_options::parked_jobs::fail;
                std::size_t parked = 0;
                o.save_ledger = [&](std::string_view, const account_ledger& l) { parked += l.parked.has_value(); };
                scripted_harvest h([](std::size_t, const asked&) { return refusal(422, "invalid_account"); },
                                   row(accounts * 4, accounts), o);
                h.run();
                BOOST_REQUIRE(h.got.failed);
                BOOST_TEST(h.got.failed->code() == make_error_code(errc::accounts_unknown));
                BOOST_TEST(h.requests() == std::min<std::size_t>(accounts, 3));
                BOOST_TEST(parked == 0u);
                BOOST_TEST(h.got.jobs.size() == 4 * accounts);
                check_spared(h);
            }
}

BOOST_AUTO_TEST_CASE(one_account_that_it_does_not_know_is_parked)
{
    for (std::size_t unknown = 0; unknown < 4; ++unknown)
        for (const auto& other : {plain_listing({}, 5, 10), refusal(401, "disconnected_account"),
                                  refusal(404, "resource_not_found"), refusal(429, "too_many_requests")}) {
            auto o = patient(15min);
            o.max_connections = 1;
            std::map<std::string, account_ledger> saved;
            o.save_ledger = [&](std::string_view a, const account_ledger& l) { saved[std::string(a)] = l; };
            const auto s = [&](std::size_t n, const asked& r) {
                if (r.account == "a" + std::to_string(unknown)) return refusal(422, "invalid_account");
                return n < 8 ? other : plain_listing({}, 5, 10);
            };
            scripted_harvest h(s, row(12, 4), o);
            h.run();
            BOOST_TEST(h.got.over);
            BOOST_TEST(!h.got.failed);
            BOOST_TEST(saved["a" + std::to_string(unknown)].parked.has_value());
            BOOST_TEST(saved["a" + std::to_string(unknown)].parked->reason == "errors/invalid_account");
        }
}

BOOST_AUTO_TEST_CASE(the_same_refusal_again_and_again_is_a_wrong_list)
{
    const auto refused = [](std::size_t, const asked&) { return refusal(422, "invalid_recipient"); };
    for (const unsigned most : {20u, 5u, 0u}) {
        auto o = patient(15min);
        o.max_connections = 1;
        if (most != 20) o.max_refusals = most;
        scripted_harvest h(refused, row(30, 3), o);
        h.run();
        BOOST_TEST(h.requests() == (most ? most : 30u));
        BOOST_TEST(h.got.jobs.size() == 30u);
        BOOST_TEST(bool(h.got.failed) == (most > 0));
        if (!h.got.failed) continue;
        BOOST_TEST(h.got.failed->code() == make_error_code(errc::identifiers_refused));
        BOOST_TEST(std::string(h.got.failed->what()).find("errors/invalid_recipient") != std::string::npos);
    }
    // Not where it is a mixed lot, or anything has worked.
    const auto mixed = [](std::size_t n, const asked&) {
        return n % 2 ? refusal(422, "invalid_recipient") : refusal(404, "resource_not_found");
    };
    scripted_harvest two(mixed, row(30, 3), patient(15min));
    BOOST_TEST(!two.run().failed);
    const auto late = [&](std::size_t n, const asked& r) { return n == 3 ? plain_listing({}, 0, 10) : refused(n, r); };
    scripted_harvest three(late, row(30, 3), patient(15min));
    BOOST_TEST(!three.run().failed);
}

BOOST_AUTO_TEST_SUITE_END()
