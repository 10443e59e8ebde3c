// Which worker owns which bucket of accounts. Pure: what the store holds is the input.
#pragma once

#include "store/lease_options.hpp"
#include "store/worker_id.hpp"

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace unipile::store {

using bucket_number = std::uint16_t;

/// Returns the bucket of an account, below `buckets`, which is above 0. Part of a store's format: it must never change.
bucket_number bucket_of(std::string_view account, bucket_number buckets) noexcept;

/// A bucket as the store has it. A fence compares owner and epoch: after a failover that lost commits an epoch may be
/// given to another owner.
struct bucket_row {
    bucket_number bucket = 0;
    worker_id owner;          ///< none: free
    std::uint64_t epoch = 0;  ///< rises by one with each change of the owner
    std::uint64_t seq = 0;    ///< rises with each transaction of the owner

    friend bool operator==(const bucket_row&, const bucket_row&) = default;
};

/// A bucket that this worker owns, as far as it knows.
struct held_bucket {
    bucket_number bucket = 0;
    std::uint64_t epoch = 0;
    std::uint64_t seq = 0;  ///< of its last transaction that was known to be committed when the look was sent
    /// No request of its accounts is admitted any more, since it is handed over. Stays until the bucket is given back:
    /// a statement that gives it back may be under way, and may arrive late.
    bool draining = false;
    /// No request of its accounts is in flight, and all that is known of them is committed.
    bool idle = false;
};

/// What to do with the buckets after a look.
struct bucket_moves {
    /// Claim these. The store refuses those that belong to a live worker after all.
    std::vector<bucket_number> claim;
    /// These are this worker's, but it does not know them: the answer to a claim was lost. They are taken over like
    /// claimed ones.
    std::vector<bucket_row> adopt;
    /// Admit no further request in these, and set `draining`.
    std::vector<bucket_number> drain;
    /// Give these back, by bucket, owner and epoch: without the epoch a statement that arrives late frees a bucket that
    /// was claimed again.
    std::vector<held_bucket> give_back;
    /// These are no longer this worker's: stop their requests and forget their accounts, without writing anything.
    std::vector<bucket_number> lost;
    /// The store lacks commits that it had confirmed: see `lease_holder`.
    bool commits_lost = false;
};

/// Distributes buckets over workers by rendezvous hashing: a bucket belongs to the live worker with the greatest hash
/// of both. Every worker computes the same from the same rows. A worker that joins or leaves moves its own share only.
///
/// **After a takeover** of a claimed or adopted bucket its row and its accounts are read once more; if the row has
/// another owner or epoch, the bucket is lost. A ledger may show a request in flight that the owner before has sent, or
/// may still send if it was stalled. It is taken over like a request of this worker: it stays in flight until the
/// first-byte deadline has passed, and counts as made then. So the account sends nothing until that time, and a request
/// that the server has counted as late as possible is in no window twice.
class bucket_plan {
public:
    /// `live`: the workers that take part, in any order.
    bucket_plan(worker_id me, std::span<const worker_id> live, const lease_options& options = {});

    /// Returns the worker to which `bucket` belongs; none if no worker is live.
    worker_id rightful_owner(bucket_number bucket) const noexcept;

    /// Compares the store's buckets with those that this worker holds. `rows` and `held` are in ascending order of
    /// their buckets. A bucket that is claimed or given back while the look is under way must not be in question: both
    /// are done by the thread that looks, before it looks again.
    bucket_moves next(std::span<const bucket_row> rows, std::span<const held_bucket> held) const;

private:
    struct candidate {
        std::uint64_t key = 0;
        worker_id worker;
    };

    bool is_live(worker_id worker) const noexcept;
    void keep_or_hand_over(const held_bucket& h, const bucket_row& row, std::uint32_t& draining,
                           bucket_moves& moves) const;

    worker_id me_;
    std::uint32_t hand_over_at_once_;
    std::vector<candidate> live_;
};

/// The fence of a transaction on a bucket. It takes effect only where the bucket has this owner, `epoch` and `seq`, and
/// sets `seq` to `next`. One transaction per bucket is under way at a time, and is repeated with the same fence until
/// its outcome is known.
///
/// Without `seq` a try that arrives after its repetition and after the next transaction writes an older ledger over a
/// newer one. Nor may a number be used twice: after a failover that lost commits such a late try finds the bucket where
/// it expects it, and a reader of changes has seen the number with other content.
struct bucket_fence {
    bucket_number bucket = 0;
    std::uint64_t epoch = 0;
    std::uint64_t seq = 0;
    std::uint64_t next = 0;
};

/// Returns the fence of the next transaction. `used`: the greatest number that this worker has ever tried for the
/// bucket, also before it lost the bucket and got it again; 0: none.
bucket_fence next_fence(const held_bucket& held, std::uint64_t used) noexcept;

/// What it means that a fenced transaction has not found its bucket as expected.
enum class fence_verdict {
    again,         ///< the bucket is as expected: repeat the transaction with the same fence
    arrived,       ///< an earlier try of the same transaction was committed: go on after it
    commits_lost,  ///< the bucket is behind: see `lease_holder`; go on from the `seq` that was found
    lost,          ///< the bucket is no longer this worker's: forget its accounts
};

/// Judges the row of a bucket, read under a lock after the transaction with the fence `tried` failed or its outcome
/// became unknown.
fence_verdict judge(const bucket_row& found, worker_id me, const bucket_fence& tried) noexcept;

}  // namespace unipile::store
