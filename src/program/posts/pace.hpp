// The pace of `unipile posts`, and the ledger that it counts in.
#pragma once

#include <unipile/account_ledger.hpp>
#include <unipile/client.hpp>
#include <unipile/harvest.hpp>
#include <unipile/store/post_store.hpp>

#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace unipile::program {

/// What is asked for.
struct posts_pace {
    /// Empty: what is recommended for the account's provider.
    std::optional<pacing> rules;
    /// The store whose ledger counts the requests too; empty: only this process counts them.
    std::string store;
    /// Whose API it is; a store that is bound to another one is refused.
    std::string base_url;
};

/// Opens listings one after the other that keep an account's pace together. For one thread, which waits while the store
/// commits.
class paced_listings {
public:
    /// Throws std::invalid_argument for a store that can't be used, store::store_error.
    explicit paced_listings(posts_pace pace);

    /// The one listing, with its bounds. Throws as `client::harvest`.
    harvest_stream open(client& from, const posts_query& query, const position& start);

    /// What went wrong with the store; null if nothing.
    std::exception_ptr failure() const { return failure_; }

private:
    std::optional<account_ledger> load(const std::string& account);
    bool save(const std::string& account, const account_ledger& ledger);

    posts_pace pace_;
    std::unique_ptr<store::post_store> store_;
    std::optional<account_ledger> ledger_;  ///< of the one account
    std::exception_ptr failure_;
};

}  // namespace unipile::program
