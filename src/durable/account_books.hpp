// The ledgers of a harvest's accounts, in the store.
#pragma once

#include "time_source.hpp"

#include <unipile/account_ledger.hpp>
#include <unipile/harvest_job.hpp>
#include <unipile/harvest_options.hpp>
#include <unipile/store/records.hpp>
#include <unipile/store/writer.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/system/error_code.hpp>

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace unipile::durable {

/// Reads ledgers before their accounts' first jobs, and commits them before the requests that they count, so that a
/// killed process leaves no request uncounted. On one executor; the store's work is done on the writer's thread.
class account_books {
public:
    /// Called with an admission's outcome; `stored` is false if the account is another worker's.
    using admission = std::function<void(boost::system::error_code, bool stored)>;

    /// `damaged` may be empty. The writer must outlive this object.
    account_books(boost::asio::any_io_executor executor, store::store_writer& writer,
                  std::function<void(std::string_view account)> damaged, time_source time = {});

    /// Takes over an account's stored row.
    void read(const store::account_row& row);
    /// Returns the time of the store's clock: of `time`, where the store is not shared.
    wall_time now() const;
    /// Returns the ledger that was read, once; empty: none.
    std::optional<account_ledger> take(std::string_view account);
    void forget(std::string_view account) { read_.erase(std::string{account}); }
    /// Unparks an account that was read and not taken yet.
    void unpark(std::string_view account);

    /// Stores a ledger. `next_request`: the earliest time of the account's next request.
    void save(std::string_view account, const account_ledger& ledger, wall_time next_request);
    /// The same for a request of a job; calls `done` when the ledger is durable, or with the store's error.
    void admit(const harvest_job& job, const account_ledger& ledger, wall_time next_request, admission done);

private:
    boost::asio::any_io_executor executor_;
    store::store_writer& writer_;
    std::function<void(std::string_view)> damaged_;
    time_source time_;
    std::unordered_map<std::string, account_ledger> read_;
};

}  // namespace unipile::durable
