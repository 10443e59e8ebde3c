// A transaction in few round trips.
#pragma once

#include "store/postgres/connection.hpp"

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

namespace unipile::store::postgres {

/// Collects the statements of a transaction, and sends them together when a result is needed.
///
/// A statement takes effect whatever the results of those before it are. So a fence has to be read, with `sync()`,
/// before the statements that it guards are added.
class transaction {
public:
    using handler = std::function<void(rows& result)>;

    /// The connection must outlive this object.
    explicit transaction(connection& db);
    transaction(const transaction&) = delete;
    transaction& operator=(const transaction&) = delete;
    /// Rolls back what was not committed.
    ~transaction();

    /// Adds a statement; `then` is called with its result.
    void add(query q, handler then = {});
    /// Sends what was added. Throws `database_error`.
    void sync();
    /// Rolls back what was not committed.
    void roll_back() noexcept;
    /// Sends the rest and commits. Afterwards, an error of the kind `lost` leaves the outcome unknown.
    void commit();
    /// Returns true if a COMMIT was sent, or may have been sent.
    bool may_be_committed() const noexcept { return committing_; }

private:
    connection& db_;
    std::vector<query> queries_;
    std::vector<handler> handlers_;
    bool begun_ = false;
    bool committing_ = false;
};

/// Runs statements as one transaction in one round trip, and returns their results. `end`: COMMIT or ROLLBACK.
std::vector<rows> run_transaction(connection& db, std::vector<query> statements, std::string_view end = "COMMIT");

}  // namespace unipile::store::postgres
