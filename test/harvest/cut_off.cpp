// Harvests whose server can't be reached for a while, or ever, or answers nobody.
#include "harvest/gathering.hpp"
#include "support/printing.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/test/unit_test.hpp>

#include <exception>
#include <map>
#include <optional>
#include <string>
#include <vector>

using namespace unipile;
using namespace unipile::test;
using namespace std::chrono_literals;

namespace {

/// Six jobs through three accounts, 18 requests in all, of which some never leave, or leave so many times and get no
/// byte of an answer. Ledgers are committed before and after each request.
struct cut_off {
    using fate = std::function<std::optional<errc>(std::size_t request)>;

    explicit cut_off(fate f, harvest_options o = quickly(), unsigned times_sent = 0,
                     client_options client = impatient())
        : harvest(
              [f = std::move(f), times_sent, this](std::size_t n, const asked& r) {
                  answer a = plain_listing(r, 25, 10);
                  const auto code = f(n);
                  if (!code) {
                      ++answered;
                  } else if (times_sent == 0) {
                      a.not_sent = code;
                  } else {
                      a.no_answer = true;
                      a.silence = *code;
                      a.times_sent = times_sent;
                      unanswered += times_sent;
                  }
                  return a;
              },
              row(6), options(std::move(o)), std::move(client))
    {}

    harvest_options options(harvest_options o)
    {
        o.pace->windows = {{1'000, 24h}};
        o.pace->gap = {1ms, 1ms};
        o.admit = [this](const harvest_job& job, const account_ledger& l, harvest_options::admission go) {
            saved[job.query.account_id] = l;
            std::move(go)({});
        };
        o.save_ledger = [this](std::string_view account, const account_ledger& l) { saved[std::string(account)] = l; };
        return o;
    }
    /// Up to the first moment at which the server is out of reach and nobody is looking.
    void run_into_the_outage()
    {
        harvest.begin();
        const auto there = [&] { return harvest.stream.outage() && harvest.stream.stats().running == 0; };
        for (;;) {
            while (!there() && harvest.context.poll_one() > 0) {
            }
            if (there()) return;
            BOOST_REQUIRE(harvest.time->is_waited_for());
            harvest.time->advance();
        }
    }
    void run_on() { harvest.run_all(); }
    void check_all_there()
    {
        BOOST_TEST(harvest.got.over);
        BOOST_TEST(harvest.got.jobs.size() == 6u);
        for (const auto& [name, j] : harvest.got.jobs) {
            BOOST_TEST(j.ids == numbers(0, 25), boost::test_tools::per_element());
            BOOST_TEST(j.reason == end_reason::null_cursor);
            BOOST_TEST(j.ends == 1u);
        }
        BOOST_TEST(harvest.stream.stats().listings.requests == 18u + unanswered);
        if (unanswered == 0) BOOST_TEST(harvest.stream.stats().listings.retries == 0u);
        check_ledgers(18);
    }
    /// So many were answered, and what else the server may have seen is counted too.
    void check_ledgers(std::uint64_t requests)
    {
        std::uint64_t counted = 0;
        for (const auto& [name, l] : saved) {
            BOOST_TEST(l.in_flight == 0u);
            BOOST_TEST(l.used_after({}) == l.requests);
            counted += l.requests;
        }
        BOOST_TEST(counted == requests + unanswered);
        BOOST_TEST(answered == requests);
    }
    void check_ended(errc code, const std::string& note)
    {
        BOOST_REQUIRE(harvest.got.failed);
        BOOST_TEST(harvest.got.failed->code() == code);
        BOOST_TEST(harvest.got.failed->all().note.find(note) != std::string::npos, harvest.got.failed->all().note);
        for (const auto& [name, j] : harvest.got.jobs) {
            BOOST_TEST(j.ends == 1u);
            if (j.reason == end_reason::null_cursor) continue;
            BOOST_TEST(j.reason == end_reason::cancelled);
            BOOST_TEST(j.failed->code() == errc::harvest_stopped);
        }
        check_ledgers(answered);
    }

    std::map<std::string, account_ledger> saved;
    std::size_t answered = 0, unanswered = 0;
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
    BOOST_TEST(told->next_attempt > told->since);
    BOOST_TEST(told->next_attempt <= told->since + 1s);
    BOOST_TEST(told->why.code() == errc::resolve_failed);
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
        c.check_ended(errc::proxy_failed, "no answer for ");
        BOOST_TEST(c.answered == first);
    }
}

BOOST_AUTO_TEST_CASE(whom_nobody_trusts_is_not_waited_for)
{
    for (const errc code : {errc::certificate_rejected, errc::client_certificate_required}) {
        for (const std::size_t first : {0u, 7u}) {
            cut_off c(between(first, 1'000, code));
            c.harvest.run();
            BOOST_REQUIRE(c.harvest.got.failed);
            BOOST_TEST(c.harvest.got.failed->code() == code);
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

// What leaves and is left without an answer.

/// Not even a listing that may be tried again only once, and with all its requests in the accounts' books. An answer
/// that is still arriving when it begins makes one attempt count.
BOOST_AUTO_TEST_CASE(silence_fails_no_job_wherever_it_begins)
{
    auto client = impatient();
    client.retry.max_attempts = 2;
    for (const unsigned times : {1u, 2u}) {
        for (const std::size_t first : {0u, 6u, 12u}) {
            for (std::size_t probes : {0u, 1u}) {  // that fail
                const cut_off* running = nullptr;
                bool over = false;
                const auto until_it_was_looked_at = [&](std::size_t n) -> std::optional<errc> {
                    if (running->harvest.stream.outage() && probes-- == 0) over = true;
                    return n >= first && !over ? std::optional(errc::first_byte_timeout) : std::nullopt;
                };
                cut_off c(until_it_was_looked_at, quickly(), times, client);
                running = &c;
                c.harvest.run();
                BOOST_TEST(over);
                c.check_all_there();
                BOOST_TEST(c.unanswered >= 3u * times);
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(silence_is_told_and_ends_with_the_first_answer)
{
    bool silent = true;
    cut_off c([&](std::size_t n) { return n >= 6 && silent ? std::optional(errc::connection_lost) : std::nullopt; },
              quickly(), 1);
    c.run_into_the_outage();
    BOOST_TEST(c.harvest.stream.outage()->why.code() == errc::connection_lost);
    BOOST_TEST(c.unanswered >= 3u);  // more, if an answer was still arriving
    c.check_ledgers(6);
    BOOST_TEST(c.harvest.stream.stats().failed == 0u);
    silent = false;
    c.run_on();
    BOOST_TEST(!c.harvest.stream.outage());
    c.check_all_there();
}

BOOST_AUTO_TEST_CASE(a_server_that_never_answers_ends_it_soon)
{
    cut_off c(between(0, 1'000, errc::connection_lost), quickly(), 1);
    c.harvest.run();
    c.check_ended(errc::connection_lost, "no request was ever answered");
    BOOST_TEST(c.harvest.got.jobs.size() == 6u);
    BOOST_TEST(c.harvest.requests() <= 12u);
}

BOOST_AUTO_TEST_CASE(patience_with_silence_has_an_end)
{
    auto options = quickly();
    options.outage_patience = 1ms;
    for (const std::size_t first : {1u, 7u, 14u}) {
        cut_off c(between(first, 1'000, errc::first_byte_timeout), options, 1);
        c.harvest.run();
        c.check_ended(errc::first_byte_timeout, "no answer for ");
        BOOST_TEST(c.answered == first);
    }
}

BOOST_AUTO_TEST_CASE(stopped_or_cancelled_in_silence)
{
    for (const bool at_once : {false, true}) {
        cut_off c(between(6, 1'000, errc::connection_lost), quickly(), 1);
        c.run_into_the_outage();
        at_once ? c.harvest.stream.cancel() : c.harvest.stream.stop();
        c.run_on();
        c.check_ledgers(6);
        BOOST_TEST(c.harvest.got.over);
        for (const auto& [name, j] : c.harvest.got.jobs) BOOST_TEST(j.ends == 1u);
    }
}

/// Through so many accounts, with one identifier for which the server has no answer: it fails, and nothing else does.
BOOST_AUTO_TEST_CASE(one_identifier_without_an_answer_is_no_outage)
{
    auto client = impatient();
    client.retry.max_attempts = 3;
    for (const std::size_t accounts : {1u, 2u, 9u}) {
        std::vector<posts_query> jobs;
        jobs.reserve(18);
        for (std::size_t i = 0; i < 18; ++i) jobs.push_back(query_of(i % accounts, std::to_string(i)));
        std::size_t unanswered = 0;
        const auto answer_all_but_one = [&](std::size_t, const asked& r) {
            answer a = plain_listing(r, 45, 10);
            if (r.identifier == "0" && !r.cursor.empty()) {
                ++unanswered;
                a.no_answer = true;
                a.silence = errc::first_byte_timeout;
            }
            return a;
        };
        scripted_harvest h(answer_all_but_one, jobs, quickly(), client);
        h.run();
        BOOST_TEST(h.got.over);
        BOOST_TEST(h.got.jobs.size() == 18u);
        // Those in a row, with nobody else asked in between, count as one.
        BOOST_TEST(unanswered >= 3u);
        BOOST_TEST(unanswered <= 9u);
        for (const auto& [name, j] : h.got.jobs) {
            const bool mute = name == "a0/0";
            BOOST_TEST(j.ids == numbers(0, mute ? 10 : 45), boost::test_tools::per_element());
            BOOST_TEST(j.reason == (mute ? end_reason::failed : end_reason::null_cursor));
            if (!mute) continue;
            BOOST_TEST(j.failed->code() == errc::first_byte_timeout);
            BOOST_TEST(j.failed->attempts() == unanswered);
            BOOST_TEST(j.failed->may_pass());
        }
    }
}

/// Its trouble can't be told from the server's: it alone fails, after as long as an outage would have taken.
BOOST_AUTO_TEST_CASE(the_only_job_fails_by_itself)
{
    for (const bool known : {false, true}) {
        auto options = quickly();
        options.outage_patience = 1ms;
        options.whole_pages = true;
        scripted_harvest h(
            [known](std::size_t n, const asked& r) {
                answer a = plain_listing(r, 25, 10);
                if (known && n == 1) a.break_at = a.body.size() / 2;
                a.no_answer = !known || n > 1;
                return a;
            },
            std::vector{query_of(0, "0")}, options);
        h.run();
        BOOST_TEST(h.got.over);
        BOOST_TEST(!h.got.failed);
        const auto& j = h.got.at("a0/0");
        BOOST_TEST(j.reason == end_reason::failed);
        BOOST_TEST(j.failed->code() == errc::connection_lost);
        const std::string note = known ? "no answer for " : "no request was ever answered";
        BOOST_TEST(j.failed->all().note.find(note) != std::string::npos, j.failed->all().note);
        BOOST_TEST(j.ids.size() == (known ? 15u : 0u));
        BOOST_TEST(h.stream.stats().failed == 1u);
    }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
