// A model of a store that several workers share: the statements with which they beat, look, fence, claim and write.
// Each is a transaction. A failover that loses commits takes back the last ones.
#pragma once

#include "store/bucket_plan.hpp"
#include "store/lease_observer.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace unipile::store::test {

/// Milliseconds of the store's clock, which is the true one.
using moment = std::int64_t;
/// Counts from 1 over all workers and accounts of a history; 0: none.
using request_number = std::uint32_t;

/// How often an account may send.
struct model_pace {
    std::uint32_t limit = 3;
    moment window = 60'000;
    moment gap = 3'000;
};

/// What is kept of an account. `unipile::account_ledger` in small, with the numbers of the requests.
struct model_ledger {
    static constexpr std::size_t most = 8;
    struct use {
        moment at = 0;
        request_number request = 0;
    };
    std::array<use, most> used{};
    std::size_t count = 0;
    request_number in_flight = 0;
    std::uint32_t version = 0;  ///< rises with each change
    moment rest_until = 0;

    /// Counts the request in flight as made at `now`.
    void end_request(moment now);
    bool names(request_number request) const;
    /// Returns when the next request may be sent, if none is in flight.
    moment earliest(const model_pace& pace) const;
};

/// What a control run leaves out, to show that it is needed.
enum class left_out {
    nothing,
    fence,           ///< every write is taken
    owner_in_fence,  ///< only the epoch is compared
    seq_in_fence,
    evidence_for_claim,  ///< a bucket is taken from whoever has not been seen
    new_numbers,         ///< numbers are used again after a failover that lost commits
    count_at_takeover,   ///< of requests in flight
    ledgers_again,       ///< are not written again after a failover that lost commits
    seq_in_look,         ///< beats alone show that commits were lost
    long_take,           ///< workers are fenced while they hold their lease
};

class lease_store {
public:
    lease_store(bucket_number buckets, std::size_t accounts, left_out what, bool rewinds);

    void at(moment now) { now_ = now; }

    void add_worker(worker_id me);
    struct look {
        std::optional<std::uint64_t> beat;
        std::vector<worker_beat> live;
        std::vector<bucket_row> buckets;
    };
    void beat(worker_id me, look& seen);
    /// Returns true if the worker was live until now.
    bool fence(worker_id me, const worker_beat& dead);
    void claim(worker_id me, std::span<const bucket_number> wanted, std::vector<bucket_row>& claimed);
    void give_back(worker_id me, bucket_number bucket, std::uint64_t epoch);
    void leave(worker_id me);
    /// Writes a ledger under the fence. Returns false, and changes nothing, if the bucket is not as expected.
    bool write(worker_id me, const bucket_fence& expected, std::size_t account, const model_ledger& ledger);

    const bucket_row& row(bucket_number bucket) const { return buckets_[bucket]; }
    const std::vector<bucket_row>& rows() const { return buckets_; }
    const model_ledger& ledger(std::size_t account) const { return ledgers_[account]; }
    bool is_live(worker_id worker) const;

    /// Takes back what was committed after `to`, which must not be further back than `farthest_rewind`.
    void rewind(moment to);
    static constexpr moment farthest_rewind = 20'000;

    std::uint64_t fences() const { return fences_; }
    /// How often a bucket was claimed by another worker than the one before.
    std::uint64_t moves() const { return moves_; }
    /// What went wrong; empty: nothing.
    const std::string& wrong() const { return wrong_; }

private:
    enum class state { live, fenced, left, lost };
    struct worker_row {
        worker_beat it;
        state is = state::live;
    };
    struct undo {
        moment at;
        std::size_t index;
        std::variant<worker_row, bucket_row, model_ledger> before;
    };

    worker_row* find(worker_id worker);
    worker_row* find_live(worker_id worker);
    template <class T>
    void keep(std::size_t index, const T& before);
    void keep(const worker_row& w) { keep(static_cast<std::size_t>(&w - workers_.data()), w); }
    bool fence_holds(const bucket_row& row, worker_id me, const bucket_fence& expected) const;

    left_out left_out_;
    bool rewinds_;
    moment now_ = 0;
    std::vector<worker_row> workers_;
    std::vector<bucket_row> buckets_;
    std::vector<worker_id> last_owners_;
    std::vector<model_ledger> ledgers_;
    std::vector<undo> history_;
    std::uint64_t fences_ = 0, moves_ = 0;
    std::string wrong_;
};

}  // namespace unipile::store::test
