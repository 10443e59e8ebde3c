// How long a connection waits, what it is asked meanwhile, and which host it takes.
#include "store/postgres/served.hpp"

#include "support/cutting_proxy.hpp"

#include <fstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using namespace unipile::store::postgres;
using namespace unipile::store::postgres::test;
using unipile::test::cutting_proxy;
using unipile::test::proxy_plan;

namespace {

/// A wait that ends when it is asked for the n-th time.
connection_options ended_at(int n)
{
    connection_options options;
    options.while_waiting = [n, asked = 0](std::chrono::milliseconds waited) mutable {
        BOOST_TEST(waited.count() >= 0);
        return ++asked < n;
    };
    return options;
}

bool contains(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

/// A server that recovers for ever: it answers each login with 57P03 until it is promoted.
struct starting_server : postgres_server {
    starting_server() : postgres_server(without_standby())
    {
        stop();
        std::ofstream(folder() / "data/standby.signal").flush();
        begin_start();
    }
    static postgres_settings without_standby()
    {
        postgres_settings settings;
        settings.more = {"hot_standby = off"};
        return settings;
    }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(postgres_answers)

BOOST_AUTO_TEST_CASE(a_server_that_does_not_answer_is_given_up_at_the_deadline)
{
    cutting_proxy proxy(shared_server().socket());
    connection_options options;
    options.answer_timeout = 50ms;
    connection c = connection_to(proxy, options);
    c.connect();
    proxy_plan silent;
    silent.blackhole_to_client = 0;
    proxy.set_now(silent);
    const outcome result = outcome_of(c, {query("SELECT 1")});
    BOOST_TEST(result.kind == error_kind::lost);
    BOOST_TEST(contains(result.line, "no answer for 50 ms"));
    BOOST_TEST(!c.connected());
}

BOOST_AUTO_TEST_CASE(a_server_that_reads_no_more_is_given_up_at_the_deadline)
{
    cutting_proxy proxy(shared_server().socket());
    connection_options options;
    options.answer_timeout = 500ms;
    connection c = connection_to(proxy, options);
    c.connect();
    proxy_plan slow;
    slow.delay = 1h;
    proxy.set_now(slow);
    const outcome result = outcome_of(c, {query("SELECT $1").add(std::string(10'000'000, 'x'))});
    BOOST_TEST(result.kind == error_kind::lost);
    BOOST_TEST(contains(result.line, "no answer"));
}

BOOST_AUTO_TEST_CASE(a_login_that_gets_no_answer_ends_at_the_deadline)
{
    cutting_proxy proxy(shared_server().socket());
    proxy_plan silent;
    silent.blackhole_to_client = 0;
    proxy.set(silent);
    connection_options options;
    options.connect_timeout = 50ms;
    connection c = connection_to(proxy, options);
    const outcome result = outcome_of(c, {query("SELECT 1")});
    BOOST_TEST(result.kind == error_kind::lost);
    BOOST_TEST(contains(result.line, "no answer for 50 ms"));
    proxy.set({});
    connection patient = connection_to(proxy, options, "connect_timeout=3600");
    BOOST_TEST(patient.run(query("SELECT 1")).count() == 1);
}

BOOST_AUTO_TEST_CASE(waiting_for_an_answer_can_be_interrupted)
{
    connection c = connection_to(shared_server(), ended_at(3), "application_name=sleeper");
    const outcome result = outcome_of(c, {query("SELECT pg_sleep(3600)")});
    BOOST_TEST(result.kind == error_kind::interrupted);
    BOOST_TEST((result.reason == unipile::store::store_errc::interrupted));
    BOOST_TEST(!c.connected());
    shared_server().end_sessions("sleeper");
}

BOOST_AUTO_TEST_CASE(an_exception_while_waiting_closes_the_connection)
{
    bool thrown = false;
    connection_options options;
    options.while_waiting = [&](std::chrono::milliseconds) {
        if (!std::exchange(thrown, true)) throw std::runtime_error("of the user's");
        return true;
    };
    connection c = connection_to(shared_server(), options);
    BOOST_CHECK_THROW(c.run(std::vector<query>{query("SELECT 1"), query("SELECT pg_sleep(1)")}), std::runtime_error);
    BOOST_TEST(!c.connected());
    BOOST_TEST(c.run(query("SELECT 7")).integer(0, 0) == 7);
}

BOOST_AUTO_TEST_CASE(waiting_for_a_server_can_be_interrupted)
{
    const starting_server server;
    connection c = connection_to(server, ended_at(3));
    BOOST_TEST(outcome_of([&] { c.connect(1h); }).kind == error_kind::interrupted);
    connection absent(conninfo("host=/nowhere"), ended_at(3));
    BOOST_TEST(outcome_of([&] { absent.connect(1h); }).kind == error_kind::interrupted);
}

BOOST_AUTO_TEST_CASE(a_server_that_starts_is_waited_for)
{
    starting_server server;
    connection_options at_once;
    at_once.start_patience = 0ms;
    connection hasty = connection_to(server, at_once);
    outcome early;
    do early = outcome_of([&] { hasty.connect(); });  // until it has its socket
    while (early.sqlstate.empty());
    BOOST_TEST(early.sqlstate == "57P03");
    BOOST_TEST(early.kind == error_kind::lost);

    connection_options options;
    options.start_patience = 1h;
    int asked = 0;
    options.while_waiting = [&](std::chrono::milliseconds) {
        if (++asked == 3) server.promote();
        return true;
    };
    connection c = connection_to(server, options);
    BOOST_TEST(c.run(query("SELECT 1")).count() == 1);
    BOOST_TEST(asked >= 3);
}

BOOST_AUTO_TEST_CASE(an_absent_server_is_waited_for_as_long_as_asked)
{
    postgres_server server;
    server.stop();
    connection_options options;
    int asked = 0;
    options.while_waiting = [&](std::chrono::milliseconds) {
        if (++asked == 3) server.begin_start();
        return true;
    };
    connection c = connection_to(server, options);
    BOOST_TEST(outcome_of([&] { c.connect(); }).kind == error_kind::lost);
    BOOST_TEST(outcome_of([&] { c.connect(60ms); }).kind == error_kind::lost);
    asked = 0;
    c.connect(1h);
    BOOST_TEST(c.connected());
    c.connect();
    BOOST_TEST(c.run(query("SELECT 1")).count() == 1);
}

BOOST_AUTO_TEST_CASE(the_first_host_that_can_be_written_is_taken)
{
    postgres_server standby;
    standby.stop();
    std::ofstream(standby.folder() / "data/standby.signal").flush();
    standby.start();
    const std::string folders = "/nowhere," + standby.folder().string() + "," + shared_server().folder().string();
    connection c(conninfo("host=" + folders + " user=postgres dbname=postgres"));
    const rows got = c.run(query("SELECT pg_is_in_recovery(), current_setting('unix_socket_directories')"));
    BOOST_TEST(!got.boolean(0, 0));
    BOOST_TEST(got.text(0, 1) == shared_server().folder().string());

    connection none(conninfo("host=/nowhere," + standby.folder().string() + " user=postgres dbname=postgres"));
    const outcome result = outcome_of([&] { none.connect(); });
    BOOST_TEST(result.kind == error_kind::lost);
    BOOST_TEST(contains(result.line, "/nowhere/.s.PGSQL.5432"));
    BOOST_TEST(contains(result.line, "read-only"));
    connection refused(conninfo("host=" + folders + " user=postgres dbname=absent"));
    BOOST_TEST(outcome_of([&] { refused.connect(1h); }).sqlstate == "3D000");
}

BOOST_AUTO_TEST_CASE(a_session_says_who_it_is_and_speaks_utf8)
{
    const char* settings = "SELECT current_setting('application_name'), current_setting('client_encoding')";
    connection c = connection_to(shared_server());
    const rows got = c.run(query(settings));
    BOOST_TEST(got.text(0, 0) == "unipile");
    BOOST_TEST(got.text(0, 1) == "UTF8");
    connection named = connection_to(shared_server(), {}, "application_name=mine client_encoding=LATIN1");
    const rows other = named.run(query(settings));
    BOOST_TEST(other.text(0, 0) == "mine");
    BOOST_TEST(other.text(0, 1) == "UTF8");
}

BOOST_AUTO_TEST_SUITE_END()
