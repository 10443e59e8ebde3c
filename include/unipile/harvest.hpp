// The fan-out: many listings through many accounts, as one stream.
#pragma once

#include <unipile/client.hpp>
#include <unipile/detail/access.hpp>
#include <unipile/end_reason.hpp>
#include <unipile/failure.hpp>
#include <unipile/harvest_job.hpp>
#include <unipile/harvest_options.hpp>
#include <unipile/position.hpp>
#include <unipile/post.hpp>
#include <unipile/quarantined_item.hpp>
#include <unipile/stream_stats.hpp>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace unipile {

/// A piece of a harvest: some posts of one job, or its end.
struct harvest_element {
    std::shared_ptr<const harvest_job> job;  ///< never null
    std::uint64_t number = 0;                ///< of the job in this harvest, from 0, in the order of the source
    std::vector<post> posts;                 ///< in the listing's order; empty where only something else is to be told
    /// Items that are no posts, in the listing's order; they stood among `posts`, before them or behind them.
    std::vector<quarantined_item> quarantined;
    /// Right behind the posts. To resume from here loses nothing and delivers nothing twice.
    unipile::position position;
    /// `position` is the beginning of a page, which will be asked for next. Told once for each page but the last.
    bool page_ends = false;
    /// How many items the page had that ended with this element, those that are no posts or were delivered before
    /// counted; 0 if none ended. For a listing's last page it is set on the element with `ended`.
    std::uint64_t page_items = 0;
    /// The job started at `harvest_job::overlap`, or went on at the `overlap` of its last `jump`, since its position
    /// was no longer to be trusted.
    bool overlapped = false;
    /// The job is over; its last element. Exactly one for each job that was taken from the source.
    bool ended = false;
    unipile::end_reason end_reason = unipile::end_reason::none;  ///< set if `ended`
    std::optional<unipile::failure> failure;                     ///< set if `ended` by a failure
    stream_stats stats;                                          ///< of the job so far, whatever it took
};

/// Where one account of a harvest stands.
struct account_status {
    std::string_view account;
    const account_ledger& ledger;
    const pacing& rules;
    std::size_t queued = 0;        ///< jobs that were taken from the source and don't run
    std::size_t running = 0;       ///< requests that are under way
    wall_time next_request{};      ///< the earliest for the next, as far as is known now; no matter if parked
    std::uint32_t left_today = 0;  ///< requests that the longest window still allows; the greatest number if no window
    /// The API has said that it knows no such account, and answered nothing else yet: it is parked as soon as it does.
    bool unknown = false;
};

/// A time in which the server can't be reached, doesn't answer, or doesn't work.
struct harvest_outage {
    wall_time since;
    wall_time next_attempt;  ///< not before; in the past while one is under way
    failure why;             ///< of the last attempt
};

/// The counters of a harvest.
struct harvest_stats {
    std::uint64_t jobs = 0;       ///< taken from the source
    std::uint64_t completed = 0;  ///< ended completely, or within the bounds of their query
    std::uint64_t failed = 0;     ///< ended otherwise
    std::size_t queued = 0;       ///< wait for their turn, for their account, or for an answer to `confirm_pages`
    std::size_t running = 0;
    std::size_t accounts = 0;
    std::size_t parked = 0;          ///< accounts
    std::size_t buffered_bytes = 0;  ///< wait for the consumer
    stream_stats listings;           ///< of all jobs together
    bool source_exhausted = false;
    /// The harvest has ended since the server could not be reached, was silent or did not work for too long.
    bool ended_by_outage = false;
};

namespace harvest {
class harvest_core;
using next_handler =
    boost::asio::any_completion_handler<void(boost::system::error_code, std::optional<harvest_element>)>;
}  // namespace harvest

/// The merged stream of many listings. Made by `client::harvest`.
///
/// Lazy: nothing is taken from the source and nothing is sent before the first pull. From then on it works ahead of its
/// consumer, as far as `harvest_options::max_buffered_bytes` lets it.
///
/// **Fair and careful.** Accounts take turns, and so do the jobs of an account. Every request, retries counted, keeps
/// to its account's pace. An account that is throttled slows down and rests with all its jobs, one that needs its owner
/// is parked; all others go on. Jobs whose account rests keep their place.
///
/// **Outages.** A request that could not be sent, since the server can't be reached, is none of its account's requests
/// and no attempt of its job's. One that was sent and brought nothing that shows that the API works may have been seen:
/// it is one of its account's requests. That is so if not a byte of an answer came (a deadline, or a connection that
/// was closed), if the answer is not the API's own (`classification::from_gateway`), or if it is a 5xx that may pass.
/// An attempt of its job's it is only if the server answers others meanwhile or afterwards, and not if that ends an
/// outage which others have felt, unless that happens to it again and again.
///
/// After up to eight such requests in a row (as many as there are accounts, if those are fewer) and no good answer in
/// between, the harvest only finds out whether the server is back, with one request at a time at growing intervals, and
/// goes on where it was with the first good answer. Accounts take turns with these requests, which keep to their pace
/// as all others do, and so do the jobs of an account. See `harvest_options::outage_patience`.
///
/// **Wrong from the start.** If the first answer of all is not the API's own, and time alone doesn't cure that, the
/// base URL is wrong: the harvest ends with that answer's failure, e.g. errc::not_from_api. If the API knows none of
/// the accounts that are asked first (three, or all that have jobs), it ends with errc::accounts_unknown; if it refuses
/// one identifier after the other, with errc::identifiers_refused. No account is parked then, and jobs that were not
/// asked about end as if the harvest had been stopped.
///
/// If only one job can be asked at all, its silence can't be told from the server's. It is treated as an outage, at the
/// end of which that job fails, and the harvest goes on.
///
/// The queries' `prefetch_pages` has no effect here, and `retry_policy::total` counts the waiting too.
///
/// **The end.** The harvest is over when the source is exhausted and every job has ended, and then gives an empty
/// optional, again and again. A failed job is an element and ends nothing else, but for one: if the key is refused, the
/// server is not to be trusted or stays out of reach, silent or broken, something is wrong from the start, the source
/// or a function of the options fails, memory runs out, or the client is closed, all jobs end (those that did not run
/// with errc::harvest_stopped), and the stream ends with that failure.
///
/// **Functions of the user** (of the options, the source, the client's observer, `visit`) may call anything of the
/// harvest while they run, and may destroy it.
///
/// **Pulling, cancelling, threads, lifetime**: as with `post_stream`. An outstanding pull that is cancelled ends with
/// `asio::error::operation_aborted` and loses nothing; the harvest goes on.
class harvest_stream {
public:
    using executor_type = boost::asio::any_io_executor;

    harvest_stream(harvest_stream&& other) noexcept;
    harvest_stream& operator=(harvest_stream&& other) noexcept;
    /// Ends all that runs, without a word and without blocking.
    ~harvest_stream();

    const executor_type& get_executor() const noexcept { return executor_; }

    /// The next element; empty at the end. Await it on the client's executor. Throws `failure`: the one that stopped
    /// the harvest, errc::operation_in_progress, or `asio::error::operation_aborted` when cancelled.
    boost::asio::awaitable<std::optional<harvest_element>> next();

    /// The same for any completion token. Handler signature `void(error_code, std::optional<harvest_element>)`. The
    /// handler is called on its associated executor, never inside this function; its slot cancels the pull.
    template <boost::asio::completion_token_for<void(boost::system::error_code, std::optional<harvest_element>)> Token>
    auto async_next(Token&& token)
    {
        return boost::asio::async_initiate<Token, void(boost::system::error_code, std::optional<harvest_element>)>(
            initiate_next{executor_, core_}, token);
    }

    /// An element if one is there and no pull is outstanding, otherwise nothing.
    std::optional<harvest_element> try_next();

    // With harvest_options::confirm_pages, one of these after each element with `page_ends`. False if that job does not
    // wait for an answer (any more): it may have ended because its account was parked or the harvest stopped.

    /// Goes on with the next page.
    bool go_on(std::uint64_t number);
    /// Goes on elsewhere in the same listing: at `to`, or at `overlap` if the next request goes out later than
    /// `trusted_until`. Throws `failure`: errc::position_mismatch.
    bool jump(std::uint64_t number, const position& to, wall_time trusted_until = wall_time::max(),
              const position& overlap = {});
    /// Ends the job with `end_reason::stopped`.
    bool finish(std::uint64_t number);

    /// Sends no further request. Pages that are under way are read and delivered; then all jobs that are not over end
    /// with `end_reason::cancelled`, errc::harvest_stopped and their position, and the stream ends without a failure. A
    /// source that is being pulled is waited for (`job_source::stop`), and its jobs end in the same way.
    void stop();
    /// The same at once: what is under way is broken off, and jobs that the source has not handed over yet are not
    /// taken.
    void cancel();

    /// Lets a parked account go on. False if there is none of that name.
    bool unpark(std::string_view account);
    /// Calls `visit` for one account, or for all.
    bool account(std::string_view account, const std::function<void(const account_status&)>& visit) const;
    void accounts(const std::function<void(const account_status&)>& visit) const;

    harvest_stats stats() const;
    /// Set while the server can't be reached, or answers no account.
    std::optional<harvest_outage> outage() const;
    /// What stopped the harvest as a whole; empty unless something did.
    std::optional<failure> last_failure() const;

private:
    friend struct detail::access;

    harvest_stream(executor_type executor, std::shared_ptr<harvest::harvest_core> core) noexcept;

    struct initiate_next {
        executor_type executor;
        std::shared_ptr<harvest::harvest_core> core;
        void operator()(harvest::next_handler handler) const;
    };

    executor_type executor_;
    std::shared_ptr<harvest::harvest_core> core_;
};

namespace harvest {
/// Throws std::invalid_argument for options that make no sense.
harvest_stream begin(const client& c, std::unique_ptr<job_source> source, harvest_options options);
}  // namespace harvest

template <class Jobs>
harvest_stream client::harvest(Jobs&& jobs)
{
    return harvest(std::forward<Jobs>(jobs), harvest_options());
}

template <class Jobs>
harvest_stream client::harvest(Jobs&& jobs, harvest_options options)
{
    return harvest::begin(*this, make_job_source(executor_, std::forward<Jobs>(jobs)), std::move(options));
}

}  // namespace unipile
