// A worker as an engine would drive the rules: a thread that beats, looks and moves buckets, one that writes, and
// requests that are sent once their admission is committed.
#pragma once

#include "lease_store.hpp"

#include "store/bucket_plan.hpp"
#include "store/lease_holder.hpp"
#include "store/lease_observer.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace unipile::store::test {

class lease_world;
struct lease_message;

class model_worker {
public:
    /// `rate`: by how much its clock is faster than the true one.
    model_worker(lease_world& world, std::size_t number, double rate, moment clock);

    void start();
    void stop();
    void leave() { leaving_ = true; }
    /// No event reaches it until then. `frozen`: its clock stands still.
    void pause(moment until, bool frozen);

    std::size_t number() const { return number_; }
    std::uint32_t life() const { return life_; }
    worker_id id() const { return holder_.id(); }
    bool is_running() const { return running_; }
    bool is_leaving() const { return leaving_; }
    moment paused_until() const { return paused_until_; }
    /// Returns true if its clock stood still since its last answered beat began, so that its hold lasts too long.
    bool froze_within_hold() const { return frozen_until_ >= answered_beat_begun_; }
    moment answered_beat_begun() const { return answered_beat_begun_; }
    /// Counts its pauses.
    std::uint32_t pauses() const { return pauses_; }
    boot_time clock() const;
    /// Returns how long `duration` of its clock takes.
    moment true_time(std::chrono::milliseconds duration) const;
    bool holds(bucket_number bucket, std::uint64_t epoch) const;
    /// Returns which taking over of the bucket it was by which it is held; 0: none.
    std::uint32_t took(bucket_number bucket) const { return buckets_[bucket].taken; }
    const lease_holder& holder() const { return holder_; }
    /// Returns true if its last answered beat allows to send.
    bool is_within_hold() const;

    void beat();
    void answered(const lease_message& m);
    void deadline_passed(const lease_message& m);
    void look_at_account(std::size_t account);
    void request_sent(std::size_t account, request_number request);
    void request_ended(std::size_t account, request_number request);

private:
    enum class phase { idle, admitting, sent };
    struct bucket_state {
        bool held = false;
        bool loaded = false;
        bool draining = false;
        std::uint64_t epoch = 0;
        std::uint64_t seq = 0;
        std::uint64_t seq_at_look = 0;
        std::uint32_t serial = 0;  // of the statement under way; 0: none
        std::uint32_t taken = 0;   // which taking over it was
    };
    struct account_state {
        model_ledger ledger;
        bool unwritten = false;
        phase is = phase::idle;
        request_number request = 0;
    };

    void repeat(const lease_message& m);
    void seen(const lease_message& m);
    std::vector<held_bucket> held() const;
    void move(const lease_message& look, std::vector<worker_beat> dead);
    void moved(const lease_message& m);
    bool is_idle(bucket_number bucket) const;
    void take(const bucket_row& row);
    void load(bucket_number bucket);
    void loaded(const lease_message& m);
    void drop(bucket_number bucket);
    void lose_commits();
    void check_written();
    void try_bucket(bucket_number bucket);
    void admit(std::size_t account);
    void write(std::size_t account);
    void written(const lease_message& m);
    void committed(const lease_message& m);
    void next_beat();

    lease_world* world_;
    std::size_t number_;
    double rate_;
    moment clock_;
    moment frozen_ = 0;
    moment paused_until_ = 0;
    moment frozen_until_ = -1;
    std::uint32_t pauses_ = 0;
    std::uint32_t life_ = 0;
    bool running_ = false;
    bool leaving_ = false;
    bool added_ = false;
    lease_holder holder_{worker_id{}};
    lease_observer observer_{worker_id{}};
    moment loss_noticed_ = 0;
    std::uint32_t serial_ = 0;  // of the beat, the look or the moves under way; 0: none
    boot_time last_beat_{}, last_answered_beat_ = boot_time::min();
    moment beat_begun_ = 0, answered_beat_begun_ = 0;
    std::vector<bucket_state> buckets_;
    std::vector<std::uint64_t> used_;  // the greatest number tried for each bucket
    std::vector<account_state> accounts_;
};

}  // namespace unipile::store::test
