// How a harvest comes to its run: by a jobs file, or by joining the one that is under way.
#pragma once

#include "program/harvest/arguments.hpp"
#include "program/harvest/job_import.hpp"
#include "program/stored/open_store.hpp"

#include <unipile/store/engine.hpp>
#include <unipile/store/records.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace unipile::program {

/// What a start uses of its command. All are called on the calling thread, except `patience`.
struct start_steps {
    store_patience patience;
    /// Called several times a second during a wait. Returns false to end it.
    std::function<bool()> keeps_going;
    std::function<void(std::string_view line)> say;
    std::function<void(std::string phase)> enter;  ///< for display
};

/// What a start has reached so far, also if it fails.
struct run_start {
    std::unique_ptr<store::engine> engine;  ///< null: nothing is to be done
    store::run_info run;                    ///< its number is 0 until the run has begun
    import_report imported;
};

/// Opens the jobs, then the store, begins the run and fills its queue. An invalid jobs file leaves the store unchanged.
/// Throws std::invalid_argument for a jobs file or a store that can't be used, store::store_error.
void begin_run(const harvest_arguments& arguments, const harvest_plan& plan, const start_steps& steps,
               run_start& start);

/// Opens the store of a run that is under way and has jobs to claim. Waits for one with `arguments.wait`, also for the
/// store to be made. Throws the same.
void join_run(const harvest_arguments& arguments, const start_steps& steps, run_start& start);

}  // namespace unipile::program
