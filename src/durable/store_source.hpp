// The jobs of a harvest, out of a store.
#pragma once

#include <unipile/harvest_job.hpp>
#include <unipile/posts_query.hpp>
#include <unipile/store/post_store.hpp>
#include <unipile/store/writer.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

namespace unipile::durable {

/// The harvest that works on a source's jobs.
class job_owner {
public:
    /// Whether this source is in charge of the account.
    virtual bool owns(std::string_view account) = 0;
    /// Whether the account waits for its owner, say; its jobs are left alone then.
    virtual bool is_waiting(std::string_view account) const = 0;
    /// Whether a job that was handed out may still be handed out `again`.
    virtual bool has_unfinished() const = 0;
    /// What the store knows of an account; called before its first job is handed out.
    virtual void account_known(const std::string& account, const std::optional<store::account_row>& row) = 0;
    /// A job was claimed; it is handed out right after. False if it is under way already: then it is not.
    virtual bool claimed(const store::claimed_job& job) = 0;

protected:
    ~job_owner() = default;
};

/// Claims jobs account by account, and leaves those in the store whose account has enough to do. A job's `tag` is its
/// number in the store. On one executor; the store's work is done on the writer's thread.
class store_source : public std::enable_shared_from_this<store_source> {
public:
    /// What every query has in common with `pattern` is how it is read: its limit, for example. `worker` is the name
    /// under which jobs are claimed. The writer must outlive the source; without its owner, a source has no more jobs.
    store_source(boost::asio::any_io_executor executor, store::store_writer& writer, std::int64_t run,
                 posts_query pattern, std::string worker, std::weak_ptr<job_owner> owner);

    /// For `client::harvest`; shares this source.
    std::unique_ptr<job_source> handle();

    /// Something has happened that may let more jobs go, or end the source: a job has ended, an account was parked or
    /// unparked.
    void notify();
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
    bool has_unfinished() const;
    posts_query query_for(const store::job_spec& spec) const;
    harvest_job job_from(const store::claimed_job& claimed) const;

    boost::asio::any_io_executor executor_;
    store::store_writer& writer_;
    std::int64_t run_;
    posts_query pattern_;
    std::string worker_;
    std::weak_ptr<job_owner> owner_;
    boost::asio::steady_timer change_;
    std::deque<std::string> ring_;  ///< accounts that had jobs when they were looked at, still to be considered
    std::string after_;             ///< the last account that was looked at; empty: the next look begins a round
    std::unordered_set<std::string> known_;
    std::deque<store::claimed_job> again_;
    bool busy_ = false;  ///< this round passed over accounts that have enough
    bool notified_ = false;
    bool stopped_ = false;
};

}  // namespace unipile::durable
