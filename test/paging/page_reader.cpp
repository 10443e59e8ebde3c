// One request at a time, and what it comes to.
#include "paging/page_reader.hpp"

#include "page_loop.hpp"
#include "scripted.hpp"
#include "support/printing.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <string>
#include <vector>

namespace asio = boost::asio;
using namespace unipile;
using namespace unipile::test;
using kind = paging::page_outcome::kind;
using paging::contact;

namespace {

struct one_page {
    explicit one_page(script s, client_options options = impatient())
        : client(context.get_executor(), std::move(s), std::move(options)), pages(page_loop::of(client))
    {}

    /// One request, to its end.
    const paging::page_outcome& ask()
    {
        BOOST_REQUIRE(pages->ask());
        context.restart();
        context.run();
        BOOST_REQUIRE(!pages->outcomes.empty());
        return pages->outcomes.back();
    }

    asio::io_context context;
    scripted_client client;
    std::shared_ptr<page_loop> pages;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(page_reader)

BOOST_AUTO_TEST_CASE(a_page_when_it_is_asked_for)
{
    one_page f(plain_listing(6, 2));
    for (std::size_t n = 1; n <= 3; ++n) {
        const auto& o = f.ask();
        BOOST_TEST(f.pages->outcomes.size() == n);
        BOOST_TEST(f.client.transport->requests.size() == n);
        BOOST_TEST(o.what == kind::page);
        BOOST_TEST(o.server == contact::answered);
        BOOST_TEST(o.is_good());
        BOOST_TEST(o.whole);
        BOOST_TEST(o.status == 200u);
        BOOST_TEST(o.items == 2u);
        BOOST_TEST(o.times_sent == 1u);
        BOOST_TEST(f.pages->ids == numbers(0, 2 * n), boost::test_tools::per_element());
        BOOST_TEST(f.pages->attempts() == 0u);
    }
    BOOST_TEST(f.pages->visible_end() == end_reason::null_cursor);
    BOOST_TEST(!f.pages->ask());
}

BOOST_AUTO_TEST_CASE(nothing_is_repeated)
{
    one_page f([](std::size_t n, const asked& a) -> answer {
        if (n == 0) return {.status = 500, .body = R"({"type":"errors/provider_error"})", .retry_after = "7"};
        return plain_listing(a, 2, 2);
    });
    const auto failed = f.ask();
    BOOST_TEST(f.client.transport->requests.size() == 1u);
    BOOST_TEST(failed.what == kind::failed);
    BOOST_TEST(failed.is_unanswered());
    BOOST_TEST(failed.server == contact::failing);
    BOOST_TEST(failed.meaning.throttle);
    BOOST_TEST(failed.retry_after == std::chrono::seconds(7));
    BOOST_REQUIRE(failed.failure);
    BOOST_TEST(failed.failure->api()->type == "errors/provider_error");
    BOOST_TEST(failed.failure->attempts() == 1u);
    BOOST_TEST(f.pages->visible_end() == end_reason::none);
    BOOST_TEST(f.pages->attempts() == 1u);
    BOOST_TEST(f.ask().is_good());
    BOOST_TEST(f.pages->state().stats.requests == 2u);
    BOOST_TEST(f.pages->state().stats.retries == 1u);
}

BOOST_AUTO_TEST_CASE(a_refused_follow_up)
{
    one_page f([](std::size_t, const asked& a) -> answer {
        if (!a.cursor.empty()) return {.status = 422, .body = R"({"type":"errors/unprocessable_entity"})"};
        return plain_listing(a, 4, 2);
    });
    for (std::size_t i = 0; i != 4; ++i) {
        const auto& o = f.ask();
        BOOST_TEST(o.is_good());
        BOOST_TEST(o.what == (i % 2 == 0 ? kind::page : kind::refused));
        BOOST_TEST(o.whole == (i % 2 == 0));
        BOOST_TEST(o.status == (i % 2 == 0 ? 200u : 422u));
        BOOST_TEST(f.pages->attempts() == 0u);
    }
    BOOST_TEST(f.pages->visible_end() == end_reason::exhausted_cursor);
}

BOOST_AUTO_TEST_CASE(no_answer)
{
    for (const errc code : {errc::connection_lost, errc::first_byte_timeout, errc::stall_timeout}) {
        one_page f([code](std::size_t, const asked&) { return answer{.no_answer = true, .silence = code}; });
        const auto& o = f.ask();
        BOOST_TEST(o.server == contact::silent);
        BOOST_TEST(o.is_unanswered());
        BOOST_TEST(o.status == 0u);
        BOOST_TEST(o.times_sent == 1u);
        BOOST_TEST(o.failure->code() == make_error_code(code));
    }
}

BOOST_AUTO_TEST_CASE(an_error_that_is_none_of_the_librarys)
{
    one_page f([](std::size_t, const asked&) { return answer{.foreign = asio::error::eof}; });
    const auto& o = f.ask();
    BOOST_TEST(o.what == kind::failed);
    BOOST_TEST(o.server == contact::silent);
    BOOST_TEST(o.failure->code() == make_error_code(errc::connection_lost));
    BOOST_TEST(o.failure->all().cause == asio::error::eof);
}

BOOST_AUTO_TEST_CASE(whichever_error_keeps_a_request_from_being_sent)
{
    const std::vector<errc> on_the_way{errc::out_of_descriptors, errc::resolve_failed,  errc::resolve_timeout,
                                       errc::connect_failed,     errc::connect_timeout, errc::handshake_failed,
                                       errc::handshake_timeout,  errc::connection_lost, errc::proxy_failed};
    const std::vector<errc> final{errc::certificate_rejected, errc::client_certificate_required, errc::invalid_query,
                                  errc::connection_wait_timeout};
    for (const bool passing : {true, false})
        for (const errc code : passing ? on_the_way : final) {
            one_page f([code](std::size_t n, const asked& a) {
                answer given = plain_listing(a, 4, 2);
                if (n != 0) given.not_sent = code;
                return given;
            });
            (void)f.ask();
            const auto& o = f.ask();
            BOOST_TEST(o.what == kind::failed);
            BOOST_TEST(o.times_sent == 0u);
            BOOST_TEST(o.server == (passing ? contact::unreachable : contact::unknown));
            BOOST_TEST(o.failure->code() == make_error_code(code));
        }
}

BOOST_AUTO_TEST_CASE(what_never_left_can_be_taken_back)
{
    one_page f([](std::size_t, const asked&) { return answer{.not_sent = errc::connect_failed}; });
    for (int n = 0; n != 5; ++n) {
        (void)f.ask();
        f.pages->forget_attempt();
        BOOST_TEST(f.pages->attempts() == 0u);
        BOOST_TEST(f.pages->state().stats.requests == 0u);
        BOOST_TEST(f.pages->state().stats.retries == 0u);
    }
}

BOOST_AUTO_TEST_CASE(what_was_sent_twice_is_two_requests)
{
    one_page f([](std::size_t n, const asked& a) {
        answer given = plain_listing(a, 6, 2);
        if (n == 1) given.times_sent = 2;
        if (n == 2) given.no_answer = true, given.times_sent = 2;
        return given;
    });
    std::vector<unsigned> sent;
    std::vector<std::uint64_t> requests;
    for (int n = 0; n != 4; ++n) {
        sent.push_back(f.ask().times_sent);
        requests.push_back(f.pages->state().stats.requests);
    }
    BOOST_TEST(sent == (std::vector<unsigned>{1, 2, 2, 1}), boost::test_tools::per_element());
    BOOST_TEST(requests == (std::vector<std::uint64_t>{1, 3, 5, 6}), boost::test_tools::per_element());
    BOOST_TEST(f.pages->state().stats.retries == 1u);
    BOOST_TEST(f.pages->state().stats.resent == 2u);
}

BOOST_AUTO_TEST_CASE(what_was_ended_from_outside)
{
    auto options = impatient();
    options.max_connections = 1;
    one_page f([](std::size_t, const asked&) -> answer { return {.break_at = 0, .hang = true}; }, options);
    const auto waiting = page_loop::of(f.client);
    BOOST_REQUIRE(f.pages->ask());
    BOOST_REQUIRE(waiting->ask());
    f.context.poll();
    // The one that waits was never sent.
    waiting->cancel(asio::error::operation_aborted);
    BOOST_REQUIRE(waiting->outcomes.size() == 1u);
    BOOST_TEST(waiting->outcomes[0].what == kind::cut_short);
    BOOST_TEST(waiting->outcomes[0].times_sent == 0u);
    f.client.close();
    BOOST_REQUIRE(f.pages->outcomes.size() == 1u);
    BOOST_TEST(f.pages->outcomes[0].what == kind::cut_short);
    BOOST_TEST(f.pages->outcomes[0].times_sent == 1u);
    BOOST_TEST(!f.pages->outcomes[0].is_good());
    BOOST_TEST(!f.pages->outcomes[0].is_unanswered());
    BOOST_TEST(f.pages->last_failure()->code() == make_error_code(errc::client_closed));
    f.context.restart();
    f.context.run();
    BOOST_TEST(f.pages->outcomes.size() == 1u);
    BOOST_TEST(f.client.transport->requests.size() == 1u);
}

BOOST_AUTO_TEST_CASE(nothing_comes_to_an_owner_that_is_gone)
{
    for (const bool hangs : {true, false}) {
        one_page f([=](std::size_t, const asked& a) {
            auto p = plain_listing(a, 4, 2);
            p.chunk = 50;
            if (hangs) p.break_at = 60, p.hang = true;
            return p;
        });
        BOOST_REQUIRE(f.pages->ask());
        f.context.run_one();
        f.context.run_one();
        f.pages->stop();
        f.context.restart();
        f.context.run();
        BOOST_TEST(f.pages->outcomes.empty());
        BOOST_TEST(f.client.transport->alive == 0u);
    }
}

BOOST_AUTO_TEST_CASE(an_end_inside_the_page_is_told_before_the_rest_is_read)
{
    for (const std::size_t chunk : {0u, 100u}) {
        asio::io_context context;
        scripted_client client(
            context.get_executor(),
            [&](std::size_t, const asked& a) {
                auto p = plain_listing(a, 50, 10);
                p.chunk = chunk;
                return p;
            },
            impatient());
        const auto pages = page_loop::of(client, {.account_id = "acc", .identifier = "id", .max_posts = 3});
        BOOST_REQUIRE(pages->ask());
        while (pages->outcomes.empty()) BOOST_REQUIRE(context.run_one() == 1u);
        BOOST_TEST(client.transport->finished == 0u);
        BOOST_TEST(pages->outcomes[0].is_good());
        BOOST_TEST(!pages->outcomes[0].whole);
        BOOST_TEST(pages->visible_end() == end_reason::max_posts);
        BOOST_TEST(!client.core->first_call());
        context.run();
        BOOST_TEST(pages->outcomes.size() == 1u);
        BOOST_TEST(client.transport->finished == 1u);
    }
}

BOOST_AUTO_TEST_CASE(items_that_are_no_posts)
{
    one_page f([](std::size_t, const asked&) -> answer { return {.body = page({item(0), "17", item(1)}, "null")}; });
    BOOST_TEST(f.ask().items == 3u);
    BOOST_TEST(f.pages->quarantined_texts == std::vector<std::string>{"17"}, boost::test_tools::per_element());
    BOOST_TEST(f.pages->ids == numbers(0, 2), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(page_outcome)

BOOST_AUTO_TEST_CASE(contacts)
{
    const auto of = [](classification meaning, unsigned status, bool heard, unsigned sent) {
        return paging::contact_of(meaning, status, heard, sent);
    };
    const classification passing{.retries = 2};
    classification gateway{.from_gateway = true};
    classification final{};
    classification target{.scope = failure_scope::target, .retries = 2};
    BOOST_TEST(of(passing, 503, true, 1) == contact::failing);
    BOOST_TEST(of(passing, 429, true, 1) == contact::answered);
    BOOST_TEST(of(passing, 0, true, 1) == contact::answered);  // it began, and broke off
    BOOST_TEST(of(passing, 0, false, 1) == contact::silent);
    BOOST_TEST(of(passing, 0, false, 0) == contact::unreachable);
    BOOST_TEST(of(gateway, 404, true, 1) == contact::foreign);
    BOOST_TEST(of(final, 503, true, 1) == contact::answered);
    BOOST_TEST(of(final, 0, false, 0) == contact::unknown);
    BOOST_TEST(of(target, 503, true, 1) == contact::answered);
    BOOST_TEST(of(target, 0, false, 1) == contact::unknown);
}

BOOST_AUTO_TEST_SUITE_END()
