// How a harvest goes about its jobs.
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

namespace unipile {

/// Options of `client::harvest`. Owns its data. The functions are called on the client's executor, and may call
/// anything of the harvest, or destroy it. What they throw ends the harvest with errc::callback_failed and its words.
struct harvest_options {
    /// Requests at once in all; 0: as many as the client's `max_connections`.
    std::size_t max_connections = 0;
    /// Requests at once of one account, at least 1.
    unsigned max_in_flight = 1;
    /// Pages of one job before the account's next job has its turn, at least 1. A job's turn doesn't end with a
    /// failure.
    unsigned turn_pages = 10;

    /// The rules for every account; empty: `pacing::recommended` for the account's provider, which for an account that
    /// was never used is known from its first post on.
    std::optional<pacing> pace;
    /// Rules for single accounts; empty: those above. Asked at an account's first job and when its provider is learned.
    std::function<std::optional<pacing>(std::string_view account)> pace_of;

    /// What is known of an account from earlier runs; empty: nothing. Asked once for each account, at its first job.
    std::function<std::optional<account_ledger>(std::string_view account)> load_ledger;
    /// Gets an account's ledger when it changed, and before each request that `admit` isn't asked about.
    std::function<void(std::string_view account, const account_ledger& ledger)> save_ledger;
    /// Leave for one request. Call it once, on any thread, also before `admit` returns, and while the client's
    /// execution context exists; any call but the first has no effect. With an error the request isn't sent, and the
    /// harvest ends with that error as it does when its source fails. Until it is called, `stop` doesn't end the
    /// harvest; `cancel` does.
    using admission = std::function<void(boost::system::error_code)>;
    /// Asked before each request of an account whose pace has windows or a gap. The ledger counts that request already;
    /// the request is sent once `go` was called. To commit the ledger first, and then call `go`, keeps an account
    /// within its windows even if the process is killed at any moment; a request that was committed and never sent is
    /// wasted, no more. Other accounts go on meanwhile, so many ledgers can share a commit. Empty: nothing waits.
    std::function<void(std::string_view account, const account_ledger& ledger, admission go)> admit;

    /// What happens to the jobs of an account that needs its owner.
    enum class parked_jobs {
        wait,  ///< they wait for `harvest_stream::unpark`, and end when nothing else is left to do
        fail,  ///< they end at once, with errc::account_parked
    };
    parked_jobs when_parked = parked_jobs::wait;

    /// How long the server may be out of reach, silent or broken before the harvest ends, with the last attempt's
    /// failure (errc::server_unavailable where there was an answer) and all jobs as `harvest_stream::stop` leaves them;
    /// 0: no matter how long. Attempts that cost no account anything are a minute apart at most, others an hour, or as
    /// far as the accounts' pace or the server's Retry-After keeps them: time in which no account may send doesn't
    /// count. A server of which nothing was ever heard is given up after a few seconds, or one attempt more if that
    /// takes longer, whatever this says: its address may be wrong.
    std::chrono::milliseconds outage_patience = std::chrono::minutes{15};

    /// The harvest ends with errc::identifiers_refused once so many identifiers in a row were refused for the same
    /// reason and not one page has come in this run: such a list holds something else than ids, and each request costs
    /// its account. 0: never.
    unsigned max_refusals = 20;

    /// Bytes of memory that posts may take while they wait for the consumer, by `post::footprint()`. Above it nothing
    /// more is asked for; pages that are under way are read on for `client_options::read_ahead` each.
    std::size_t max_buffered_bytes = 16 * 1024 * 1024;
    /// Jobs that are taken from the source before their turn. Accounts share requests fairly only among these jobs, so
    /// where jobs come sorted by account it pays to have many, some 500 bytes each; at least 1.
    std::size_t max_queued = 10'000;
    /// Jobs of one account among those that are enough (see `job_request::has_enough`), at least 1.
    std::size_t max_queued_per_account = 64;

    /// Each page as one element, instead of posts as they arrive. Pages are then gathered beside `max_buffered_bytes`.
    bool whole_pages = false;
    /// After each page that isn't the last, the job waits for `harvest_stream::go_on`, `jump` or `finish`.
    bool confirm_pages = false;

    /// Of gaps and jitter; 0: seeded from the system.
    std::uint64_t seed = 0;
};

}  // namespace unipile
