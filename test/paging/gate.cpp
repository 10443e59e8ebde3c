// A gate in front of each request.
#include "scripted.hpp"

#include "paging/request_gate.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

namespace asio = boost::asio;
using namespace unipile;
using namespace unipile::test;
using boost::system::error_code;

namespace {

struct scripted_gate final : paging::request_gate {
    bool admit(const paging::request_wish& wish) noexcept override
    {
        wishes.push_back(wish);
        return open && open_for-- > 0;
    }
    void answered(const paging::request_outcome& outcome) noexcept override
    {
        outcomes.push_back(outcome);
        outcomes.back().type = {};
        if (outcome.no_answer) no_answer.push_back(static_cast<errc>(outcome.no_answer->code().value()));
        outcomes.back().no_answer = nullptr;
        types.emplace_back(outcome.type);
    }
    bool others_were_answered() const noexcept override { return others_answered && open_for > 0; }

    bool open = true;
    bool others_answered = true;
    int open_for = 1'000;
    std::vector<errc> no_answer;
    std::vector<paging::request_wish> wishes;
    std::vector<paging::request_outcome> outcomes;
    std::vector<std::string> types;
};

struct fixture {
    explicit fixture(script s, client_options options = impatient())
        : client(context.get_executor(), std::move(s), std::move(options)), stream(client.posts())
    {
        stream.core()->set_gate(&gate);
    }

    /// One pull.
    std::optional<post> next()
    {
        std::optional<post> got;
        stream.async_next([&](error_code e, std::optional<post> p) {
            error = e;
            got = std::move(p);
        });
        context.restart();
        context.run();
        return got;
    }

    scripted_gate gate;
    asio::io_context context;
    scripted_client client;
    post_stream stream;
    error_code error;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(gate)

BOOST_AUTO_TEST_CASE(held_and_let_go)
{
    fixture f(plain_listing(4, 2));
    std::vector<std::string> ids;
    for (int i = 0; i != 5; ++i) {
        if (i % 2 == 0 && i < 4) {
            f.gate.open = false;
            for (int again = 0; again != 3; ++again) {
                BOOST_TEST(!f.next());
                BOOST_TEST(f.error == make_error_code(errc::request_held));
                BOOST_TEST(f.stream.end_reason() == end_reason::none);
            }
            f.gate.open = true;
        }
        if (const auto p = f.next()) ids.emplace_back(p->id());
        BOOST_TEST(!f.error);
    }
    BOOST_TEST(ids == numbers(0, 4), boost::test_tools::per_element());
    BOOST_TEST(f.stream.end_reason() == end_reason::null_cursor);
    BOOST_TEST(f.gate.wishes.size() == 8u);
    BOOST_TEST(f.gate.outcomes.size() == 2u);
    for (const auto& o : f.gate.outcomes) {
        BOOST_TEST(o.ok);
        BOOST_TEST(o.status == 200u);
        BOOST_TEST(o.items == 2u);
        BOOST_TEST(o.wire_bytes > 0u);
    }
}

BOOST_AUTO_TEST_CASE(waits_are_handed_over)
{
    auto options = impatient();
    options.retry.slow_delay = std::chrono::hours(3);
    fixture f(
        [](std::size_t n, const asked& a) -> answer {
            if (n == 0) return {.status = 500, .body = R"({"type":"errors/provider_error"})", .retry_after = "7"};
            return plain_listing(a, 2, 2);
        },
        options);
    // Nothing waits here; the gate is asked and lets it go at once.
    BOOST_TEST(f.next().has_value());
    BOOST_REQUIRE(f.gate.wishes.size() == 2u);
    BOOST_TEST(f.gate.wishes[0].attempt == 1u);
    BOOST_TEST((f.gate.wishes[0].wait == std::chrono::milliseconds(0)));
    BOOST_TEST(f.gate.wishes[1].attempt == 2u);
    BOOST_TEST((f.gate.wishes[1].wait == std::chrono::hours(3)));
    BOOST_REQUIRE(f.gate.outcomes.size() == 2u);
    BOOST_TEST(!f.gate.outcomes[0].ok);
    BOOST_TEST(f.gate.outcomes[0].meaning.throttle);
    BOOST_TEST((f.gate.outcomes[0].retry_after == std::chrono::seconds(7)));
    BOOST_TEST(f.gate.types[0] == "errors/provider_error");
    BOOST_TEST(f.gate.outcomes[1].ok);
}

BOOST_AUTO_TEST_CASE(an_exhausted_cursor_is_an_end)
{
    fixture f([](std::size_t, const asked& a) -> answer {
        if (!a.cursor.empty()) return {.status = 422, .body = R"({"type":"errors/unprocessable_entity"})"};
        return plain_listing(a, 4, 2);
    });
    while (f.next()) {
    }
    BOOST_TEST(f.stream.end_reason() == end_reason::exhausted_cursor);
    BOOST_REQUIRE(f.gate.outcomes.size() == 4u);
    for (std::size_t i = 0; i != 4; ++i) {
        BOOST_TEST(f.gate.outcomes[i].ok);
        BOOST_TEST(f.gate.outcomes[i].page_ended == (i % 2 == 0));
        BOOST_TEST(f.gate.outcomes[i].status == (i % 2 == 0 ? 200u : 422u));
    }
}

BOOST_AUTO_TEST_CASE(no_answer)
{
    auto options = impatient();
    options.retry.max_attempts = 2;
    fixture f([](std::size_t, const asked&) -> answer { return {.no_answer = true}; }, options);
    BOOST_TEST(!f.next());
    BOOST_TEST(f.error == make_error_code(errc::connection_lost));
    BOOST_REQUIRE(f.gate.outcomes.size() == 2u);
    BOOST_TEST(f.gate.no_answer.size() == 2u);
    BOOST_TEST(f.gate.outcomes[1].status == 0u);
    BOOST_TEST(!f.gate.outcomes[1].ok);
    BOOST_TEST(!f.gate.outcomes[1].heard);
    BOOST_TEST(f.stream.last_failure()->attempts() == 2u);
}

/// Those of which nobody knows whose fault they are come between others that count: these alone are bounded.
BOOST_AUTO_TEST_CASE(no_answer_while_nobody_is_answered)
{
    for (const errc code : {errc::connection_lost, errc::first_byte_timeout, errc::stall_timeout}) {
        for (const unsigned most : {1u, 2u, 5u}) {
            auto options = impatient();
            options.retry.max_attempts = most;
            unsigned counted = 0;
            fixture f([code](std::size_t, const asked&) { return answer{.no_answer = true, .silence = code}; },
                      options);
            f.gate.open_for = 0;
            for (std::size_t n = 0; n < 100 && f.stream.end_reason() == end_reason::none; ++n) {
                f.gate.others_answered = n > 0 && n % 7 == 0;
                if (f.gate.others_answered) ++counted;
                f.gate.open_for = 1;
                BOOST_TEST(!f.next());
            }
            BOOST_TEST(counted == most);
            BOOST_TEST(f.error == make_error_code(code));
            BOOST_TEST(f.gate.no_answer.size() == 7u * most);
            BOOST_TEST(f.stream.stats().requests == 7u * most);
            BOOST_TEST(f.stream.stats().retries == 7u * most - 1);
            BOOST_TEST(f.stream.last_failure()->attempts() == 7u * most);
            for (std::size_t i = 0; i < f.gate.outcomes.size(); ++i) BOOST_TEST(f.gate.outcomes[i].times_sent == 1u);
        }
    }
}

BOOST_AUTO_TEST_CASE(an_answer_makes_up_for_silence)
{
    auto options = impatient();
    options.retry.max_attempts = 2;
    fixture f(
        [](std::size_t n, const asked& a) -> answer {
            if (n % 2 == 0) return {.no_answer = true};
            return plain_listing(a, 40, 2);
        },
        options);
    std::vector<std::string> ids;
    while (const auto p = f.next()) ids.emplace_back(p->id());
    BOOST_TEST(ids == numbers(0, 20), boost::test_tools::per_element());
    // The listing's retries are used up in the end, and only there.
    BOOST_TEST(f.error == make_error_code(errc::connection_lost));
}

BOOST_AUTO_TEST_CASE(what_was_sent_twice_is_two_requests)
{
    fixture f([](std::size_t n, const asked& a) {
        answer given = plain_listing(a, 6, 2);
        if (n == 1) given.times_sent = 2;
        if (n == 2) given.no_answer = true, given.times_sent = 2;
        return given;
    });
    std::vector<std::uint64_t> requests;
    while (f.next()) requests.push_back(f.stream.stats().requests);
    BOOST_TEST(requests == (std::vector<std::uint64_t>{1, 1, 3, 3, 6, 6}), boost::test_tools::per_element());
    BOOST_TEST(f.stream.stats().retries == 1u);
    BOOST_TEST(f.stream.stats().resent == 2u);
    std::vector<unsigned> sent;
    for (const auto& o : f.gate.outcomes) sent.push_back(o.times_sent);
    BOOST_TEST(sent == (std::vector<unsigned>{1, 2, 2, 1}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(no_answer_after_an_answer)
{
    auto options = impatient();
    options.retry.max_attempts = 1;
    fixture f(
        [](std::size_t n, const asked& a) -> answer {
            if (n == 1) return {.no_answer = true};
            return plain_listing(a, 4, 2);
        },
        options);
    while (f.next()) {
    }
    BOOST_REQUIRE(f.gate.outcomes.size() == 2u);
    BOOST_TEST(f.gate.outcomes[0].status == 200u);
    BOOST_TEST(f.gate.outcomes[1].status == 0u);
    BOOST_TEST(f.gate.outcomes[1].times_sent == 1u);
}

/// Before it was sent, and after: only what never left and may pass is put off, for as long as the gate likes, and
/// costs the listing nothing.
BOOST_AUTO_TEST_CASE(whichever_error_keeps_a_request_from_being_sent)
{
    const std::vector<errc> on_the_way{errc::out_of_descriptors, errc::resolve_failed,  errc::resolve_timeout,
                                       errc::connect_failed,     errc::connect_timeout, errc::handshake_failed,
                                       errc::handshake_timeout,  errc::connection_lost, errc::proxy_failed};
    const std::vector<errc> final{errc::certificate_rejected, errc::client_certificate_required, errc::invalid_query,
                                  errc::connection_wait_timeout};
    for (const errc code : on_the_way) {
        fixture f([code](std::size_t n, const asked& a) {
            answer given = plain_listing(a, 4, 2);
            if (n % 20 != 0) given.not_sent = code;
            return given;
        });
        std::vector<std::string> ids;
        while (const auto p = f.next()) ids.emplace_back(p->id());
        BOOST_TEST(ids == numbers(0, 4), boost::test_tools::per_element());
        BOOST_TEST(f.stream.end_reason() == end_reason::null_cursor);
        BOOST_TEST(f.stream.stats().requests == 2u);
        BOOST_TEST(f.stream.stats().retries == 0u);
        BOOST_TEST(f.gate.outcomes.size() == 21u);
        BOOST_TEST(std::count(f.gate.no_answer.begin(), f.gate.no_answer.end(), code) == 19);
        for (const auto& wish : f.gate.wishes) BOOST_TEST(wish.attempt == 1u);
        for (const auto& o : f.gate.outcomes) BOOST_TEST(o.times_sent == (o.ok ? 1u : 0u));
    }
    for (const errc code : final) {
        fixture f([code](std::size_t, const asked&) {
            answer given;
            given.not_sent = code;
            return given;
        });
        BOOST_TEST(!f.next());
        BOOST_TEST(f.error == make_error_code(code));
        BOOST_TEST(f.stream.end_reason() == end_reason::failed);
        BOOST_REQUIRE(f.gate.outcomes.size() == 1u);
        BOOST_TEST(f.gate.outcomes[0].times_sent == 0u);
        BOOST_TEST(f.gate.no_answer.empty());
    }
}

BOOST_AUTO_TEST_CASE(what_is_put_off_waits_longer_and_longer)
{
    auto options = impatient();
    options.retry.base_delay = std::chrono::hours(1);
    options.retry.max_delay = std::chrono::hours(1'000);
    fixture f([](std::size_t, const asked&) { return answer{.not_sent = errc::connect_failed}; }, options);
    f.gate.open_for = 30;
    BOOST_TEST(!f.next());
    BOOST_TEST(f.error == make_error_code(errc::request_held));
    BOOST_TEST(f.stream.end_reason() == end_reason::none);
    BOOST_REQUIRE(f.gate.wishes.size() == 31u);
    for (std::size_t i = 1; i != 8; ++i) BOOST_TEST((f.gate.wishes[i].wait <= std::chrono::hours(1) * (1 << (i - 1))));
    std::chrono::milliseconds longest{0};
    for (const auto& wish : f.gate.wishes) longest = std::max(longest, wish.wait);
    BOOST_TEST((longest > std::chrono::hours(400) && longest <= std::chrono::hours(1'000)));
}

BOOST_AUTO_TEST_CASE(without_a_gate_they_are_attempts)
{
    auto options = impatient();
    options.retry.max_attempts = 3;
    fixture f([](std::size_t, const asked&) { return answer{.not_sent = errc::connect_failed}; }, options);
    f.stream.core()->set_gate(nullptr);
    BOOST_TEST(!f.next());
    BOOST_TEST(f.error == make_error_code(errc::connect_failed));
    BOOST_TEST(f.stream.stats().requests == 3u);
    BOOST_TEST(f.stream.stats().retries == 2u);
}

BOOST_AUTO_TEST_CASE(not_told_of_what_was_cancelled)
{
    fixture f([](std::size_t, const asked&) -> answer { return {.break_at = 0, .hang = true}; });
    f.stream.async_next([](error_code, std::optional<post>) {});
    f.context.poll();
    f.stream.cancel();
    f.context.restart();
    f.context.run();
    BOOST_TEST(f.gate.wishes.size() == 1u);
    BOOST_TEST(f.gate.outcomes.empty());
}

BOOST_AUTO_TEST_SUITE_END()
