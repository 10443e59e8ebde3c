// Connection strings: what they may say, and what is made of them.
#include "store/postgres/conninfo.hpp"

#include "support/certificates.hpp"

#include <unipile/store/error.hpp>
#include <unipile/store/postgres.hpp>

#include <boost/test/unit_test.hpp>

#include <libpq-fe.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <string>
#include <utility>
#include <vector>

using unipile::store::store_errc;
using unipile::store::store_error;
using unipile::store::postgres::conninfo;

namespace {

using pairs = std::map<std::string, std::string>;

/// An environment without any setting of libpq, and an empty home folder.
struct clean_environment {
    clean_environment()
    {
        for (const char* name : {"PGHOST", "PGHOSTADDR", "PGPORT", "PGDATABASE", "PGUSER", "PGPASSWORD", "PGPASSFILE",
                                 "PGSERVICE", "PGSERVICEFILE", "PGSSLMODE", "PGSSLROOTCERT", "PGCONNECT_TIMEOUT",
                                 "PGTARGETSESSIONATTRS", "SSL_CERT_FILE"})
            ::unsetenv(name);
        ::setenv("HOME", "/nowhere", 1);
        ::setenv("PGUSER", "me", 1);
    }
};

/// What a connection to the first host is given.
pairs given(const std::string& text)
{
    const conninfo where(text);
    pairs result;
    for (const auto& [keyword, value] : where.parameters(where.hosts().front())) result[keyword] = value;
    return result;
}

/// The one line of a refusal.
std::string refusal(const std::string& text)
{
    try {
        const conninfo refused(text);
    } catch (const store_error& e) {
        BOOST_TEST((e.reason() == store_errc::bad_address));
        const std::string line = e.what();
        BOOST_TEST(line.find('\n') == std::string::npos);
        return line;
    }
    return {};
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

BOOST_FIXTURE_TEST_SUITE(postgres_conninfo, clean_environment)

BOOST_AUTO_TEST_CASE(a_name_of_a_store_is_a_connection_string_or_a_file)
{
    for (const char* text : {"postgresql://", "postgres://a/b", "postgresql:///harvest", "host=a", " host = a",
                             "service=x", "dbname=posts user=me", "user=me"})
        BOOST_TEST(unipile::store::postgres::is_conninfo(text), text);
    for (const char* text : {"", "posts.db", "./host=a", "postgresql:", "postgresql", "host", "a=b", "=", " =",
                             "hosts=a", "file:posts.db?mode=ro", "http://a/b?host=c"})
        BOOST_TEST(!unipile::store::postgres::is_conninfo(text), text);
    // Every keyword of this libpq is known.
    PQconninfoOption* const all = PQconndefaults();
    for (const PQconninfoOption* o = all; o != nullptr && o->keyword != nullptr; ++o)
        if (std::string_view(o->keyword) != "authtype" && std::string_view(o->keyword) != "tty")
            BOOST_TEST(unipile::store::postgres::is_conninfo(std::string(o->keyword) + "=x"), o->keyword);
    PQconninfoFree(all);
}

BOOST_AUTO_TEST_CASE(a_database_is_called_by_a_url_without_secrets)
{
    const std::pair<const char*, const char*> names[] = {
        {"postgresql:///harvest", "postgresql:///harvest"},
        {"postgres://", "postgresql:///me"},
        {"postgresql://db.example/harvest", "postgresql://db.example:5432/harvest"},
        {"postgresql://you@db.example:6000/harvest?sslmode=verify-full", "postgresql://db.example:6000/harvest"},
        {"postgresql://a,b:6000/harvest", "postgresql://a:5432,b:6000/harvest"},
        {"postgresql://[::1]:6000/harvest", "postgresql://[::1]:6000/harvest"},
        {"postgresql:///harvest?host=/run/pg&port=6000", "postgresql:///harvest?host=/run/pg&port=6000"},
        {"postgresql://%2Frun%2Fpg/harvest", "postgresql:///harvest?host=/run/pg"},
        {"host=/run/pg,b dbname=harvest", "postgresql:///run/pg,b:5432/harvest"},
        {"host=,b dbname=harvest", "postgresql://the default socket,b:5432/harvest"},
        {"dbname=harvest port=6000", "postgresql:///harvest?port=6000"},
        {"host=@abstract dbname=harvest", "postgresql:///harvest?host=@abstract"},
        {"host=a,b port=1,2 dbname=x", "postgresql://a:1,b:2/x"},
        {"host=a,b port=1, dbname=x", "postgresql://a:1,b:5432/x"},
        {"hostaddr=10.0.0.1,10.0.0.2 dbname=x", "postgresql://10.0.0.1:5432,10.0.0.2:5432/x"},
        {"host=a hostaddr=10.0.0.1 dbname=x", "postgresql://a:5432/x"},
    };
    for (const auto& [text, name] : names) BOOST_TEST(conninfo(text).name() == name);
}

BOOST_AUTO_TEST_CASE(the_environment_and_the_service_file_complete_it)
{
    ::setenv("PGHOST", "/run/pg", 1);
    ::setenv("PGDATABASE", "harvest", 1);
    ::setenv("PGCONNECT_TIMEOUT", "7", 1);
    BOOST_TEST(conninfo("postgresql://").name() == "postgresql:///harvest?host=/run/pg");
    BOOST_TEST(conninfo("").name() == "postgresql:///harvest?host=/run/pg");
    BOOST_TEST((conninfo("").connect_timeout() == std::chrono::seconds(7)));
    BOOST_TEST((conninfo("connect_timeout=3").connect_timeout() == std::chrono::seconds(3)));
    BOOST_TEST(!conninfo("connect_timeout=0").connect_timeout());

    const unipile::test::text_file services(
        "[far]\nhost=db.example\nport=6000\ndbname=posts\npassword=hunter2\n"
        "[weak]\nhost=db.example\nsslmode=require\n"
        "[near]\nhost=/run/other\n");
    ::setenv("PGSERVICEFILE", services.name().c_str(), 1);
    BOOST_TEST(conninfo("service=far").name() == "postgresql://db.example:6000/posts");
    BOOST_TEST(given("service=far")["sslmode"] == "verify-full");
    BOOST_TEST(given("service=far")["port"] == "6000");
    BOOST_TEST(!given("service=far").contains("password"));
    BOOST_TEST(conninfo("service=near").name() == "postgresql:///harvest?host=/run/other");
    BOOST_TEST(contains(refusal("service=weak"), "sslmode=require"));
    const std::string missing = refusal("service=absent");
    BOOST_TEST(contains(missing, "absent"));
    BOOST_TEST(!contains(missing, "hunter2"));
}

BOOST_AUTO_TEST_CASE(a_password_in_it_is_refused_and_not_repeated)
{
    const char* const texts[] = {
        "postgresql://me:hunter2@db.example/harvest",
        "postgresql:///harvest?password=hunter2",
        "host=/run/pg password=hunter2",
        "host=/run/pg password='hunter2 and more'",
        "host=/run/pg sslpassword=hunter2",
        // What libpq does not understand, and would quote.
        "postgresql://me:hunter2@[db.example/harvest",
        "postgresql://me:%zzhunter2@db.example/harvest",
        "postgresql://me@db.example/harvest?hunter2=x",
        "password=a hunter2",
        "password=a hunter2=b",
        "PASSWORD = 'hunter2",
    };
    for (const char* text : texts) {
        const std::string line = refusal(text);
        BOOST_TEST(!line.empty(), text);
        BOOST_TEST(!contains(line, "hunter2"));
    }
    for (const char* word : {"PGPASSFILE", "PGPASSWORD", "service file"})
        BOOST_TEST(contains(refusal("password=hunter2"), word));
    ::setenv("PGPASSWORD", "hunter2", 1);
    for (const auto& [keyword, value] : given("postgresql://db.example/harvest")) BOOST_TEST(value != "hunter2");
}

BOOST_AUTO_TEST_CASE(what_cannot_be_understood_is_refused)
{
    const std::pair<const char*, const char*> texts[] = {
        {"postgresql://[db.example", "]"},
        {"sslmod=verify-full", "sslmod"},
        {"host", "missing \"=\""},
        {"sslmode=perhaps", "sslmode"},
        {"host=a,b port=1,2,3", "port"},
        {"host=a,b hostaddr=10.0.0.1", "host"},
        {"port=0", "from 1 to 65535"},
        {"port=65536", "from 1 to 65535"},
        {"port=5432x", "from 1 to 65535"},
        {"port=99999999999", "from 1 to 65535"},
        {"target_session_attrs=any", "read-write"},
        {"postgresql:///x?target_session_attrs=read-only", "read-write"},
    };
    for (const auto& [text, part] : texts) BOOST_TEST(contains(refusal(text), part), text << ": " << refusal(text));
    BOOST_TEST(contains(refusal(std::string("host=/a\0b", 9)), "NUL"));
    for (const char* text : {"target_session_attrs=read-write", "target_session_attrs=primary"})
        BOOST_TEST(given(text)["target_session_attrs"] == "read-write");
}

BOOST_AUTO_TEST_CASE(a_server_in_the_network_needs_verified_tls)
{
    for (const char* mode : {"disable", "allow", "prefer", "require", "verify-ca"}) {
        const std::string setting = std::string("sslmode=") + mode;
        BOOST_TEST(contains(refusal("host=db.example " + setting), setting));
        BOOST_TEST(contains(refusal("hostaddr=10.0.0.1 " + setting), setting));
        BOOST_TEST(contains(refusal("host=localhost hostaddr=10.0.0.1 " + setting), setting));
        BOOST_TEST(contains(refusal("host=/run/pg,db.example " + setting), setting));
        BOOST_TEST(contains(refusal("host=127.example " + setting), setting));
        for (const char* near : {"host=/run/pg", "host=localhost", "host=127.0.0.1", "host=127.9.9.9", "host=::1",
                                 "hostaddr=127.0.0.1 host=db.example", "host=/run/pg,localhost", "dbname=x"})
            BOOST_TEST(refusal(near + (" " + setting)) == "");
        ::setenv("PGSSLMODE", mode, 1);
        BOOST_TEST(contains(refusal("host=db.example"), setting));
        BOOST_TEST(refusal("host=db.example sslmode=verify-full") == "");
        ::unsetenv("PGSSLMODE");
    }
    BOOST_TEST(given("host=db.example")["sslmode"] == "verify-full");
    BOOST_TEST(given("host=db.example")["gssencmode"] == "disable");
    BOOST_TEST(!given("host=db.example gssencmode=require").contains("gssencmode"));
    BOOST_TEST(given("host=/run/pg,db.example")["sslmode"] == "verify-full");
    BOOST_TEST(!given("host=/run/pg").contains("sslmode"));
    BOOST_TEST(!given("host=localhost").contains("sslmode"));
}

BOOST_AUTO_TEST_CASE(the_roots_are_the_systems_unless_others_are_given)
{
    const unipile::test::text_file bundle("certificates");
    ::setenv("SSL_CERT_FILE", bundle.name().c_str(), 1);
    const std::string roots = given("host=db.example")["sslrootcert"];
    BOOST_TEST((roots == bundle.name() || roots == "system"));
    ::setenv("SSL_CERT_FILE", "/nowhere/bundle", 1);
    BOOST_TEST(given("host=db.example")["sslrootcert"] != "/nowhere/bundle");
    BOOST_TEST(!given("host=db.example sslrootcert=/own.pem").contains("sslrootcert"));
    ::setenv("PGSSLROOTCERT", "/own.pem", 1);
    BOOST_TEST(!given("host=db.example").contains("sslrootcert"));
    BOOST_TEST(!given("host=/run/pg").contains("sslrootcert"));
}

BOOST_AUTO_TEST_CASE(a_dead_connection_is_noticed)
{
    const pairs usual = given("host=/run/pg");
    for (const char* keyword :
         {"keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count", "tcp_user_timeout"})
        BOOST_TEST(usual.contains(keyword));
    BOOST_TEST(usual.at("fallback_application_name") == "unipile");
    BOOST_TEST(usual.at("client_encoding") == "UTF8");
    const pairs chosen = given("keepalives_idle=5 tcp_user_timeout=1000");
    BOOST_TEST(!chosen.contains("keepalives_idle"));
    BOOST_TEST(!chosen.contains("tcp_user_timeout"));
    BOOST_TEST(chosen.contains("keepalives_count"));
}

BOOST_AUTO_TEST_SUITE_END()
