#include "program/stored/open_store.hpp"

#include <unipile/store/postgres.hpp>
#include <unipile/store/sqlite.hpp>

#include <algorithm>
#include <atomic>
#include <stdexcept>
#include <utility>

namespace unipile::program {
namespace {

using std::chrono::milliseconds;

/// For commands other than a harvest.
constexpr milliseconds short_patience{10'000};

store::sqlite_options options_for_file(const store_patience& patience)
{
    store::sqlite_options options;
    if (!patience) return options;
    options.while_locked = [patience](milliseconds waited) {
        store_wait wait;
        wait.waited = waited;
        return patience(wait);
    };
    options.while_upgrading = [patience, began = std::chrono::steady_clock::now()](const store::upgrade_progress& p) {
        store_wait wait;
        wait.what = store_wait::reason::upgrade;
        wait.waited = std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - began);
        wait.percent = p.all == 0 ? 0 : static_cast<unsigned>(100 * std::min(p.done, p.all) / p.all);
        return patience(wait);
    };
    return options;
}

#ifdef UNIPILE_WITH_POSTGRES
namespace pg = store::postgres;

/// The database of this process was reached, so it is waited for as long as for one that goes away.
std::atomic<bool> was_reached{false};

store_wait::reason meaning_of(pg::waiting::reason what)
{
    switch (what) {
        case pg::waiting::reason::contact: return store_wait::reason::contact;
        case pg::waiting::reason::server: return store_wait::reason::server;
        case pg::waiting::reason::worker: break;
    }
    return store_wait::reason::worker;
}

/// Notes that the database was reached, also where it has no store.
template <class Open>
auto reach(Open open)
try {
    auto opened = open();
    was_reached = true;
    return opened;
} catch (const store::store_error& e) {
    if (e.reason() == store::store_errc::nothing_stored) was_reached = true;
    throw;
}

pg::postgres_options options_for_database(const store_patience& patience)
{
    pg::postgres_options options;
    if (was_reached) options.first_patience = options.patience;
    if (!patience) {
        options.patience = short_patience;
        return options;
    }
    options.while_waiting = [patience](const pg::waiting& w) {
        store_wait wait;
        wait.what = meaning_of(w.what);
        wait.waited = w.waited;
        wait.longest = w.longest;
        wait.who = w.who;
        wait.why = w.why;
        return patience(wait);
    };
    return options;
}
/// In the proportions of the default.
pg::lease_times times_for(milliseconds take_over_after)
{
    return {take_over_after / 18, take_over_after / 3, take_over_after};
}
#else
[[noreturn]] void refuse_database()
{
    throw std::invalid_argument{"--store: this program was built without PostgreSQL; name a file"};
}
#endif

}  // namespace

bool is_database(const std::string& store) noexcept { return store::postgres::is_conninfo(store); }

std::unique_ptr<store::engine> open_engine(const std::string& store, store::access access, bool create,
                                           const store_patience& patience,
                                           [[maybe_unused]] std::optional<milliseconds> take_over_after)
{
    if (is_database(store)) {
#ifdef UNIPILE_WITH_POSTGRES
        pg::postgres_options options = options_for_database(patience);
        if (take_over_after) options.leases = times_for(*take_over_after);
        options.access = access;
        options.create = create;
        return reach([&] { return pg::open_postgres(store, options); });
#else
        refuse_database();
#endif
    }
    store::sqlite_options options = options_for_file(patience);
    options.access = access;
    options.create = create;
    return store::open_sqlite(store, options);
}

std::unique_ptr<store::post_reader> open_reader(const std::string& store, const store_patience& patience)
{
    if (is_database(store)) {
#ifdef UNIPILE_WITH_POSTGRES
        return reach([&] { return pg::open_postgres_reader(store, options_for_database(patience)); });
#else
        refuse_database();
#endif
    }
    return store::open_sqlite_reader(store, options_for_file(patience));
}

}  // namespace unipile::program
