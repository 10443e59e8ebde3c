// What the tests of the connection share: one server, and what an error says.
#pragma once

#include "store/postgres/connection.hpp"
#include "support/postgres_server.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

namespace unipile::store::postgres {

inline std::ostream& operator<<(std::ostream& out, error_kind kind)
{
    static constexpr const char* names[] = {"again", "lost", "data", "full", "refused", "interrupted", "other"};
    return out << names[static_cast<int>(kind)];
}

namespace test {

using namespace std::chrono_literals;
using unipile::test::postgres_server;
using unipile::test::postgres_settings;

/// The server of the cases that leave it as it is.
inline postgres_server& shared_server()
{
    static postgres_server server;
    return server;
}

struct outcome {
    bool failed = false;
    error_kind kind = error_kind::other;
    store_errc reason{};
    std::string sqlstate;
    std::size_t statement = 0;
    std::string line;
};

/// What became of a piece of work. A line of an error is one line.
template <class F>
outcome outcome_of(F&& work)
{
    outcome result;
    try {
        std::forward<F>(work)();
    } catch (const database_error& e) {
        result = {true, e.kind(), e.reason(), e.sqlstate(), e.statement(), e.what()};
        BOOST_TEST_MESSAGE(result.line);
        BOOST_TEST(result.line.find('\n') == std::string::npos);
    }
    return result;
}

inline outcome outcome_of(connection& c, const std::vector<query>& batch)
{
    return outcome_of([&] { c.run(batch); });
}

/// A connection through the socket of a server, or of a proxy.
template <class Server>
connection connection_to(const Server& server, connection_options options = {}, const std::string& more = {})
{
    return connection(conninfo(server.conninfo() + " " + more), std::move(options));
}

/// Makes every COMMIT that has changed this table wait while another session holds commits.
inline std::string holding_commits_of(const std::string& table)
{
    return "CREATE OR REPLACE FUNCTION await_leave() RETURNS trigger LANGUAGE plpgsql AS "
           "'BEGIN PERFORM pg_advisory_xact_lock_shared(1); RETURN NULL; END'; "
           "CREATE CONSTRAINT TRIGGER await_leave AFTER INSERT OR UPDATE ON " +
           table + " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION await_leave()";
}

/// Holds them until this session's transaction ends.
inline void hold_commits(connection& holder)
{
    holder.run(std::vector<query>{query("BEGIN"), query("SELECT pg_advisory_xact_lock(1)::text")});
}

}  // namespace test
}  // namespace unipile::store::postgres
