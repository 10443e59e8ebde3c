// A user of stores in PostgreSQL. There is no server, so it only sees what is said of that.
#include <unipile/store/postgres.hpp>

#include <chrono>
#include <iostream>
#include <string>

namespace store = unipile::store;

int main()
{
    store::postgres::postgres_options options;
    options.patience = std::chrono::milliseconds(0);
    try {
        (void)store::postgres::open_postgres("postgresql:///posts?host=/nowhere", options);
    } catch (const store::store_error& e) {
        std::cout << e.what() << '\n';
        const bool known = store::postgres::is_conninfo("postgresql:///posts");
        return known && store::is_out_of_reach(e.reason()) ? 0 : 1;
    }
    return 1;
}
