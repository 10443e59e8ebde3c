// Rules of accounts that change during a harvest.
#include "harvest/gathering.hpp"
#include "splitmix.hpp"
#include "support/printing.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

using namespace unipile;
using namespace unipile::test;
using namespace std::chrono_literals;

namespace {

std::optional<pacing> rules(std::string_view text) { return parse_pacing(text); }

pacing rules_of(const harvest_stream& stream, std::string_view account)
{
    pacing found;
    BOOST_TEST(stream.account(account, [&found](const account_status& a) { found = a.rules; }));
    return found;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(harvest_paces)

BOOST_AUTO_TEST_CASE(an_account_that_waits_goes_on_at_once_with_faster_rules)
{
    for (const char* slow : {"1/day", "gap 1d"}) {
        auto options = quickly();
        options.pace = parse_pacing(slow);
        std::optional<account_ledger> saved;
        options.save_ledger = [&](std::string_view, const account_ledger& l) { saved = l; };
        scripted_harvest h(plain_listing(5, 10), grid(1, 4), options);
        h.begin();
        h.poll();
        BOOST_TEST(h.requests() == 1u);
        BOOST_TEST(h.stream.set_pace("a0", rules("3/day")));
        if (options.pace->gap.least > 0s) BOOST_TEST((saved->next_request <= h.time->wall()));
        h.poll();
        BOOST_TEST(h.requests() == 3u, slow);  // the first one counts
        BOOST_TEST(h.stream.set_pace("a0", pacing::none()));
        h.poll();
        BOOST_TEST(h.requests() == 4u);
        BOOST_TEST(h.time->passed() == 0ms);
        BOOST_TEST(h.got.over);
    }
}

BOOST_AUTO_TEST_CASE(slower_rules_hold_from_the_next_request_on)
{
    scripted_harvest h(plain_listing(5, 10), grid(2, 100));
    h.begin();
    while (h.requests() < 20) h.context.run_one();
    BOOST_TEST(h.stream.set_pace("a0", rules("1/day")));
    const auto before = h.scripted.transport->requests.size();
    h.poll();
    std::size_t later = 0;
    for (std::size_t i = before; i < h.requests(); ++i) later += h.scripted.transport->requests[i].account == "a0";
    BOOST_TEST(later <= 1u);  // the request under way
    BOOST_TEST(rules_of(h.stream, "a0") == *rules("1/day"));
    BOOST_TEST(rules_of(h.stream, "a1") == quick());
}

BOOST_AUTO_TEST_CASE(rules_are_kept_for_an_account_that_comes_later)
{
    scripted_harvest h(plain_listing(5, 10), grid(2, 4));
    BOOST_TEST(!h.stream.set_pace("a1", rules("2/day")));
    BOOST_TEST(!h.stream.set_pace("nobody", rules("2/day")));
    h.begin();
    h.poll();
    BOOST_TEST(h.requests() == 6u);
    BOOST_TEST(rules_of(h.stream, "a1") == *rules("2/day"));
}

BOOST_AUTO_TEST_CASE(the_rules_of_the_options_return)
{
    auto options = quickly();
    options.pace_of = [](std::string_view account) { return account == "a0" ? rules("2/day") : std::nullopt; };
    scripted_harvest h(plain_listing(5, 10), grid(1, 4), options);
    h.begin();
    h.stream.set_pace("a0", rules("1/day"));
    h.poll();
    BOOST_TEST(h.requests() == 1u);
    BOOST_TEST(h.stream.set_pace("a0", std::nullopt));
    h.poll();
    BOOST_TEST(h.requests() == 2u);
    BOOST_TEST(rules_of(h.stream, "a0") == *rules("2/day"));
}

BOOST_AUTO_TEST_CASE(set_rules_outlast_the_provider_that_becomes_known)
{
    harvest_options options;
    options.seed = 1;
    scripted_harvest h(plain_listing(5, 10), grid(1, 4), options);
    h.stream.set_pace("a0", rules("3/day"));
    h.begin();
    h.poll();
    BOOST_TEST(h.requests() == 3u);
    BOOST_TEST(rules_of(h.stream, "a0") == *rules("3/day"));
    h.stream.set_pace("a0", std::nullopt);
    BOOST_TEST(rules_of(h.stream, "a0") == pacing::recommended("LINKEDIN"));
}

BOOST_AUTO_TEST_CASE(rules_that_cannot_work_change_nothing)
{
    scripted_harvest h(plain_listing(5, 10), grid(1, 2));
    pacing wrong;
    wrong.windows = {{0, 1h}};
    BOOST_CHECK_THROW(h.stream.set_pace("a0", wrong), std::invalid_argument);
    h.run();
    BOOST_TEST(h.got.over);
    BOOST_TEST(!h.got.failed);
}

// Whenever rules are set, requests from then on keep to them, counting those before.
BOOST_AUTO_TEST_CASE(no_window_of_the_rules_in_force_is_exceeded)
{
    static constexpr std::array<std::string_view, 6> all{
        "5/hour", "3/hour, 20/day", "1/10m", "none", "10/hour, gap 1m-5m", "30/day, spread, hours 08:00-20:00"};
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        random_source random(seed);
        pacing now = parse_pacing(all[random.below(all.size())]);
        std::vector<wall_time> sent;
        auto options = quickly();
        options.pace = now;
        options.seed = seed;
        options.admit_all = true;
        scripted_harvest* world = nullptr;
        options.admit = [&](const harvest_job&, const account_ledger&, harvest_options::admission go) {
            sent.push_back(world->time->wall());
            for (const rate_window& w : now.windows) {
                const auto from = std::upper_bound(sent.begin(), sent.end(), sent.back() - w.length);
                BOOST_TEST(static_cast<std::size_t>(sent.end() - from) <= w.limit, "seed " << seed);
            }
            go({});
        };
        scripted_harvest h(plain_listing(5, 10), grid(1, 150), options);
        world = &h;
        h.begin();
        for (h.poll(); !h.got.over; h.poll()) {
            if (random.below(4) == 0) {
                now = parse_pacing(all[random.below(all.size())]);
                h.stream.set_pace("a0", now);
                continue;
            }
            BOOST_REQUIRE(h.time->is_waited_for());
            h.time->advance();
        }
        BOOST_TEST(sent.size() == 150u);
    }
}

BOOST_AUTO_TEST_SUITE_END()
