// The reading side of a store: export and status.
#pragma once

#include <unipile/store/error.hpp>
#include <unipile/store/records.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace unipile::store {

/// Which posts to read. All conditions that are set must hold.
struct post_filter {
    std::optional<std::string> account;     ///< seen through this account
    std::optional<std::string> identifier;  ///< found in a listing of this identifier
    std::optional<wall_time> since;         ///< published at this time or later
    std::optional<wall_time> until;         ///< published before this time
    /// With `since` or `until`: also the posts whose time nobody knows.
    bool undated = true;
    /// Also posts that are gone from every listing in which they were found.
    bool gone = true;
};

/// A stored post. Views: valid until the visitor returns.
struct stored_post {
    std::string_view provider, id;
    /// The listing that found it; with a filter by account or identifier, the first of those that match.
    std::string_view account, identifier;
    std::optional<wall_time> published;
    wall_time first_seen{};
    wall_time last_seen{};  ///< in any listing
    wall_time changed{};    ///< when the stored JSON was taken
    bool gone = false;      ///< gone from every listing in which it was found
    std::string_view json;
};

struct stored_job {
    std::int64_t job = 0;
    job_spec spec;
    job_state state = job_state::queued;
    /// The end reason's name; `up_to_date` where the run joined what was known, `up_to_date_inferred` if the end of
    /// what was known is inferred; empty if it has not ended.
    std::string end;
    bool inferred = false;  ///< `end` rests on an inferred end of the listing; see `is_inferred`
    std::string failure, failure_type;
    std::uint64_t posts = 0, pages = 0, requests = 0;
    bool whole = false;  ///< everything from the top to the end is stored, as of `harvested`
    std::optional<wall_time> harvested;
    std::optional<wall_time> tried;  ///< when it was last done or failed
    std::optional<wall_time> again_at;
    bool suspect = false;    ///< the last walk may not have been shown everything
    bool withdrawn = false;  ///< its list names it no more, so it is in no run; see `post_store::end_import`
};

struct job_filter {
    std::optional<std::string> account, identifier;
    std::optional<job_state> state;
    /// Jobs of this run only.
    std::optional<std::int64_t> run;
};

struct account_summary {
    job_counts jobs;
    std::uint64_t posts = 0, pages = 0, requests = 0;
};

/// Jobs by what their end proves.
struct end_counts {
    std::uint64_t complete = 0;    ///< the API has stated the end
    std::uint64_t inferred = 0;    ///< concluded, now or by the run that came there; see `is_inferred`
    std::uint64_t up_to_date = 0;  ///< joined what earlier runs had read down to a stated end
    std::uint64_t chosen = 0;      ///< a bound of the run was reached
    std::uint64_t failed = 0;

    friend bool operator==(const end_counts&, const end_counts&) = default;
};

struct store_summary {
    job_counts jobs;                                  ///< without those that are withdrawn
    std::uint64_t withdrawn = 0;                      ///< jobs that are neither done nor in a run any more
    std::uint64_t suspect = 0;                        ///< jobs; see `stored_job::suspect`
    end_counts ends;                                  ///< of jobs that are done or failed
    std::string tenant;                               ///< see `run_request::tenant`; empty: not known
    std::uint64_t posts = 0;                          ///< different posts
    std::uint64_t gone = 0;                           ///< of those, gone from every listing
    std::uint64_t quarantined = 0;                    ///< items
    std::map<std::string, std::uint64_t> by_end;      ///< jobs by end reason
    std::map<std::string, std::uint64_t> by_failure;  ///< failed jobs by failure type
    std::optional<run_info> last_run;
};

/// Reads a store, beside a harvest that writes it.
///
/// The members with a visitor read in slices of about a megabyte, each of which is one consistent state of the store,
/// and none of which is open while the visitor runs: so a visitor may take its time, and never keeps the log of a
/// harvest from being copied into the file. A row is as of its slice: what is added or changed during a call may or may
/// not be among the rows, but no row comes twice, and none that was there at the beginning is missing. `summary` is one
/// consistent state.
///
/// Throws `store_error`. Calls block; one thread at a time.
class post_reader {
public:
    post_reader() = default;
    post_reader(const post_reader&) = delete;
    post_reader& operator=(const post_reader&) = delete;
    virtual ~post_reader() = default;

    /// Calls `visit` for every matching post, each once, until it returns false. Returns how many were visited.
    virtual std::uint64_t posts(const post_filter& filter, const std::function<bool(const stored_post&)>& visit) = 0;
    virtual std::uint64_t jobs(const job_filter& filter, const std::function<bool(const stored_job&)>& visit) = 0;
    /// By account name.
    virtual std::uint64_t accounts(const std::function<bool(const account_row&, const account_summary&)>& visit) = 0;
    virtual std::uint64_t quarantined(
        const std::function<bool(const job_spec&, const quarantined_row&, wall_time)>& visit) = 0;
    virtual store_summary summary() = 0;
    /// The server that the store is bound to, see `run_request::tenant`; empty: to none yet.
    virtual std::string tenant() { return {}; }
    /// Whether a process harvests into the store at this moment; not one that only controls it. If none does, jobs that
    /// are leased were left behind by one that was killed. Empty: it can't be known.
    virtual std::optional<bool> harvesting() { return std::nullopt; }
};

}  // namespace unipile::store
