// Connections that break at every byte, and listings that are resumed behind every post.
#include "scripted.hpp"

#include <unipile/client.hpp>
#include <unipile/simulator.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>

namespace asio = boost::asio;
using namespace unipile;
using namespace unipile::test;

namespace {

/// The exact text of each post.
asio::awaitable<void> texts(post_stream& stream, std::vector<std::string>& out, std::size_t most = whole)
{
    while (out.size() != most) {
        const auto p = co_await stream.next();
        if (!p) break;
        out.emplace_back(p->json());
    }
}

template <typename Awaitable>
void run(asio::io_context& context, Awaitable a)
{
    bool done = false;
    asio::co_spawn(context, std::move(a), [&](std::exception_ptr e) {
        done = true;
        if (e) std::rethrow_exception(e);
    });
    context.restart();
    while (!done && context.run_one()) {
    }
    BOOST_REQUIRE(done);
}

/// A client of a simulator with one profile of nine posts, three a page.
struct served {
    explicit served(simulator::options o = {}) : server(context.get_executor(), with_posts(std::move(o)))
    {
        server.start();
        auto options = impatient();
        options.base_url = server.base_url();
        options.api_key = "simulated-key";
        options.proxy_from_environment = false;
        options.deadlines = patient();
        api.emplace(context, std::move(options));
        const auto profile = server.identifiers().front();
        query.account_id = profile.account;
        query.identifier = profile.identifier;
        query.is_company = profile.is_company;
        query.limit = 3;
    }

    static simulator::options with_posts(simulator::options o)
    {
        o.identifiers = 1;
        o.posts_min = o.posts_max = 9;
        o.gzip = false;
        return o;
    }

    std::vector<std::string> truth() const
    {
        std::vector<std::string> all;
        for (std::uint64_t i = 0; i != server.post_count(query.identifier); ++i)
            all.push_back(server.post_at(query.identifier, i).json);
        return all;
    }
    std::vector<std::string> list(const position& from = {}, std::size_t most = whole)
    {
        std::vector<std::string> got;
        stream.emplace(api->posts(query, from));
        run(context, texts(*stream, got, most));
        return got;
    }

    /// Lets the page whose last post was taken come to its end, where its cursor may be.
    void finish_page(std::size_t pages)
    {
        while (stream->stats().pages != pages) context.run_one();
    }

    asio::io_context context;
    simulator::server server;
    std::optional<client> api;
    std::optional<post_stream> stream;
    posts_query query;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(breaks)

BOOST_AUTO_TEST_CASE(at_every_byte_of_three_pages)
{
    const std::size_t total = 12, size = 5;
    for (std::size_t broken = 0; broken != 3; ++broken) {
        const auto bytes =
            plain_listing({.identifier = {}, .account = {}, .cursor = broken ? "c" + std::to_string(broken) : ""},
                          total, size)
                .body.size();
        for (std::size_t at = 0; at <= bytes; ++at)
            for (const std::size_t chunk : {0u, 1u, 97u}) {
                // Byte by byte takes long; the places next to those are enough.
                if (chunk == 1 && at % 16 != 0) continue;
                asio::io_context context;
                scripted_client client(
                    context.get_executor(),
                    [&](std::size_t n, const asked& a) {
                        auto p = plain_listing(a, total, size);
                        p.chunk = chunk;
                        if (n == broken) p.break_at = at;
                        return p;
                    },
                    impatient());
                auto stream = client.posts();
                outcome got;
                asio::co_spawn(context, drain(stream, got), asio::detached);
                context.run();
                BOOST_REQUIRE(got.ids == numbers(0, total));
                BOOST_REQUIRE(got.reason == end_reason::null_cursor);
                BOOST_REQUIRE(client.transport->requests.size() == 4u);
                BOOST_REQUIRE(stream.stats().posts == total);
            }
    }
}

BOOST_AUTO_TEST_CASE(two_breaks_at_every_pair_of_posts)
{
    const auto body = page(0, 6, "null");
    for (std::size_t first = 0; first < body.size(); first += 13)
        for (std::size_t second = 0; second < body.size(); second += 17) {
            asio::io_context context;
            scripted_client client(
                context.get_executor(),
                [&](std::size_t n, const asked&) -> answer {
                    return {.body = body, .break_at = n == 0 ? first : n == 1 ? second : whole};
                },
                impatient());
            auto stream = client.posts();
            outcome got;
            asio::co_spawn(context, drain(stream, got), asio::detached);
            context.run();
            BOOST_REQUIRE(got.ids == numbers(0, 6));
        }
}

BOOST_AUTO_TEST_CASE(a_new_post_while_the_page_is_fetched_again)
{
    // It breaks at every byte of the first page, and the second time there is one more post.
    const auto before = page(0, 5, "\"c1\"");
    for (std::size_t at = 0; at < before.size(); at += 3) {
        asio::io_context context;
        scripted_client client(
            context.get_executor(),
            [&](std::size_t n, const asked&) -> answer {
                if (n == 0) return {.body = before, .chunk = 50, .break_at = at};
                if (n == 1) return {.body = page({item("new"), item(0), item(1), item(2), item(3)}, "\"c2\"")};
                return {.body = page({item(4), item(5), item(6)}, "null")};
            },
            impatient());
        auto stream = client.posts();
        outcome got;
        asio::co_spawn(context, drain(stream, got), asio::detached);
        context.run();
        BOOST_REQUIRE(got.ids.size() == 8u);
        std::erase(got.ids, "new");
        BOOST_REQUIRE(got.ids == numbers(0, 7));
    }
}

BOOST_AUTO_TEST_CASE(at_places_all_over_a_real_connection)
{
    served s;
    const auto truth = s.truth();
    BOOST_REQUIRE(s.list() == truth);
    const auto bytes = s.server.stats().bytes / 3 + 500;
    std::uint64_t faults = 0;
    for (const auto kind :
         {simulator::fault_kind::reset, simulator::fault_kind::close, simulator::fault_kind::truncate})
        for (std::uint64_t at = 0; at < bytes; at += 211) {
            simulator::fault f;
            f.kind = kind;
            f.at = at;
            f.page = 1 + at % 3;
            s.server.reset_counts();
            s.server.set_faults({f});
            BOOST_REQUIRE(s.list() == truth);
            BOOST_REQUIRE(s.stream->end_reason() == end_reason::null_cursor);
            faults += s.server.stats().faults;
        }
    BOOST_TEST(faults > 50u);
}

BOOST_AUTO_TEST_CASE(resumed_behind_every_post)
{
    served s;
    const auto truth = s.truth();
    for (std::size_t n = 0; n <= truth.size(); ++n) {
        auto got = s.list({}, n);
        if (n % 3 == 0) s.finish_page(n / 3);
        const auto place = position::parse(s.stream->position().text());
        const auto rest = s.list(place);
        BOOST_TEST(got.size() == n);
        got.insert(got.end(), rest.begin(), rest.end());
        BOOST_TEST(got == truth, boost::test_tools::per_element());
        BOOST_TEST(s.stream->end_reason() == end_reason::null_cursor);
        // At the beginning of a page nothing is asked for twice.
        if (n % 3 == 0) BOOST_TEST(s.stream->stats().repeated == 0u);
    }
}

BOOST_AUTO_TEST_CASE(resumed_after_the_timeline_has_changed)
{
    for (std::size_t n = 1; n <= 9; ++n)
        for (const std::uint64_t added : {1u, 2u, 3u, 7u}) {
            served s;
            const auto truth = s.server.posts(s.query.identifier);
            (void)s.list({}, n);
            const auto place = s.stream->position();
            s.server.add_posts(s.query.identifier, added);
            s.server.change_counters(s.query.identifier);
            auto rest = s.api->posts(s.query, place);
            outcome out;
            run(s.context, drain(rest, out));
            // New ones may come if the first page is read again. The old ones come once, each of them.
            auto old = out.ids;
            std::erase_if(old,
                          [&](const auto& id) { return std::find(truth.begin(), truth.end(), id) == truth.end(); });
            const std::vector<std::string> expected(truth.begin() + static_cast<std::ptrdiff_t>(n), truth.end());
            BOOST_TEST(old == expected, boost::test_tools::per_element());
            BOOST_TEST(out.reason == end_reason::null_cursor);
        }
}

BOOST_AUTO_TEST_CASE(positions_that_are_refused)
{
    served s;
    (void)s.list({}, 2);
    const auto place = s.stream->position();
    const auto refused = [&](const posts_query& query, errc expected) {
        try {
            (void)s.api->posts(query, place);
        } catch (const failure& f) {
            return f.code() == expected;
        }
        return false;
    };
    auto query = s.query;
    query.identifier += "x";
    BOOST_TEST(refused(query, errc::position_mismatch));
    query = s.query;
    query.account_id += "x";
    BOOST_TEST(refused(query, errc::position_mismatch));
    for (const int limit : {0, -1, 101}) {
        query = s.query;
        query.limit = limit;
        BOOST_TEST(refused(query, errc::invalid_query));
    }
    query = s.query;
    query.since_run = 0;
    BOOST_TEST(refused(query, errc::invalid_query));
    s.api->close();
    BOOST_TEST(refused(s.query, errc::client_closed));
}

BOOST_AUTO_TEST_CASE(queries_that_can_not_be_sent)
{
    served s;
    for (const std::string& bad : {std::string(), std::string("a\r\nb"), std::string("a\0b", 3)}) {
        auto query = s.query;
        query.identifier = bad;
        BOOST_CHECK_EXCEPTION((void)s.api->posts(query), failure,
                              [](const failure& f) { return f.code() == make_error_code(errc::invalid_query); });
        query = s.query;
        query.account_id = bad;
        BOOST_CHECK_THROW((void)s.api->posts(query), failure);
    }
}

BOOST_AUTO_TEST_CASE(a_cursor_that_died_in_the_meantime)
{
    // Not the end: the stream that resumes has seen nothing good.
    served s;
    (void)s.list({}, 3);
    s.finish_page(1);
    const auto place = s.stream->position();
    BOOST_TEST(!detail::access::parts(place).cursor.empty());
    s.server.expire_cursors();
    auto rest = s.api->posts(s.query, place);
    outcome out;
    run(s.context, drain(rest, out));
    BOOST_TEST(out.reason == end_reason::failed);
    BOOST_REQUIRE(out.failed);
    BOOST_TEST(out.failed->code() == make_error_code(errc::target_refused));
}

BOOST_AUTO_TEST_CASE(resuming_a_complete_listing_asks_for_nothing)
{
    served s;
    (void)s.list();
    const auto place = position::parse(s.stream->position().text());
    BOOST_TEST(place.ended() == end_reason::null_cursor);
    const auto before = s.server.stats().requests;
    BOOST_TEST(s.list(place).empty());
    BOOST_TEST(s.stream->end_reason() == end_reason::null_cursor);
    BOOST_TEST(s.server.stats().requests == before);
}

BOOST_AUTO_TEST_CASE(bounds_count_from_the_position_on)
{
    served s;
    const auto truth = s.truth();
    s.query.max_posts = 4;
    auto got = s.list();
    BOOST_TEST(s.stream->end_reason() == end_reason::max_posts);
    const auto more = s.list(s.stream->position());
    got.insert(got.end(), more.begin(), more.end());
    const std::vector<std::string> expected(truth.begin(), truth.begin() + 8);
    BOOST_TEST(got == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()
