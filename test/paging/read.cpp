// A listing as a blocking range, over real sockets.
#include "support/printing.hpp"

#include <unipile/read.hpp>
#include <unipile/simulator.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <ranges>
#include <stdexcept>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

namespace asio = boost::asio;
using namespace unipile;

static_assert(std::ranges::input_range<post_range>);
static_assert(std::is_nothrow_move_constructible_v<post_range>);

namespace {

/// The API on a thread of its own, with one profile of 250 posts.
struct api {
    explicit api(simulator::options o = one_profile()) : key(o.api_key), server(context.get_executor(), std::move(o))
    {
        server.start();
        thread = std::thread([this] { context.run(); });
        profile = server.identifiers().front();
    }
    ~api()
    {
        server.stop();
        thread.join();
    }
    static simulator::options one_profile()
    {
        simulator::options o;
        o.identifiers = 1;
        o.company_share = 0;
        o.posts_min = o.posts_max = 250;
        return o;
    }

    client_options options() const
    {
        constexpr std::chrono::hours day{24};  // no busy machine may come too late
        client_options o;
        o.base_url = server.base_url();
        o.api_key = key;
        o.proxy_from_environment = false;
        o.deadlines = {.connect = day, .handshake = day, .first_byte = day, .stall = day, .request = day};
        o.retry.max_attempts = 1;
        return o;
    }
    posts_query query() const { return {.account_id = profile.account, .identifier = profile.identifier}; }
    std::vector<std::string> ids() const { return server.posts(profile.identifier); }
    std::uint64_t requests() const { return server.stats().requests; }

    std::string key;
    asio::io_context context;
    simulator::server server;
    simulator::profile profile;
    std::thread thread;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(read_range)

BOOST_AUTO_TEST_CASE(a_whole_listing)
{
    const api a;
    std::vector<std::string> ids;
    post_range posts = read(a.options(), a.query());
    for (const post& p : posts) ids.emplace_back(p.id());
    BOOST_TEST(ids == a.ids(), boost::test_tools::per_element());
    BOOST_TEST(posts.end_reason() == end_reason::null_cursor);
    BOOST_TEST(posts.stats().requests == 3u);
    BOOST_TEST(!posts.last_failure());
    BOOST_CHECK((posts.begin() == posts.end()));
    BOOST_CHECK((post_range::iterator() == posts.end()));
}

BOOST_AUTO_TEST_CASE(nothing_is_requested_before_it_is_wanted)
{
    const api a;
    post_range posts = read(a.options(), a.query());
    BOOST_TEST(a.requests() == 0u);
    auto i = posts.begin();
    for (int n = 1; n != 100; ++n) i++;
    BOOST_TEST(a.requests() == 1u);
    BOOST_TEST(posts.end_reason() == end_reason::none);

    // The place is the range's, wherever that is moved to, and is where another one resumes.
    post_range moved = std::move(posts);
    BOOST_TEST(moved.begin()->id() == a.ids()[99]);
    std::vector<std::string> ids;
    post_range resumed = read(a.options(), a.query(), moved.position());
    for (post& p : resumed) ids.emplace_back(post(std::move(p)).id());
    const auto all = a.ids();
    BOOST_TEST(ids == std::vector<std::string>(all.begin() + 100, all.end()), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_failure_comes_behind_the_posts_before_it)
{
    api a;
    post_range posts = read(a.options(), a.query());
    auto i = posts.begin();
    a.server.set_api_key("another");
    std::size_t n = 1;
    const auto walk = [&] {
        for (;; ++n) ++i;
    };
    BOOST_CHECK_EXCEPTION(walk(), failure, [](const failure& f) { return f.code() == errc::api_key_refused; });
    BOOST_TEST(n == 100u);
    BOOST_CHECK((i == posts.end()));
    BOOST_TEST(posts.end_reason() == end_reason::failed);
    BOOST_CHECK((posts.last_failure().value().code() == errc::api_key_refused));
    // It stays so.
    BOOST_CHECK_THROW(++i, failure);
    BOOST_CHECK_THROW(posts.begin(), failure);
}

BOOST_AUTO_TEST_CASE(what_cannot_work_is_refused_before_a_request)
{
    const api a;
    client_options without_key = a.options();
    without_key.api_key.clear();
    BOOST_CHECK_THROW((void)read(without_key, a.query()), std::invalid_argument);
    BOOST_CHECK_EXCEPTION((void)read(a.options(), {}), failure,
                          [](const failure& f) { return f.code() == errc::invalid_query; });
    BOOST_TEST(a.requests() == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
