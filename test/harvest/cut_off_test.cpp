// Harvests whose server can't be reached for a while, or ever.
#include "harvest/gathering.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/test/unit_test.hpp>

#include <exception>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace asio = boost::asio;
using namespace unipile;
using namespace unipile::test;
using namespace std::chrono_literals;

namespace {

/// Six jobs through three accounts, 18 requests in all, of which some never leave. Ledgers are committed before and
/// after each request.
struct cut_off {
    using fate = std::function<std::optional<errc>(std::size_t request)>;

    explicit cut_off(fate f, harvest_options o = quickly())
        : harvest(
              [f = std::move(f), this](std::size_t n, const asked& r) {
                  answer a = plain_listing(r, 25, 10);
                  a.not_sent = f(n);
                  if (!a.not_sent) ++answered;
                  return a;
              },
              row(), options(std::move(o)))
    {}

    static std::vector<posts_query> row()
    {
        std::vector<posts_query> jobs;
        for (std::size_t i = 0; i < 6; ++i) jobs.push_back(query_of(i % 3, std::to_string(i)));
        return jobs;
    }
    harvest_options options(harvest_options o)
    {
        o.pace->windows = {{1'000, 24h}};
        o.pace->gap = {1ms, 1ms};
        o.admit = [this](std::string_view account, const account_ledger& l, harvest_options::admission go) {
            saved[std::string(account)] = l;
            std::move(go)({});
        };
        o.save_ledger = [this](std::string_view account, const account_ledger& l) { saved[std::string(account)] = l; };
        return o;
    }
    /// Up to the first moment at which the server is out of reach and nobody is looking.
    void run_into_the_outage()
    {
        asio::co_spawn(harvest.context, gather(harvest.stream, harvest.got), [](std::exception_ptr e) {
            if (e) std::rethrow_exception(e);
        });
        while (!harvest.stream.outage() || harvest.stream.stats().running > 0)
            BOOST_REQUIRE(harvest.context.run_one() > 0);
    }
    void run_on()
    {
        harvest.context.restart();
        harvest.context.run();
    }
    void check_all_there()
    {
        BOOST_TEST(harvest.got.over);
        BOOST_TEST(harvest.got.jobs.size() == 6u);
        for (const auto& [name, j] : harvest.got.jobs) {
            BOOST_TEST(j.ids == numbers(0, 25), boost::test_tools::per_element());
            BOOST_TEST(j.reason == end_reason::null_cursor);
            BOOST_TEST(j.ends == 1u);
        }
        BOOST_TEST(harvest.stream.stats().listings.requests == 18u);
        BOOST_TEST(harvest.stream.stats().listings.retries == 0u);
        check_ledgers(18);
    }
    void check_ledgers(std::uint64_t requests)
    {
        std::uint64_t counted = 0;
        for (const auto& [name, l] : saved) {
            BOOST_TEST(l.in_flight == 0u);
            BOOST_TEST(l.used_after({}) == l.requests);
            counted += l.requests;
        }
        BOOST_TEST(counted == requests);
        BOOST_TEST(answered == requests);
    }
    void check_ended(errc code, const std::string& note)
    {
        BOOST_REQUIRE(harvest.got.failed);
        BOOST_TEST((harvest.got.failed->code() == code));
        BOOST_TEST(harvest.got.failed->all().note.find(note) != std::string::npos, harvest.got.failed->all().note);
        for (const auto& [name, j] : harvest.got.jobs) {
            BOOST_TEST(j.ends == 1u);
            if (j.reason == end_reason::null_cursor) continue;
            BOOST_TEST(j.reason == end_reason::cancelled);
            BOOST_TEST((j.failed->code() == errc::harvest_stopped));
        }
        check_ledgers(answered);
    }

    std::map<std::string, account_ledger> saved;
    std::size_t answered = 0;
    scripted_harvest harvest;
};

cut_off::fate between(std::size_t first, std::size_t last, errc code = errc::connect_failed)
{
    return [=](std::size_t n) { return n >= first && n < last ? std::optional(code) : std::nullopt; };
}

BOOST_AUTO_TEST_SUITE(harvest_cut_off)

/// Wherever it begins, and however many requests it takes: the first of them may be all that there are.
BOOST_AUTO_TEST_CASE(an_outage_costs_nothing_wherever_it_begins)
{
    for (const std::size_t first : {1u, 7u, 14u}) {
        for (const std::size_t lost : {1u, 3u, 4u}) {
            cut_off c(between(first, first + lost));
            c.harvest.run();
            c.check_all_there();
        }
    }
}

BOOST_AUTO_TEST_CASE(it_tells_what_is_wrong_and_when_it_looks_again)
{
    bool out_of_reach = true;
    cut_off c(
        [&](std::size_t n) { return n >= 6 && out_of_reach ? std::optional(errc::resolve_failed) : std::nullopt; });
    BOOST_TEST(!c.harvest.stream.outage());
    c.run_into_the_outage();
    const auto told = c.harvest.stream.outage();
    BOOST_REQUIRE(told);
    BOOST_TEST((told->next_attempt > told->since));
    BOOST_TEST((told->next_attempt <= told->since + 1s));
    BOOST_TEST((told->why.code() == errc::resolve_failed));
    c.check_ledgers(6);
    BOOST_TEST(c.harvest.stream.stats().queued > 0u);
    BOOST_TEST(c.harvest.stream.stats().failed == 0u);
    out_of_reach = false;
    c.run_on();
    BOOST_TEST(!c.harvest.stream.outage());
    c.check_all_there();
}

BOOST_AUTO_TEST_CASE(a_server_that_is_never_reached_ends_it_soon)
{
    cut_off c(between(0, 1'000, errc::handshake_timeout));
    c.harvest.run();
    c.check_ended(errc::handshake_timeout, "no request was ever answered");
    BOOST_TEST(c.harvest.got.jobs.size() == 6u);
    BOOST_TEST(c.harvest.requests() <= 12u);
    for (const auto& [name, l] : c.saved) BOOST_TEST(!l.first_used);
}

BOOST_AUTO_TEST_CASE(patience_has_an_end)
{
    auto options = quickly();
    options.outage_patience = 1ms;
    for (const std::size_t first : {1u, 7u, 14u}) {
        cut_off c(between(first, 1'000, errc::proxy_failed), options);
        c.harvest.run();
        c.check_ended(errc::proxy_failed, "out of reach for ");
        BOOST_TEST(c.answered == first);
    }
}

BOOST_AUTO_TEST_CASE(what_others_have_heard_counts)
{
    auto options = quickly();
    options.outage_patience = 1ms;
    options.was_reached = [] { return true; };
    cut_off c(between(0, 1'000), options);
    c.harvest.run();
    c.check_ended(errc::connect_failed, "out of reach for ");
}

BOOST_AUTO_TEST_CASE(whom_nobody_trusts_is_not_waited_for)
{
    for (const errc code : {errc::certificate_rejected, errc::client_certificate_required}) {
        for (const std::size_t first : {0u, 7u}) {
            cut_off c(between(first, 1'000, code));
            c.harvest.run();
            BOOST_REQUIRE(c.harvest.got.failed);
            BOOST_TEST((c.harvest.got.failed->code() == code));
            BOOST_TEST(!c.harvest.stream.outage());
            c.check_ledgers(first);
        }
    }
}

BOOST_AUTO_TEST_CASE(stopped_or_destroyed_while_it_waits)
{
    for (int way = 0; way < 3; ++way) {
        cut_off c(between(6, 1'000));
        c.run_into_the_outage();
        if (way == 0) c.harvest.stream.stop();
        if (way == 1) c.harvest.stream.cancel();
        if (way == 2) {
            const auto gone = std::move(c.harvest.stream);
        }
        c.run_on();
        c.check_ledgers(6);
        if (way == 2) continue;
        BOOST_TEST(c.harvest.got.over);
        BOOST_TEST(c.harvest.got.jobs.size() == 6u);
        for (const auto& [name, j] : c.harvest.got.jobs) BOOST_TEST(j.ends == 1u);
    }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
