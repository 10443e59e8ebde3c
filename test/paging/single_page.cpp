// One page as a value.
#include "scripted.hpp"
#include "support/printing.hpp"

#include <unipile/client.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/test/unit_test.hpp>

#include <optional>
#include <string>
#include <vector>

namespace asio = boost::asio;
using namespace unipile;
using namespace unipile::test;
using boost::system::error_code;

namespace {

struct page_client {
    explicit page_client(script s, client_options options = impatient())
        : scripted(context.get_executor(), std::move(s), std::move(options)),
          api(detail::access::make<client>(context.get_executor(), scripted.core))
    {}

    posts_page ask(const position& from = {}, posts_query query = someone)
    {
        std::optional<posts_page> got;
        bool inside = true;
        api.async_page(query, from, [&](error_code e, posts_page p) {
            BOOST_TEST(!inside);
            error = e;
            got = std::move(p);
        });
        inside = false;
        context.restart();
        context.run();
        BOOST_REQUIRE(got);
        return std::move(*got);
    }
    static std::vector<std::string> ids(const posts_page& p)
    {
        std::vector<std::string> all;
        all.reserve(p.posts.size());
        for (const auto& each : p.posts) all.emplace_back(each.id());
        return all;
    }

    asio::io_context context;
    scripted_client scripted;
    client api;
    error_code error;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(single_page)

BOOST_AUTO_TEST_CASE(page_after_page)
{
    for (const std::size_t chunk : {0u, 1u}) {
        page_client f([=](std::size_t, const asked& a) {
            auto p = plain_listing(a, 5, 2);
            p.chunk = chunk;
            p.at_once = chunk == 0;
            return p;
        });
        position place;
        for (std::size_t n = 0; n != 3; ++n) {
            const posts_page p = f.ask(place);
            BOOST_TEST(!f.error);
            BOOST_TEST(!p.failure);
            BOOST_TEST(f.ids(p) == numbers(2 * n, std::min<std::size_t>(5, 2 * n + 2)),
                       boost::test_tools::per_element());
            BOOST_TEST(p.items == p.posts.size());
            BOOST_TEST(p.page_count == 1);
            BOOST_TEST(p.end == (n == 2 ? end_reason::null_cursor : end_reason::none));
            BOOST_TEST(p.cursor == (n == 2 ? "" : "c" + std::to_string(n + 1)));
            place = position::parse(p.position.text());
        }
        // Behind the end there is nothing to ask for.
        const posts_page p = f.ask(place);
        BOOST_TEST(p.posts.empty());
        BOOST_TEST(p.end == end_reason::null_cursor);
        BOOST_TEST(f.scripted.transport->requests.size() == 3u);
    }
}

BOOST_AUTO_TEST_CASE(with_its_header_and_its_odd_items)
{
    page_client f([](std::size_t, const asked&) -> answer {
        return {.body = page({item(0), "17", item(1)}, "null"), .date = "Sun, 06 Nov 1994 08:49:37 GMT"};
    });
    const posts_page p = f.ask();
    BOOST_TEST(f.ids(p) == numbers(0, 2), boost::test_tools::per_element());
    BOOST_TEST(p.items == 3u);
    BOOST_REQUIRE(p.quarantined.size() == 1u);
    BOOST_TEST(p.quarantined[0].raw == "17");
    BOOST_TEST(!p.quarantined[0].why.empty());
    BOOST_TEST(p.fields.date == "Sun, 06 Nov 1994 08:49:37 GMT");
}

BOOST_AUTO_TEST_CASE(from_inside_of_a_page)
{
    page_client f(plain_listing(4, 4));
    auto stream = f.scripted.posts();
    stream.async_next([](error_code, std::optional<post>) {});
    f.context.run();
    const posts_page rest = f.ask(stream.position());
    BOOST_TEST(f.ids(rest) == numbers(1, 4), boost::test_tools::per_element());
    BOOST_TEST(rest.items == 4u);
}

BOOST_AUTO_TEST_CASE(bounds_of_the_query)
{
    page_client f(plain_listing(9, 4));
    auto query = someone;
    query.max_posts = 3;
    const posts_page p = f.ask({}, query);
    BOOST_TEST(f.ids(p) == numbers(0, 3), boost::test_tools::per_element());
    BOOST_TEST(p.end == end_reason::max_posts);
    BOOST_TEST(f.ids(f.ask(p.position)) == numbers(3, 4), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(failures_are_not_repeated)
{
    page_client f([](std::size_t n, const asked& a) -> answer {
        if (n == 0) return {.status = 503, .body = R"({"type":"errors/service_unavailable"})", .retry_after = "7"};
        if (n == 1) return {.no_answer = true};
        auto p = plain_listing(a, 4, 2);
        if (n == 2) p.break_at = p.body.find(R"("id":"1")");
        return p;
    });
    const posts_page refused = f.ask();
    BOOST_TEST(f.error == make_error_code(errc::api_unavailable));
    BOOST_REQUIRE(refused.failure);
    BOOST_TEST(refused.failure->api()->status == 503u);
    BOOST_TEST(refused.failure->retry_after() == std::chrono::seconds(7));
    BOOST_TEST(refused.fields.retry_after == "7");
    BOOST_TEST(refused.failure->attempts() == 1u);
    (void)f.ask();
    BOOST_TEST(f.error == make_error_code(errc::connection_lost));
    // What came before the break is there, and the position is behind it.
    const posts_page broken = f.ask();
    BOOST_TEST(f.error == make_error_code(errc::connection_lost));
    BOOST_TEST(f.ids(broken) == numbers(0, 1), boost::test_tools::per_element());
    BOOST_TEST(broken.items == 0u);
    BOOST_TEST(broken.cursor.empty());
    BOOST_TEST(broken.end == end_reason::none);
    BOOST_TEST(f.ids(f.ask(broken.position)) == numbers(1, 2), boost::test_tools::per_element());
    BOOST_TEST(f.scripted.transport->requests.size() == 4u);
}

BOOST_AUTO_TEST_CASE(a_refused_follow_up_is_a_failure)
{
    page_client f([](std::size_t n, const asked& a) -> answer {
        if (n == 1) return {.status = 422, .body = R"({"type":"errors/unprocessable_entity"})"};
        return plain_listing(a, 4, 2);
    });
    const posts_page p = f.ask(f.ask().position);
    BOOST_TEST(f.error == make_error_code(errc::target_refused));
    BOOST_TEST(p.posts.empty());
    BOOST_TEST(f.scripted.transport->requests.size() == 2u);
}

BOOST_AUTO_TEST_CASE(what_can_not_be_asked)
{
    page_client f(plain_listing(4, 2));
    auto query = someone;
    query.limit = 0;
    BOOST_TEST(f.ask({}, query).failure->all().note == "limit is from 1 to 100");
    BOOST_TEST(f.error == make_error_code(errc::invalid_query));
    query = someone;
    query.since_run = 0;
    BOOST_TEST(f.ask({}, query).failure->all().note == "since_run is at least 1");
    query = someone;
    query.trust_cursor_for = std::chrono::milliseconds(-1);
    BOOST_TEST(f.ask({}, query).failure->all().note == "trust_cursor_for must not be negative");
    const auto place = f.ask().position;
    query = someone;
    query.identifier = "other";
    (void)f.ask(place, query);
    BOOST_TEST(f.error == make_error_code(errc::position_mismatch));
    f.api.close();
    (void)f.ask();
    BOOST_TEST(f.error == make_error_code(errc::client_closed));
    BOOST_TEST(f.scripted.transport->requests.size() == 1u);
}

BOOST_AUTO_TEST_CASE(cancelled_after_every_step)
{
    // The signal of a handler, or the end of the client.
    for (const bool closed : {false, true})
        for (std::size_t steps = 0; steps != 12; ++steps) {
            page_client f([](std::size_t, const asked& a) {
                auto p = plain_listing(a, 4, 2);
                p.chunk = 60;
                return p;
            });
            asio::cancellation_signal signal;
            int called = 0;
            error_code error;
            f.api.async_page(someone, asio::bind_cancellation_slot(signal.slot(), [&](error_code e, posts_page p) {
                                 ++called;
                                 error = e;
                                 BOOST_TEST(bool(e) == p.failure.has_value());
                             }));
            for (std::size_t n = 0; n != steps; ++n) f.context.poll_one();
            const bool early = called == 0;
            closed ? f.api.close() : signal.emit(asio::cancellation_type::total);
            f.context.run();
            BOOST_TEST(called == 1);
            const error_code expected = closed ? make_error_code(errc::client_closed) : asio::error::operation_aborted;
            if (error) BOOST_TEST(error == expected);
            if (steps < 3) BOOST_TEST(bool(error));
            BOOST_TEST((early || !error));
            BOOST_TEST(f.scripted.transport->alive == 0u);
        }
}

BOOST_AUTO_TEST_CASE(many_share_the_connections)
{
    auto options = impatient();
    options.max_connections = 2;
    page_client f(plain_listing(4, 2), options);
    std::size_t done = 0;
    for (int n = 0; n != 7; ++n)
        f.api.async_page(someone, [&](error_code e, posts_page p) { done += !e && p.posts.size() == 2; });
    f.context.run();
    BOOST_TEST(done == 7u);
    // The scripted transport has no connections to count.
    BOOST_TEST(f.api.connections().opened == 0u);
    client moved(std::move(f.api));
    BOOST_TEST(moved.get_executor() == f.context.get_executor());
    BOOST_TEST(f.scripted.transport->most == 2u);
}

BOOST_AUTO_TEST_CASE(on_the_handlers_executor)
{
    page_client f(plain_listing(2, 2));
    asio::io_context other;
    bool called = false;
    f.api.async_page(someone, asio::bind_executor(other, [&](error_code, posts_page) { called = true; }));
    f.context.run();
    BOOST_TEST(!called);
    other.run();  // its executor was kept busy meanwhile
    BOOST_TEST(called);
}

BOOST_AUTO_TEST_CASE(any_completion_token)
{
    page_client f(plain_listing(4, 2));
    auto future = f.api.async_page(someone, asio::use_future);
    std::size_t posts = 0;
    const auto body = [&]() -> asio::awaitable<void> {
        posts_page first = co_await f.api.async_page(someone, asio::use_awaitable);
        posts_page second = co_await f.api.async_page(someone, first.position);
        posts = first.posts.size() + second.posts.size();
    };
    asio::co_spawn(f.context, body, [](std::exception_ptr e) {
        if (e) std::rethrow_exception(e);
    });
    f.context.run();
    BOOST_TEST(future.get().posts.size() == 2u);
    BOOST_TEST(posts == 4u);
}

BOOST_AUTO_TEST_CASE(an_outstanding_page_goes_down_with_its_context)
{
    for (std::size_t steps = 0; steps != 4; ++steps) {
        const auto sign = std::make_shared<int>();
        {
            std::optional<page_client> f(
                std::in_place, [](std::size_t, const asked&) -> answer { return {.break_at = 0, .hang = true}; });
            f->api.async_page(someone, [sign](error_code, posts_page) { BOOST_TEST(false); });
            for (std::size_t n = 0; n != steps; ++n) f->context.poll_one();
            BOOST_TEST(sign.use_count() > 1);
        }
        BOOST_TEST(sign.use_count() == 1);
    }
}

BOOST_AUTO_TEST_SUITE_END()
