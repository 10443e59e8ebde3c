// What goes into a store and comes out of it: plain values.
#pragma once

#include <unipile/end_reason.hpp>
#include <unipile/post.hpp>
#include <unipile/store/fingerprint.hpp>
#include <unipile/store/timeline.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace unipile::store {

/// One listing to harvest: a line of the jobs file. Jobs with the same three fields are the same job.
struct job_spec {
    std::string account;
    std::string identifier;
    bool is_company = false;

    friend bool operator==(const job_spec&, const job_spec&) = default;
    friend auto operator<=>(const job_spec&, const job_spec&) = default;
};

enum class job_state {
    queued = 0,   ///< to be claimed
    delayed = 1,  ///< to be claimed from a certain time on
    leased = 2,   ///< a worker has it
    done = 3,     ///< came to the end that the run wanted
    failed = 4,   ///< given up in this run
};
const char* to_string(job_state s) noexcept;

/// The right to write for a job. It ends when somebody else claims the job, which can only happen after the lease ran
/// out: claiming raises the job's fencing number, and a write with an old number is refused.
struct lease {
    std::int64_t job = 0;
    std::int64_t fence = 0;

    friend bool operator==(const lease&, const lease&) = default;
};

/// How a run's jobs are ordered.
enum class job_order {
    least_recent,  ///< those that were not harvested for longest first, never harvested ones before them
    listed,        ///< as they were added
};

struct run_request {
    walk_mode mode = walk_mode::update;
    walk_bounds bounds;
    job_order order = job_order::least_recent;
    /// What this run is about, for example the jobs file's name. An unfinished run with the same mode, bounds and label
    /// goes on, in the order of this request. One with others is ended, and so is one whose jobs have come to their end
    /// but for those of parked accounts: its jobs stay where they are until they are added again.
    std::string label;
    /// Begin anew even if the last run can go on.
    bool restart = false;
    /// Adding a job that failed puts it into the queue again, although it failed within this very run or for a reason
    /// that doesn't pass. Otherwise such a job stays failed.
    bool retry_failed = false;
    /// Host and port of the server that the accounts belong to, in one spelling. A store belongs to the one that is
    /// given when its first post or done job is stored; another one is refused with `store_errc::other_tenant`. Empty:
    /// not checked.
    std::string tenant;
    /// The store belongs to `tenant` from now on, whatever it was before.
    bool move_tenant = false;
};

struct run_info {
    std::int64_t run = 0;
    bool resumed = false;
    walk_mode mode = walk_mode::update;
    std::string label;
    wall_time started{};
    std::optional<wall_time> ended;
    std::string outcome;
};

/// A job that was claimed, and where to start reading.
struct claimed_job {
    store::lease lease;
    job_spec spec;
    /// `from_top` or `from_position`.
    step start;
    unsigned attempts = 0;  ///< how often it was claimed in this run, this time counted
};

/// One post, ready to be stored: what needs no database is done when it is made, which is for the threads that read
/// pages, since a store has only one. Views: whoever makes it keeps the text alive.
class post_row {
public:
    /// `id` may be empty: then the post is keyed by its content. `json` is one valid JSON object, kept byte for byte.
    post_row(std::string_view provider, std::string_view id, std::optional<wall_time> published, std::string_view json);
    static post_row of(const post& p) { return {p.provider_name(), p.id(), p.published_at(), p.json()}; }

    std::string_view provider() const noexcept { return provider_; }
    std::string_view id() const noexcept { return id_; }
    std::optional<wall_time> published() const noexcept { return published_; }
    std::string_view json() const noexcept { return json_; }
    /// Of the JSON.
    const store::fingerprint& fingerprint() const noexcept { return fingerprint_; }

private:
    std::string_view provider_, id_;
    std::optional<wall_time> published_;
    std::string_view json_;
    store::fingerprint fingerprint_;
};

/// An item that could not be made a post: kept byte for byte.
struct quarantined_row {
    std::string raw;
    std::string why;
};

/// What one batch brought, at most a page. Written as a whole or not at all.
struct page_write {
    store::lease lease;
    std::vector<post_row> posts;
    std::vector<quarantined_row> quarantined;
    /// Text that resumes right behind the last of the posts; empty if there is no more to come (then `finish` follows).
    std::string position;
    /// `position` is the beginning of a page.
    bool page_ends = true;
    /// With `page_ends`: how many items fewer than asked for the page has. It may hide posts; see `timeline`.
    std::uint64_t missing = 0;
    /// How many empty pages in a row the stream reads past: `posts_query::empty_page_tolerance`.
    unsigned empty_pages = 0;
    /// The listing was started at `step::overlap`, since the position was too old when it was used.
    bool overlapped = false;
    std::uint64_t requests = 1;  ///< that were needed for it, failed ones counted
    wall_time now{};
    /// Keeps the text alive that `posts` looks at.
    std::shared_ptr<const void> keep_alive;

    /// Adds posts and keeps them alive.
    void add(std::span<const post> added);
    /// Bytes of JSON.
    std::size_t bytes() const noexcept;
};

struct page_result {
    step next;
    std::uint64_t added = 0;      ///< posts that the store didn't have
    std::uint64_t changed = 0;    ///< posts whose content or counters changed
    std::uint64_t unchanged = 0;  ///< posts that were as they are
};

/// How a listing ended.
struct job_end {
    store::lease lease;
    end_reason reason = end_reason::none;
    /// For failures: what to tell people. One line, without secrets.
    std::string failure;
    std::string failure_type;  ///< the API's `type`, or the name of the error
    bool may_pass = false;     ///< a later run should try again without being asked
    /// For failures: not given up; to be claimed again from this time on.
    std::optional<wall_time> again_at;
    std::uint64_t requests = 0;  ///< since the last page
    wall_time now{};
    unsigned empty_pages = 0;  ///< see `page_write`
};

/// What a store knows of an account. `ledger` is the pacing's own text; the rest is for people.
struct account_row {
    std::string account;
    std::string ledger;
    std::string provider;
    bool parked = false;
    std::optional<wall_time> parked_since;
    std::optional<wall_time> waits_until;  ///< resting or out of budget until then
    std::string why;
    std::uint64_t requests = 0;  ///< ever
    std::uint64_t used_today = 0;
    wall_time updated{};
    bool unpark_requested = false;  ///< set by `request_unpark`; cleared by `take_unpark_requests`, or a new parking

    friend bool operator==(const account_row&, const account_row&) = default;
};

struct job_counts {
    std::uint64_t queued = 0, delayed = 0, leased = 0, done = 0, failed = 0;

    std::uint64_t all() const noexcept { return queued + delayed + leased + done + failed; }
    friend bool operator==(const job_counts&, const job_counts&) = default;
};

inline void page_write::add(std::span<const post> added)
{
    // A post's copies share its text, so copies keep the views of the rows valid, wherever they are moved.
    struct kept {
        std::shared_ptr<const void> before;
        std::vector<post> posts;
    };
    auto keep = std::make_shared<kept>();
    keep->before = std::move(keep_alive);
    keep->posts.assign(added.begin(), added.end());
    posts.reserve(posts.size() + added.size());
    for (const auto& p : added) posts.push_back(post_row::of(p));
    keep_alive = std::move(keep);
}

}  // namespace unipile::store
