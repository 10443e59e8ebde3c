// Databases for the stores of tests, one for each.
#include "place.hpp"

#include "agreement.hpp"
#include "store/opened_store.hpp"
#include "support/postgres_pooler.hpp"

#include <unipile/store/postgres.hpp>

#include <cstdlib>
#include <iostream>

namespace unipile::store::test {

unipile::test::postgres_server& store_server()
{
    unipile::test::postgres_server::skip_if_unavailable();
    static unipile::test::postgres_server one = [] {
        unipile::test::postgres_settings settings;
        settings.more = {"log_statement = 'all'", "log_line_prefix = '%a %p|'", "log_min_error_statement = panic",
                         "log_parameter_max_length = 0"};
        return unipile::test::postgres_server(settings);
    }();
    return one;
}

namespace {

// Through PgBouncer if the environment says so.
std::string address_of(const std::string& database)
{
    const char* mode = std::getenv("UNIPILE_TEST_POOL_MODE");
    if (mode == nullptr) return store_server().conninfo(database);
    if (!unipile::test::postgres_pooler::is_available()) {
        std::cout << "skipped: PgBouncer is not installed" << std::endl;
        std::_Exit(77);
    }
    static const unipile::test::postgres_pooler pooler(store_server(), mode);
    return pooler.conninfo(database);
}

postgres::postgres_options options_of(store::access a)
{
    postgres::postgres_options o;
    o.access = a;
    o.patience = std::chrono::seconds(20);
    return o;
}

}  // namespace

store_place::store_place()
{
    static int made = 0;
    name_ = "store" + std::to_string(++made);
    store_server().sql("CREATE DATABASE " + name_);
    address_ = address_of(name_);
}

store_place::~store_place()
{
    // Each test of a store checks that, too.
    if (checked_)
        for (const auto& row : store_server().sql(unipile::test::disagreements, name_)) {
            std::string all;
            for (const std::string& column : row) all += column + ' ';
            BOOST_ERROR("does not agree: " << all);
        }
    store_server().sql("DROP DATABASE IF EXISTS " + name_ + " WITH (FORCE)");
}

std::unique_ptr<engine> store_place::open(store::access a) const
{
    auto made = postgres::open_postgres(address_, options_of(a));
    checked_ = true;
    return made;
}

std::unique_ptr<post_reader> store_place::reader() const
{
    return postgres::open_postgres_reader(address_, options_of(access::control));
}

void store_place::sql(const std::string& statement) const
{
    // A test that changes rows itself makes them disagree.
    checked_ = false;
    store_server().sql("SET search_path = unipile; " + statement, name_);
}

void store_place::rows(const std::string& query,
                       const std::function<void(const std::vector<std::string>&)>& visit) const
{
    for (const auto& row : store_server().sql("SET search_path = unipile; " + query, name_)) visit(row);
}

}  // namespace unipile::store::test
