// The source of a harvest's jobs in a store.
#pragma once

#include "time_source.hpp"

#include <unipile/harvest_job.hpp>
#include <unipile/posts_query.hpp>
#include <unipile/store/operations.hpp>
#include <unipile/store/writer.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace unipile::durable {

/// The harvest of a source's jobs.
class job_owner {
public:
    /// Returns true if the account's jobs are to be left in the store, e.g. because it waits for its owner.
    virtual bool is_waiting(std::string_view account) const = 0;
    /// Returns true if a job that was delivered may still be delivered `again`.
    virtual bool has_unfinished() const = 0;
    /// Returns true if the account leaves the harvest.
    virtual bool is_leaving(std::string_view account) const = 0;
    /// Called with the stored row of an account, if there is one, before its first job is delivered.
    virtual void account_known(const store::account_row& row) = 0;
    /// Called with a claimed job right before it is delivered. With `unusable`, its position can't be used, and it is
    /// not delivered but `again` once the store has another one.
    virtual void claimed(const store::claimed_job& job, bool unusable) = 0;

protected:
    ~job_owner() = default;
};

/// Claims jobs account by account, and leaves the jobs of accounts with enough jobs in the store. A job's `tag` is its
/// number in the store. On one executor; the store's work is done on the writer's thread.
class store_source : public std::enable_shared_from_this<store_source> {
public:
    /// `pattern`: what all queries have in common, such as the limit. `answer_time`: how long after an account was
    /// taken over a request of its owner before may still be counted by the server. The writer must outlive the source;
    /// without its owner, a source has no more jobs.
    store_source(boost::asio::any_io_executor executor, store::store_writer& writer, std::int64_t run,
                 posts_query pattern, std::weak_ptr<job_owner> owner, std::chrono::milliseconds answer_time = {},
                 time_source time = {});

    /// Returns a source for `client::harvest` that shares this one.
    std::unique_ptr<job_source> handle();

    /// To be called after events that may release jobs, or end the source: a job has ended, an account was parked or
    /// unparked.
    void notify();
    /// Delivers a claimed job once more, to start at its `start`.
    void again(const store::claimed_job& job);
    /// Takes back what `again` was to deliver of an account. Returns the tags.
    std::vector<std::uint64_t> take_back(std::string_view account);
    /// Returns true if an account that had to wait, since it was taken over, may begin since the last look for new
    /// ones.
    bool has_waited() const;
    enum class findings {
        none,
        some,
        put_off,  ///< a pull that may have looked before is under way: look again
    };
    /// Looks for accounts with jobs that are not known yet, which the next pull takes first.
    boost::asio::awaitable<findings> look_for_new();
    /// The account has left: its row is read again before its next jobs.
    void left(const std::string& account);
    /// Returns the accounts whose rows were read.
    const std::unordered_set<std::string>& known() const noexcept { return known_; }
    /// There are no more jobs.
    void stop();

private:
    class forwarder;

    boost::asio::awaitable<std::vector<harvest_job>> pull(job_request request);
    boost::asio::awaitable<bool> look_on();
    boost::asio::awaitable<std::vector<harvest_job>> claim(std::vector<std::string> accounts, std::size_t each);
    enum class rest { none, own, of_others };
    boost::asio::awaitable<rest> look_for_rest();
    void take_claimed(const std::string& account, const std::optional<store::account_row>* row,
                      const std::vector<store::claimed_job>& claimed, std::vector<harvest_job>& jobs);
    bool may_begin(const store::account_row& row);
    bool is_put_off(const std::string& account) const;
    wall_time now() const;
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
    std::weak_ptr<job_owner> owner_;
    time_source time_;
    clock_timer change_;
    std::deque<std::string> ring_;  ///< accounts that had jobs when they were read, still to be considered
    std::string after_;             ///< the last account that was read; empty: the next read begins a round
    std::unordered_set<std::string> known_;
    std::unordered_set<std::string> left_;  ///< accounts that have left during the current claim
    /// An account whose ledger had a request in flight when it was taken over.
    struct takeover {
        std::string ledger;
        wall_time begins{};
    };
    std::unordered_map<std::string, takeover> taken_over_;
    std::chrono::milliseconds answer_time_;
    wall_time looked_{};  ///< for new accounts
    std::deque<store::claimed_job> again_;
    bool pulled_ = false;  ///< a pull is outstanding
    bool waits_ = false;   ///< and waits for a change
    bool busy_ = false;    ///< accounts with enough jobs were skipped in this round
    bool notified_ = false;
    bool stopped_ = false;
};

}  // namespace unipile::durable
