// A connection to PostgreSQL that waits no longer than it may.
#pragma once

#include "store/postgres/conninfo.hpp"
#include "store/postgres/database_error.hpp"
#include "store/postgres/query.hpp"
#include "store/postgres/rows.hpp"

#include <libpq-fe.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace unipile::store::postgres {

/// Options of `connection`. Owns its data.
struct connection_options {
    /// How long one host may take until it is ready for statements; above 0. `connect_timeout` of the connection string
    /// replaces it. The look-up of its name is bounded by the system's resolver instead.
    std::chrono::milliseconds connect_timeout{10'000};
    /// How long a server that is starting up or shutting down is waited for; 0: not at all.
    std::chrono::milliseconds start_patience{60'000};
    /// How long a batch may take, from its first byte to its last result; above 0. Should be longer than the
    /// `statement_timeout` of its transaction.
    std::chrono::milliseconds answer_timeout{120'000};
    /// Called several times a second while the connection waits, with the time waited so far. Returns false to end the
    /// wait with an error of the kind `interrupted`. Must not use the connection. Empty: not called.
    std::function<bool(std::chrono::milliseconds waited)> while_waiting;
};

/// A connection, which is made when it is first needed, and again after it was lost.
///
/// **Transactions.** A batch that begins with BEGIN and ends with COMMIT is one; it may also be spread over several
/// batches. A batch without BEGIN is not one transaction: each statement up to an error may take effect or not.
///
/// **Errors.** Members throw `database_error`. No transaction is open afterwards: it was rolled back, or the connection
/// is closed. After `lost` and `interrupted`, the outcome of a COMMIT that was sent is unknown. A batch that was lost
/// may even be executed after later ones of a new connection, since the server may not have read it yet: only a COMMIT
/// whose batch was sent after the answer to a statement that locks is waited for by other transactions.
///
/// **Thread safety.** One thread at a time. Calls block, each for a bounded time.
class connection {
public:
    explicit connection(conninfo where, connection_options options = {});

    /// Connects, unless connected. Tries the hosts in their order, and all of them again while they can't be reached,
    /// for at most `patience`. Throws `store_error` with `store_errc::bad_address` if the database can't hold a store.
    void connect(std::chrono::milliseconds patience = {});

    /// Sends all statements at once and returns their results: one round trip. If a statement fails, those behind it
    /// are not executed.
    std::vector<rows> run(std::span<const query> batch);
    rows run(const query& one);

    /// Closes the connection; an open transaction is rolled back.
    void reset() noexcept { session_.reset(); }
    bool connected() const noexcept;
    /// Returns true between a BEGIN and the end of its transaction.
    bool in_transaction() const noexcept;
    /// Returns why the last try of a `connect` that goes on has failed; empty: there was none.
    const std::string& trouble() const noexcept { return trouble_; }
    /// Returns what messages call the database.
    const std::string& name() const noexcept { return where_.name(); }

private:
    using time_point = std::chrono::steady_clock::time_point;
    struct failure {
        error_kind kind = error_kind::lost;
        std::optional<store_errc> reason;  // where it is known better than by the code
        std::string sqlstate;
        std::string message;
        std::size_t statement = 0;
    };
    struct finisher {
        void operator()(PGconn* c) const noexcept { PQfinish(c); }
    };

    failure try_hosts(time_point began);
    bool open(const conninfo::host& host, time_point began, failure& why);
    void make_usable();
    void pause(time_point began, std::chrono::milliseconds time);
    void send(const query& q, time_point began, time_point deadline);
    void send_all(time_point began, time_point deadline);
    void receive(time_point began, time_point deadline, std::vector<rows>& results, std::vector<failure>& failures);
    PGresult* next_result(time_point began, time_point deadline);
    void roll_back() noexcept;
    bool wait(short events, time_point began, time_point deadline);
    void ask(time_point began);
    failure failure_of(const PGresult* result, std::size_t statement) const;
    [[noreturn]] void fail(const failure& why) const;
    [[noreturn]] void lose(std::string_view message);

    conninfo where_;
    connection_options options_;
    std::unique_ptr<PGconn, finisher> session_;
    time_point asked_;
    std::string trouble_;
};

}  // namespace unipile::store::postgres
