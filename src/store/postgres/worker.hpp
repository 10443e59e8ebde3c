// This process as a worker of a store.
#pragma once

#include "store/postgres/connection.hpp"
#include "store/postgres/schema.hpp"
#include "store/postgres/worker_share.hpp"

#include <unipile/store/error.hpp>
#include <unipile/store/postgres.hpp>

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace unipile::store::postgres {

/// Returns the time of the clock that runs while the machine sleeps.
boot_time boot_now();

/// Returns the error of a harvest that has the store alone, after the store has lost commits.
store_error lost_commits(const std::string& store);

/// Returns the error of a worker whose store belongs to a newer program by now.
store_error upgraded(const std::string& store);

/// Registers a worker, takes its buckets, and sends its heartbeats from a thread with a connection of its own. One of
/// several (`access::shared`) gives buckets to workers that join, and takes those of workers that leave or die; the
/// thread does that with its heartbeats. A worker that was fenced begins a new life, with a new id and no buckets.
///
/// **Threads.** The engine's thread calls the members of this class.
class worker {
public:
    /// All must outlive this object.
    worker(connection& db, const conninfo& where, const store_format& format, const postgres_options& options);
    worker(const worker&) = delete;
    worker& operator=(const worker&) = delete;
    /// Gives all buckets back, unless the database can't be reached.
    ~worker();

    /// Blocks while buckets belong to a harvest that has the store alone and sends no heartbeat, or, if this is to be
    /// such a harvest, to any worker. Throws `store_error`: `in_use` if one sends some. May be called again after it
    /// has thrown `database_error`.
    void enter();

    worker_share& share() noexcept { return share_; }
    /// Throws if this worker is alone and its accounts were taken over, or its store has lost commits.
    void refuse_if_over() const;

private:
    struct neighbour {
        worker_beat beat;
        std::string name;
        std::uint64_t buckets = 0;
        bool alone = false;
    };

    void enroll(connection& db);
    std::vector<rows> run_beat(connection& db, std::vector<query> batch);
    bool note_beat(const rows& answer);
    void begin_anew(connection& db);
    void leave() noexcept;
    void refuse_if_alive(const std::vector<neighbour>& first, const std::vector<neighbour>& now, bool again) const;
    void wait_for(const neighbour& other, boot_time began) const;
    std::vector<neighbour> look_at_neighbours();
    bool claim_all();

    void beat_on();
    bool tend(connection& db);
    bool beat_once(connection& db, store_look* seen);
    void write_moves(connection& db, const share_moves& moves);
    static void remove_ended(connection& db);

    connection& db_;
    const conninfo& where_;
    const lease_options times_;
    const postgres_options& options_;
    const std::string name_;
    worker_share share_;

    std::mutex mutex_;  // guards `stopping_`
    std::condition_variable stopped_;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace unipile::store::postgres
