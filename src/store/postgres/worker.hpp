// This process as a worker of a store.
#pragma once

#include "store/bucket_plan.hpp"
#include "store/lease_holder.hpp"
#include "store/lease_observer.hpp"
#include "store/postgres/connection.hpp"
#include "store/postgres/schema.hpp"
#include "store/postgres/worker_view.hpp"

#include <unipile/store/account_share.hpp>
#include <unipile/store/postgres.hpp>

#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace unipile::store::postgres {

/// Returns the time of the clock that runs while the machine sleeps.
boot_time boot_now();

/// Registers a worker, takes its buckets, and shows with a thread and a connection of its own that it lives. One of
/// several (`access::shared`) gives buckets to workers that join, and takes those of workers that leave or die; the
/// thread does that with its beats. A worker that was taken for dead begins a new life, with a new id and no buckets.
///
/// **Accounts.** A bucket is given back once every account of it that the engine has loaded has left, and all
/// transactions that were under way when it began to drain are over. An account keeps the tenure of its bucket: after
/// the bucket was lost nothing is done for it until it was loaded anew, even if the bucket has come back.
///
/// **Threads.** The engine's thread calls what is not `const`. Members of `account_share` may be called on any thread.
class worker final : public account_share {
public:
    /// Blocks while buckets belong to a harvest that has the store alone and shows no sign of life, or, if this is to
    /// be such a harvest, to any worker. Throws `store_error`: `in_use` if one lives.
    worker(connection& db, const conninfo& where, const store_format& format, const postgres_options& options);
    worker(const worker&) = delete;
    worker& operator=(const worker&) = delete;
    /// Gives all buckets back, unless the database can't be reached.
    ~worker();

    bool is_alone() const noexcept { return alone_; }
    /// Throws if this worker is alone and its accounts were taken over, or its store has lost commits.
    void refuse_if_over() const;

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
    /// Up to `count`. The account's bucket was lost or is to be given back.
    std::vector<std::string> accounts_to_leave(std::size_t count);

    bool may_send(std::string_view account) const noexcept override;
    bool may_send() const noexcept override;
    bool has_changed() const noexcept override;
    wall_time now() const noexcept override;

private:
    struct neighbour {
        worker_beat beat;
        std::string name;
        std::uint64_t buckets = 0;
        bool alone = false;
    };
    struct sight {
        boot_time sent, received;
        std::vector<worker_beat> live;
        std::vector<bucket_row> buckets;
    };

    void enter(const postgres_options& options);
    void enroll(connection& db);
    void leave() noexcept;
    void wait_for(const neighbour& other, const postgres_options& options, boot_time began);
    std::vector<neighbour> look_at_neighbours();
    bool claim_all();

    void beat_on(const conninfo& where);
    bool tend(connection& db);
    bool beat_once(connection& db, sight* seen);
    void begin_life();
    void move(connection& db, const sight& seen, const std::vector<held_bucket>& held);
    void write_moves(connection& db, const std::vector<worker_beat>& dead, const bucket_moves& moves);
    void measure(wall_time database, boot_time sent, boot_time received);
    std::vector<held_bucket> held() const;
    bool is_idle(bucket_number bucket) const;
    void take(const bucket_row& row);
    void drop(bucket_number bucket);
    void rewind_all();
    void go_on_after_rewind();

    connection& db_;
    const lease_options times_;
    const bool alone_;
    const std::string name_;

    // The thread's, and before it begins the engine's.
    lease_observer observer_;

    mutable std::mutex mutex_;  // guards what follows
    std::condition_variable stopped_;
    bool stopping_ = false;
    worker_id me_;
    std::string text_;
    lease_holder holder_;
    std::vector<bucket_state> buckets_;
    std::uint64_t own_seq_ = 0;
    std::uint64_t tenures_ = 0;
    std::map<std::string, account_entry, std::less<>> accounts_;
    std::uint64_t begun_ = 0, ended_ = 0;       // transactions
    std::uint64_t version_ = 0;                 // of the share
    bool over_ = false, commits_lost_ = false;  // alone
    bool changed_ = false;
    wall_time database_time_{};
    boot_time measured_at_{};
    std::chrono::milliseconds shortest_{std::chrono::minutes(1)};  // round trip, which grows by a millisecond a beat

    std::thread thread_;
};

}  // namespace unipile::store::postgres
