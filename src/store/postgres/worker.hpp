// This process as a worker of a store.
#pragma once

#include "store/bucket_plan.hpp"
#include "store/lease_holder.hpp"
#include "store/lease_observer.hpp"
#include "store/postgres/connection.hpp"
#include "store/postgres/schema.hpp"

#include <unipile/store/postgres.hpp>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <vector>

namespace unipile::store::postgres {

/// The fences of one transaction. The worker's own counts the transactions that change what belongs to no bucket: runs
/// and imports.
struct fence_set {
    std::vector<bucket_fence> buckets;
    std::optional<bucket_fence> own;

    bool empty() const noexcept { return buckets.empty() && !own; }
};

/// Registers a worker, takes all buckets, and shows with a thread and a connection of its own that it lives.
class worker {
public:
    /// Blocks while buckets belong to a worker that shows no sign of life. Throws `store_error`: `in_use` if one does.
    worker(connection& db, const conninfo& where, const store_format& format, const postgres_options& options);
    worker(const worker&) = delete;
    worker& operator=(const worker&) = delete;
    /// Gives all buckets back, unless the database can't be reached.
    ~worker();

    worker_id id() const noexcept { return me_; }
    const std::string& id_text() const noexcept { return text_; }
    bucket_number buckets() const noexcept { return static_cast<bucket_number>(held_.size()); }
    /// Throws if this worker's accounts were taken over, or if its store has lost commits.
    void refuse_if_over() const;

    bucket_fence fence_of(bucket_number bucket) const noexcept { return next_fence(held_[bucket], used_[bucket]); }
    bucket_fence own_fence() const noexcept { return next_fence(own_, own_used_); }
    /// These fences are about to be tried.
    void note_tried(const fence_set& fences) noexcept;
    void note_committed(const fence_set& fences) noexcept;

private:
    struct neighbour {
        worker_beat beat;
        std::string name;
        std::uint64_t buckets = 0;
    };

    void enter(const postgres_options& options);
    void leave() noexcept;
    void beat_once(connection& db);
    std::vector<neighbour> look(connection& db);
    void fence(const worker_beat& dead);
    bool claim_all();
    void wait_for(const neighbour& other, const postgres_options& options, boot_time began);
    void beat_on(const conninfo& where);

    connection& db_;
    lease_options times_;
    worker_id me_;
    std::string text_;
    lease_holder holder_;
    lease_observer observer_;
    std::vector<held_bucket> held_;  // by bucket
    std::vector<std::uint64_t> used_;
    held_bucket own_;
    std::uint64_t own_used_ = 0;
    std::string name_;

    std::atomic<bool> fenced_ = false;
    std::atomic<bool> commits_lost_ = false;
    std::mutex mutex_;
    std::condition_variable stopped_;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace unipile::store::postgres
