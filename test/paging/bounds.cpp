// Listings that end inside a page.
#include "scripted.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>

#include <optional>
#include <vector>

namespace asio = boost::asio;
using namespace unipile;
using namespace unipile::test;
using boost::system::error_code;

namespace {

answer in_pieces(answer a, std::size_t chunk)
{
    a.chunk = chunk;
    return a;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(bounds)

BOOST_AUTO_TEST_CASE(the_rest_of_the_page_is_read_for_the_connections_sake)
{
    // The handle may be gone by then.
    for (const bool destroyed : {false, true}) {
        asio::io_context context;
        scripted_client client(
            context.get_executor(),
            [](std::size_t, const asked& a) { return in_pieces(plain_listing(a, 50, 10), 100); }, impatient());
        std::optional<post_stream> stream(client.posts({.account_id = "acc", .identifier = "id", .max_posts = 3}));
        while (stream && stream->end_reason() == end_reason::none) {
            stream->async_next([&](error_code, std::optional<post>) {
                if (destroyed && stream->end_reason() != end_reason::none) stream.reset();
            });
            context.restart();
            context.run();
        }
        BOOST_TEST(client.transport->finished == 1u);
        BOOST_TEST(client.transport->alive == 0u);
    }
}

BOOST_AUTO_TEST_CASE(a_large_rest_is_not_read)
{
    asio::io_context context;
    const std::string large(2 * 1024 * 1024, ' ');
    scripted_client client(
        context.get_executor(),
        [&](std::size_t, const asked&) -> answer {
            return {.body = page({item(0), item(1), large + item(2)}, "null"), .chunk = 16 * 1024};
        },
        impatient());
    auto stream = client.posts({.account_id = "acc", .identifier = "id", .max_posts = 1});
    stream.async_next([](error_code, std::optional<post>) {});
    context.run();
    BOOST_TEST(stream.end_reason() == end_reason::max_posts);
    BOOST_TEST(client.transport->finished == 0u);
    BOOST_TEST(client.transport->alive == 0u);
    BOOST_TEST(stream.stats().wire_bytes < 1024u * 1024u);
}

BOOST_AUTO_TEST_CASE(a_rest_that_breaks_off_or_never_comes_changes_nothing)
{
    for (const bool hangs : {false, true}) {
        asio::io_context context;
        scripted_client client(
            context.get_executor(),
            [&](std::size_t, const asked& a) {
                auto p = plain_listing(a, 10, 10);
                p.chunk = 100;
                p.break_at = p.body.size() - 50;
                p.hang = hangs;
                return p;
            },
            impatient());
        auto stream = client.posts({.account_id = "acc", .identifier = "id", .max_posts = 2});
        std::size_t posts = 0;
        for (int pulls = 0; pulls != 3; ++pulls) {
            stream.async_next([&](error_code e, std::optional<post> p) {
                BOOST_TEST(!e);
                posts += p.has_value();
            });
            context.restart();
            context.poll();
        }
        BOOST_TEST(posts == 2u);
        BOOST_TEST(stream.end_reason() == end_reason::max_posts);
        BOOST_TEST(client.transport->requests.size() == 1u);
    }
}

BOOST_AUTO_TEST_CASE(what_has_gone_out_takes_no_memory)
{
    // One post in, one out, and always one that waits.
    paging::listing state({.account_id = "acc", .identifier = "id"}, {});
    state.attempt_begins();
    std::vector<std::string> ids;
    state.take(post::parse(item(0)).value(), 0);
    for (std::uint32_t n = 1; n != 1000; ++n) {
        state.take(post::parse(item(n)).value(), n);
        ids.emplace_back(state.pop().id());
        BOOST_REQUIRE(state.has_post());
        BOOST_REQUIRE(detail::access::parts(state.place()).index == n);
        BOOST_REQUIRE(state.kept() < 300u);
    }
    BOOST_TEST(ids == numbers(0, 999), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()
