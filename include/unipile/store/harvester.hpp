// The durable harvest: claims the jobs of a store, requests their listings, and stores the posts.
#pragma once

#include <unipile/account_ledger.hpp>
#include <unipile/client_options.hpp>
#include <unipile/detail/initiation.hpp>
#include <unipile/failure.hpp>
#include <unipile/harvest.hpp>
#include <unipile/harvest_options.hpp>
#include <unipile/pacing.hpp>
#include <unipile/post.hpp>
#include <unipile/store/writer.hpp>
#include <unipile/wall_time.hpp>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/system/error_code.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#pragma GCC visibility push(default)
namespace unipile::durable {
class harvester_core;
struct access;
using run_handler = boost::asio::any_completion_handler<void(boost::system::error_code)>;
}  // namespace unipile::durable

namespace unipile::store {

/// Options of a `harvester`. Owns its data. The functions are called on the harvester's executor, and may call `stop`,
/// `cancel` and `unpark` of the harvester.
struct harvester_options {
    /// Options of the client that the harvester makes.
    client_options client = {};
    /// Pace, parked accounts, patience in an outage, memory. `load_ledger`, `save_ledger` and `admit` must be empty,
    /// since the store keeps the ledgers. `whole_pages` and `confirm_pages` have no effect: both are always on.
    harvest_options harvest = {};
    /// Posts a page, 1 to 100.
    int limit = 100;
    /// See `posts_query::empty_page_tolerance`.
    unsigned empty_page_tolerance = 0;
    /// Bytes of JSON that may wait for `on_posts` and for the store, at least 1. Above it no page is taken from the
    /// harvest. A post takes about three times its JSON in memory.
    std::size_t max_unstored_bytes = 12 * 1024 * 1024;

    /// Called with the posts of a page before they are stored, including known ones. They are stored after the
    /// coroutine returned without an exception. So a consumer that keeps the posts itself gets each of them at least
    /// once: posts of a page that was not stored are delivered again by the next run. Calls for one listing follow each
    /// other in its order; calls for different listings overlap. If the coroutine throws, its posts are not stored,
    /// `on_posts` is not called again, and the run ends as by `stop`, with the exception's code. The posts are valid
    /// until the coroutine has returned.
    std::function<boost::asio::awaitable<void>(std::span<const post>)> on_posts = {};
    /// Returns the text that the store keeps of a failed job: one line, without secrets. Empty: `what()`.
    std::function<std::string(const failure&)> describe = {};
    /// Called if the stored ledger of an account can't be read. All requests that its pace allows count as used.
    std::function<void(std::string_view account)> on_damaged_ledger = {};
    /// Called with the stored ledger of an account, or an empty one, before its first job. May change what its owner
    /// knows better: `provider`, `first_used`, `parked`, and `requests` of an account that was used elsewhere. A
    /// changed ledger is stored. Empty: none is changed.
    std::function<void(std::string_view account, account_ledger& ledger)> prepare_ledger = {};
};

/// The counters of one account.
struct account_counts {
    std::uint64_t done = 0, failed = 0;  ///< jobs
    std::uint64_t posts = 0, requests = 0;
};

/// The counters of a harvester.
struct harvester_counters {
    std::uint64_t jobs_done = 0, jobs_failed = 0;
    std::uint64_t jobs_left = 0;           ///< returned to the store
    std::uint64_t posts = 0;               ///< stored, including known ones
    std::uint64_t added = 0, changed = 0;  ///< of those, new or changed in the store
    std::uint64_t quarantined = 0;         ///< items that are no posts; stored separately
    std::uint64_t pages = 0, requests = 0, retries = 0, wire_bytes = 0;
};

/// A job that failed.
struct job_failure {
    wall_time at{};
    std::string account, identifier;
    std::string kind;  ///< as in `harvester_stats::by_end`
    std::string text;  ///< as stored
};

/// The results of a harvester so far.
struct harvester_stats : harvester_counters {
    static constexpr std::size_t most_recent_failures = 20;

    /// Jobs by how they ended: as in `stored_job::end`, `not_claimed`, or the type of a failure. At most 64 kinds;
    /// further ones count as `other kinds`.
    std::map<std::string, std::uint64_t> by_end;
    std::map<std::string, std::string> failure_of;  ///< the text of the first failure of each kind
    std::map<std::string, account_counts> by_account;
    std::deque<job_failure> recent_failures;  ///< the last ones, the oldest first
};

/// Works on the jobs of a run until none is left. Claims them from the store account by account, requests their
/// listings as `client::harvest` does, and stores each page with its job's new position in one transaction. Ledgers are
/// committed before the requests that they count. If the process is killed at any moment, nothing is lost, no stored
/// page is requested again except the last of a listing, and no account exceeds its pace.
///
/// Jobs of a parked account wait (`harvest_options::when_parked`); a run in which only those are left ends.
///
/// Where several workers share the store (`engine::share`) it works on its own accounts, takes in those that it gets,
/// and lets others go after the page under way. It ends once no worker has queued jobs of accounts that are not parked.
///
/// **Thread safety.** All members are called on the executor, or while nothing runs on it.
///
/// **Lifetimes.** The writer, and what the functions of the options refer to, must outlive the operation `async_run`,
/// which ends with its handler and not with the harvester's destruction.
class harvester {
public:
    using executor_type = boost::asio::any_io_executor;

    /// Prepares a run that `begin_run` has begun. Sends nothing and claims nothing yet.
    ///
    /// Preconditions: `executor` never runs two handlers at once; see `client`.
    ///
    /// Throws std::invalid_argument, with one line that says what to change, for options that can't work.
    harvester(executor_type executor, store_writer& writer, std::int64_t run, harvester_options options);
    /// Like `cancel`. The operation continues until its jobs are returned to the store.
    ~harvester();
    harvester(const harvester&) = delete;
    harvester& operator=(const harvester&) = delete;

    const executor_type& get_executor() const noexcept { return executor_; }

    /// Works until no job is left, or until it is stopped. All results are submitted to the writer by then; they are
    /// durable after `async_flush` or `store_writer::close`.
    ///
    /// Preconditions: called once; a further call ends with `errc::operation_in_progress`.
    ///
    /// Handler signature: `void(boost::system::error_code)`. The default token is `boost::asio::deferred`.
    ///
    /// Executor: the handler is called on its associated executor, by default the harvester's, and never inside this
    /// function. This function may be called on any thread.
    ///
    /// Cancellation (all three types): calls `cancel()`.
    ///
    /// Errors: none if every job has ended, done or failed, or if `stop` was called. `asio::error::operation_aborted`
    /// after `cancel`. The failure that ended the harvest (see `last_failure` and `harvest_stream`), such as
    /// errc::api_key_refused, errc::server_unavailable, errc::accounts_unknown. A code of `store_errc` if the store
    /// failed; `store_writer::failure()` has the whole line. The code of an exception of `on_posts`, or
    /// errc::callback_failed if it has none.
    template <boost::asio::completion_token_for<void(boost::system::error_code)> Token = boost::asio::deferred_t>
    auto async_run(Token&& token = Token())
    {
        return boost::asio::async_initiate<Token, void(boost::system::error_code)>(initiate_run(executor_, core_),
                                                                                   token);
    }

    /// Sends no further request, and none that waits for a connection. Pages under way are read and stored, then the
    /// operation ends. Jobs that are not over are returned to the store with their positions.
    void stop();
    /// The same at once: requests under way are aborted. Pages that have arrived are still stored, and a running
    /// `on_posts` is waited for.
    void cancel();
    /// Sends no further request until `resume`; pages under way are stored. The run does not end meanwhile, except by
    /// `stop` and `cancel`.
    void pause();
    /// Ends a pause. No effect without one.
    void resume();
    /// Changes how many requests are sent at once, at most to `client_options::max_connections`; 0: as many as that.
    void set_max_connections(std::size_t n);
    /// Parks an account: no further request of it is sent until `unpark`, in later runs either. `reason` is for
    /// display, one line. Returns false if no account of that name has had a job in this run, or the run is over.
    bool park(std::string_view account, std::string reason);
    /// Unparks an account, and ends its rest. Returns false if no account of that name has had a job in this run, or
    /// the run is over.
    bool unpark(std::string_view account);
    /// Replaces the rules of an account from its next request on: `harvest_stream::set_pace`. Other workers of a shared
    /// store keep theirs; the rules hold for this harvester if the account leaves it and returns.
    bool set_pace(std::string_view account, std::optional<pacing> rules);

    /// Returns the results so far. The reference is valid as long as the harvester; the values change during the run.
    const harvester_stats& stats() const noexcept;
    /// Calls `visit` for each account that has had a job in this run.
    void accounts(const std::function<void(const account_status&)>& visit) const;
    /// Returns the current outage; empty if there is none.
    std::optional<harvest_outage> outage() const;
    /// Returns the failure that ended the run as a whole: the harvest's, or the exception of `on_posts`. Empty if there
    /// is none, and if the store failed.
    const std::optional<failure>& last_failure() const noexcept;

private:
    friend struct durable::access;
    explicit harvester(std::shared_ptr<durable::harvester_core> core) noexcept;

    struct initiate_run : unipile::detail::initiation<durable::harvester_core> {
        using initiation::initiation;
        void operator()(durable::run_handler handler) const;
    };

    executor_type executor_;
    std::shared_ptr<durable::harvester_core> core_;
};

}  // namespace unipile::store
#pragma GCC visibility pop
