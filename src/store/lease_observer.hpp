// Which workers to fence. Pure: what was seen, and when, is the input.
#pragma once

#include "store/lease_options.hpp"
#include "store/worker_id.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace unipile::store {

/// A worker's beat: as a look returns it, and as a fence requires it to be still.
struct worker_beat {
    worker_id worker;
    std::uint64_t beat = 0;

    friend bool operator==(const worker_beat&, const worker_beat&) = default;
};

/// Finds workers that are dead, by looking at the beats of all with each beat of its own.
///
/// A worker is dead if every look for `take_after` has shown the same beat, and not more than two looks in a row are
/// missing between them. A longer gap starts the count anew for all: the store was down or this worker was stopped, so
/// that the others may not have been able to beat either. An outage of the store fences no worker.
///
/// **Why that is safe.** The last beat was committed before it was first seen, and its worker's clock was read before
/// it was sent. So its worker stops `hold_for` later, and is fenced after `take_after` at the earliest. If it beats in
/// between, the fence finds another number than the one that was seen, and changes nothing. After a failover that lost
/// commits a beat may show a number for the second time; the evidence may then be older than the beat by up to three
/// looks.
class lease_observer {
public:
    explicit lease_observer(worker_id me, const lease_options& options = {}) noexcept : me_(me), options_(options) {}

    /// Takes a look: the live workers, and the time at which the answer was received. Returns whom to fence, with the
    /// beats that their rows must still have. Never returns this worker.
    std::vector<worker_beat> look(std::span<const worker_beat> live, boot_time now);
    /// Forgets all looks: commits were lost.
    void forget() noexcept { seen_.clear(); }

private:
    struct sight {
        worker_beat last;
        boot_time since;
    };

    worker_id me_;
    lease_options options_;
    std::vector<sight> seen_;
    boot_time last_look_{};
};

}  // namespace unipile::store
