// Where several workers share a store: accounts that leave this one, and requests that it may not send any more.
#include "durable/harvester_core.hpp"

#include <unipile/store/async.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

namespace unipile::durable {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

constexpr std::chrono::milliseconds between_looks{200};
constexpr std::size_t accounts_at_once = 1'000;

}  // namespace

/// The ledger with the request is stored, or could not be.
void harvester_core::admitted(const std::string& account, error_code code, bool stored,
                              const harvest_options::admission& go)
{
    if (code) store_failed(code);
    const store::account_share* share = writer_.share();
    if (!code && share && (!stored || !share->may_send(account))) {
        leave(account);
        code = asio::error::operation_aborted;
    }
    go(code);
}

asio::awaitable<void> harvester_core::watch_share()
{
    std::uint64_t growth = writer_.share()->growth();
    while (watches_) {
        watch_.expires_after(between_looks);
        co_await watch_.async_wait(as_result);
        if (!watches_ || store_failed_) co_return;
        if (!writer_.share()->may_send()) hold_back();
        if (writer_.share()->has_changed()) co_await look_who_leaves();
        co_await let_leave();
        const std::uint64_t now = writer_.share()->growth();
        if (now == growth && !source_->has_waited()) continue;
        if (!watches_ || store_failed_) continue;
        const bool looked = co_await look_for_new();
        if (looked) growth = now;
    }
}

/// Accounts that were taken over are not to wait until jobs of others have ended. Returns false if it has to be tried
/// again.
asio::awaitable<bool> harvester_core::look_for_new()
{
    auto found = store_source::findings::none;
    try {
        found = co_await source_->look_for_new();
    } catch (const boost::system::system_error& e) {
        store_failed(e.code());
    }
    if (found == store_source::findings::some) stream_->pull();
    co_return found != store_source::findings::put_off;
}

asio::awaitable<void> harvester_core::look_who_leaves()
{
    store::accounts_to_leave ask;
    ask.count = accounts_at_once;
    const auto result = co_await store::async_apply(writer_, executor_, ask, as_result);
    const auto& [code, accounts] = result;
    if (code) store_failed(code);
    for (const std::string& account : accounts) leave(account);
}

/// No request may be sent: none that waits for a connection either.
void harvester_core::hold_back()
{
    std::vector<std::string> running;
    stream_->accounts([&](const account_status& s) {
        if (s.running > 0) running.emplace_back(s.account);
    });
    for (const std::string& account : running) leave(account);
}

void harvester_core::leave(std::string_view account)
{
    leaving_.emplace(account);
    stream_->leave(account);
    // Jobs that the stream does not have.
    for (const std::uint64_t tag : source_->take_back(account)) close_lost(tag);
}

/// Accounts of which nothing is under way any more leave the engine.
asio::awaitable<void> harvester_core::let_leave()
{
    std::vector<std::string> gone;
    for (const std::string& account : leaving_)
        if (has_left(account)) gone.push_back(account);
    std::vector<store::operation> work;
    for (const std::string& account : gone) {
        books_.forget(account);
        source_->left(account);
        work.emplace_back(store::leave_account{account});
    }
    if (work.empty()) co_return;
    const auto result = co_await store::async_apply(writer_, executor_, std::move(work), as_result);
    if (const error_code code = std::get<0>(result)) store_failed(code);
    for (const std::string& account : gone) leaving_.erase(account);
    source_->notify();
}

bool harvester_core::has_left(const std::string& account)
{
    // It may not have been known before.
    stream_->leave(account);
    const auto is_its = [&](const auto& job) { return job.second.claimed.spec.account == account; };
    if (std::any_of(jobs_.begin(), jobs_.end(), is_its)) return false;
    // After a loss of commits the store's ledger is older.
    stream_->account(account, [&](const account_status& s) {
        if (s.running == 0 && s.queued == 0) books_.save(account, s.ledger, s.next_request);
    });
    return stream_->forget(account);
}

/// The engine may be used for another run.
asio::awaitable<void> harvester_core::leave_all()
{
    if (!writer_.share() || store_failed_) co_return;
    std::vector<store::operation> work;
    for (const std::string& account : source_->known()) work.emplace_back(store::leave_account{account});
    for (const std::string& account : leaving_) work.emplace_back(store::leave_account{account});
    const auto result = co_await store::async_apply(writer_, executor_, std::move(work), as_result);
    if (const error_code code = std::get<0>(result)) store_failed(code);
}

}  // namespace unipile::durable
