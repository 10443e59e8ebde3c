// The writing side on SQLite.
#pragma once

#include "store/owner_lock.hpp"
#include "store/sqlite_change_log.hpp"
#include "store/sqlite_connection.hpp"
#include "store/sqlite_post_ids.hpp"
#include "store/store_rules.hpp"

#include <unipile/store/sqlite.hpp>

#include <compare>
#include <functional>
#include <limits>
#include <map>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <unordered_map>
#include <vector>

namespace unipile::store {

class sqlite_store final : public engine {
public:
    sqlite_store(const std::string& file, const sqlite_options& options);
    ~sqlite_store() override;

    std::vector<operation_result> apply(std::span<const operation> operations) override;
    void commit() override;
    log_tail checkpoint(bool at_end) override;
    std::size_t uncommitted_bytes() const noexcept override { return uncommitted_; }
    bool in_transaction() const noexcept override { return open_; }

private:
    // The order of an account's jobs within a run.
    struct job_key {
        std::int64_t sort_key = std::numeric_limits<std::int64_t>::min();
        std::int64_t job = 0;

        friend auto operator<=>(const job_key&, const job_key&) = default;
    };
    // The done jobs of a run that another run has as queued ones, too, until they end in it; see `repeat_import`.
    struct lent_jobs {
        std::int64_t from = -1;
        std::int64_t to = -1;
    };
    // Accounts with jobs to claim. All these jobs come behind the key, so that claimed ones are not read again.
    using open_accounts = std::map<std::string, job_key, std::less<>>;
    // A post that is being stored.
    struct stored_row {
        std::int64_t post = 0;
        bool found_here = false;  // by this listing before all others
        bool fresh = true;        // new to this listing
    };

    // The stored post, as seen from one listing.
    struct known_post {
        std::int64_t post = 0;
        bool found_here = false;
        difference what = difference::none;
        std::optional<place> at;  // in this listing, if it has shown the post before
        bool gone = false;        // from this listing
    };

    run_info apply(const begin_run& op);
    bool apply(const end_run& op);
    std::string apply(const read_tenant& op);
    void apply(const begin_import& op);
    import_result apply(const add_jobs& op);
    std::uint64_t apply(const end_import& op);
    bool apply(const repeat_import& op);
    std::vector<claimed_job> apply(const claim_jobs& op);
    page_result apply(const page_write& page);
    step apply(const job_end& end);
    bool apply(const release_job& op);
    step apply(const forget_position& op);
    bool apply(const save_account& op);
    std::optional<account_row> apply(const load_account& op);
    std::vector<std::string> apply(const accounts_with_jobs& op);
    std::uint64_t apply(const request_unpark& op);
    std::vector<std::string> apply(const take_unpark_requests& op);
    void apply(const set_setting& op);
    settings apply(const read_settings& op);
    job_counts apply(const count_jobs& op);
    // It has all accounts.
    std::vector<std::string> apply(const accounts_to_leave&) { return {}; }
    void apply(const leave_account&) {}
    bool apply(const others_have_jobs&) { return false; }

    run_row& run_of(std::int64_t run);
    std::optional<run_info> unfinished_run(const run_request& request, wall_time now);
    void check_tenant(const run_request& request);
    bool can_go_on(std::int64_t run);
    void add_job(std::int64_t run, run_row& r, const job_spec& job, import_result& result);
    bool insert_job(std::int64_t run, const run_row& r, const job_spec& job);
    void add_known_job(std::int64_t run, const run_row& r, std::int64_t number, import_result& result);
    std::uint64_t withdraw_unnamed(std::int64_t run, bool& exact);
    std::uint64_t take_back_lent(std::int64_t run);
    void queue_failed(std::int64_t run);
    void lend(std::int64_t from, std::int64_t to, const std::string& list);
    template <class F>
    bool any_account(std::int64_t run, std::int64_t state, F f);
    bool is_named(std::int64_t job) const;
    bool name(std::int64_t job);
    open_accounts& open_accounts_of(std::int64_t run);
    bool is_parked(std::string_view account);
    statement& claimable(std::int64_t run, std::string_view account, const job_key& behind);
    bool find_unclaimed(statement& jobs) const;
    void queue_due_jobs(wall_time now);
    void note_queued(const statement& found);
    void note_queued(std::int64_t job);
    void take_over(timeline& line, const page_write& page);
    bool has_shown(std::int64_t job, const page_write& page);
    void copy_sightings(std::int64_t from, std::int64_t to);
    bool store_post(const post_row& p, std::int64_t job, wall_time now, page_result& result);
    std::int64_t insert_post(const post_row& p, std::string_view id, std::int64_t number, std::int64_t job,
                             wall_time now);
    std::optional<known_post> search(const post_row& p, std::string_view id, std::int64_t number, std::int64_t job);
    bool find_post(const post_row& p, std::string_view id, std::int64_t number, std::int64_t job);
    bool comes_next(const post_row& p, std::string_view id);
    static known_post compared(const statement& found, const post_row& p, std::int64_t job);
    void look_ahead_in(const timeline& line, std::int64_t job);
    void look_ahead_of(std::int64_t post, std::int64_t job);
    void look_ahead_behind(std::int64_t post, std::int64_t job);
    void note_difference(const known_post& known, const post_row& p, std::int64_t job, wall_time now,
                         page_result& result);
    void refresh_links(std::int64_t post, const post_row& p, std::int64_t job);
    void refresh_post(std::int64_t post, const post_row& p, std::int64_t job, wall_time now);
    std::size_t neighbours_end(std::size_t from) const;
    void store_sightings(std::int64_t job, std::uint32_t walk, wall_time now);
    std::size_t quarantine(const page_write& page);
    void save_progress(std::int64_t job, const timeline& line, std::uint64_t posts, std::uint64_t pages,
                       std::uint64_t requests);
    void mark_missed(std::int64_t job, const timeline& line, wall_time now);
    void settle(std::int64_t job, const timeline& line, const step& s, std::string_view end, wall_time now);

    // Runs `f` within the transaction. After an exception the transaction is rolled back and the store refuses further
    // work.
    template <class F>
    auto guarded(F f) -> std::invoke_result_t<F&>
    {
        refuse_if_failed();
        try {
            if (!open_) {
                begin_.run();
                open_ = true;
            }
            return f();
        } catch (const std::exception& e) {
            abandon(e.what());
            if (dynamic_cast<const std::bad_alloc*>(&e)) throw store_error(store_errc::out_of_memory, db_.file());
            throw;
        }
    }
    void refuse_if_failed() const;
    void abandon(const char* why) noexcept;

    std::unique_ptr<owner_lock> lock_;
    connection db_;
    timeline_rules rules_;
    std::chrono::milliseconds lock_patience_;
    std::function<bool(std::chrono::milliseconds)> while_locked_;
    std::uint64_t page_size_;
    bool open_ = false;
    bool failed_ = false;
    std::string failure_;
    std::size_t uncommitted_ = 0;
    std::map<std::int64_t, run_row> runs_;
    std::map<std::int64_t, open_accounts> open_accounts_;  // by run; read when it is needed
    std::unordered_map<std::int64_t, timeline> claimed_;   // by job
    std::int64_t importing_ = 0;                           // the run whose jobs are being read
    std::vector<bool> named_;                              // by that import, by job
    lent_jobs lent_;                                       // to the current run
    bool finds_known_jobs_ = false;
    bool looking_ahead_ = false;    // `next_posts_` is running
    std::vector<stored_row> rows_;  // of the current batch
    std::vector<sighting> seen_;    // their places in the timeline

    post_ids ids_;
    change_log changes_;
    std::int64_t last_post_;
    statement begin_, commit_;
    statement insert_job_, find_job_, queue_job_, sort_job_, adopt_job_;
    statement queue_due_, next_jobs_, next_lent_, next_account_, find_queued_, delay_job_;
    statement progress_, settle_, save_account_;
    statement insert_post_, find_post_, next_posts_, refresh_post_, refresh_links_, sight_, sight_again_, miss_;
};

}  // namespace unipile::store
