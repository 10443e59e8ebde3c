// The jobs of a harvest, out of a store.
#pragma once

#include <unipile/harvest_job.hpp>
#include <unipile/position.hpp>
#include <unipile/store/post_store.hpp>
#include <unipile/store/writer.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

namespace unipile::program {

/// The system's clock as stores keep it.
store::unix_time wall_now();

/// Where a listing starts or goes on, as a harvest wants to have it.
struct starting_place {
    /// Throws `failure` for a position that can't be used.
    explicit starting_place(const store::step& where);

    position from;
    wall_time trusted_until = wall_time::max();
    position overlap;
};

/// Claims jobs account by account, and leaves those in the store whose account has enough to do. A job's `tag` is its
/// number in the store. On one executor; the store's work is done on the writer's thread.
class store_source : public std::enable_shared_from_this<store_source> {
public:
    struct hooks {
        /// Whether the account waits for its owner; its jobs are left alone then.
        std::function<bool(std::string_view account)> parked;
        /// Whether a job that was handed out may still be handed out `again`.
        std::function<bool()> unfinished;
        /// What the store knows of an account; told before its first job.
        std::function<void(const std::string& account, const std::optional<store::account_row>& row)> account_known;
        /// A job was claimed; it is handed out right after. False if it is under way already: then it is not.
        std::function<bool(const store::claimed_job& job)> claimed;
    };

    /// What every query has in common with `pattern` is how it is read: its limit, for example. The writer must outlive
    /// the source.
    store_source(boost::asio::any_io_executor executor, store::store_writer& writer, std::int64_t run,
                 posts_query pattern, hooks h);

    /// For `client::harvest`; shares this source.
    std::unique_ptr<job_source> handle();

    /// Something has happened that may let more jobs go: one has ended, an account was unparked.
    void poke();
    /// Hands a claimed job out once more, to start where its `start` says, under the lease that it has.
    void again(const store::claimed_job& job);
    /// There are no more jobs.
    void stop();

private:
    class forwarder;
    struct claims {
        std::vector<std::pair<std::string, std::optional<store::account_row>>> accounts;
        std::vector<store::claimed_job> jobs;
    };

    boost::asio::awaitable<std::vector<harvest_job>> pull(job_request request);
    boost::asio::awaitable<bool> look_on();
    boost::asio::awaitable<std::vector<harvest_job>> claim(std::vector<std::string> accounts, std::size_t each);
    boost::asio::awaitable<void> wait_for_change();
    std::vector<harvest_job> take_again(std::size_t most);
    std::vector<std::string> choose(const job_request& request);
    posts_query query_for(const store::job_spec& spec) const;
    harvest_job job_from(const store::claimed_job& claimed) const;

    boost::asio::any_io_executor executor_;
    store::store_writer& writer_;
    std::int64_t run_;
    posts_query pattern_;
    hooks hooks_;
    boost::asio::steady_timer change_;
    std::deque<std::string> ring_;  ///< accounts that had jobs when they were looked at, still to be considered
    std::string after_;             ///< the last account that was looked at; empty: the next look begins a round
    std::unordered_set<std::string> known_;
    std::deque<store::claimed_job> again_;
    bool busy_ = false;  ///< this round passed over accounts that have enough
    bool poked_ = false;
    bool stopped_ = false;
};

}  // namespace unipile::program
