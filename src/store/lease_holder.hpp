// What a worker may do by its own beats. Pure: times and answers of the store are inputs.
#pragma once

#include "store/lease_options.hpp"
#include "store/worker_id.hpp"

#include <cstdint>
#include <optional>

namespace unipile::store {

/// One life of a worker, from its registration to its end. A worker that was fenced starts anew with a new object and a
/// new id.
///
/// The registration is the first beat. A beat is one statement at a time, on a connection of its own:
///
///     holder.beat_begins(now);              // read the clock before the statement is sent
///     holder.beat_answered(beat);           // the number that the statement returned; nothing: no row
///     holder.beat_unknown();                // or: no answer, or an error; close the connection
///
/// A beat without an answer at `next_beat()` is unknown. It may still arrive, which does no harm: the next answer is
/// greater than expected then.
///
/// **Sending.** A request may be sent if `may_send(now)` holds after its admission was committed, immediately before
/// its first byte. A worker that is stopped between the two can send one late request per account. So can one whose
/// clock stood still, as the clock of a virtual machine may while it is paused: it can even admit that request, until
/// its bucket is claimed. The request is counted in any case, but earlier than by the server if it comes later than the
/// first-byte deadline after the takeover.
///
/// **Lost commits.** An asynchronous failover of the store loses the commits of its last seconds. A beat that is lower
/// than expected shows it. So does a bucket's number, which shows also what was lost between two beats: see
/// `bucket_plan` and `judge`. The worker's memory is newer than the store then. It sends nothing until it has written
/// every ledger that it holds again; after that each account rests for one gap, and each job's position is read again.
/// What can't be restored: requests of workers that died, or that no longer own the bucket after the failover.
class lease_holder {
public:
    explicit lease_holder(worker_id me, const lease_options& options = {}) noexcept : me_(me), options_(options) {}

    worker_id id() const noexcept { return me_; }

    /// Records that a beat is sent. `now` is read before that, since the store may count the beat at once.
    void beat_begins(boot_time now) noexcept;
    /// What the answer to a beat means.
    enum class answer {
        held,          ///< the worker may send until `may_send_until()`
        commits_lost,  ///< the same after every ledger was written again
        fenced,        ///< this life is over: stop all, drop all buckets, start anew with a new id
    };
    /// Reports the answer to the beat that began last; empty: the statement found no live row of this worker, because
    /// it was fenced, or because its registration was lost.
    answer beat_answered(std::optional<std::uint64_t> number) noexcept;
    /// Reports that the beat that began last has failed, or that its outcome is unknown.
    void beat_unknown() noexcept { waits_ = false; }

    /// Reports that something else than a beat has shown that commits were lost.
    void lose_commits() noexcept { must_write_ledgers_ = true; }
    bool must_write_ledgers() const noexcept { return must_write_ledgers_; }
    /// Reports that every ledger is written and committed again.
    void ledgers_written() noexcept { must_write_ledgers_ = false; }

    /// Returns true if a request may be sent, or admitted, at `now`.
    bool may_send(boot_time now) const noexcept { return !must_write_ledgers_ && now < may_send_until_; }
    /// Connections with unsent bytes have to be reset at this time unless it moves on. `boot_time::min()` before the
    /// first answer and after the last.
    boot_time may_send_until() const noexcept { return may_send_until_; }

    bool is_fenced() const noexcept { return fenced_; }
    /// Returns true if a beat is under way.
    bool awaits_answer() const noexcept { return waits_; }
    /// Returns when the next beat is due: `now` for the first and for one that is late.
    boot_time next_beat(boot_time now) const noexcept;

private:
    worker_id me_;
    lease_options options_;
    std::optional<boot_time> begun_;  // the last beat
    boot_time may_send_until_ = boot_time::min();
    std::uint64_t number_ = 0;  // of the last answered beat
    bool waits_ = false;
    bool must_write_ledgers_ = false;
    bool fenced_ = false;
};

}  // namespace unipile::store
