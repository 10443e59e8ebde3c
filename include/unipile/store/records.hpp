// The values that go into a store and come out of it.
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

#pragma GCC visibility push(default)
namespace unipile::store {

/// One listing to harvest: a line of the jobs file. Jobs with equal fields are the same job.
struct job_spec {
    std::string account;
    std::string identifier;
    bool is_company = false;

    friend bool operator==(const job_spec&, const job_spec&) = default;
    friend auto operator<=>(const job_spec&, const job_spec&) = default;
};

/// The state of a job in its run.
enum class job_state {
    queued = 0,   ///< to be claimed, or claimed and not over
    delayed = 1,  ///< can be claimed from a certain time on
    done = 3,     ///< reached the end that the run requires
    failed = 4,   ///< given up in this run
};
/// Returns the enumerator's name; never null.
const char* to_string(job_state s) noexcept;

/// How a run's jobs are ordered.
enum class job_order {
    least_recent,  ///< longest since the last harvest first, never harvested ones before them
    listed,        ///< in the order in which they were added
};

/// What to run, and whether to continue an earlier run.
struct run_request {
    walk_mode mode = walk_mode::update;
    walk_bounds bounds;
    job_order order = job_order::least_recent;
    /// Names what the run works on, for example the jobs file. An unfinished run with the same mode, bounds and label
    /// is continued, in the order of this request. One with others is ended, as is one whose jobs are over except those
    /// of parked accounts. The jobs of an ended run keep their state until they are added again.
    std::string label;
    /// Begin a new run even if the last one could be continued.
    bool restart = false;
    /// Queue an added job again even if it failed within this run or for a reason that does not pass. Otherwise such a
    /// job stays failed.
    bool retry_failed = false;
    /// Host and port of the accounts' server, in one spelling (see `tenant_of`). A store is bound to the tenant that is
    /// given when its first post or done job is stored; another one is refused with `store_errc::other_tenant`. Empty:
    /// not checked.
    std::string tenant;
    /// Bind the store to `tenant`, whatever it was bound to before.
    bool move_tenant = false;
    /// How all who work on the run treat its accounts, as a text of the caller's, such as their pace. Where several
    /// workers share a store, the run has it for those that join, and while others work on the run another text is
    /// refused with `store_errc::in_use`, whose text has the first line of theirs. Elsewhere it has no effect.
    std::string terms;
};

/// A run of a store.
struct run_info {
    std::int64_t run = 0;
    bool resumed = false;
    walk_mode mode = walk_mode::update;
    std::string label;
    wall_time started{};
    std::optional<wall_time> ended;
    std::string outcome;
    std::string terms;  ///< of `run_request`; empty where one worker has the store
};

/// A claimed job, and where to start reading.
struct claimed_job {
    std::int64_t job = 0;  ///< its number in the store
    job_spec spec;
    /// `from_top` or `from_position`.
    step start;
};

/// One post to be stored. Its constructor does all work that needs no database, on the thread that reads the page.
/// Holds views: the caller keeps the text alive.
class post_row {
public:
    /// With an empty `id` the post is identified by its content. `json` is one valid JSON object, stored byte for byte.
    post_row(std::string_view provider, std::string_view id, std::optional<wall_time> published, std::string_view json);
    /// Returns the row of a post, which has to outlive it.
    static post_row of(const post& p) { return {p.provider_name(), p.id(), p.published_at(), p.json()}; }

    /// Returns the `provider` of the API, as given.
    std::string_view provider() const noexcept { return provider_; }
    /// Returns the id, or an empty text.
    std::string_view id() const noexcept { return id_; }
    /// Returns the time of publication, if it is known.
    std::optional<wall_time> published() const noexcept { return published_; }
    /// Returns the JSON, byte for byte.
    std::string_view json() const noexcept { return json_; }
    /// Returns the fingerprint of the JSON.
    const store::fingerprint& fingerprint() const noexcept { return fingerprint_; }

private:
    std::string_view provider_, id_;
    std::optional<wall_time> published_;
    std::string_view json_;
    store::fingerprint fingerprint_;
};

/// An item that is no post; its bytes are stored unchanged.
struct quarantined_row {
    std::string raw;
    std::string why;
};

/// What a batch changed, and the next step of its job.
struct page_result {
    step next;
    std::uint64_t added = 0;      ///< posts that are new to the store
    std::uint64_t changed = 0;    ///< posts with a change in content or counters
    std::uint64_t unchanged = 0;  ///< posts without a change
    std::string end = {};         ///< with `complete` and `bounded`: the job's end, see `stored_job::end`
};

/// An operation that stores a batch of a job, at most a page, and the job's new position. The result has the next step
/// of the job. After `complete` or `bounded` the job is done and its claim has ended.
struct page_write {
    using result = page_result;
    std::int64_t job = 0;
    std::vector<post_row> posts;
    std::vector<quarantined_row> quarantined;
    /// Text of the position behind the last of the posts; empty if the listing is over (then `finish` follows).
    std::string position;
    /// `position` is the beginning of a page.
    bool page_ends = true;
    /// With `page_ends`: how many items the page has fewer than requested. It may lack posts; see `timeline`.
    std::uint64_t missing = 0;
    /// How many empty pages in a row the stream reads past: `posts_query::empty_page_tolerance`.
    unsigned empty_pages = 0;
    /// The listing started at `step::overlap`, because the position was too old when it was used.
    bool overlapped = false;
    /// The posts are of a page that was read once more and did not have them before: `harvest_element::reread`.
    bool reread = false;
    std::uint64_t requests = 1;  ///< requests for this batch, including failed ones
    wall_time now{};
    /// Owns the text that `posts` refers to.
    std::shared_ptr<const void> keep_alive;

    /// Adds posts and keeps them alive.
    void add(std::span<const post> added);
    /// Returns the bytes of JSON.
    std::size_t bytes() const noexcept;
};

/// An operation that ends a job's listing. The result is the next step: after `from_top` or `from_position` the job is
/// not over and stays claimed.
struct job_end {
    using result = step;
    std::int64_t job = 0;
    end_reason reason = end_reason::none;
    /// For failures: the text for display. One line, without secrets.
    std::string failure;
    std::string failure_type;  ///< the API's `type`, or the name of the error
    bool may_pass = false;     ///< whether a later run should try again by itself
    /// For failures: the job is not given up, and can be claimed again from this time on.
    std::optional<wall_time> again_at;
    std::uint64_t requests = 0;  ///< since the last page
    wall_time now{};
    unsigned empty_pages = 0;  ///< see `page_write`
};

/// What a store keeps of an account. `ledger` is the text of its `account_ledger`; the rest is for display.
struct account_row {
    std::string account;
    std::string ledger;
    std::string provider;
    bool parked = false;
    std::optional<wall_time> parked_since;
    std::optional<wall_time> waits_until;  ///< resting or out of requests until then
    std::string why;
    std::uint64_t requests = 0;  ///< total
    /// In the last 24 hours.
    std::uint64_t used_today = 0;
    wall_time updated{};
    bool unpark_requested = false;  ///< set by `request_unpark`; cleared by `take_unpark_requests` or a new parking

    friend bool operator==(const account_row&, const account_row&) = default;
};

/// Jobs by state.
struct job_counts {
    std::uint64_t queued = 0, delayed = 0, done = 0, failed = 0;

    /// Returns how many there are.
    std::uint64_t all() const noexcept { return queued + delayed + done + failed; }
    /// Returns how many are not over.
    std::uint64_t open() const noexcept { return queued + delayed; }
    friend bool operator==(const job_counts&, const job_counts&) = default;
};

inline void page_write::add(std::span<const post> added)
{
    // Copies of a post share its text, so these keep the views of the rows valid if the rows are moved.
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
#pragma GCC visibility pop
