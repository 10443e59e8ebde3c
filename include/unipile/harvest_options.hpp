// Options of a harvest.
#pragma once

#include <unipile/account_ledger.hpp>
#include <unipile/pacing.hpp>

#include <boost/system/error_code.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#pragma GCC visibility push(default)
namespace unipile {

struct harvest_job;

/// Options of `client::harvest`. Owns its data. The functions are called on the client's executor; they may call any
/// member of the harvest, or destroy it. An exception of theirs ends the harvest with errc::callback_failed and its
/// text.
struct harvest_options {
    /// Requests at once over all accounts; 0: the client's `max_connections`.
    std::size_t max_connections = 0;
    /// Requests at once per account, at least 1.
    unsigned max_in_flight = 1;
    /// Pages of one job before the account's next job takes its turn, at least 1. A failure does not end a job's turn.
    unsigned turn_pages = 10;

    /// The rules for every account. Empty: `pacing::recommended` for the account's provider, which for an account that
    /// was never used is known after its first post.
    std::optional<pacing> pace;
    /// The rules for single accounts. Returns nothing for those of `pace`. Called at an account's first job, when its
    /// provider becomes known, and by `harvest_stream::set_pace`, which can replace them.
    std::function<std::optional<pacing>(std::string_view account)> pace_of;

    /// Returns the ledger of an account from earlier runs; empty: none. Called once per account, at its first job.
    std::function<std::optional<account_ledger>(std::string_view account)> load_ledger;
    /// Called with an account's ledger when it changed, and before each request for which `admit` is not called.
    std::function<void(std::string_view account, const account_ledger& ledger)> save_ledger;
    /// Permission for one request. Must be called once, on any thread, possibly before `admit` returns, and while the
    /// client's execution context exists; further calls have no effect. With `boost::asio::error::operation_aborted`
    /// the request is not sent, and its account leaves as by `harvest_stream::leave`. With another error the request is
    /// not sent, and the harvest ends with that error as when its source fails. Until it is called, `stop` does not end
    /// the harvest; `cancel` does.
    using admission = std::function<void(boost::system::error_code)>;
    /// Called before each request of a job whose account has a pace with windows or a gap. `ledger`, of that account,
    /// includes the request; the request is sent once `go` was called. If the ledger is committed before `go` is
    /// called, the account stays within its windows even if the process is killed at any moment; a request that was
    /// committed and never sent is merely wasted. Other accounts go on meanwhile, so that many ledgers can share a
    /// commit. Empty: requests are sent at once.
    std::function<void(const harvest_job& job, const account_ledger& ledger, admission go)> admit;
    /// `admit` is called for accounts without windows and gap, too.
    bool admit_all = false;

    /// What happens to the jobs of a parked account.
    enum class parked_jobs {
        wait,  ///< they wait for `harvest_stream::unpark`, and end when only they are left
        fail,  ///< they end at once, with errc::account_parked
    };
    parked_jobs when_parked = parked_jobs::wait;

    /// How long an outage may last before the harvest ends, with the last attempt's failure (errc::server_unavailable
    /// if there was an answer) and all jobs as with `harvest_stream::stop`; 0: no limit. Attempts that cost no account
    /// a request are at most a minute apart, others at most an hour, or as long as the accounts' pace or the server's
    /// Retry-After requires; time in which no account may send does not count. A server that has never answered is
    /// given up after a few seconds, or after one more attempt if that takes longer, whatever this option says, since
    /// its address may be wrong.
    std::chrono::milliseconds outage_patience = std::chrono::minutes{15};

    /// The harvest ends with errc::identifiers_refused once this many identifiers in a row were refused for the same
    /// reason and no page has arrived in this run. Such a list does not hold ids, and each request counts against its
    /// account. 0: never.
    unsigned max_refusals = 20;

    /// Bytes of memory that posts may take while they wait for the consumer, by `post::footprint()`. Above it no
    /// request is sent; pages under way are read on, up to `client_options::read_ahead` each.
    std::size_t max_buffered_bytes = 16 * 1024 * 1024;
    /// Jobs taken from the source ahead of their turn, at least 1. Accounts share requests fairly only among these
    /// jobs, so a large number pays if jobs are sorted by account; each takes some 500 bytes.
    std::size_t max_queued = 10'000;
    /// Jobs of one account that are enough for `job_request::has_enough`, at least 1.
    std::size_t max_queued_per_account = 64;

    /// Deliver each page as one element instead of posts as they arrive. The pages are buffered in addition to
    /// `max_buffered_bytes`.
    bool whole_pages = false;
    /// After each page but the last, the job waits for `harvest_stream::go_on`, `jump` or `finish`.
    bool confirm_pages = false;

    /// Returns the time that ledgers have, and by which hours of the day are counted; empty: that of
    /// `client_options::clock`, or the system's. Called on the client's executor.
    std::function<wall_time()> clock;

    /// Seed of gaps and jitter; 0: seeded from the system.
    std::uint64_t seed = 0;
};

}  // namespace unipile
#pragma GCC visibility pop
