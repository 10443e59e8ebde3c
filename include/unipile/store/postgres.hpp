// The engine for several machines: a store in a PostgreSQL database.
#pragma once

#include <unipile/store/engine.hpp>
#include <unipile/store/post_reader.hpp>
#include <unipile/store/timeline.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#pragma GCC visibility push(default)
namespace unipile::store::postgres {

/// Returns true if the name of a store is a connection string of libpq, and not a file: a URL that begins with
/// `postgresql://` or `postgres://`, or keywords such as `host=db.example dbname=posts`. A file of such a name can be
/// given as `./NAME`. This function is in unipile::store, the others are in unipile::postgres.
bool is_conninfo(std::string_view store) noexcept;

/// What an engine waits for.
struct waiting {
    /// The kinds of waits.
    enum class reason {
        contact,  ///< the database was not reached yet
        server,   ///< the database can't be reached any more, or does not answer
        worker,   ///< the accounts belong to a harvest that sends no heartbeat
    };
    reason what = reason::server;
    std::chrono::milliseconds waited{};   ///< so far
    std::chrono::milliseconds longest{};  ///< the wait ends then
    std::string who;                      ///< the harvest, for display; empty for a server
    std::string why;                      ///< what the last try to reach the server came to; empty: not known
};

/// The times of heartbeats. Fixed when a store is made, since all its workers have to use the same.
struct lease_times {
    /// Time between two heartbeats of a worker; above zero.
    std::chrono::milliseconds beat_every{5'000};
    /// At least three times `beat_every`. For several workers: how long one may send requests after its last heartbeat.
    /// While one harvest at a time works on a store, it only bounds `take_after`.
    std::chrono::milliseconds hold_for{30'000};
    /// How long a worker has to be without a heartbeat until its accounts are taken over; at least three times
    /// `hold_for`, at most a day.
    std::chrono::milliseconds take_after{90'000};
};

/// Options of `open_postgres` and `open_postgres_reader`. Owns its data.
struct postgres_options {
    /// Make the tables if there are none.
    bool create = true;
    /// `sole`: this process becomes the worker that owns all accounts. `shared`: it becomes one of several workers,
    /// which divide the accounts; see `account_share`. A store has workers of one of these kinds at a time. `control`:
    /// for `request_unpark`, and for operations that only read.
    store::access access = store::access::sole;
    /// How long a server that can't be reached is waited for before the engine fails; at least 0.
    std::chrono::milliseconds patience{std::chrono::minutes(10)};
    /// The same until the server was reached for the first time, if that is less. A server that is starting up is
    /// waited for a minute.
    std::chrono::milliseconds first_patience{std::chrono::seconds(10)};
    /// Called several times a second while the engine waits. Returns false to end the wait with
    /// `store_errc::interrupted`. Called on the waiting thread (with a `store_writer`, the writer's); must not block
    /// and must not use the store. Empty: not called.
    std::function<bool(const waiting&)> while_waiting;
    timeline_rules rules;
    /// Only if the tables are made.
    lease_times leases;
};

/// Opens a store in a PostgreSQL database. `conninfo` is a URL or key words of libpq, without a password. The tables
/// are made in the database's schema `unipile`. Throws `store_error`, and std::invalid_argument for a `conninfo` or
/// lease times that can't be used.
///
/// **Transactions.** Each call of `apply` is a transaction of its own, and durable when it returns:
/// `engine::is_durable_when_applied`. Operations are not applied one by one in an open transaction, because their
/// results could not be repeated after a lost connection: another process may have changed what they were made of, and
/// results that were given can't be taken back. So nothing is known of a transaction that is not committed, and a
/// transaction holds no locks while its caller computes. If it fails because of another transaction, or because the
/// connection or the server is lost, it is repeated; if its outcome is unknown, that is found out first. `apply`
/// returns results, or throws when the store has failed for good.
///
/// A value that the database refuses fails its page only: the operations are applied in two halves, and so on, each in
/// a transaction of its own, and the job of that page fails with the database's message.
///
/// **Workers.** With `access::sole` this process registers itself as a worker, and owns all accounts. If another
/// harvest works on the store, it is refused with `store_errc::in_use`. The accounts of a harvest that was killed are
/// taken over once it has sent no heartbeat for `lease_times::take_after`.
///
/// With `access::shared` it has a share of the accounts, see `engine::share()`: the more workers, the smaller. A thread
/// sends heartbeats, hands accounts over to workers that join, and takes those of workers that leave or die.
/// A run that is under way is joined by `begin_run`, with the same options; another one is refused with
/// `store_errc::in_use`. A worker without a heartbeat for `lease_times::take_after` loses its accounts, and takes part
/// anew when it is back. The times in operations should be those of `account_share::now()`.
std::unique_ptr<engine> open_postgres(const std::string& conninfo, const postgres_options& options = {});

/// Opens a store for reading, also while a harvest writes it. Throws `store_error`; never makes tables.
std::unique_ptr<post_reader> open_postgres_reader(const std::string& conninfo, const postgres_options& options = {});

}  // namespace unipile::store::postgres
#pragma GCC visibility pop
