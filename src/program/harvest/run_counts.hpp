// What has become of a run's jobs. Pure.
#pragma once

#include "program/watch/state.hpp"

#include <unipile/store/harvester.hpp>
#include <unipile/store/records.hpp>

#include <cstdint>

namespace unipile::program {

/// Adds what another harvester of the same run has done; `by_account` and `recent_failures` with `detail::all` only.
void add(store::harvester_stats& sum, const store::harvester_stats& part, detail how_much);

/// The jobs of a run as its store has counted them, and what this process's harvesters have done. `now` is of the
/// current harvester; null: there is none.
class run_counts {
public:
    /// Sets the jobs before this process's first harvester. `failures_are_known`: an earlier process has told of those
    /// that have failed.
    void begin(const store::job_counts& jobs, bool failures_are_known);
    /// Sets the jobs as they are counted now.
    void counted(const store::job_counts& jobs, const store::harvester_stats* now);
    /// Takes over what a harvester has done, behind which another one follows.
    void ended(const store::harvester_stats& last);

    const store::job_counts& jobs() const noexcept { return jobs_; }
    /// Sets the jobs, and what was done.
    void describe(harvest_state& s, const store::harvester_stats* now, detail how_much) const;

private:
    store::job_counts jobs_;             ///< as last counted
    store::harvester_counters counted_;  ///< what this process had done when they were counted
    std::uint64_t over_before_ = 0;      ///< jobs that were over before this process
    std::uint64_t failed_before_ = 0;    ///< of these, those whose failure is known
    store::harvester_stats past_;        ///< of earlier harvesters
};

}  // namespace unipile::program
