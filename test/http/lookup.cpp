// Name look-ups: cached, shared, abandoned, and never waited for by what is being destroyed.
#include "http/lookup.hpp"

#include "fetching.hpp"
#include "support/printing.hpp"
#include "support/scripted_server.hpp"
#include "test_clock.hpp"
#include "test_names.hpp"

#include <unipile/resolver.hpp>

#include <boost/asio/error.hpp>
#include <boost/test/unit_test.hpp>

#include <cerrno>
#include <functional>
#include <future>
#include <latch>
#include <new>
#include <stdexcept>
#include <thread>
#include <utility>

#include <netdb.h>

using namespace unipile;
using namespace unipile::test;
using namespace std::chrono_literals;
using boost::asio::ip::make_address;
using boost::system::error_code;

namespace {

// Does with each look-up what the test says.
class scripted_resolver final : public resolver {
public:
    using script = std::function<void(handler)>;
    explicit scripted_resolver(script s) : script_(std::move(s)) {}
    void async_resolve(boost::asio::any_io_executor, std::string host, handler done) override
    {
        ++asked;
        last_host = std::move(host);
        script_(std::move(done));
    }
    unsigned asked = 0;
    std::string last_host;

private:
    script script_;
};

const std::vector here{make_address("127.0.0.1")};

struct lookup_test {
    scripted_server server{scripted_server::answer_always(ok_answer(small_body, "Connection: close\r\n"))};

    client_options options(std::shared_ptr<resolver> with) const
    {
        auto o = options_for("http://localhost:" + std::to_string(server.port()));
        o.resolver = std::move(with);
        return o;
    }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(lookups, lookup_test)

BOOST_AUTO_TEST_CASE(the_systems)
{
    http::addresses found;
    BOOST_TEST(!http::system_resolver::ask_system("localhost", found));
    BOOST_TEST(!found.empty());
    for (const auto& address : found) BOOST_TEST(address.is_loopback());
    found.clear();
    BOOST_TEST(http::system_resolver::ask_system("no-such-name.invalid", found).failed());
    BOOST_TEST(found.empty());
    auto o = options(nullptr);
    const outcome fetched = fetching(o).get();
    BOOST_TEST(fetched.ok(), describe(fetched));
    o.base_url = "https://no-such-name.invalid";
    const outcome failed = fetching(o).get();
    BOOST_TEST(failed.error == errc::resolve_failed, describe(failed));
}

BOOST_AUTO_TEST_CASE(addresses_of_both_families_are_taken)
{
    for (const char* address : {"127.0.0.1", "::1", "fe80::1%1"}) {
        http::addresses found;
        BOOST_TEST(!http::system_resolver::ask_system(address, found), address);
        BOOST_REQUIRE(found.size() == 1u);
        BOOST_TEST(found.front() == make_address(address));
    }
}

BOOST_AUTO_TEST_CASE(how_the_name_service_fails)
{
    namespace error = boost::asio::error;
    const std::pair<int, error_code> cases[] = {{EAI_AGAIN, error::host_not_found_try_again},
                                                {EAI_NONAME, error::host_not_found},
                                                {EAI_MEMORY, error::no_memory},
                                                {EAI_FAIL, error::no_recovery},
                                                {EAI_SYSTEM, {EMFILE, boost::system::system_category()}}};
    for (const auto& [result, code] : cases) {
        const failing_names now(result, EMFILE);
        http::addresses found;
        BOOST_TEST(http::system_resolver::ask_system("localhost", found) == code);
        BOOST_TEST(found.empty());
        const outcome o = fetching(options(nullptr)).get();
        BOOST_TEST(o.error == (result == EAI_SYSTEM ? errc::out_of_descriptors : errc::resolve_failed), describe(o));
        BOOST_TEST(o.cause == code);
    }
}

BOOST_AUTO_TEST_CASE(a_look_up_that_throws_has_no_memory)
{
    http::system_resolver names([](const std::string&, http::addresses&) -> error_code { throw std::bad_alloc(); });
    std::promise<error_code> answer;
    names.async_resolve({}, "localhost", [&](error_code error, http::addresses) { answer.set_value(error); });
    BOOST_TEST(answer.get_future().get() == boost::asio::error::no_memory);
}

BOOST_AUTO_TEST_CASE(families_take_turns)
{
    const auto v4 = [](int i) { return make_address("10.0.0." + std::to_string(i)); };
    const auto v6 = [](int i) { return make_address("2001:db8::" + std::to_string(i)); };
    BOOST_TEST(http::interleaved({}).empty());
    BOOST_CHECK(
        (http::interleaved({v6(1), v6(2), v6(3), v4(1), v4(2)}) == http::addresses{v6(1), v4(1), v6(2), v4(2), v6(3)}));
    BOOST_CHECK((http::interleaved({v4(1), v4(2), v6(1)}) == http::addresses{v4(1), v6(1), v4(2)}));
    BOOST_CHECK((http::interleaved({v4(1), v4(2)}) == http::addresses{v4(1), v4(2)}));
}

BOOST_AUTO_TEST_CASE(answers_from_anywhere)
{
    std::vector<std::thread> threads;
    const scripted_resolver::script scripts[] = {
        [](resolver::handler done) { std::move(done)(error_code(), here); },
        [&](resolver::handler done) {
            threads.emplace_back([d = std::move(done)]() mutable { std::move(d)(error_code(), here); });
        },
    };
    for (const auto& script : scripts) {
        const auto with = std::make_shared<scripted_resolver>(script);
        const outcome o = fetching(options(with)).get();
        BOOST_TEST(o.ok(), describe(o));
        BOOST_TEST(with->last_host == "localhost");
    }
    for (auto& t : threads) t.join();
}

BOOST_AUTO_TEST_CASE(failures)
{
    const scripted_resolver::script scripts[] = {
        [](resolver::handler done) { std::move(done)(boost::asio::error::host_not_found, http::addresses()); },
        [](resolver::handler done) { std::move(done)(error_code(), http::addresses()); },
        [](resolver::handler) {},
        [](resolver::handler) { throw std::runtime_error("a resolver with a fault"); },
    };
    for (const auto& script : scripts) {
        const outcome o = fetching(options(std::make_shared<scripted_resolver>(script))).get();
        BOOST_TEST(o.error == errc::resolve_failed, describe(o));
        BOOST_TEST(!o.sent);
        BOOST_TEST(o.cause.failed());
    }
    const auto exhausted = std::make_shared<scripted_resolver>([](resolver::handler done) {
        std::move(done)(error_code(EMFILE, boost::system::system_category()), http::addresses());
    });
    BOOST_TEST(fetching(options(exhausted)).get().error == errc::out_of_descriptors);
}

BOOST_AUTO_TEST_CASE(plain_http_stays_on_this_machine_whatever_the_name_says)
{
    for (const char* address : {"192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1", "127.0.0.1", "::ffff:127.0.0.1"}) {
        const auto liar = std::make_shared<scripted_resolver>([address](resolver::handler done) {
            std::move(done)(error_code(), http::addresses{make_address(address)});
        });
        const outcome o = fetching(options(liar)).get();
        const bool refused = o.text.find("not an address of this machine") != std::string::npos;
        BOOST_TEST(refused == !std::string_view(address).ends_with("127.0.0.1"), address << ": " << describe(o));
        if (refused) BOOST_TEST(o.error == errc::connect_failed, describe(o));
    }
}

BOOST_AUTO_TEST_CASE(found_once_used_often)
{
    const auto with =
        std::make_shared<scripted_resolver>([](resolver::handler done) { std::move(done)(error_code(), here); });
    auto o = options(with);
    fetching cached(o);
    for (int i = 0; i < 5; ++i) BOOST_TEST(cached.get().ok());
    BOOST_TEST(with->asked == 1u);
    o.dns_ttl = 0ms;
    fetching uncached(o);
    for (int i = 0; i < 5; ++i) BOOST_TEST(uncached.get().ok());
    BOOST_TEST(with->asked == 6u);
}

BOOST_AUTO_TEST_CASE(addresses_that_fail_are_looked_up_again)
{
    const auto with =
        std::make_shared<scripted_resolver>([](resolver::handler done) { std::move(done)(error_code(), here); });
    auto o = options(with);
    o.base_url = "http://localhost:" + std::to_string(closed_port());
    fetching client(o);
    for (unsigned i = 1; i < 4; ++i) {
        BOOST_TEST(client.get().error == errc::connect_failed);
        BOOST_TEST(with->asked == i);
    }
}

BOOST_AUTO_TEST_CASE(one_lookup_serves_all_who_wait)
{
    std::optional<resolver::handler> kept;
    const auto with =
        std::make_shared<scripted_resolver>([&](resolver::handler done) { kept.emplace(std::move(done)); });
    fetching client(options(with));
    std::vector<const outcome*> all;
    for (int i = 0; i < 5; ++i) all.push_back(&client.start());
    client.loop().poll();
    BOOST_TEST(with->asked == 1u);
    std::move (*kept)(error_code(), here);
    client.run();
    for (const outcome* one : all) BOOST_TEST(one->ok(), describe(*one));
}

BOOST_AUTO_TEST_CASE(one_that_hangs_is_given_up_but_not_asked_without_end)
{
    std::vector<std::unique_ptr<resolver::handler>> kept;
    const auto with = std::make_shared<scripted_resolver>(
        [&](resolver::handler done) { kept.push_back(std::make_unique<resolver::handler>(std::move(done))); });
    auto o = options(with);
    o.deadlines.resolve = 5ms;
    fetching client(o);
    for (int i = 0; i < 8; ++i) BOOST_TEST(client.get().error == errc::resolve_timeout);
    BOOST_TEST(with->asked == 4u);
    // One of them wakes up: what it found serves the next.
    std::move (*kept[1])(error_code(), here);
    const outcome now = client.get();
    BOOST_TEST(now.ok(), describe(now));
}

// An error is for those that its look-up was started for; what one has found is for all.
BOOST_AUTO_TEST_CASE(one_that_was_given_up_fails_no_other)
{
    std::vector<std::unique_ptr<resolver::handler>> kept;
    const auto with = std::make_shared<scripted_resolver>(
        [&](resolver::handler done) { kept.push_back(std::make_unique<resolver::handler>(std::move(done))); });
    auto o = options(with);
    o.deadlines.resolve = 1h;
    fetching client(o);
    const outcome& first = client.start();
    client.loop().poll();
    while (!first.finished) let_time_pass(client.loop(), 2h);
    BOOST_TEST(first.error == errc::resolve_timeout, describe(first));
    const outcome& second = client.start();
    client.loop().restart();
    client.loop().poll();
    BOOST_REQUIRE(kept.size() == 2u);
    std::move (*kept[0])(boost::asio::error::host_not_found, http::addresses());
    client.loop().restart();
    client.loop().poll();
    BOOST_TEST(!second.finished, describe(second));
    std::move (*kept[1])(error_code(), here);
    client.run();
    BOOST_TEST(second.ok(), describe(second));
}

BOOST_AUTO_TEST_CASE(an_old_error_makes_room_for_a_new_lookup)
{
    std::vector<std::unique_ptr<resolver::handler>> kept;
    const auto with = std::make_shared<scripted_resolver>(
        [&](resolver::handler done) { kept.push_back(std::make_unique<resolver::handler>(std::move(done))); });
    auto o = options(with);
    o.deadlines.resolve = 1h;
    fetching client(o);
    for (int i = 0; i < 4; ++i) {
        const outcome& given_up = client.start();
        client.loop().restart();
        client.loop().poll();
        while (!given_up.finished) let_time_pass(client.loop(), 2h);
    }
    const outcome& last = client.start();
    client.loop().restart();
    client.loop().poll();
    BOOST_REQUIRE(kept.size() == 4u);
    std::move (*kept[0])(boost::asio::error::host_not_found, http::addresses());
    client.loop().restart();
    client.loop().poll();
    BOOST_REQUIRE(kept.size() == 5u);
    std::move (*kept[4])(error_code(), here);
    client.run();
    BOOST_TEST(last.ok(), describe(last));
}

BOOST_AUTO_TEST_CASE(words_for_what_the_name_service_says)
{
    const auto text_of = [this](error_code answer) {
        const auto with = std::make_shared<scripted_resolver>(
            [answer](resolver::handler done) { std::move(done)(answer, http::addresses()); });
        const outcome o = fetching(options(with)).get();
        BOOST_TEST(o.error == errc::resolve_failed, describe(o));
        return o.text;
    };
    BOOST_TEST(text_of(boost::asio::error::host_not_found_try_again).find("can't answer now") != std::string::npos);
    BOOST_TEST(text_of(boost::asio::error::host_not_found).find("there is no such name") != std::string::npos);
    BOOST_TEST(text_of(boost::asio::error::no_recovery).find("the look-up failed") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(late_answers_touch_nothing)
{
    std::vector<std::unique_ptr<resolver::handler>> kept;
    const auto with = std::make_shared<scripted_resolver>(
        [&](resolver::handler done) { kept.push_back(std::make_unique<resolver::handler>(std::move(done))); });
    {
        fetching client(options(with));
        client.start();
        client.loop().poll();
        client.transport_.reset();
        // The exchange under way keeps the transport; the loop takes both with it.
    }
    {
        fetching client(options(with));
        client.start();
        client.loop().poll();
        client.transport()->close();
        client.run();
    }
    BOOST_REQUIRE(kept.size() == 2u);
    for (auto& done : kept) std::move (*done)(error_code(), here);
}

BOOST_AUTO_TEST_CASE(a_lookup_that_hangs_delays_no_destruction)
{
    std::latch hanging(2), release(1), over(2);
    const auto with = std::make_shared<http::system_resolver>([&](const std::string&, http::addresses&) {
        hanging.count_down();
        release.wait();
        over.count_down();
        return error_code(boost::asio::error::host_not_found);
    });
    {
        auto o = options(with);
        o.deadlines.resolve = 1h;
        fetching client(o);
        const outcome& first = client.start();
        client.loop().poll();
        while (!first.finished) let_time_pass(client.loop(), 2h);
        BOOST_TEST(first.error == errc::resolve_timeout, describe(first));
        const outcome& other = client.start();
        client.loop().restart();
        client.loop().poll();
        hanging.wait();
        BOOST_TEST(!other.finished);
    }
    // Client and loop are gone, and the look-up still hangs.
    release.count_down();
    over.wait();
}

BOOST_AUTO_TEST_SUITE_END()
