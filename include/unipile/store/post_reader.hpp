// The reading side of a store, for export and status.
#pragma once

#include <unipile/store/error.hpp>
#include <unipile/store/operations.hpp>
#include <unipile/store/records.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#pragma GCC visibility push(default)
namespace unipile::store {

/// Which posts to read. All conditions that are set must be met.
struct post_filter {
    std::optional<std::string> account;     ///< stored from this account's listings
    std::optional<std::string> identifier;  ///< found in a listing of this identifier
    std::optional<wall_time> since;         ///< published at this time or later
    std::optional<wall_time> until;         ///< published before this time
    /// With `since` or `until`: include posts whose time is unknown.
    bool undated = true;
    /// Include posts that are gone from every listing in which they were found.
    bool gone = true;
    /// Only `stored_post::json` is needed; the other fields may be empty then. Several times faster where nothing else
    /// has to be read.
    bool only_json = false;
};

/// A stored post. Views are valid until the visitor returns.
struct stored_post {
    std::string_view provider, id;
    /// The listing that found it; with a filter by account or identifier, the first that matches.
    std::string_view account, identifier;
    std::optional<wall_time> published;
    wall_time first_seen{};
    wall_time last_seen{};  ///< in any listing
    wall_time changed{};    ///< when the stored JSON was received
    bool gone = false;      ///< gone from every listing in which it was found
    std::string_view json;
};

/// What has happened to a post since a place in a store's changes. If several things have, the first of these that
/// applies.
enum class change_kind {
    gone,      ///< it is gone from every listing in which it was found
    added,     ///< it is new to the store
    returned,  ///< it was gone, and was found again
    content,   ///< its content has changed
    counters,  ///< its counters have changed, or what only its owner sees
    links,     ///< only its URLs are newer
};
/// Returns `gone`, `new`, `returned`, `changed`, `counters` or `links`; never null.
const char* to_string(change_kind kind) noexcept;

/// A post that has changed, as it is now.
struct changed_post {
    change_kind kind = change_kind::added;
    stored_post post;
};

/// The counters of a post at some time. Empty where its JSON had none.
struct post_counters {
    /// Likes, where the provider calls them so.
    std::optional<std::int64_t> reactions;
    std::optional<std::int64_t> comments, reposts;
    std::optional<std::int64_t> impressions;  ///< seen by the owner only

    friend bool operator==(const post_counters&, const post_counters&) = default;
};

/// The counters of a post as they were stored at one time.
struct counted_post {
    std::string_view provider, id;
    wall_time at{};  ///< when the JSON with them was received
    post_counters counters;
};

/// A stored job.
struct stored_job {
    std::int64_t job = 0;
    job_spec spec;
    job_state state = job_state::queued;
    /// The end reason's name; `up_to_date` if the run joined a part that was known, `up_to_date_inferred` if the end of
    /// that part is inferred; empty if the job has not ended.
    std::string end;
    bool inferred = false;  ///< `end` rests on an inferred end of the listing; see `is_inferred`
    std::string failure, failure_type;
    std::uint64_t posts = 0, pages = 0, requests = 0;
    bool whole = false;  ///< all posts from the top to the end are stored, as of `harvested`
    std::optional<wall_time> harvested;
    std::optional<wall_time> tried;  ///< when the job was last done or failed
    std::optional<wall_time> again_at;
    bool suspect = false;    ///< the last walk may have missed posts
    bool withdrawn = false;  ///< its list no longer has it, so it is in no run; see `end_import`
};

/// Which jobs to read. All conditions that are set must be met.
struct job_filter {
    std::optional<std::string> account, identifier;
    std::optional<job_state> state;
    /// Jobs of this run only.
    std::optional<std::int64_t> run;
};

/// Totals of an account.
struct account_summary {
    job_counts jobs;
    std::uint64_t posts = 0, pages = 0, requests = 0;
};

/// Jobs by how their listing's end is known.
struct end_counts {
    std::uint64_t complete = 0;    ///< the API has stated the end
    std::uint64_t inferred = 0;    ///< concluded, by this run or by the one that reached it; see `is_inferred`
    std::uint64_t up_to_date = 0;  ///< joined a part that earlier runs had read down to a stated end
    std::uint64_t chosen = 0;      ///< a bound of the run was reached
    std::uint64_t failed = 0;

    friend bool operator==(const end_counts&, const end_counts&) = default;
};

/// One of the workers that share a store.
struct worker_row {
    std::string name;  ///< its machine and its process, for display
    wall_time started{};
    std::chrono::milliseconds silent{};  ///< since its last heartbeat
    bool may_send = false;               ///< it has not ended, and is not silent for so long that it sends no requests
    /// How long it has to be silent until others take its accounts over.
    std::chrono::milliseconds lost_after{};
    std::uint64_t accounts = 0;  ///< the accounts with jobs, or that were used, which are its own
};

/// Totals of a store.
struct store_summary {
    job_counts jobs;                                  ///< without withdrawn jobs
    std::uint64_t withdrawn = 0;                      ///< jobs that are neither done nor in a run any more
    std::uint64_t suspect = 0;                        ///< jobs; see `stored_job::suspect`
    end_counts ends;                                  ///< of jobs that are done or failed
    std::string tenant;                               ///< see `run_request::tenant`; empty: unknown
    std::uint64_t posts = 0;                          ///< distinct posts
    std::uint64_t gone = 0;                           ///< of those, gone from every listing
    std::uint64_t quarantined = 0;                    ///< items
    std::map<std::string, std::uint64_t> by_end;      ///< jobs by end reason
    std::map<std::string, std::uint64_t> by_failure;  ///< failed jobs by failure type
    std::optional<run_info> last_run;
    /// The list of the last run's jobs was not read to its end, or is being read: see `begin_import`.
    bool import_open = false;
};

/// Reads a store, also while a harvest writes it.
///
/// The members with a visitor read slices of about a megabyte, each of which is one consistent state of the store. No
/// slice is open while the visitor runs, so a slow visitor does not keep a harvest's log from being copied into the
/// file. A row is as of its slice: rows that are added or changed during a call may or may not be visited, but none is
/// visited twice, and none that existed at the beginning is missing. `summary` is one consistent state.
///
/// Errors: throws `store_error`. Thread safety: one thread at a time. Calls block.
class post_reader {
public:
    post_reader() = default;
    post_reader(const post_reader&) = delete;
    post_reader& operator=(const post_reader&) = delete;
    virtual ~post_reader() = default;

    /// Calls `visit` once for every matching post, until it returns false. Returns the number of calls.
    virtual std::uint64_t posts(const post_filter& filter, const std::function<bool(const stored_post&)>& visit) = 0;
    /// Calls `visit` for every post that was added, has changed or is gone since the place `after`, an empty text being
    /// the beginning, until it returns false. Returns the place up to which all were visited; empty if `visit` has
    /// returned false.
    ///
    /// Who replaces what it has of a post by each one that is visited has what the store has. A post may be visited
    /// more than once in a call, the last time as it is newest, and again in the next call.
    ///
    /// Places are texts without spaces. They stay valid as long as the store. Throws `store_errc::unknown_place` for
    /// one of another store, or behind the end of this one, and in SQLite for one that was given after the copy was
    /// made to which the store was set back. After a database was set back, begin anew: a store in PostgreSQL can't
    /// tell.
    virtual std::string changes(const std::string& after, const std::function<bool(const changed_post&)>& visit) = 0;
    /// Calls `visit` for the counters of every post, those that were replaced since and those that it has now, until it
    /// returns false. Not in the order of time. Returns the number of calls.
    virtual std::uint64_t counters(const std::function<bool(const counted_post&)>& visit) = 0;
    /// The same as for posts, for jobs.
    virtual std::uint64_t jobs(const job_filter& filter, const std::function<bool(const stored_job&)>& visit) = 0;
    /// The same for accounts, ordered by name.
    virtual std::uint64_t accounts(const std::function<bool(const account_row&, const account_summary&)>& visit) = 0;
    /// The same for quarantined items, with their jobs and the times at which they were stored.
    virtual std::uint64_t quarantined(
        const std::function<bool(const job_spec&, const quarantined_row&, wall_time)>& visit) = 0;
    /// Returns the totals.
    virtual store_summary summary() = 0;
    /// Returns the server that the store is bound to, see `run_request::tenant`; empty: none yet.
    virtual std::string tenant() { return {}; }
    /// Returns the store's settings; see `set_setting`.
    virtual settings current_settings() { return {}; }
    /// Returns true if a process harvests into the store at this moment (`access::control` does not count). Empty:
    /// unknown.
    virtual std::optional<bool> harvesting() { return std::nullopt; }
    /// For stores that several workers share: returns the run that has not ended, if it has jobs to claim, i.e. queued
    /// ones, or delayed ones that are due. Jobs of parked accounts do not count.
    virtual std::optional<run_info> run_under_way() { return std::nullopt; }
    /// Returns the workers that share the store, in the order of their start: those that live, and of the others those
    /// that have accounts still. Empty: the engine has no workers, since one process harvests at a time.
    virtual std::optional<std::vector<worker_row>> workers() { return std::nullopt; }
};

}  // namespace unipile::store
#pragma GCC visibility pop
