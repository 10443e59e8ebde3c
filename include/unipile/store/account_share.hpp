// The accounts that a worker has, where several share a store.
#pragma once

#include <unipile/wall_time.hpp>

#include <chrono>
#include <cstdint>
#include <string_view>

#pragma GCC visibility push(default)
namespace unipile::store {

/// The part of a store's accounts that an engine has at present. It changes as other workers come and go.
///
/// An engine admits accounts when they are loaded (`load_account`). They have to leave (`leave_account`) when
/// `accounts_to_leave` names them.
///
/// **Thread safety.** All members may be called on any thread.
class account_share {
public:
    /// Returns true if a request of the account may be sent now. To be asked after its admission was committed,
    /// immediately before the request is sent.
    virtual bool may_send(std::string_view account) const noexcept = 0;
    /// Returns true if requests may be sent at all. Otherwise connections with unsent requests have to be closed.
    virtual bool may_send() const noexcept = 0;
    /// Returns true for some time after the store has lost commits: ledgers that are loaded may lack a request that
    /// another worker has sent.
    virtual bool may_lack_requests() const noexcept = 0;
    /// Returns true if `accounts_to_leave` may have accounts.
    virtual bool has_changed() const noexcept = 0;
    /// Returns a number that rises when the share gets accounts.
    virtual std::uint64_t growth() const noexcept = 0;
    /// Returns the time of the store's clock, which all workers use.
    virtual wall_time now() const noexcept = 0;
    /// Returns how long a worker has to be without a heartbeat until others take its accounts over.
    virtual std::chrono::milliseconds take_over_after() const noexcept = 0;

protected:
    ~account_share() = default;
};

/// Returns the time of the store's clock: this machine's, where the store is not shared.
inline wall_time now_of(const account_share* share) { return share ? share->now() : wall_now(); }

}  // namespace unipile::store
#pragma GCC visibility pop
