// Answers as bytes: framing, pieces, places where faults strike.
#include "simulator/wire.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <vector>

namespace sim = unipile::simulator;

namespace {

sim::answer some_answer(std::string body, sim::framing framing)
{
    sim::answer answer;
    answer.body = std::make_shared<const std::string>(std::move(body));
    answer.framing = framing;
    answer.dice = 99;
    return answer;
}

std::string all(const sim::answer& answer, const sim::wire::shape& shape, std::uint64_t piece)
{
    sim::wire wire(answer, shape);
    const auto total = wire.total();
    std::string bytes;
    for (auto size = bytes.size(); wire.fill(bytes, piece); size = bytes.size())
        BOOST_TEST(bytes.size() - size <= piece);
    BOOST_TEST(bytes.size() == total);
    return bytes;
}

std::string head(const std::string& bytes) { return bytes.substr(0, bytes.find("\r\n\r\n") + 4); }

/// The body of a chunked message; `sizes` gets the chunks' sizes, the last one's too.
std::string without_chunks(std::string_view text, std::vector<std::size_t>& sizes)
{
    std::string body;
    for (;;) {
        std::size_t size = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size, 16);
        BOOST_REQUIRE((error == std::errc{}));
        text.remove_prefix(static_cast<std::size_t>(end - text.data()));
        BOOST_REQUIRE(text.starts_with("\r\n"));
        body += text.substr(2, size);
        text.remove_prefix(2 + size);
        BOOST_REQUIRE(text.starts_with("\r\n"));
        text.remove_prefix(2);
        sizes.push_back(size);
        if (size == 0) break;
    }
    BOOST_TEST(text.empty());
    return body;
}

std::string long_text(std::size_t size)
{
    std::string text;
    for (std::size_t i = 0; text.size() < size; ++i) text += std::to_string(i);
    text.resize(size);
    return text;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(wires)

BOOST_AUTO_TEST_CASE(with_a_length)
{
    const auto answer = some_answer("hello", sim::framing::length);
    const auto bytes = all(answer, {}, 1'000);
    BOOST_TEST(bytes.starts_with("HTTP/1.1 200 OK\r\n"));
    BOOST_TEST(bytes.find("\r\nContent-Length: 5\r\n") != bytes.npos);
    BOOST_TEST(bytes.find("Transfer-Encoding") == bytes.npos);
    BOOST_TEST(bytes.ends_with("\r\n\r\nhello"));
}

BOOST_AUTO_TEST_CASE(headers_of_each_shape)
{
    auto answer = some_answer("{}", sim::framing::chunked);
    answer.status = 429;
    answer.headers = "Retry-After: 3\r\n";
    answer.gzip = true;
    sim::wire::shape shape;
    shape.keep_alive = std::chrono::seconds(5);
    auto text = head(all(answer, shape, 1'000));
    BOOST_TEST(text.starts_with("HTTP/1.1 429 Too Many Requests\r\n"));
    for (const auto* line : {"Retry-After: 3", "Content-Encoding: gzip", "Vary: Accept-Encoding",
                             "Date: ", "Transfer-Encoding: chunked", "Connection: keep-alive", "Keep-Alive: timeout=5"})
        BOOST_TEST(text.find(std::string("\r\n") + line) != text.npos, line);
    shape.close = true;
    text = head(all(answer, shape, 1'000));
    BOOST_TEST(text.find("Connection: close") != text.npos);
    BOOST_TEST(text.find("Keep-Alive") == text.npos);
    shape.old_peer = true;
    text = all(answer, shape, 1'000);
    BOOST_TEST(text.find("chunked") == text.npos);
    BOOST_TEST(text.ends_with("{}"));
    shape.no_body = true;
    BOOST_TEST(all(answer, shape, 1'000).ends_with("\r\n\r\n"));
}

BOOST_AUTO_TEST_CASE(pieces_of_every_size_make_the_same_bytes)
{
    for (const auto framing : {sim::framing::length, sim::framing::chunked})
        for (const std::size_t size : {0u, 1u, 100u, 16'384u, 16'385u, 40'000u}) {
            auto answer = some_answer(long_text(size), framing);
            const auto whole = all(answer, {}, UINT64_MAX);
            for (const auto piece : {1u, 2u, 3u, 7u, 1'000u, 20'000u}) BOOST_TEST(all(answer, {}, piece) == whole);
        }
}

BOOST_AUTO_TEST_CASE(chunks)
{
    for (const std::size_t size : {0u, 1u, 100u, 16'384u, 40'000u})
        for (const auto chunk : {std::optional<std::size_t>(), std::optional<std::size_t>(0),
                                 std::optional<std::size_t>(1), std::optional<std::size_t>(7'000)}) {
            auto answer = some_answer(long_text(size), chunk ? sim::framing::length : sim::framing::chunked);
            answer.chunk = chunk;
            const auto bytes = all(answer, {}, 5'000);
            std::vector<std::size_t> sizes;
            BOOST_TEST(without_chunks(std::string_view(bytes).substr(head(bytes).size()), sizes) == *answer.body);
            if (chunk && *chunk > 0 && size > *chunk) BOOST_TEST(sizes[0] == *chunk);
            if (chunk && *chunk == 0 && size == 40'000) {
                BOOST_TEST(*std::min_element(sizes.begin(), sizes.end() - 1) < 10u);
                BOOST_TEST(*std::max_element(sizes.begin(), sizes.end()) > 1'000u);
            }
        }
}

BOOST_AUTO_TEST_CASE(where_faults_strike)
{
    const auto answer = some_answer(long_text(1'000), sim::framing::length);
    const sim::wire wire(answer, {});
    const auto total = wire.total();
    const auto at = [&](const char* spec) { return wire.bytes_until(sim::parse_fault(spec)); };
    BOOST_TEST(at("reset") == 0u);
    BOOST_TEST(at("reset:at=17") == 17u);
    BOOST_TEST(at("reset:at=99999") == total);
    BOOST_TEST(at("close:at=0%") == total - 1'000);
    BOOST_TEST(at("truncate") == total - 500);
    BOOST_TEST(at("close:at=100%") == total);
    BOOST_TEST(at("stall:at=random") < total);
}

BOOST_AUTO_TEST_SUITE_END()
