// Errors of the server: what can be done about each, and what is left of the transaction.
#include "store/postgres/served.hpp"

#include <cstdlib>
#include <string>
#include <vector>

using namespace unipile::store::postgres;
using namespace unipile::store::postgres::test;
using unipile::store::store_errc;

namespace {

struct raised {
    const char* sqlstate;
    error_kind kind;
    store_errc reason;
};

constexpr raised all_kinds[] = {
    {"40001", error_kind::again, store_errc::conflict},
    {"40P01", error_kind::again, store_errc::conflict},
    {"55P03", error_kind::again, store_errc::conflict},
    {"57014", error_kind::again, store_errc::conflict},
    {"57P01", error_kind::lost, store_errc::unreachable},
    {"57P02", error_kind::lost, store_errc::unreachable},
    {"57P03", error_kind::lost, store_errc::unreachable},
    {"25P03", error_kind::lost, store_errc::unreachable},
    {"25006", error_kind::lost, store_errc::read_only_server},
    {"53300", error_kind::lost, store_errc::too_many_connections},
    {"08006", error_kind::lost, store_errc::unreachable},
    {"08P01", error_kind::lost, store_errc::unreachable},
    {"53100", error_kind::full, store_errc::disk_full},
    {"53200", error_kind::other, store_errc::out_of_memory},
    {"21000", error_kind::data, store_errc::bad_value},
    {"22021", error_kind::data, store_errc::bad_value},
    {"23505", error_kind::data, store_errc::bad_value},
    {"54000", error_kind::data, store_errc::too_large},
    {"42501", error_kind::refused, store_errc::refused},
    {"28P01", error_kind::refused, store_errc::login_refused},
    {"3D000", error_kind::refused, store_errc::unknown_database},
    {"42601", error_kind::other, store_errc::engine},
    {"XX000", error_kind::other, store_errc::engine},
};

query raise(const std::string& sqlstate)
{
    return query("DO $$BEGIN RAISE EXCEPTION 'provoked' USING ERRCODE = '" + sqlstate + "'; END$$");
}

}  // namespace

BOOST_AUTO_TEST_SUITE(postgres_errors)

BOOST_AUTO_TEST_CASE(each_class_of_errors_has_its_kind_and_leaves_no_transaction)
{
    connection c = connection_to(shared_server());
    c.run(query("CREATE TEMP TABLE IF NOT EXISTS x (n int)"));
    for (const raised& each : all_kinds) {
        BOOST_TEST_CONTEXT(each.sqlstate)
        {
            const outcome result = outcome_of(
                c, {query("BEGIN"), query("SELECT 1"), raise(each.sqlstate), query("SELECT 2"), query("COMMIT")});
            BOOST_TEST(result.failed);
            BOOST_TEST(result.kind == each.kind);
            BOOST_TEST((result.reason == each.reason));
            BOOST_TEST(result.sqlstate == each.sqlstate);
            BOOST_TEST(result.statement == 2u);
            BOOST_TEST(result.line.find("provoked") != std::string::npos);
            BOOST_TEST(result.line.find(each.sqlstate) != std::string::npos);
            BOOST_TEST(result.line.starts_with("postgresql:///"));
            BOOST_TEST(!c.in_transaction());
            BOOST_TEST(c.connected() == (each.kind != error_kind::lost));
            BOOST_TEST(c.run(query("SELECT 7")).integer(0, 0) == 7);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_failed_batch_can_be_spread_over_several)
{
    connection c = connection_to(shared_server());
    shared_server().sql("DROP TABLE IF EXISTS spread; CREATE TABLE spread (n bigint PRIMARY KEY)");
    c.run(std::vector<query>{query("BEGIN"), query("INSERT INTO spread VALUES (1)")});
    BOOST_TEST(c.in_transaction());
    BOOST_TEST(
        outcome_of(c, {query("INSERT INTO spread VALUES (2)"), query("INSERT INTO spread VALUES (1)"), query("COMMIT")})
            .sqlstate == "23505");
    BOOST_TEST(!c.in_transaction());
    BOOST_TEST(c.connected());
    BOOST_TEST(shared_server().value("SELECT count(*) FROM spread") == "0");
    BOOST_TEST(outcome_of(c, {query("SELECT * FROM nowhere")}).sqlstate == "42P01");
    BOOST_TEST(outcome_of(c, {query("SELECT 1 / 0")}).kind == error_kind::data);
    c.run(query(""));
    BOOST_TEST(c.run(std::vector<query>{}).empty());
    const auto results = c.run(
        std::vector<query>{query("INSERT INTO spread VALUES (1), (2)"), query("SELECT * FROM spread WHERE n > 7")});
    BOOST_TEST(results[0].affected() == 2);
    BOOST_TEST(results[1].count() == 0);
}

BOOST_AUTO_TEST_CASE(a_rollback_that_fails_closes_the_connection)
{
    // A deferred trigger can't fail a rollback; a session that is ended meanwhile can.
    connection c = connection_to(shared_server(), {}, "application_name=ended");
    c.run(std::vector<query>{query("BEGIN"), query("SELECT 1")});
    shared_server().end_sessions("ended");
    const outcome result = outcome_of(c, {query("SELECT 1")});
    BOOST_TEST(result.kind == error_kind::lost);
    BOOST_TEST(result.sqlstate == "57P01");
    BOOST_TEST(!c.connected());
    BOOST_TEST(c.run(query("SELECT 1")).count() == 1);
}

BOOST_AUTO_TEST_CASE(a_server_that_is_killed_and_comes_back_is_connected_to_again)
{
    postgres_server server;
    connection c = connection_to(server);
    c.run(query("CREATE TABLE kept (n int)"));
    server.kill();
    BOOST_TEST(outcome_of(c, {query("SELECT 1")}).kind == error_kind::lost);
    const outcome absent = outcome_of(c, {query("SELECT 1")});
    BOOST_TEST(absent.kind == error_kind::lost);
    BOOST_TEST((absent.reason == store_errc::connection_refused));
    server.start();
    BOOST_TEST(c.run(query("SELECT * FROM kept")).count() == 0);
    server.restart();
    BOOST_TEST(outcome_of(c, {query("SELECT 1")}).kind == error_kind::lost);
    BOOST_TEST(c.run(query("SELECT * FROM kept")).count() == 0);
}

BOOST_AUTO_TEST_CASE(a_lock_and_a_statement_that_take_too_long_can_be_repeated)
{
    connection holder = connection_to(shared_server());
    connection c = connection_to(shared_server());
    shared_server().sql("DROP TABLE IF EXISTS locked; CREATE TABLE locked (n int); INSERT INTO locked VALUES (1)");
    holder.run(std::vector<query>{query("BEGIN"), query("UPDATE locked SET n = 2")});
    const outcome lock = outcome_of(c, {query("BEGIN"), query("SET LOCAL lock_timeout = '10ms'"),
                                        query("UPDATE locked SET n = 3"), query("COMMIT")});
    BOOST_TEST(lock.kind == error_kind::again);
    BOOST_TEST(lock.sqlstate == "55P03");
    const outcome statement = outcome_of(c, {query("BEGIN"), query("SET LOCAL statement_timeout = '10ms'"),
                                             query("UPDATE locked SET n = 3"), query("COMMIT")});
    BOOST_TEST(statement.kind == error_kind::again);
    BOOST_TEST(statement.sqlstate == "57014");
}

BOOST_AUTO_TEST_CASE(a_login_that_is_refused_is_not_repeated)
{
    postgres_settings settings;
    settings.rules = {"local all secret scram-sha-256", "local all refused reject", "local all all trust"};
    postgres_server server(settings);
    server.sql(
        "CREATE ROLE secret LOGIN PASSWORD 'hunter2'; CREATE ROLE refused LOGIN; "
        "CREATE ROLE few LOGIN CONNECTION LIMIT 0");
    server.sql("CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0");
    const auto try_as = [&](const std::string& user, const std::string& database,
                            std::chrono::milliseconds patience = 1h) {
        connection c(conninfo(server.conninfo() + " user=" + user + " dbname=" + database));
        return outcome_of([&] { c.connect(patience); });
    };
    BOOST_TEST(try_as("nobody", "postgres").sqlstate == "28000");
    BOOST_TEST((try_as("nobody", "postgres").reason == store_errc::unknown_role));
    BOOST_TEST(try_as("postgres", "nowhere").sqlstate == "3D000");
    BOOST_TEST((try_as("postgres", "nowhere").reason == store_errc::unknown_database));
    BOOST_TEST(try_as("refused", "postgres").sqlstate == "28000");
    BOOST_TEST(try_as("refused", "postgres").kind == error_kind::refused);
    BOOST_TEST((try_as("refused", "postgres").reason == store_errc::not_admitted));
    const outcome no_password = try_as("secret", "postgres");
    BOOST_TEST(no_password.kind == error_kind::refused);
    BOOST_TEST(no_password.sqlstate == "");
    BOOST_TEST((no_password.reason == store_errc::login_refused));
    ::setenv("PGPASSWORD", "wrong-hunter3", 1);
    const outcome wrong = try_as("secret", "postgres");
    ::setenv("PGPASSWORD", "hunter2", 1);
    const outcome right = try_as("secret", "postgres");
    ::unsetenv("PGPASSWORD");
    BOOST_TEST(wrong.sqlstate == "28P01");
    BOOST_TEST((wrong.reason == store_errc::login_refused));
    BOOST_TEST(wrong.line.find("hunter") == std::string::npos);
    BOOST_TEST(!right.failed);
    const outcome many = try_as("few", "postgres", 0ms);
    BOOST_TEST(many.sqlstate == "53300");
    BOOST_TEST(many.kind == error_kind::lost);
    BOOST_TEST((many.reason == store_errc::too_many_connections));

    connection latin(conninfo(server.conninfo("latin")));
    try {
        latin.connect();
        BOOST_TEST(false, "connected");
    } catch (const unipile::store::store_error& e) {
        BOOST_TEST((e.reason() == store_errc::bad_address));
        BOOST_TEST(std::string(e.what()).find("LATIN1") != std::string::npos);
    }
    BOOST_TEST(!latin.connected());
}

BOOST_AUTO_TEST_CASE(what_keeps_a_connection_from_being_made_has_a_reason_of_its_own)
{
    struct said {
        const char* sqlstate;
        const char* message;
        error_kind kind;
        store_errc reason;
    };
    const said all[] = {
        {"28000", "no pg_hba.conf entry for host \"10.0.0.1\"", error_kind::refused, store_errc::not_admitted},
        {"28000", "role \"x\" does not exist", error_kind::refused, store_errc::unknown_role},
        {"28000", "role \"x\" is not permitted to log in", error_kind::refused, store_errc::login_refused},
        {"28P01", "\"pg_hba.conf\"", error_kind::refused, store_errc::login_refused},
        {"42501", "permission denied for database \"x\"", error_kind::refused, store_errc::refused},
        {"57P03", "the database system is starting up", error_kind::lost, store_errc::unreachable},
        // PgBouncer
        {"08P01", "no such database: x", error_kind::refused, store_errc::unknown_database},
        {"08P01", "no such user: x", error_kind::refused, store_errc::unknown_role},
        {"08P01", "SASL authentication failed", error_kind::refused, store_errc::login_refused},
        // libpq
        {"", "could not translate host name \"x\" to address", error_kind::lost, store_errc::unknown_host},
        {"", "Connection refused", error_kind::lost, store_errc::connection_refused},
        {"", "No such file or directory", error_kind::lost, store_errc::connection_refused},
        {"", "No route to host", error_kind::lost, store_errc::unreachable},
        {"", "session is read-only", error_kind::lost, store_errc::read_only_server},
        {"", "server does not support SSL, but SSL was required", error_kind::refused, store_errc::tls_refused},
        {"", "SSL error: certificate verify failed", error_kind::refused, store_errc::certificate_refused},
        {"", "root certificate file \"x\" does not exist", error_kind::refused, store_errc::certificate_refused},
        {"", "SSL error: wrong version number", error_kind::refused, store_errc::certificate_refused},
        {"", "SSL error: unexpected eof while reading", error_kind::lost, store_errc::unreachable},
    };
    for (const said& each : all) {
        const login_fault fault = fault_of_login(each.sqlstate, each.message, false);
        BOOST_TEST(fault.kind == each.kind, each.message);
        BOOST_TEST((fault.reason == each.reason), each.message);
        BOOST_TEST(is_out_of_reach(fault.reason), each.message);
    }
    BOOST_TEST((fault_of_login("", "fe_sendauth: no password supplied", true).reason == store_errc::login_refused));
}

BOOST_AUTO_TEST_CASE(hosts_that_fail_for_the_same_reason_have_it)
{
    const auto reason = [](const std::string& hosts) {
        connection c(conninfo("host=" + hosts + " port=1 user=postgres dbname=postgres"));
        return outcome_of([&] { c.connect(); }).reason;
    };
    BOOST_TEST((reason("127.0.0.1") == store_errc::connection_refused));
    BOOST_TEST((reason(std::string(70, 'x')) == store_errc::unknown_host));
    BOOST_TEST((reason("127.0.0.1,/nowhere") == store_errc::connection_refused));
    BOOST_TEST((reason("127.0.0.1," + std::string(70, 'x')) == store_errc::unreachable));
}

BOOST_AUTO_TEST_CASE(messages_are_one_line_of_bounded_length)
{
    BOOST_TEST(one_line("a\n\tb\r\n") == "a b");
    BOOST_TEST(one_line("") == "");
    BOOST_TEST(one_line("\x7f x") == "x");
    BOOST_TEST(one_line(std::string(1000, 'x')).size() == 403u);
    BOOST_TEST(std::string(database_error(error_kind::other, "db", "", "").what()) ==
               "db: the database reported an unexpected error");
    BOOST_TEST(std::string(database_error(error_kind::other, "db", "XX000", "").what()).ends_with("(SQLSTATE XX000)"));
}

BOOST_AUTO_TEST_SUITE_END()
