// Pulls that are refused or repeated: a second one, one of a stream that was moved from, one behind the end.
#include "one_listing.hpp"
#include "support/printing.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/test/unit_test.hpp>

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace asio = boost::asio;
using namespace unipile;
using namespace unipile::test;
using boost::system::error_code;

namespace {

asio::awaitable<void> await_failure(post_stream& stream, std::optional<failure>& failed)
{
    try {
        (void)co_await stream.next();
    } catch (const failure& f) {
        failed = f;
    }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(pulls)

BOOST_FIXTURE_TEST_CASE(one_at_a_time, one_listing)
{
    std::vector<std::string> log;
    stream.async_next([&](error_code error, std::optional<post> p) {
        BOOST_TEST(!error);
        log.emplace_back(p.value().id());
    });
    stream.async_next([&](error_code error, std::optional<post> p) {
        BOOST_TEST(error == make_error_code(errc::operation_in_progress));
        BOOST_TEST(!p);
        log.emplace_back("second");
    });
    stream.async_next_batch([&](error_code error, std::span<const post> p) {
        BOOST_TEST(error == make_error_code(errc::operation_in_progress));
        BOOST_TEST(p.empty());
        log.emplace_back("third");
    });
    BOOST_TEST(!stream.try_next());
    std::optional<failure> failed;
    asio::co_spawn(context, await_failure(stream, failed), asio::detached);
    run();
    const std::vector<std::string> expected{"second", "third", "0"};
    BOOST_TEST(log == expected, boost::test_tools::per_element());
    BOOST_REQUIRE(failed);
    BOOST_TEST(failed->code() == make_error_code(errc::operation_in_progress));
    BOOST_TEST(stream.try_next().value().id() == "1");
}

BOOST_FIXTURE_TEST_CASE(moved_from, one_listing)
{
    auto other = std::move(stream);
    std::optional<error_code> refused;
    stream.async_next([&](error_code error, std::optional<post>) { refused = error; });
    BOOST_TEST(!refused);
    std::optional<failure> failed;
    asio::co_spawn(context, await_failure(stream, failed), asio::detached);
    run();
    BOOST_REQUIRE(refused);
    BOOST_TEST(*refused == make_error_code(errc::stream_moved_from));
    BOOST_REQUIRE(failed);
    BOOST_TEST(!stream.try_next());
    BOOST_TEST(stream.end_reason() == end_reason::none);
    BOOST_TEST(stream.stats().posts == 0u);
    BOOST_TEST(stream.position() == position());
    BOOST_TEST(stream.query().identifier.empty());
    BOOST_TEST(!stream.last_failure().has_value());
    stream.cancel();
    outcome out;
    asio::co_spawn(context, drain(other, out), asio::detached);
    run();
    BOOST_TEST(out.ids.size() == 25u);
    BOOST_TEST(other.query().identifier == "id");
}

BOOST_FIXTURE_TEST_CASE(replaced_by_itself_and_by_another, one_listing)
{
    BOOST_TEST(next() == "0");
    auto& same = stream;
    stream = std::move(same);
    BOOST_TEST(next() == "1");
    auto moved = std::move(stream);
    stream = client.posts();
    BOOST_TEST(next() == "0");
    stream = std::move(moved);
    BOOST_TEST(next() == "2");
    BOOST_TEST(requests() == 2u);
}

BOOST_FIXTURE_TEST_CASE(the_end_again_and_again, one_listing)
{
    int ends = 0;
    const auto consumer = [&]() -> asio::awaitable<void> {
        while (co_await stream.next()) {
        }
        for (int i = 0; i != 3; ++i) {
            if (!co_await stream.next()) ++ends;
            if (!co_await stream.async_next(asio::use_awaitable)) ++ends;
            const auto none = co_await stream.async_next_batch(asio::use_awaitable);
            if (none.empty()) ++ends;
        }
    };
    asio::co_spawn(context, consumer, asio::detached);
    run();
    BOOST_TEST(ends == 9);
    BOOST_TEST(client.transport->requests.size() == 3u);
}

BOOST_AUTO_TEST_CASE(the_failure_again_and_again)
{
    asio::io_context context;
    scripted_client client(
        context.get_executor(),
        [](std::size_t, const asked&) -> answer {
            return {.status = 404, .body = R"({"type":"errors/resource_not_found"})"};
        },
        impatient());
    auto stream = client.posts();
    int failures = 0;
    const auto consumer = [&]() -> asio::awaitable<void> {
        const auto tuple = asio::as_tuple(asio::use_awaitable);
        for (int i = 0; i != 3; ++i) {
            try {
                (void)co_await stream.next();
            } catch (const failure& f) {
                if (f.api() && f.api()->status == 404) ++failures;
            }
            const auto next = co_await stream.async_next(tuple);
            const auto& [error, p] = next;
            if (error == make_error_code(errc::target_refused)) ++failures;
        }
    };
    asio::co_spawn(context, consumer, asio::detached);
    context.run();
    BOOST_TEST(failures == 6);
    BOOST_TEST(client.transport->requests.size() == 1u);
    BOOST_REQUIRE(stream.last_failure());
    BOOST_TEST(stream.last_failure()->api()->status == 404u);
}

BOOST_AUTO_TEST_SUITE_END()
