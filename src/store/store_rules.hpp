// What every engine decides alike. Pure: what the store holds is the input.
#pragma once

#include <unipile/store/operations.hpp>
#include <unipile/store/post_reader.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace unipile::store {

/// The ends of jobs that joined a known part, in addition to the names of `end_reason`: the end of that part was
/// stated, or inferred.
inline constexpr std::string_view up_to_date = "up_to_date";
inline constexpr std::string_view up_to_date_inferred = "up_to_date_inferred";

/// The version of stored fingerprints. To be raised when `fingerprint_of` changes: until all are made anew, or the
/// store is refused, each post would look changed.
inline constexpr std::int64_t fingerprint_version = 1;

/// The columns of a run that its jobs need.
struct run_row {
    walk_mode mode = walk_mode::update;
    walk_bounds bounds;
    job_order order = job_order::least_recent;
    bool retry_failed = false;
    std::int64_t listed = 0;
    std::int64_t import = 0;  ///< number of the current import, or of the last one; 0: there was none
    bool withheld = false;    ///< no job is claimed until the import has ended
};

const char* name_of(walk_mode m) noexcept;
const char* name_of(job_order o) noexcept;
walk_mode mode_named(std::string_view name) noexcept;
job_order order_named(std::string_view name) noexcept;

/// Returns true if a run with these columns is continued by `request`.
bool continues(const run_request& request, const run_row& run, std::string_view label);

/// A job that an import names, as the store has it.
struct known_job {
    bool in_this_run = false;
    bool in_this_import = false;
    job_state state = job_state::queued;
    bool may_pass = false;
};
/// What an import does with a known job.
enum class import_step {
    repeat,   ///< nothing: it was added before
    keep,     ///< it is open in this run: set the import and the sort key
    settle,   ///< done in this run: set the import
    give_up,  ///< it stays failed, in this run
    queue,    ///< queue it anew
};
import_step import_step_of(const known_job& job, const run_row& run) noexcept;
void count(import_result& result, import_step what) noexcept;

/// Returns the id by which a post is stored: its own, or one made of its content.
std::string stored_id(const post_row& p);

/// A place as a number: twice the walk, odd if firm.
constexpr std::int64_t packed(const place& p) noexcept { return std::int64_t{p.walk} * 2 + (p.firm ? 1 : 0); }
constexpr place unpacked(std::int64_t n) noexcept { return {static_cast<std::uint32_t>(n / 2), n % 2 != 0}; }

/// The stored view of a post.
struct stored_view {
    std::array<std::uint64_t, 2> content{};
    std::uint64_t counters = 0;
    std::uint64_t own = 0;
    std::optional<std::uint64_t> links;  ///< empty: not known
    std::int64_t job = 0;                ///< whose listing showed it
};
/// What a post that was read has to do with the stored one.
enum class difference {
    none,
    links,     ///< unchanged, but its URLs are newer
    counters,  ///< only counters, or what its owner alone sees, have changed
    content,   ///< anything else has changed
};
/// Returns true if the post that was read counts as changed.
constexpr bool is_newer(difference d) noexcept { return d == difference::counters || d == difference::content; }
/// Compares the stored view with a post that `job` has read.
difference compared(const stored_view& known, const fingerprint& read, std::int64_t job) noexcept;

/// The numbers by which the tables of changes name kinds. `gone` is of one listing: others may have the post still.
namespace logged {
inline constexpr int added = 1, content = 2, links = 3, gone = 4, counters = 5, returned = 6;
}
/// Returns what has happened to a post by its entries, for each of which the bit of its kind is set, and by whether it
/// is gone from all listings now. Empty: nothing that matters.
std::optional<change_kind> change_by(std::uint64_t kinds, bool is_gone) noexcept;

page_facts facts_of(const page_write& page, bool new_quarantined) noexcept;
/// Returns true if the step of a page ends its job.
constexpr bool settles(const step& s) noexcept
{
    return s.what == step::kind::complete || s.what == step::kind::bounded;
}
/// Returns the name of the end of a job that a page ended.
std::string_view end_within(const timeline& line, const step& s);
/// Returns the state of a job whose listing was interrupted.
job_state state_after(const job_end& end) noexcept;

/// Returns the name of a setting among a store's properties.
std::string stored_name(const set_setting& op);

/// Counts `n` more jobs in this state.
void add(job_counts& counts, job_state state, std::uint64_t n) noexcept;
/// Returns true if a job's end is inferred.
bool is_inferred_end(std::string_view name);
/// Counts `n` more jobs of a store.
void count_jobs_in(store_summary& sum, job_state state, bool withdrawn, std::string_view end,
                   std::string_view failure_type, std::uint64_t n);

}  // namespace unipile::store
