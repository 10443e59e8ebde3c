// A program of its own, since it replaces operator new: memory runs out at every k-th allocation of an exchange, once
// or for good, OpenSSL's allocations counted as well.
#include "decode/failing_new.hpp"
#include "http/transport.hpp"
#include "support/certificates.hpp"
#include "support/printing.hpp"
#include "support/scripted_server.hpp"

#include <unipile/resolver.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <new>

#include <openssl/crypto.h>

using namespace unipile;
using namespace unipile::test;

namespace {

void* openssl_malloc(std::size_t n, const char*, int) { return allocation_fails() ? nullptr : std::malloc(n); }
void* openssl_realloc(void* p, std::size_t n, const char*, int)
{
    return allocation_fails() ? nullptr : std::realloc(p, n);
}
void openssl_free(void* p, const char*, int) { std::free(p); }

// Before anything of OpenSSL is used.
const bool openssl_is_counted = CRYPTO_set_mem_functions(&openssl_malloc, &openssl_realloc, &openssl_free) == 1;

class here final : public resolver {
public:
    void async_resolve(boost::asio::any_io_executor, std::string, handler done) override
    {
        std::vector found{boost::asio::ip::make_address("127.0.0.1")};
        std::move(done)(boost::system::error_code(), std::move(found));
    }
};

enum class result { none, whole, failed, no_memory };

boost::asio::awaitable<void> read_all(std::shared_ptr<http::transport> from, std::size_t size, result& to)
{
    const auto one = from->open({});
    std::size_t got = 0;
    try {
        co_await one->get("/posts");
        for (;;) {
            const std::string_view piece = co_await one->read_some();
            if (piece.empty()) break;
            got += piece.size();
        }
        to = got == size ? result::whole : result::none;
    } catch (const boost::system::system_error&) {
        to = result::failed;
    } catch (const std::bad_alloc&) {
        to = result::no_memory;
    }
}

struct done_with {
    bool* over;
    result* to;
    void operator()(std::exception_ptr error) const noexcept
    {
        *over = true;
        if (error) *to = result::no_memory;
    }
};

/// Two exchanges after another, the second over the first one's connection where there was memory to keep it.
result exchange_twice(const client_options& options, std::size_t size)
{
    boost::asio::io_context loop(1);
    const auto transport = http::transport::create(loop.get_executor(), options);
    result last = result::none;
    for (int i = 0; i < 2; ++i) {
        bool over = false;
        boost::asio::co_spawn(loop, read_all(transport, size, last), done_with{&over, &last});
        loop.restart();
        while (!over)
            if (loop.run_one() == 0) return result::none;
        if (last != result::whole) return last;
    }
    return last;
}

// 1: every allocation fails in its turn. Where an exchange takes long, UNIPILE_ALLOCATION_STEP leaves some out.
long allocation_step()
{
    const char* text = std::getenv("UNIPILE_ALLOCATION_STEP");
    return text ? std::max(1L, std::strtol(text, nullptr, 10)) : 1L;
}

struct memory_test {
    certificate_authority authority;
    std::string body = std::string(3000, 'x');

    client_options options(const std::string& url) const
    {
        client_options o;
        o.base_url = url;
        o.api_key = "key";
        o.proxy_from_environment = false;
        o.ca_file = authority.file();
        o.resolver = std::make_shared<here>();
        return o;
    }

    void check(const std::string& answer, bool tls, long only)
    {
        const scripted_server server(scripted_server::answer_always(answer), tls_by(tls ? &authority : nullptr));
        const auto o = options((tls ? "https://localhost:" : "http://localhost:") + std::to_string(server.port()));
        BOOST_TEST_REQUIRE(exchange_twice(o, body.size()) == result::whole);  // what is made once and kept is made now
        long k = 0;
        for (bool failed = true; failed; k += allocation_step()) {
            const long before = live_allocations();
            result r = result::none;
            {
                const fail_at scope(k, only);
                try {
                    r = exchange_twice(o, body.size());
                } catch (const std::bad_alloc&) {
                    r = result::no_memory;  // making the client
                } catch (const std::invalid_argument&) {
                    r = result::failed;  // OpenSSL has no words for it
                }
                failed = scope.has_failed();
            }
            if (live_allocations() != before) BOOST_FAIL("a leak when allocation " << k << " fails");
            if (r == result::none) BOOST_FAIL("no end when allocation " << k << " fails");
            if (!failed && r != result::whole) BOOST_FAIL("not whole, although nothing failed");
        }
        BOOST_TEST(k > 30);
        BOOST_TEST_MESSAGE(k << " allocations");
    }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(memory, memory_test)

BOOST_AUTO_TEST_CASE(runs_out_for_good)
{
    BOOST_TEST(openssl_is_counted);
    for (const bool tls : {false, true})
        check(ok_answer(gzipped(body), "Content-Encoding: gzip\r\n"), tls, std::numeric_limits<long>::max());
}

BOOST_AUTO_TEST_CASE(runs_out_once)
{
    for (const bool tls : {false, true}) check(chunked_answer(body, 700), tls, 1);
}

BOOST_AUTO_TEST_SUITE_END()
