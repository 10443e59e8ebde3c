// What one listing, or one page, does in another way than its client says.
#include "scripted.hpp"
#include "support/printing.hpp"

#include "http/transport.hpp"

#include <unipile/client.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace asio = boost::asio;
using namespace unipile;
using namespace unipile::test;
using namespace std::chrono_literals;

namespace {

struct listing_client {
    explicit listing_client(script s) : scripted(context.get_executor(), std::move(s), impatient()) {}

    outcome list(const call_options& options)
    {
        auto stream = scripted.posts(someone, {}, options);
        outcome got;
        asio::co_spawn(context, drain(stream, got), asio::detached);
        context.restart();
        context.run();
        return got;
    }
    std::string refusal_of(const call_options& options)
    {
        try {
            scripted.posts(someone, {}, options);
        } catch (const failure& f) {
            BOOST_TEST(f.code() == errc::invalid_query);
            return f.all().note;
        }
        return {};
    }

    asio::io_context context;
    scripted_client scripted;
};

answer odd_page(std::size_t, const asked&)
{
    return {.body = page({R"({"object":"Post","id":"1","text":7})"}, "null")};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(own_options)

BOOST_AUTO_TEST_CASE(listings_without_any_share_their_clients)
{
    listing_client f(plain_listing(25, 10));
    BOOST_TEST(f.list({}).ids == numbers(0, 25), boost::test_tools::per_element());
    for (const auto& s : f.scripted.transport->settings) BOOST_TEST(s == f.scripted.core->settings());
}

BOOST_AUTO_TEST_CASE(strictness)
{
    listing_client f(odd_page);
    // One after another, since a decoder is used again.
    for (const bool strict : {false, true, false, true, true, false}) {
        const outcome got = f.list({.strict = strict});
        BOOST_TEST(got.failed.has_value() == strict);
        if (got.failed) BOOST_TEST(got.failed->code() == errc::contract_violated);
    }
    BOOST_TEST(!f.list({}).failed.has_value());
}

BOOST_AUTO_TEST_CASE(retries)
{
    listing_client f([](std::size_t n, const asked& a) {
        return n % 2 == 0 ? refusal(500, "unexpected_error") : plain_listing(a, 5, 10);
    });
    retry_policy once = impatient().retry;
    once.max_attempts = 1;
    const outcome failed = f.list({.retry = once});
    BOOST_TEST(failed.failed.has_value());
    BOOST_TEST(f.scripted.transport->requests.size() == 1u);
    f.scripted.transport->requests.clear();
    BOOST_TEST(f.list({}).ids.size() == 5u);
    BOOST_TEST(f.scripted.transport->requests.size() == 2u);
}

BOOST_AUTO_TEST_CASE(what_each_request_is_sent_with)
{
    listing_client f([](std::size_t, const asked&) { return answer{.body = page(0, 1, "null")}; });
    const call_options own{.deadlines = deadlines{.first_byte = 7ms, .stall = std::chrono::milliseconds::max()},
                           .headers = {{"traceparent", "00-1-2-03"}, {"X-Empty", ""}},
                           .parameters = {{"trace id", "a&b"}, {"x", ""}}};
    f.list(own);
    const auto& sent = *f.scripted.transport->settings.at(0);
    BOOST_TEST(sent.deadlines.first_byte.count() == 7);
    BOOST_TEST((sent.deadlines.stall == std::chrono::years(10)));
    BOOST_TEST(sent.fields == "traceparent: 00-1-2-03\r\nX-Empty: \r\n");
    // Behind the cursor, which is last in the test's targets.
    BOOST_TEST(f.scripted.transport->requests.at(0).cursor == "&trace%20id=a%26b&x=");
}

BOOST_AUTO_TEST_CASE(a_single_page)
{
    listing_client f(odd_page);
    auto api = detail::access::make<client>(f.context.get_executor(), f.scripted.core);
    std::vector<boost::system::error_code> codes;
    for (const bool strict : {true, false})
        api.async_page(someone, position(), call_options{.strict = strict},
                       [&](boost::system::error_code e, const posts_page&) { codes.push_back(e); });
    api.async_page(someone, position(), call_options{.headers = {{"Host", "x"}}},
                   [&](boost::system::error_code e, const posts_page& p) {
                       BOOST_TEST(p.failure->all().note == "Host is a header field of the library's own");
                       codes.push_back(e);
                   });
    f.context.run();
    BOOST_REQUIRE(codes.size() == 3u);
    // The refused one needs no answer.
    BOOST_TEST(codes.at(0) == errc::invalid_query);
    BOOST_TEST(codes.at(1) == errc::contract_violated);
    BOOST_TEST(!codes.at(2));
}

BOOST_AUTO_TEST_CASE(what_can_not_be_sent)
{
    listing_client f(plain_listing(1, 10));
    const auto with_header = [&](std::string name, std::string value) {
        return f.refusal_of({.headers = {{std::move(name), std::move(value)}}});
    };
    const auto with_parameter = [&](std::string name, std::string value) {
        return f.refusal_of({.parameters = {{std::move(name), std::move(value)}}});
    };
    BOOST_TEST(with_header("X-A.b", "c") == "");
    for (const char* name : {"", "a b", "a:", "a\r\nb", "\xc3\xa4", "a\x7f"})
        BOOST_TEST(with_header(name, "x") == "the name of a header field is no token");
    for (const char* name :
         {"host", "X-Api-Key", "CONNECTION", "Content-Length", "transfer-encoding", "TE", "Expect", "accept"})
        BOOST_TEST(with_header(name, "x") == name + std::string(" is a header field of the library's own"));
    for (const std::string value : {"a\r\nb: c", "a\nb", "\x01", "\x7f"})
        BOOST_TEST(with_header("a", value) == "the value of the header field a holds a control character");
    BOOST_TEST(with_header("a", std::string(9000, 'x')) == "the header fields are longer than 8 KiB");
    BOOST_TEST(with_parameter("", "x") == "the name of a parameter is empty");
    for (const char* name : {"account_id", "cursor", "limit", "is_company", "port"})
        BOOST_TEST(with_parameter(name, "x") == name + std::string(" is a parameter of the library's own"));
    BOOST_TEST(with_parameter("a", std::string(9000, 'x')) == "the parameters are longer than 8 KiB");
    BOOST_TEST(f.refusal_of({.deadlines = deadlines{.stall = -1ms}}) ==
               "deadlines.stall: a duration must not be negative");
    retry_policy never;
    never.max_attempts = 0;
    BOOST_TEST(f.refusal_of({.retry = never}).starts_with("retry.max_attempts: "));
}

BOOST_AUTO_TEST_SUITE_END()
