// What the engine keeps in memory between its transactions.
#pragma once

#include "store/bucket_plan.hpp"
#include "store/store_rules.hpp"

#include <unipile/store/timeline.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace unipile::store::postgres {

/// A claimed job.
struct claim {
    bucket_number bucket = 0;
    std::uint64_t tenure = 0;  // of the bucket
    std::int64_t run = 0;
    std::string account;
    timeline line;
    bool suspect = false;  // as the job's row has it
};

struct job_place {
    std::int64_t bucket = 0;
    std::int64_t job = 0;
};

/// Changes of a transaction are undone if it is rolled back: `undo()`, or `keep()` once it is committed.
class memory {
public:
    /// Returns the claim of a job; null if it is not claimed. Changes to it need `change` before.
    const claim* find(std::int64_t job) const;
    /// Returns a claimed job for changes.
    claim& change(std::int64_t job);
    void add(std::int64_t job, claim c);
    /// Ends a claim.
    void drop(std::int64_t job);
    std::vector<std::int64_t> claimed_of(std::string_view account) const;

    const run_row* run(std::int64_t run) const;
    void set_run(std::int64_t run, const run_row& row);

    /// The accounts with jobs that can be claimed, and the number of those; null: not read yet.
    using open_accounts = std::map<std::string, std::uint64_t, std::less<>>;
    const open_accounts* open(std::int64_t run) const;
    /// Takes over the number of queued jobs of each account, including claimed ones.
    void set_open(std::int64_t run, open_accounts queued);
    void adjust_open(std::int64_t run, const std::string& account, std::int64_t by);
    void no_more_open(std::int64_t run, const std::string& account);
    /// They will be read again, and so will the next due time.
    void forget_open();
    /// Returns true if they were read long ago, compared to the time that it took.
    bool is_old() const noexcept;
    void note_read(std::chrono::steady_clock::duration took) noexcept;

    /// The last job that the end of an import has looked at, if it takes another transaction.
    const std::optional<job_place>& withdrawn_to() const noexcept { return withdrawn_to_; }
    void set_withdrawn_to(std::optional<job_place> last);

    /// When the next delayed job is due; nothing: not known.
    std::optional<wall_time> next_due;
    void note_due(wall_time t);

    void undo();
    void keep();

private:
    void remember(std::int64_t job);
    void put(std::int64_t job, claim c);
    void erase(std::int64_t job);
    void shift_open(std::int64_t run, const std::string& account, std::int64_t by);

    std::unordered_map<std::int64_t, claim> claimed_;
    std::map<std::string, std::set<std::int64_t>, std::less<>> claimed_of_;  // by account
    std::map<std::int64_t, run_row> runs_;
    std::map<std::int64_t, open_accounts> open_;
    std::chrono::steady_clock::time_point read_until_{};  // fresh
    std::optional<job_place> withdrawn_to_;
    std::unordered_set<std::int64_t> remembered_;
    std::vector<std::function<void()>> undo_;
};

}  // namespace unipile::store::postgres
