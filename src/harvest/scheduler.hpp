// Which job may send its next request, and when. Pure: events and times are inputs, decisions are outputs.
#pragma once

#include <unipile/account_ledger.hpp>

#include "harvest/outage_watch.hpp"
#include "harvest/pacer.hpp"
#include "paging/page_outcome.hpp"
#include "splitmix.hpp"

#include <algorithm>
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
    unsigned turn = 10;                            ///< requests of one job before the account's next job takes its turn
    bool fail_parked = false;                      ///< the jobs of a parked account end instead of waiting
    std::chrono::milliseconds outage_patience{0};  ///< 0: no limit
    std::uint64_t seed = 1;
};

/// The outcome of a request.
struct request_result {
    enum class then {
        ended,  ///< the job needs no further request
        more,   ///< the job continues with its next page
        retry,  ///< the same request again, not before `not_before`
        hold,   ///< the job continues with its next page, after `release`
    };
    enum class sign {
        none,      ///< says nothing about the account
        good,      ///< the account works
        throttle,  ///< the account sends too fast
        park,      ///< the account needs its owner
        stop,      ///< the key does not work
    };
    using contact = paging::contact;

    then next = then::ended;
    sign signal = sign::none;
    contact server = contact::unknown;
    /// How many requests the server may have received; 0: it was not sent, and does not count in the account's ledger.
    unsigned times_sent = 1;
    wall_time not_before{};
    std::optional<std::chrono::milliseconds> retry_after;  ///< with `throttle`
    bool long_rest = false;                                ///< with `throttle`
    std::string reason;                                    ///< with `park`
    bool unknown_account = false;                          ///< with `park`: the API does not know the account
    bool wrong_address = false;                            ///< with `foreign`: the server never sent another answer
};

/// What to do next.
struct decision {
    enum class kind {
        start,   ///< send the next request of `job`; it counts as sent from now on
        fail,    ///< end `job`: its account is parked, or all is stopped; the job is removed
        wait,    ///< nothing before `until`, unless an event occurs
        nothing  ///< nothing until an event occurs
    };
    kind what = kind::nothing;
    job_index job = 0;
    wall_time until{};
};

/// During an outage one request at a time is started as a probe, at growing intervals, and the other jobs keep their
/// place. Accounts take turns with the probes, as their pace allows, and so do their jobs, since one job may never get
/// an answer.
///
/// Fairness: accounts take turns, and so do the jobs of an account. Each decision costs O(log n) in the number of
/// waiting accounts. A queued job costs 24 bytes here, an account some 300.
class scheduler {
public:
    explicit scheduler(scheduler_options options);

    /// `rules` is shared between accounts. The ledger may be from an earlier run.
    account_index add_account(std::shared_ptr<const pacer> rules, account_ledger ledger, wall_time now);
    /// A gap begins, because requests of an earlier process may have been made just now.
    void rest_account(account_index account, wall_time now);
    /// Adds a job at the end of its account's queue. Indices of ended jobs are reused.
    job_index add_job(account_index account, wall_time now);

    /// To be called until it returns `wait` or `nothing`.
    decision next(wall_time now);
    /// The request of a `start` was delayed before it was sent, so the gap behind it starts later.
    void held_up(job_index job, std::chrono::milliseconds by);
    /// The request of a `start` has ended. Returns false if its job is to end despite `result`, and is removed: during
    /// the whole patience for outages it was the only request without an answer, and no other could be sent. Its
    /// failure can't be distinguished from an outage, and the harvest goes on as if the job were at fault.
    bool finished(job_index job, const request_result& result, wall_time now);
    /// Returns true if the server has answered others since the job's last request, which got no byte of an answer;
    /// false if that was in an outage, unless this repeats.
    bool others_were_answered(job_index j) const { return jobs_[j].silent != 0 && !is_silent(j); }
    /// The request of a `start` was not sent: its job continues as if it had not been started.
    void not_sent(job_index job, wall_time now);

    /// The difference between the system's clock and the times passed in has changed.
    void set_ahead(std::chrono::milliseconds ahead, wall_time now);

    /// Continues a held job.
    void release(job_index job, wall_time now);
    /// Ends a held job.
    void drop(job_index job);

    const outage_watch& outage() const noexcept { return outage_; }

    /// Returns true if the API knows none of the accounts requested first, three or all that have jobs, and has
    /// answered nothing else. They are not parked then; they are as soon as it answers anything else. `more`: more jobs
    /// may come.
    bool knows_no_account(bool more) const noexcept;
    /// Returns true if the API does not know the account, and it is undecided whether it knows any.
    bool is_suspect(account_index a) const { return accounts_[a].suspect; }
    /// Returns the accounts that were parked without the end of a request of theirs, since the last call.
    std::vector<account_index> take_parked() noexcept { return std::exchange(parked_, {}); }

    /// Ends every job that does not run: `next` returns `fail` for each.
    void stop() noexcept { stopped_ = true; }
    /// While it is paused, `next` starts nothing; jobs still end by `stop`, `leave` and parking.
    void set_paused(bool paused) noexcept { paused_ = paused; }
    bool is_paused() const noexcept { return paused_; }
    /// Changes `scheduler_options::max_running`. More requests than that may be under way.
    void set_max_running(std::size_t n) noexcept { options_.max_running = std::max<std::size_t>(1, n); }
    std::size_t max_running() const noexcept { return options_.max_running; }
    /// Ends the jobs of all parked accounts in the same way, e.g. when no others are left.
    void give_up_parked();
    void park(account_index account, std::string reason, wall_time now);
    void unpark(account_index account, wall_time now);
    /// No further request of the account is started: `next` returns `fail` for its jobs, and for those that are added.
    void leave(account_index account, wall_time now);
    bool is_leaving(account_index a) const { return accounts_[a].leaving; }
    /// Forgets the ledger of an account that leaves and has no jobs. Returns false if it has one.
    bool forget_account(account_index account);
    /// It takes part again. Precondition: it was forgotten.
    void rejoin(account_index account, std::shared_ptr<const pacer> rules, account_ledger ledger, wall_time now);
    void set_rules(account_index account, std::shared_ptr<const pacer> rules, wall_time now);
    void set_provider(account_index account, std::string provider);

    const account_ledger& ledger(account_index a) const { return accounts_[a].ledger; }
    const pacer& rules(account_index a) const { return *accounts_[a].rules; }
    account_index account_of(job_index j) const { return jobs_[j].account; }
    std::size_t accounts() const noexcept { return accounts_.size(); }
    /// Returns the number of jobs of that account that do not run and have not ended.
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
    /// Without this limit, two jobs that never get an answer would excuse each other without end.
    static constexpr std::uint8_t most_spared = 4;

    enum class job_state : std::uint8_t { free, queued, waiting, held, running };
    struct job {
        std::uint32_t next = none;  // in its account's queue, or in the list of free ones
        account_index account = 0;
        std::uint32_t stamp = 0;   // of the current wait
        std::uint32_t began = 0;   // number of answers when its request began
        std::uint32_t silent = 0;  // number of answers when its request ended without one; 0: no such request
        std::uint16_t turn = 0;    // requests since it was moved to the front
        job_state state = job_state::free;
        std::uint8_t spared = 0;  // outages that have excused it since its last answer
    };
    enum class place : std::uint8_t { none, ready, waiting };
    struct account {
        std::shared_ptr<const pacer> rules;
        account_ledger ledger;
        std::uint32_t head = none, tail = none;  // queue of jobs
        std::uint32_t queued = 0;                // queued or waiting
        std::uint32_t in_flight = 0;
        std::uint32_t latest = none;       // job whose request was started last
        std::uint32_t stamp = 0;           // of the current wait
        wall_time wakes{};                 // while waiting
        std::chrono::milliseconds gap{0};  // the gap drawn last
        place where = place::none;
        bool failing = false;  // its jobs are being ended
        bool suspect = false;  // unknown to the API, which may know none
        bool leaving = false;
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
    void forget_suspicion(account_index i);

    scheduler_options options_;
    random_source random_;
    std::chrono::milliseconds ahead_{0};
    outage_watch outage_;
    std::uint32_t probe_ = none;   // the job whose request is the probe
    std::uint32_t answers_ = 1;    // counts the server's answers; 0: never the current number
    std::uint32_t alone_ = none;   // the only job without an answer since the last one
    bool several_silent_ = false;  // there are more, or requests that were not sent
    bool vouched_ = false;         // the API has answered something other than that it does not know the account
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
    std::size_t drained_ = 0;  // jobs below this were handled since `stop`
    bool stopped_ = false, paused_ = false;
};

}  // namespace unipile::harvest
