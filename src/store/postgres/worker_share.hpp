// What one worker has of a store's buckets and accounts.
#pragma once

#include "store/lease_holder.hpp"
#include "store/lease_observer.hpp"
#include "store/postgres/worker_view.hpp"

#include <unipile/store/account_share.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace unipile::store::postgres {

/// What a look at the store shows, in ascending order of the buckets.
struct store_look {
    std::vector<worker_beat> live;
    std::vector<bucket_row> buckets;
};

/// What a worker is to write after a look.
struct share_moves {
    std::vector<worker_beat> dead;  ///< to be fenced
    std::vector<bucket_number> claim;
    std::vector<held_bucket> give_back;

    bool empty() const noexcept { return dead.empty() && claim.empty() && give_back.empty(); }
};

/// The state of a worker between its heartbeats, its looks at the store, and its transactions. Without I/O.
///
/// A bucket is given back once every account of it that the engine has loaded has left, and all transactions that were
/// under way when it began to drain are over. An account keeps the tenure of its bucket: after the bucket was lost
/// nothing is done for it until it was loaded anew, even if the bucket has come back.
///
/// After lost commits every account leaves, and is loaded anew: its ledger in memory, which is newer than the store's,
/// is written with that, and the positions of its jobs are read again. No request is sent until all have left.
///
/// **Threads.** One thread calls the members for heartbeats, one those for transactions. Members of `account_share` may
/// be called on any thread.
class worker_share final : public account_share {
public:
    /// `alone`: the worker shares the store with no other, and ends where others begin a new life. `clock` must be
    /// thread-safe.
    worker_share(const lease_options& times, bucket_number buckets, bool alone, std::function<boot_time()> clock);

    bool is_alone() const noexcept { return alone_; }
    std::size_t buckets() const noexcept { return buckets_.size(); }
    /// Returns the id's text.
    std::string id() const;

    // For heartbeats.

    /// Begins a life without buckets. To be registered before its first heartbeat.
    void begin_life(worker_id me);
    /// Returns true if this life has ended.
    bool is_fenced() const;
    std::chrono::milliseconds until_next_beat() const;
    /// To be called before a heartbeat is sent.
    void beat_begins();
    void beat_unknown();
    /// `number` and `database`: the heartbeat's number and the time that the statement returned; empty: no row. Returns
    /// true if this life goes on.
    bool beat_answered(std::optional<std::uint64_t> number, wall_time database);
    /// Returns whom to fence.
    std::vector<worker_beat> find_dead(const std::vector<worker_beat>& live);
    /// The look came with the heartbeat that was answered last.
    share_moves look(const store_look& seen);
    /// What a look demanded is written. `mine`: the buckets among those to be claimed that are this worker's now.
    void moved(const share_moves& written, const std::vector<bucket_row>& mine);
    bool has_all_buckets() const;
    /// The tables are those of a newer program: this worker ends.
    void note_upgrade();

    // For transactions.

    /// What ends a worker that is alone, or any.
    enum class ending { none, taken_over, commits_lost, upgraded };
    ending how_it_ends() const;
    /// A try of a transaction begins, which sees the share as it is now.
    void begin(worker_view& view);
    /// The outcome of the transaction is known.
    void end() noexcept;
    void note_committed(const worker_view& view, const fence_set& fences, const std::vector<account_move>& moves);
    /// A fence has shown that these are another worker's, or were before they came back.
    void lose(const worker_view& view, bucket_number bucket);
    /// A fence has shown that the store has lost commits; the bucket's number is `seq` now.
    void rewind(const worker_view& view, bucket_number bucket, std::uint64_t seq);
    /// The same, shown by the worker's own number.
    void rewind_own(const worker_view& view, std::uint64_t seq);
    /// Lists up to `count` accounts whose bucket was lost, or is to be given back, or has lost commits.
    std::vector<std::string> accounts_to_leave(std::size_t count);

    bool may_send(std::string_view account) const noexcept override;
    bool may_send() const noexcept override;
    bool may_lack_requests() const noexcept override;
    bool has_changed() const noexcept override;
    std::uint64_t growth() const noexcept override;
    wall_time now() const noexcept override;
    std::chrono::milliseconds take_over_after() const noexcept override { return times_.take_after; }

private:
    void measure(wall_time database, boot_time sent, boot_time received);
    std::vector<held_bucket> held() const;
    bool is_idle(bucket_number bucket) const;
    void take(const bucket_row& row);
    void drop(bucket_number bucket);
    void drain(bucket_number bucket);
    void follow(const bucket_moves& moves, const store_look& seen);
    void rewind_all();
    void go_on_after_rewind();

    const lease_options times_;
    const bool alone_;
    const std::function<boot_time()> clock_;

    // Of the thread that beats.
    lease_observer observer_;
    boot_time sent_{};                      // of the last heartbeat
    std::vector<held_bucket> held_before_;  // when it was sent

    mutable std::mutex mutex_;  // guards what follows
    worker_id me_;
    lease_holder holder_;
    std::vector<bucket_state> buckets_;
    std::uint64_t own_seq_ = 0;
    std::uint64_t tenures_ = 0;
    std::map<std::string, account_entry, std::less<>> accounts_;
    std::uint64_t begun_ = 0, ended_ = 0;  // transactions
    std::uint64_t version_ = 0;            // of the share
    ending ending_ = ending::none;
    bool changed_ = false;
    bool forget_looks_ = false;  // commits were lost
    boot_time lacks_until_ = boot_time::min();
    wall_time database_time_{};
    boot_time measured_at_{};
    std::chrono::milliseconds shortest_{std::chrono::minutes(1)};  // round trip, which grows by a millisecond a beat
};

}  // namespace unipile::store::postgres
