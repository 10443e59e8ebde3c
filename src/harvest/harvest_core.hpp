// The implementation of a harvest: jobs come from a source, the scheduler decides which may send, listings deliver, and
// the consumer pulls.
#pragma once

#include <unipile/harvest.hpp>

#include "harvest/clock.hpp"
#include "harvest/element_pull.hpp"
#include "harvest/element_queue.hpp"
#include "harvest/job_listing.hpp"
#include "harvest/scheduler.hpp"
#include "paging/abandonment.hpp"
#include "paging/client_core.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace unipile::harvest {

/// All on the client's executor, except `new_ticket`. No coroutines and no threads: between events there is only this
/// object, and a listing for each job that has begun.
///
/// User functions may call any member of the harvest while they run, and may destroy it. So code that calls one checks
/// the state again afterwards, and entry points keep the core alive. If memory runs out, work may be half done; then
/// only `jobs_`, `incoming_` and `arrivals_` are used, and all their jobs end.
class harvest_core final : public paging::handler_keeper,
                           public paging::close_listener,
                           public std::enable_shared_from_this<harvest_core> {
public:
    harvest_core(const client& c, std::shared_ptr<job_source> source, harvest_options options,
                 std::shared_ptr<harvest_clock> time);
    ~harvest_core();

    // Called by the consumer.

    std::uint64_t new_ticket() noexcept { return pull_.new_ticket(); }
    void start(std::uint64_t ticket, element_pull p);
    void cancel_pull(std::uint64_t ticket);
    bool has_element() const noexcept { return !elements_.empty(); }
    bool ready() const noexcept { return !elements_.empty() || over_; }
    bool pulled() const noexcept { return pull_.is_taken(); }
    /// Returns the next element; empty if there is none, which is the end if `ready()`. Throws the failure at a failed
    /// end.
    std::optional<harvest_element> take();
    failure failure_of(boost::system::error_code code) const;

    bool go_on(std::uint64_t number);
    bool jump(std::uint64_t number, const position& to, wall_time trusted_until, const position& overlap);
    bool finish(std::uint64_t number);
    void stop();
    void cancel();
    /// The handle is gone.
    void close() noexcept;
    void set_paused(bool paused);
    void set_max_connections(std::size_t n);
    void pull();
    bool park(std::string_view account, std::string reason);
    bool unpark(std::string_view account);
    /// Throws std::invalid_argument.
    bool set_pace(std::string_view account, std::optional<pacing> rules);
    bool leave(std::string_view account);
    bool forget(std::string_view account);

    bool account(std::string_view name, const std::function<void(const account_status&)>& visit) const;
    void accounts(const std::function<void(const account_status&)>& visit) const;
    harvest_stats stats() const;
    const std::optional<failure>& last_failure() const noexcept { return failure_; }
    /// Calls `f` for a call of the user; if memory runs out, the harvest ends.
    template <class F>
    bool guarded(F f)
    try {
        return f();
    } catch (const std::bad_alloc&) {
        out_of_memory();
        return false;
    }
    std::optional<harvest_outage> outage() const;

    // Called by the listings.

    /// Posts wait in `l`, or its request is over.
    void listing_progressed(job_listing& l);
    void out_of_memory() noexcept;

private:
    friend class paging::pull_slot<element_pull>;

    /// Where a job continues instead of at its position, if its next request is sent too late for that.
    struct fallback {
        wall_time trusted_until;  ///< by the harvest's clock
        position overlap;
    };
    struct job {
        std::shared_ptr<const harvest_job> what;
        std::shared_ptr<job_listing> listing;            ///< exists while the job has begun and is not set aside
        position at;                                     ///< without a listing: where it continues
        stream_stats stats;                              ///< without a listing: of the earlier ones
        std::unique_ptr<paging::listing_memory> memory;  ///< without a listing: its memory at `at`
        std::uint64_t number = 0;
        std::uint64_t admission = 0;  ///< that its request waits for; 0: none
        wall_time asked{};            ///< when that admission was requested
        std::unique_ptr<fallback> instead;
        bool overlapped = false;
    };

    // Consumer: harvest_core.cpp
    void notify();
    void schedule_end_of_pull();
    /// Calls the handler on its executor, or on `at_once`.
    void end_pull(const boost::asio::any_completion_executor& at_once = {});
    void abandon(std::vector<std::shared_ptr<void>>& out) noexcept override { pull_.abandon(out); }
    void client_closed() noexcept override;
    void emit_end(const job& j, end_reason reason, std::optional<failure> f);
    std::optional<job_index> held_job(std::uint64_t number);
    void break_off_running(const std::function<bool(job_index)>& is_meant);
    bool waits_for_connection(job_index i) const;
    void break_off(job_index i);
    void release_listing(std::shared_ptr<job_listing> l) noexcept;

    // Status: harvest_status.cpp
    void show(account_index i, const std::function<void(const account_status&)>& visit) const;

    // Work: harvest_work.cpp
    void schedule_work();
    void work();
    void decide();
    void end_unstarted(job_index i);
    void sleep_until(wall_time t);
    bool wants_jobs() const noexcept;
    void pull_jobs();
    void jobs_arrived(boost::system::error_code code, std::vector<harvest_job> jobs);
    void take_in();
    void place_incoming();
    void stop_for(failure f);
    void end_as_stopped(job& j) noexcept;
    bool is_over() const noexcept;
    bool is_stuck() const noexcept;

    // Accounts: harvest_accounts.cpp
    account_index account_of(const std::string& name);
    std::shared_ptr<const pacer> rules_for(const std::string& account, const std::string& provider);
    std::shared_ptr<const pacer> shared(const pacing& rules);
    void learn_provider(account_index i, std::string_view provider);
    void save_ledger(account_index i);
    template <class F>
    void call_out(const char* name, F f);

    // Requests and listings: harvest_listings.cpp
    bool is_running(job_index i, std::uint64_t number) const noexcept;
    void start_request(job_index i);
    void admitted(job_index i, std::uint64_t admission, boost::system::error_code code);
    void send_request(job_index i);
    void not_sent(job_index i);
    std::unique_ptr<fallback> fallback_of(wall_time trusted_until, const position& overlap) const;
    void choose_position(job& j) const;
    bool has_capacity() const noexcept;
    posts_query query_from(const job& j) const;
    void progress(job_listing& l);
    void resume_stalled();
    void take_posts(job_listing& l);
    void set_aside(job& j);
    void release(job& j) noexcept;
    void page_over(job_listing& l, const paging::page_outcome& outcome);
    void listing_over(job_listing& l, end_reason reason, const paging::page_outcome& outcome);
    void request_ended(job_index i, const request_result& result);
    failure gave_up() const;
    void check_accounts();
    void note_refusal(const failure& f);
    void deliver(job_listing& l, bool page_ends);

    wall_time now() const { return clock_.now(); }

    boost::asio::any_io_executor executor_;
    std::shared_ptr<paging::client_core> client_;
    std::shared_ptr<job_source> source_;
    harvest_options options_;
    std::shared_ptr<paging::keeper_registry> registry_;
    run_clock clock_;
    scheduler scheduler_;
    std::vector<job> jobs_;              ///< by the scheduler's index
    job incoming_;                       ///< taken from the source, and not in `jobs_` yet
    std::vector<harvest_job> arrivals_;  ///< from the source; taken in from the back
    std::vector<std::string> names_;     ///< of accounts
    std::vector<bool> gone_;             ///< accounts that were forgotten
    std::unordered_map<std::string, account_index> accounts_;
    std::vector<std::shared_ptr<const pacer>> known_rules_;
    std::unordered_map<std::string, std::shared_ptr<const pacer>> set_rules_;  ///< by `set_pace`
    std::unordered_map<std::uint64_t, job_index> held_;
    std::deque<std::weak_ptr<job_listing>> stalled_;  ///< pulled when there is capacity
    std::deque<account_index> unsaved_;               ///< ledgers to be saved
    element_queue elements_;
    wall_time wakes_{};

    paging::pull_slot<element_pull> pull_;

    std::optional<failure> failure_;
    std::optional<failure> no_answer_;  ///< failure of the last request without an answer
    // Made while there is memory.
    const failure no_memory_;
    const failure stopped_{errc::harvest_stopped};
    stream_stats listings_;  ///< of listings that no longer exist
    std::uint64_t next_number_ = 0, completed_ = 0, failed_ = 0, last_admission_ = 0;
    std::string refusal_;    ///< kind of the last refusal of an identifier
    unsigned refusals_ = 0;  ///< of that kind in a row
    bool worked_ = false;    ///< a page or a post has arrived
    bool no_answer_heard_ = false, ended_by_outage_ = false;
    bool begun_ = false, pulling_ = false, exhausted_ = false, over_ = false, closed_ = false;
    bool urgent_ = false;  // a pull was asked for
    bool work_scheduled_ = false, sleeps_ = false, saving_ = false, cancelled_ = false, source_stopped_ = false;
};

/// With the caller's clock, for tests.
harvest_stream begin(const client& c, std::shared_ptr<job_source> source, harvest_options options,
                     std::shared_ptr<harvest_clock> time);

}  // namespace unipile::harvest
