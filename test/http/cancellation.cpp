// Cancelled, or destroyed, behind each k-th handler of an exchange: at every point at which it can be waiting.
#include "fetching.hpp"
#include "support/printing.hpp"
#include "support/scripted_server.hpp"

#include <unipile/resolver.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/test/unit_test.hpp>

#include <exception>

using namespace unipile;
using namespace unipile::test;
namespace asio = boost::asio;

namespace {

const std::string body(200, 'x');

// Answers on the loop, some handlers later.
class slow_resolver final : public resolver {
public:
    void async_resolve(asio::any_io_executor executor, std::string, handler done) override
    {
        asio::post(executor, [executor, d = std::move(done)]() mutable {
            asio::post(executor, [d = std::move(d)]() mutable {
                std::move(d)(boost::system::error_code(), std::vector{asio::ip::make_address("127.0.0.1")});
            });
        });
    }
};

asio::awaitable<void> fetch_all_cancellable(std::shared_ptr<http::transport> from, asio::cancellation_type kind,
                                            outcome& to)
{
    if (kind != asio::cancellation_type::terminal)
        co_await asio::this_coro::reset_cancellation_state(asio::enable_total_cancellation());
    co_await fetch(from, "/posts", to);
}

struct scenario {
    const char* name;
    client_options options;
};

struct run {
    explicit run(const scenario& s, asio::cancellation_type kind) : client(s.options)
    {
        asio::co_spawn(client.loop(), fetch_all_cancellable(client.transport(), kind, result),
                       asio::bind_cancellation_slot(signal.slot(), [this](std::exception_ptr error) {
                           // From Asio 1.36 on it does not begin if it is cancelled before.
                           if (error && !result.finished) result.finished = result.cancelled = true;
                       }));
    }
    // False: there was nothing left to wait for.
    bool run_handlers(std::size_t k)
    {
        for (std::size_t i = 0; i < k && !result.finished; ++i) BOOST_REQUIRE(client.loop().run_one() != 0);
        return !result.finished;
    }

    outcome result;
    asio::cancellation_signal signal;
    fetching client;
};

struct cancel_test {
    certificate_authority authority;
    scripted_server::script script = [](peer& p) {
        while (!p.read_request().empty()) p.send_in_pieces(chunked_answer(body, 50), 40);
    };
    scripted_server plain{script};
    scripted_server tls{script, tls_by(&authority)};
    scripted_server proxy{[this](peer& p) {
        p.read_request();
        p.send("HTTP/1.1 200 OK\r\n\r\n");
        p.splice_to(tls.port());
    }};

    std::vector<scenario> scenarios() const
    {
        std::vector<scenario> all;
        const auto add = [&](const char* name, const std::string& url) -> scenario& {
            scenario s{name, options_for(url)};
            s.options.ca_file = authority.file();
            s.options.max_connections = 1;
            s.options.resolver = std::make_shared<slow_resolver>();
            all.push_back(std::move(s));
            return all.back();
        };
        add("plain", plain.url());
        add("named", "http://localhost:" + std::to_string(plain.port()));
        add("tls", "https://localhost:" + std::to_string(tls.port()));
        add("tunnel", tls.url()).options.proxy = proxy.url();
        return all;
    }
};

// What must hold whatever was cancelled: nothing is left, nothing is broken, and a cancelled connection isn't used.
void check_afterwards(run& r)
{
    BOOST_TEST((r.result.cancelled || r.result.ok()), describe(r.result));
    BOOST_TEST(r.client.stats().open == (r.result.cancelled ? 0u : r.client.stats().idle));
    const outcome next = r.client.get();
    BOOST_TEST(next.ok(), describe(next));
    BOOST_TEST(next.body == body);
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(cancellation, cancel_test)

BOOST_AUTO_TEST_CASE(behind_every_handler)
{
    for (const scenario& s : scenarios()) {
        for (const auto kind :
             {asio::cancellation_type::terminal, asio::cancellation_type::partial, asio::cancellation_type::total}) {
            std::size_t k = 0, cancelled = 0;
            for (bool waiting = true; waiting; ++k) {
                BOOST_TEST_CONTEXT(s.name << ", handler " << k)
                {
                    run r(s, kind);
                    waiting = r.run_handlers(k);
                    r.signal.emit(kind);
                    while (!r.result.finished) BOOST_REQUIRE(r.client.loop().run_one() != 0);
                    cancelled += r.result.cancelled ? 1 : 0;
                    check_afterwards(r);
                }
            }
            BOOST_TEST(cancelled >= k - 3, s.name << ": " << cancelled << " of " << k);
        }
    }
}

BOOST_AUTO_TEST_CASE(destroyed_behind_every_handler)
{
    for (const scenario& s : scenarios()) {
        for (const bool transport_first : {true, false}) {
            bool waiting = true;
            for (std::size_t k = 0; waiting; ++k) {
                run r(s, asio::cancellation_type::terminal);
                waiting = r.run_handlers(k);
                if (transport_first) {
                    r.client.transport_.reset();
                } else {
                    // Whoever holds the transport last: here the coroutines, which go with the loop.
                    const auto held = std::exchange(r.client.transport_, nullptr);
                }
                r.client.loop_.reset();
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(closed_behind_every_handler)
{
    for (const scenario& s : scenarios()) {
        bool waiting = true;
        for (std::size_t k = 0; waiting; ++k) {
            BOOST_TEST_CONTEXT(s.name << ", handler " << k)
            {
                run r(s, asio::cancellation_type::terminal);
                waiting = r.run_handlers(k);
                r.client.transport()->close();
                while (!r.result.finished) BOOST_REQUIRE(r.client.loop().run_one() != 0);
                BOOST_TEST((r.result.ok() || r.result.error == errc::client_closed), describe(r.result));
                BOOST_TEST(waiting == (r.result.error == errc::client_closed), describe(r.result));
                BOOST_TEST(r.client.stats().open == 0u);
                r.client.loop().run();
            }
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()
