// Workers that share a store, in virtual time: clocks that run at different rates, messages that are lost, late or
// doubled, workers that stand still. Checks at each step what must never happen.
//
// Assumed: ledgers are kept in the store's time, which all workers know exactly.
#pragma once

#include "lease_store.hpp"
#include "splitmix.hpp"

#include "store/lease_holder.hpp"

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace unipile::store::test {

/// One history's conditions.
struct lease_setting {
    lease_options options;
    left_out without = left_out::nothing;
    bool rewinds = false;
    std::size_t workers = 3;
    bucket_number buckets = 16;
    std::size_t accounts = 6;
    model_pace pace;
    moment first_byte = 20'000;            ///< deadline of a request's answer
    moment longest_request = 2'000;        ///< at most `first_byte`
    double least_rate = 1, most_rate = 1;  ///< of the workers' clocks
};

/// What happens to messages between workers and store, and to workers; the numbers are probabilities.
struct lease_trouble {
    moment longest_way = 20;
    double lost = 0;
    double doubled = 0;
    double late = 0;  ///< takes up to `latest`
    moment latest = 0;
    double torn = 0;   ///< a look reads the buckets later than the workers
    double stall = 0;  ///< a worker stops between the last check and the sending of a request
    moment longest_stall = 0;
    double frozen = 0;  ///< share of the stops during which the worker's clock stands still, too
};

/// A statement on its way to the store, and its answer.
struct lease_message {
    enum class kind : std::uint8_t { add, beat, moves, leave, load, write };
    kind what = kind::beat;
    std::uint32_t serial = 0;
    std::size_t worker = 0;
    std::uint32_t life = 0;
    worker_id me;
    std::vector<worker_beat> dead;
    std::vector<bucket_number> wanted;
    std::vector<held_bucket> given_back;
    bucket_fence bucket;
    std::size_t account = 0;
    model_ledger ledger;
    std::uint32_t taken = 0;  ///< which taking over of the bucket it belongs to
    // The answer.
    lease_store::look look;
    std::vector<bucket_row> claimed;
    bool done = false;
    bucket_row row;
    std::vector<model_ledger> ledgers;  ///< of the bucket's accounts
    // The way.
    unsigned uses = 0;
    std::uint32_t era = 0;
    moment deadline = 0;
    bool given_up = false;
    bool half_seen = false;  ///< the workers are read, the buckets will be
};

class model_worker;

class lease_world {
public:
    lease_world(const lease_setting& setting, std::uint64_t seed);
    ~lease_world();
    lease_world(const lease_world&) = delete;
    lease_world& operator=(const lease_world&) = delete;

    // Events from outside.
    void start(std::size_t worker);
    void kill(std::size_t worker);
    void leave(std::size_t worker);
    void pause(std::size_t worker, moment duration, bool frozen);
    bool is_running(std::size_t worker) const;
    bool is_paused(std::size_t worker) const;
    void store_stops();
    /// `lost`: how much of the time before it stopped is lost.
    void store_starts(moment lost);
    void run_until(moment t);

    lease_trouble trouble;
    const lease_setting& setting() const { return setting_; }
    lease_store& store() { return store_; }
    random_source& random() { return random_; }
    moment now() const { return now_; }
    const std::string& wrong() const { return store_.wrong().empty() ? wrong_ : store_.wrong(); }
    /// Returns what is unlike what it has to be once all trouble is over; empty: nothing. Every account must have sent
    /// after `since`.
    std::string unsettled(moment since) const;
    /// Returns which account's window holds too many requests, as the server counts them; empty: none. Does not count
    /// late ones, and none whose admission a failover of the store has lost for good.
    std::string exceeded_windows() const;
    std::uint64_t late_requests() const { return late_requests_; }
    std::uint64_t requests() const { return requests_.size() - 1; }
    /// Returns true if each bucket is held by a running worker that may send.
    bool all_owned() const;

    // For workers.
    const std::vector<std::size_t>& accounts_of(bucket_number bucket) const { return accounts_of_[bucket]; }
    bucket_number bucket_of(std::size_t account) const { return bucket_of_[account]; }
    lease_message& new_message(const model_worker& from, lease_message::kind what);
    /// Sends it; the worker gets an answer or learns of the deadline, not both.
    void send(lease_message& m, moment deadline);
    void beat_at(const model_worker& who, moment t);
    void look_at_account_at(const model_worker& who, std::size_t account, moment t);
    request_number new_request(const model_worker& who, std::size_t account, std::uint64_t epoch, std::uint32_t taken);
    void end_request_at(const model_worker& who, request_number number, moment t);
    /// Sends an admitted request, if the worker does not stall right before.
    void send_request(model_worker& who, request_number number);
    /// Reports that all that the worker knew at `since`, when it noticed that commits were lost, is in the store again.
    void ledgers_written(const model_worker& who, moment since);

private:
    struct event {
        enum class kind : std::uint8_t { arrival, copy, answer, deadline, beat, account, request, end };
        moment at;
        std::uint64_t order;
        kind what;
        std::size_t worker;
        std::uint32_t life;
        std::size_t index;  ///< of a message, an account or a request
    };
    struct request {
        std::size_t account = 0, worker = 0;
        std::uint32_t life = 0;
        std::uint64_t epoch = 0;
        std::uint32_t taken = 0;
        moment admitted = 0;
        std::optional<moment> sent;
        moment counted = 0;        ///< by the server, at some time until its end
        bool stalled = false;      ///< the worker stopped between the last check and the sending
        std::uint32_t pauses = 0;  ///< of the worker before it was sent
        bool late = false;         ///< sent when the bucket had another owner
        bool lost = false;         ///< the store has lost its admission
    };

    moment below(moment bound);
    bool chance(double probability) { return random_.unit() < probability; }
    void push(event::kind what, moment at, std::size_t worker, std::uint32_t life, std::size_t index);
    bool happens(const event& e);
    void arrives(const event& e);
    void execute(lease_message& m);
    void execute_moves(lease_message& m);
    void answer(std::size_t index, bool heard);
    void done_with(std::size_t index);
    void leaves_worker(request& r);
    bool may_be_late(const request& r);
    void check_fenced(worker_id worker);
    void check_noticed(const lease_message& look, const model_worker& who);
    void note_written(std::size_t account);
    void note_lost(const std::vector<model_ledger>& before);
    void fail(std::string_view what);

    lease_setting setting_;
    random_source random_;
    lease_store store_;
    std::vector<model_worker> workers_;
    std::vector<bucket_number> bucket_of_;
    std::vector<std::vector<std::size_t>> accounts_of_;
    std::vector<event> events_;
    std::deque<lease_message> messages_;
    std::vector<std::size_t> free_messages_;
    std::vector<request> requests_;
    std::vector<std::vector<request_number>> sent_;  // by account
    moment now_ = 0;
    std::uint64_t order_ = 0;
    std::uint32_t serial_ = 0;
    std::uint32_t era_ = 0;  // rises when the store stops: what is under way then never arrives
    bool store_is_up_ = true;
    moment stopped_at_ = 0;
    moment last_rewind_ = -1;
    std::size_t lost_ = 0;  // requests that are
    std::uint64_t late_requests_ = 0;
    std::string wrong_;
};

}  // namespace unipile::store::test
