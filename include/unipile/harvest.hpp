// The harvest: many listings through many accounts as one stream.
#pragma once

#include <unipile/client.hpp>
#include <unipile/detail/access.hpp>
#include <unipile/detail/initiation.hpp>
#include <unipile/end_reason.hpp>
#include <unipile/failure.hpp>
#include <unipile/harvest_job.hpp>
#include <unipile/harvest_options.hpp>
#include <unipile/pacing.hpp>
#include <unipile/position.hpp>
#include <unipile/post.hpp>
#include <unipile/quarantined_item.hpp>
#include <unipile/rebound_stream.hpp>
#include <unipile/stream_stats.hpp>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/deferred.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#pragma GCC visibility push(default)
namespace unipile {

/// A part of a harvest: posts of one job, or its end.
struct harvest_element {
    std::shared_ptr<const harvest_job> job;  ///< never null
    std::uint64_t number = 0;                ///< number of the job in this harvest, from 0, in the source's order
    std::vector<post> posts;                 ///< in the listing's order; may be empty
    /// Items that are no posts, in the listing's order. Their place relative to `posts` is not recorded.
    std::vector<quarantined_item> quarantined;
    /// The place behind these posts. A listing resumed here loses no post and delivers none twice.
    unipile::position position;
    /// `position` is the beginning of a page, which is requested next. Set once for each page but the last.
    bool page_ends = false;
    /// Number of items of the page that ended with this element, including quarantined items and posts delivered
    /// before; 0 if none ended. For a listing's last page it is set on the element with `ended`.
    std::uint64_t page_items = 0;
    /// The job started at `harvest_job::overlap`, or went on at the `overlap` of its last `jump`, because its position
    /// was too old.
    bool overlapped = false;
    /// The posts are of a page that was read once more, because the request for the page behind it was refused or its
    /// cursor was too old, and the page did not have them before. They need not follow the posts delivered before: they
    /// may have been pinned meanwhile.
    bool reread = false;
    /// The job is over, and this is its last element. Set once for each job taken from the source.
    bool ended = false;
    unipile::end_reason end_reason = unipile::end_reason::none;  ///< set if `ended`
    std::optional<unipile::failure> failure;                     ///< set if a failure ended the job
    stream_stats stats;                                          ///< of the job so far
};

/// The state of one account of a harvest.
struct account_status {
    std::string_view account;
    const account_ledger& ledger;
    const pacing& rules;
    std::size_t queued = 0;    ///< jobs taken from the source that are not running
    std::size_t running = 0;   ///< requests under way
    wall_time next_request{};  ///< the earliest time of the next request, as far as known; undefined if parked
    /// requests that the longest window still allows; the greatest number without windows
    std::uint32_t left_today = 0;
    /// The API answered that it does not know the account, and has answered nothing else yet. The account is parked
    /// once the API has answered another account's request.
    bool unknown = false;
};

/// A time in which the server can't be reached, does not answer, or does not work.
struct harvest_outage {
    wall_time since;
    wall_time next_attempt;  ///< the earliest time; in the past while an attempt is under way
    failure why;             ///< of the last attempt
};

/// The counters of a harvest.
struct harvest_stats {
    std::uint64_t jobs = 0;       ///< taken from the source
    std::uint64_t completed = 0;  ///< ended complete or inferred, or by a bound of their query
    std::uint64_t failed = 0;     ///< ended by a failure, or stopped
    std::size_t queued = 0;       ///< waiting for their turn, for their account, or for an answer to `confirm_pages`
    std::size_t running = 0;
    std::size_t accounts = 0;
    std::size_t parked = 0;          ///< parked accounts
    std::size_t buffered_bytes = 0;  ///< bytes of memory of posts that wait for the consumer
    stream_stats listings;           ///< of all jobs together
    /// The source has stated that no more jobs will come.
    bool source_exhausted = false;
    bool paused = false;
    std::size_t max_connections = 0;  ///< requests at once, at most
    /// The harvest ended because of an outage longer than `harvest_options::outage_patience`.
    bool ended_by_outage = false;
};

namespace harvest {
class harvest_core;
using next_handler =
    boost::asio::any_completion_handler<void(boost::system::error_code, std::optional<harvest_element>)>;
}  // namespace harvest

/// The merged stream of many listings. Made by `client::harvest`.
///
/// Lazy: no job is taken and no request is sent before the first pull. From then on it works ahead of its consumer, up
/// to `harvest_options::max_buffered_bytes`.
///
/// **Fairness and pace.** Accounts take turns, and so do the jobs of an account. Every request, including retries,
/// keeps to its account's pace. A throttled account slows down and rests with all its jobs. An account that needs its
/// owner is parked. The others go on, and jobs of a resting account keep their place.
///
/// **Outages.** A request that could not be sent, because the server can't be reached, counts neither as a request of
/// its account nor as an attempt of its job. A request that was sent and got no usable answer may have been counted by
/// the server, and counts as a request of its account. An answer is unusable if no byte of it came (a deadline, or a
/// closed connection), if it is not the API's own (`classification::from_gateway`), or if it is a 5xx that may pass.
/// Such a request counts as an attempt of its job only if the server answers others meanwhile or afterwards. It does
/// not count if the answers to others end an outage that affected them, too, unless that repeats for the same job.
///
/// After up to eight such requests in a row (or as many as there are accounts, if fewer) without a usable answer
/// between them, the harvest sends one request at a time, at growing intervals. It resumes with the first usable
/// answer. Accounts take turns with these requests, as do the jobs of an account, and the requests keep to their
/// accounts' pace. See `harvest_options::outage_patience`.
///
/// **Wrong configuration.** If the first answer of all is not the API's own, and waiting does not help, the base URL is
/// wrong: the harvest ends with that answer's failure, e.g. errc::not_from_api. If the API knows none of the accounts
/// requested first (three, or all with jobs), it ends with errc::accounts_unknown. If it refuses one identifier after
/// the other, it ends with errc::identifiers_refused. No account is parked then, and jobs without an answer end as if
/// the harvest had been stopped.
///
/// If only one job can be requested at all, a missing answer to it can't be distinguished from an outage. It is treated
/// as an outage, at whose end that job fails, and the harvest goes on.
///
/// `posts_query::prefetch_pages` has no effect here, and `retry_policy::total` includes the time that a job waits.
///
/// **The end.** The harvest is over when the source is exhausted and every job has ended. Each further pull then
/// completes with an empty optional. A failed job is an element and ends nothing else, with these exceptions: the key
/// is refused, the server's certificate is not trusted, an outage exceeds the patience, the configuration is wrong, the
/// source or a function of the options fails, memory runs out, or the client is closed. Then all jobs end (those that
/// did not run with errc::harvest_stopped), and the stream ends with that failure.
///
/// **User functions** (of the options, the source, the client's observer, `visit`) may call any member of the harvest
/// while they run, and may destroy it.
///
/// **Pulls, cancellation, thread safety, lifetimes**: as with `post_stream`. A cancelled pull completes with
/// `asio::error::operation_aborted` and loses nothing; the harvest goes on.
class harvest_stream {
public:
    using executor_type = boost::asio::any_io_executor;
    /// The type of this stream with the default completion token of another executor.
    template <class Executor>
    struct rebind_executor {
        using other = rebound_stream<harvest_stream, Executor>;  ///< that type
    };

    harvest_stream(harvest_stream&& other) noexcept;
    harvest_stream& operator=(harvest_stream&& other) noexcept;
    /// Ends all work without blocking. No further elements are delivered.
    ~harvest_stream();

    const executor_type& get_executor() const noexcept { return executor_; }

    /// Returns the next element; empty at the end. Must be awaited on the client's executor. Throws `failure`: the one
    /// that stopped the harvest, errc::operation_in_progress, or `asio::error::operation_aborted` if cancelled.
    boost::asio::awaitable<std::optional<harvest_element>> next();

    /// The same for any completion token; the default is `boost::asio::deferred`. Handler signature:
    /// `void(error_code, std::optional<harvest_element>)`. The handler is called on its associated executor, never
    /// inside this function. Its cancellation slot cancels the pull (all three types).
    template <boost::asio::completion_token_for<void(boost::system::error_code, std::optional<harvest_element>)> Token =
                  boost::asio::deferred_t>
    auto async_next(Token&& token = Token())
    {
        return boost::asio::async_initiate<Token, void(boost::system::error_code, std::optional<harvest_element>)>(
            initiate_next(executor_, core_), token);
    }

    /// Returns an element if one is buffered and no pull is outstanding, otherwise nothing.
    std::optional<harvest_element> try_next();

    // With harvest_options::confirm_pages, one of these is called after each element with `page_ends`. Returns false if
    // the job does not wait for an answer: its account may have been parked, or the harvest stopped.

    /// Continues with the next page.
    bool go_on(std::uint64_t number);
    /// Continues elsewhere in the same listing: at `to`, or at `overlap` if the next request goes out later than
    /// `trusted_until`. Throws `failure`: errc::position_mismatch.
    bool jump(std::uint64_t number, const position& to, wall_time trusted_until = wall_time::max(),
              const position& overlap = {});
    /// Ends the job with `end_reason::stopped`.
    bool finish(std::uint64_t number);

    /// Sends no further request, nor one that waits for a connection. Pages under way are read and delivered. Then all
    /// jobs that are not over end with `end_reason::cancelled`, errc::harvest_stopped and a position, and the stream
    /// ends without a failure. A `job_source::async_pull` is waited for (see `job_source::stop`); its jobs end so, too.
    void stop();
    /// The same at once: requests under way are aborted, and jobs that the source has not delivered yet are not taken.
    void cancel();

    /// Sends no further request until `resume`. Requests under way go on, and so does their consumer. The harvest does
    /// not end meanwhile, except by `stop` and `cancel`.
    void pause();
    /// Ends a pause. No effect without one.
    void resume();
    /// Changes `harvest_options::max_connections`, at most to the client's. Requests under way go on; 0: the client's.
    void set_max_connections(std::size_t n);

    /// Asks the source for a handful of jobs although `max_queued` are queued, e.g. because it has more urgent ones. If
    /// the source is being asked, that comes afterwards. No effect once it has no more jobs.
    void pull();
    /// Parks an account: no further request of it is sent until `unpark`; see `harvest_options::when_parked` for its
    /// jobs. `reason` is for display, one line. Returns false if the harvest has no account of that name.
    bool park(std::string_view account, std::string reason);
    /// Unparks an account, and ends its rest. Returns false if the harvest has no account of that name.
    bool unpark(std::string_view account);
    /// Replaces the rules of an account from its next request on, in place of those of the options. Empty: those of the
    /// options again. Past requests count as before; a pause under way is shortened if the rules make none as long.
    /// Returns false if the harvest has no account of that name; its first job takes it in with these rules. Throws
    /// std::invalid_argument for rules that can't work.
    bool set_pace(std::string_view account, std::optional<pacing> rules);
    /// Sends no further request of an account, nor one that waits for a connection. A page under way is read and
    /// delivered. Then its jobs end with `end_reason::cancelled`, errc::harvest_stopped and a position, and so do those
    /// that the source delivers. Returns false if the harvest has no account of that name.
    bool leave(std::string_view account);
    /// Forgets an account that leaves once all its jobs have ended, and returns true then, or if there is no such
    /// account. Its next job takes it in again, with a ledger from `load_ledger`.
    bool forget(std::string_view account);
    /// Calls `visit` for the account of that name. Returns false if there is none.
    bool account(std::string_view account, const std::function<void(const account_status&)>& visit) const;
    /// Calls `visit` for each account.
    void accounts(const std::function<void(const account_status&)>& visit) const;

    /// Returns the counters so far.
    harvest_stats stats() const;
    /// Returns the current outage; empty if there is none.
    std::optional<harvest_outage> outage() const;
    /// Returns the failure that stopped the harvest as a whole; empty if there is none.
    std::optional<failure> last_failure() const;

private:
    friend struct detail::access;

    harvest_stream(executor_type executor, std::shared_ptr<harvest::harvest_core> core) noexcept;

    struct initiate_next : detail::initiation<harvest::harvest_core> {
        using initiation::initiation;
        void operator()(harvest::next_handler handler) const;
    };

    executor_type executor_;
    std::shared_ptr<harvest::harvest_core> core_;
};

namespace detail {
/// Throws std::invalid_argument for options that can't work.
harvest_stream begin_harvest(const client& c, std::unique_ptr<job_source> source, harvest_options options);
}  // namespace detail

template <class Jobs, class Stream>
Stream client::harvest(Jobs&& jobs)
{
    return harvest(std::forward<Jobs>(jobs), harvest_options());
}

template <class Jobs, class Stream>
Stream client::harvest(Jobs&& jobs, harvest_options options)
{
    return detail::begin_harvest(*this, make_job_source(executor_, std::forward<Jobs>(jobs)), std::move(options));
}

}  // namespace unipile
#pragma GCC visibility pop
