// How much of an answer is read before others get the loop. Counted, not timed.
#include "fetching.hpp"
#include "support/printing.hpp"
#include "support/scripted_server.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <exception>

using namespace unipile;
using namespace unipile::test;
namespace asio = boost::asio;

namespace {

/// What one turn of the loop may hand out: see get_exchange.cpp.
constexpr std::size_t most_in_a_turn = (1024 + 64) * 1024;

/// Runs one exchange to its end. The most bytes that a single handler brought.
std::size_t most_at_once(fetching& client, const outcome& o)
{
    std::size_t most = 0;
    while (!o.finished) {
        const std::size_t before = o.body.size();
        BOOST_REQUIRE(client.loop().run_one() != 0);
        most = std::max(most, o.body.size() - before);
    }
    return most;
}

std::string many_times(const std::string& text, std::size_t n)
{
    std::string all;
    for (std::size_t i = 0; i < n; ++i) all += text;
    return all;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(fairness)

BOOST_AUTO_TEST_CASE(inflating_and_reading_let_others_run)
{
    const std::string blanks(24 * 1024 * 1024, ' ');
    const std::string packed = gzipped(blanks);
    BOOST_TEST(packed.size() < 64u * 1024);
    for (const std::string& answer :
         {ok_answer(packed, "Content-Encoding: gzip\r\n"), ok_answer(blanks), chunked_answer(blanks, 100'000)}) {
        const scripted_server server(scripted_server::answer_always(answer));
        fetching client(options_for(server.url()));
        const outcome& o = client.start();
        BOOST_TEST(most_at_once(client, o) <= most_in_a_turn);
        BOOST_TEST((o.ok() && o.body.size() == blanks.size()), describe(o));
    }
}

// A piece costs its reader something however small it is.
BOOST_AUTO_TEST_CASE(small_pieces_count_for_more_than_their_bytes)
{
    const scripted_server server(scripted_server::answer_always(chunked_answer(std::string(100'000, ' '), 1)));
    fetching client(options_for(server.url()));
    const outcome& o = client.start();
    BOOST_TEST(most_at_once(client, o) <= 1024u * 1024 / 64);
    BOOST_TEST((o.ok() && o.body.size() == 100'000u), describe(o));
}

BOOST_AUTO_TEST_CASE(what_makes_no_posts_counts_as_well)
{
    const std::string members = many_times(gzipped(""), 10'000);
    std::string blocks = gzipped("").substr(0, 10);  // the header
    blocks += many_times(std::string("\x00\x00\x00\xff\xff", 5), 40'000);
    for (const std::string& packed : {members, blocks}) {
        std::string answer = chunked_answer(packed, 1000);
        answer.insert(answer.find("\r\n") + 2, "Content-Encoding: gzip\r\n");
        const scripted_server server(scripted_server::answer_always(answer));
        auto options = options_for(server.url());
        options.limits.page = 50'000;
        const outcome o = fetching(options).get();
        BOOST_TEST(o.error == errc::page_too_large, describe(o));
        BOOST_TEST(o.wire_bytes < 50'000u + 128 * 1024);
    }
}

// Many are sent in one turn, and none of them holds a buffer while others are read. The server is quick enough to have
// answered before the client looks in most of these rounds.
BOOST_AUTO_TEST_CASE(a_request_is_sent_in_one_turn_and_its_answer_read_in_another)
{
    const scripted_server server(scripted_server::answer_always(ok_answer("{}")));
    fetching client(options_for(server.url()));
    BOOST_TEST(client.get().ok());
    for (int i = 0; i != 200; ++i) {
        const auto exchange = client.transport()->open({});
        bool over = false;
        const auto ended = [&](const std::exception_ptr& error, const auto&) {
            BOOST_TEST(!error);
            over = true;
        };
        asio::co_spawn(client.loop(), exchange->get("/posts"), ended);
        while (exchange->times_sent() == 0) BOOST_REQUIRE(client.loop().run_one() != 0);
        BOOST_TEST(!exchange->heard());
        while (!over) BOOST_REQUIRE(client.loop().run_one() != 0);
        over = false;
        asio::co_spawn(client.loop(), exchange->read_some(), ended);
        while (!over) BOOST_REQUIRE(client.loop().run_one() != 0);
    }
    BOOST_TEST(client.stats().reused == 200u);
}

BOOST_AUTO_TEST_CASE(what_is_around_chunks_is_bounded)
{
    const std::string chunk = "1;" + std::string(4000, 'x') + "\r\n \r\n";
    const scripted_server server([&](peer& p) {
        p.read_request();
        p.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        while (p.send(chunk)) {
        }
    });
    auto options = options_for(server.url());
    options.limits.page = 50'000;
    const outcome o = fetching(options).get();
    BOOST_TEST(o.error == errc::bad_chunk, describe(o));
    BOOST_TEST(o.text.find("more framing than data in the chunks") != std::string::npos, o.text);
}

BOOST_AUTO_TEST_SUITE_END()
