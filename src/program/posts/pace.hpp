// The pace of `unipile posts`, and its ledger.
#pragma once

#include <unipile/account_ledger.hpp>
#include <unipile/client.hpp>
#include <unipile/harvest.hpp>
#include <unipile/store/engine.hpp>

#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace unipile::program {

/// The options of the pace.
struct posts_pace {
    /// Empty: the recommendation for the account's provider.
    std::optional<pacing> rules;
    /// The store whose ledger counts the requests, too; empty: only this process counts them.
    std::string store;
    /// The API's base URL; a store that is bound to another server is refused.
    std::string base_url;
};

/// Opens listings one after the other that share an account's pace. For one thread, which blocks while the store
/// commits.
class paced_listings {
public:
    /// Throws std::invalid_argument for a store that can't be used, store::store_error.
    explicit paced_listings(posts_pace pace);

    /// Opens a listing with its bounds. Throws as `client::harvest`.
    harvest_stream open(client& from, const posts_query& query, const position& start);

    /// Returns the store's failure; null if there is none.
    std::exception_ptr failure() const { return failure_; }

private:
    std::optional<account_ledger> load(const std::string& account);
    bool save(const std::string& account, const account_ledger& ledger);

    posts_pace pace_;
    std::unique_ptr<store::engine> store_;
    std::optional<account_ledger> ledger_;  ///< of the one account
    std::exception_ptr failure_;
};

}  // namespace unipile::program
