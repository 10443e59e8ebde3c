// Which job may send its next request, and when. Pure: events and time come in, decisions go out.
#pragma once

#include <unipile/account_ledger.hpp>

#include "harvest/outage_watch.hpp"
#include "harvest/pacer.hpp"
#include "paging/page_outcome.hpp"
#include "splitmix.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <queue>
#include <string>
#include <utility>
#include <vector>

namespace unipile::harvest {

using account_index = std::uint32_t;
using job_index = std::uint32_t;

struct scheduler_options {
    std::size_t max_running = 8;                   ///< requests at once in all
    unsigned max_in_flight = 1;                    ///< requests at once of one account
    unsigned turn = 10;                            ///< requests of one job before the account's next job has its turn
    bool fail_parked = false;                      ///< the jobs of a parked account end, instead of waiting
    std::chrono::milliseconds outage_patience{0};  ///< 0: without end
    std::uint64_t seed = 1;
};

/// What became of a request.
struct request_result {
    enum class then {
        ended,  ///< the job needs no further request
        more,   ///< the job goes on with its next page
        retry,  ///< the same request again, not before `not_before`
        hold,   ///< the job goes on with its next page, but not before `release`
    };
    enum class sign {
        none,      ///< says nothing about the account
        good,      ///< the account works
        throttle,  ///< the account goes too fast
        park,      ///< the account needs its owner
        stop,      ///< nothing works with this key
    };
    using contact = paging::contact;

    then next = then::ended;
    sign signal = sign::none;
    contact server = contact::unknown;
    /// How many requests the server may have seen; 0: it never left, and is taken out of the account's books.
    unsigned times_sent = 1;
    wall_time not_before{};
    std::optional<std::chrono::milliseconds> retry_after;  ///< with `throttle`
    bool long_rest = false;                                ///< with `throttle`
    std::string reason;                                    ///< with `park`
    bool unknown_account = false;                          ///< with `park`: the API knows no such account
    bool wrong_address = false;                            ///< with `foreign`: nothing else was ever answered
};

/// What to do now.
struct decision {
    enum class kind {
        start,   ///< send `job`'s next request; it counts as sent from now on
        fail,    ///< end `job`: its account is parked, or all is stopped. The job is gone from the books.
        wait,    ///< nothing before `until`, unless something happens
        nothing  ///< nothing until something happens
    };
    kind what = kind::nothing;
    job_index job = 0;
    wall_time until{};
};

/// While the server can't be reached or answers nobody, one request at a time is started as a probe, with waits in
/// between, and all others stay where they are. Accounts take turns with the probes, as their pace allows, and so do
/// their jobs, lest one that never gets an answer stands for the server.
///
/// Fair: accounts take turns, and so do the jobs of an account. Each decision costs O(log n) in the number of accounts
/// that wait, and a queued job costs 24 bytes here, an account some 300.
class scheduler {
public:
    explicit scheduler(scheduler_options options);

    /// `rules` is shared between accounts. The ledger may come from an earlier run.
    account_index add_account(std::shared_ptr<const pacer> rules, account_ledger ledger, wall_time now);
    /// A new job at the end of its account's queue. Numbers of jobs that ended are used again.
    job_index add_job(account_index account, wall_time now);

    /// Call until it says `wait` or `nothing`.
    decision next(wall_time now);
    /// The request that `start` was said for was held up so long before it was sent: the gap behind it begins later.
    void held_up(job_index job, std::chrono::milliseconds by);
    /// The request that `start` was said for has ended. False: its job is to end, against `result`, and is gone from
    /// the books. For as long as an outage is put up with it was the only one that got no answer, and no other could be
    /// asked: nobody can tell its own trouble from the server's, and the harvest goes on as if it were its own.
    bool finished(job_index job, const request_result& result, wall_time now);
    /// Whether the server has answered others since the job's last request, which got no byte of an answer; false if
    /// that was in an outage, as long as this doesn't happen again and again.
    bool others_were_answered(job_index j) const { return jobs_[j].silent != 0 && !is_silent(j); }
    /// The request that `start` was said for was never sent: its job goes on as if nothing had been said.
    void not_sent(job_index job, wall_time now);

    /// How far the system's clock is ahead of the times that come in here has changed.
    void set_ahead(std::chrono::milliseconds ahead, wall_time now);

    /// A job that was held goes on.
    void release(job_index job, wall_time now);
    /// A job that was held ends.
    void drop(job_index job);

    const outage_watch& outage() const noexcept { return outage_; }

    /// The API knows none of the accounts that were asked first, three of them or all that have jobs, and has answered
    /// nothing else. They are not parked then; once it has answered anything else, they are. `more`: jobs may come.
    bool knows_no_account(bool more) const noexcept;
    /// Whether the API knew no such account, and it is open yet whether it knows any.
    bool is_suspect(account_index a) const { return accounts_[a].suspect; }
    /// Accounts that were parked without a request of theirs having ended, since the last call.
    std::vector<account_index> take_parked() noexcept { return std::exchange(parked_, {}); }

    /// Ends every job that does not run: `next` says `fail` for each.
    void stop() noexcept { stopped_ = true; }
    /// Ends the jobs of all parked accounts in the same way, e.g. when nothing else is left.
    void give_up_parked();
    void park(account_index account, std::string reason, wall_time now);
    void unpark(account_index account, wall_time now);
    void set_rules(account_index account, std::shared_ptr<const pacer> rules, wall_time now);
    void set_provider(account_index account, std::string provider);

    const account_ledger& ledger(account_index a) const { return accounts_[a].ledger; }
    const pacer& rules(account_index a) const { return *accounts_[a].rules; }
    account_index account_of(job_index j) const { return jobs_[j].account; }
    std::size_t accounts() const noexcept { return accounts_.size(); }
    /// Jobs of that account that don't run and did not end.
    std::size_t queued(account_index a) const { return accounts_[a].queued; }
    std::size_t queued() const noexcept { return queued_; }
    std::size_t in_flight(account_index a) const { return accounts_[a].in_flight; }
    bool is_running(job_index j) const { return jobs_[j].state == job_state::running; }
    /// Accounts.
    std::size_t parked() const noexcept;
    std::size_t running() const noexcept { return running_; }
    bool stopped() const noexcept { return stopped_; }

private:
    static constexpr std::uint32_t none = 0xffffffff;
    /// Two that never get an answer would vouch for each other for ever.
    static constexpr std::uint8_t most_spared = 4;

    enum class job_state : std::uint8_t { free, queued, waiting, held, running };
    struct job {
        std::uint32_t next = none;  // in its account's queue, or in the list of free ones
        account_index account = 0;
        std::uint32_t stamp = 0;   // of the wait that counts
        std::uint32_t began = 0;   // how many answers there had been when its request began
        std::uint32_t silent = 0;  // how many answers there had been when it got none; 0: nothing to be held against it
        std::uint16_t turn = 0;    // requests since it was put in front
        job_state state = job_state::free;
        std::uint8_t spared = 0;  // outages that have excused it since its last answer
    };
    enum class place : std::uint8_t { none, ready, waiting };
    struct account {
        std::shared_ptr<const pacer> rules;
        account_ledger ledger;
        std::uint32_t head = none, tail = none;  // queue of jobs
        std::uint32_t queued = 0;                // in the queue or waiting
        std::uint32_t in_flight = 0;
        std::uint32_t latest = none;       // whose request was started last
        std::uint32_t stamp = 0;           // of the wait that counts
        wall_time wakes{};                 // while waiting
        std::chrono::milliseconds gap{0};  // that was drawn last
        place where = place::none;
        bool failing = false;  // among those whose jobs are being ended
        bool suspect = false;  // not known to the API, which may know none
    };
    struct sleeper {
        wall_time until;
        std::uint32_t index;
        std::uint32_t stamp;
        bool is_job;
        bool operator>(const sleeper& o) const noexcept { return until > o.until; }
    };

    bool is_held_back(wall_time now) const noexcept;
    decision wait_for_change(wall_time now) const;
    void note_contact(job_index j, const request_result& result, wall_time now);
    void note_silence(job_index j, request_result::contact server);
    bool is_alone(job_index j) const noexcept;
    void vouch(wall_time now);
    void park_or_suspect(account_index i, const request_result& result, wall_time now);
    void end_silence() noexcept;
    void forget_silence() noexcept;
    void excuse_the_silent() noexcept;
    bool is_silent(job_index j) const { return jobs_[j].silent == answers_; }
    std::size_t accounts_with_work() const noexcept;
    void push_front(job_index j);
    void push_back(job_index j);
    job_index pop_front(account& a);
    job_index pop_probe(account& a);
    void forget(job_index j);
    void requeue(job_index j, const request_result& result, wall_time now);
    void next_page(job_index j);
    void settle_account(account_index i, wall_time now);
    void wake(wall_time now);
    bool is_stale(const sleeper& s) const;
    std::optional<job_index> next_to_fail();
    void set_failing(account_index i);

    scheduler_options options_;
    random_source random_;
    std::chrono::milliseconds ahead_{0};
    outage_watch outage_;
    std::uint32_t probe_ = none;   // the job whose request finds out whether the server is back
    std::uint32_t answers_ = 1;    // counts those of the server; 0: never the present number
    std::uint32_t alone_ = none;   // the only job that got no answer since the last one
    bool several_silent_ = false;  // there are others, or requests that never left
    bool vouched_ = false;         // the API has answered something else than that it knows no such account
    struct suspect {
        account_index account;
        std::string reason;
    };
    std::vector<suspect> suspects_;
    std::vector<account_index> parked_;
    std::vector<account> accounts_;
    std::vector<job> jobs_;
    std::uint32_t free_ = none;
    std::deque<account_index> ready_;
    std::deque<account_index> failing_;
    std::priority_queue<sleeper, std::vector<sleeper>, std::greater<>> sleepers_;
    std::size_t queued_ = 0, running_ = 0;
    std::size_t drained_ = 0;  // jobs below this were seen since `stop`
    bool stopped_ = false;
};

}  // namespace unipile::harvest
