#include "store/postgres/worker_share.hpp"

#include <algorithm>
#include <utility>

namespace unipile::store::postgres {

using std::chrono::milliseconds;

namespace {

// Accounts that move pause for two beats, which is little compared to their pace.
lease_options with_large_handovers(lease_options times, bucket_number buckets)
{
    times.hand_over_at_once = std::max<std::uint32_t>(times.hand_over_at_once, buckets / 4);
    return times;
}

}  // namespace

worker_share::worker_share(const lease_options& times, bucket_number buckets, bool alone,
                           std::function<boot_time()> clock)
    : times_(with_large_handovers(times, buckets)),
      alone_(alone),
      clock_(std::move(clock)),
      observer_({}, times_),
      holder_({}, times_),
      buckets_(buckets)
{}

std::string worker_share::id() const
{
    const std::lock_guard lock(mutex_);
    return me_.text();
}

// Heartbeats.

void worker_share::begin_life(worker_id me)
{
    observer_ = lease_observer(me, times_);
    const std::lock_guard lock(mutex_);
    me_ = me;
    holder_ = lease_holder(me, times_);
    own_seq_ = 0;
    for (bucket_state& b : buckets_) b = {};
    ending_ = ending::none;
    ++version_;
    changed_ = true;
}

bool worker_share::is_fenced() const
{
    const std::lock_guard lock(mutex_);
    return holder_.is_fenced();
}

milliseconds worker_share::until_next_beat() const
{
    const boot_time at = clock_();
    const std::lock_guard lock(mutex_);
    return holder_.next_beat(at) - at;
}

void worker_share::beat_begins()
{
    sent_ = clock_();
    const std::lock_guard lock(mutex_);
    held_before_ = held();
    holder_.beat_begins(sent_);
}

void worker_share::beat_unknown()
{
    const std::lock_guard lock(mutex_);
    holder_.beat_unknown();
}

bool worker_share::beat_answered(std::optional<std::uint64_t> number, wall_time database)
{
    const boot_time received = clock_();
    const std::lock_guard lock(mutex_);
    switch (holder_.beat_answered(number)) {
        case lease_holder::answer::held: break;
        case lease_holder::answer::commits_lost: rewind_all(); break;
        case lease_holder::answer::fenced:
            if (alone_) ending_ = ending::taken_over;
            for (std::size_t b = 0; b < buckets_.size(); ++b) drop(static_cast<bucket_number>(b));
            return false;
    }
    measure(database, sent_, received);
    return true;
}

void worker_share::note_upgrade()
{
    const std::lock_guard lock(mutex_);
    ending_ = ending::upgraded;
    for (std::size_t b = 0; b < buckets_.size(); ++b) drop(static_cast<bucket_number>(b));
}

// The clock was read somewhere in the round trip, so short ones count. The lock is held.
void worker_share::measure(wall_time database, boot_time sent, boot_time received)
{
    const milliseconds took = received - sent;
    shortest_ = std::min(shortest_ + milliseconds(1), milliseconds(std::chrono::minutes(1)));
    if (took > shortest_) return;
    shortest_ = took;
    database_time_ = database;
    measured_at_ = sent + took / 2;
}

std::vector<worker_beat> worker_share::find_dead(const std::vector<worker_beat>& live)
{
    {
        const std::lock_guard lock(mutex_);
        if (std::exchange(forget_looks_, false)) observer_.forget();
    }
    // Later than the answer, so that no heartbeat seems to stand still before it was seen.
    return observer_.look(live, clock_());
}

share_moves worker_share::look(const store_look& seen)
{
    share_moves moves;
    moves.dead = find_dead(seen.live);
    if (alone_) return moves;
    std::vector<worker_id> live;
    for (const worker_beat& w : seen.live)
        if (std::find(moves.dead.begin(), moves.dead.end(), w) == moves.dead.end()) live.push_back(w.worker);
    const std::lock_guard lock(mutex_);
    bucket_moves next = bucket_plan(me_, live, times_).next(seen.buckets, held_before_);
    follow(next, seen);
    moves.claim = std::move(next.claim);
    moves.give_back = std::move(next.give_back);
    return moves;
}

// The lock is held.
void worker_share::follow(const bucket_moves& moves, const store_look& seen)
{
    for (const bucket_number b : moves.lost) drop(b);
    for (const bucket_row& row : moves.adopt) take(row);
    for (const bucket_number b : moves.drain) drain(b);
    if (!moves.commits_lost) return;
    // A transaction under way finds out by itself.
    for (const held_bucket& h : held_before_) {
        const bucket_row& row = seen.buckets.at(h.bucket);
        bucket_state& b = buckets_[h.bucket];
        if (b.held && row.epoch == b.epoch && row.seq < h.seq && b.seq == h.seq) b.seq = row.seq;
    }
    rewind_all();
}

void worker_share::moved(const share_moves& written, const std::vector<bucket_row>& mine)
{
    const std::lock_guard lock(mutex_);
    for (const held_bucket& h : written.give_back)
        if (buckets_[h.bucket].held && buckets_[h.bucket].epoch == h.epoch) drop(h.bucket);
    for (const bucket_row& row : mine) take(row);
}

bool worker_share::has_all_buckets() const
{
    const std::lock_guard lock(mutex_);
    return std::all_of(buckets_.begin(), buckets_.end(), [](const bucket_state& b) { return b.held; });
}

// Transactions.

worker_share::ending worker_share::how_it_ends() const
{
    const std::lock_guard lock(mutex_);
    return ending_;
}

void worker_share::begin(worker_view& view)
{
    const std::lock_guard lock(mutex_);
    ++begun_;
    view.id = me_;
    view.text = me_.text();
    view.alone = alone_;
    view.version = version_;
    view.buckets = buckets_;
    view.own_seq = own_seq_;
    view.loaded = &accounts_;
}

void worker_share::end() noexcept
{
    const std::lock_guard lock(mutex_);
    ended_ = begun_;
}

void worker_share::note_committed(const worker_view& view, const fence_set& fences,
                                  const std::vector<account_move>& moves)
{
    const std::lock_guard lock(mutex_);
    for (const bucket_fence& f : fences.buckets)
        if (bucket_state& b = buckets_[f.bucket]; b.held && b.tenure == view.buckets[f.bucket].tenure) b.seq = f.next;
    if (fences.own && view.id == me_) own_seq_ = fences.own->next;
    for (const account_move& m : moves) {
        if (m.loaded) {
            accounts_.insert_or_assign(m.account, *m.loaded);
            // It has to leave if the bucket was lost or drains meanwhile.
            const bucket_state& b = buckets_[m.loaded->bucket];
            changed_ = changed_ || !b.is_open() || b.tenure != m.loaded->tenure;
        } else if (const auto at = accounts_.find(m.account); at != accounts_.end()) {
            accounts_.erase(at);
        }
    }
    go_on_after_rewind();
}

void worker_share::lose(const worker_view& view, bucket_number bucket)
{
    const std::lock_guard lock(mutex_);
    if (buckets_[bucket].held && buckets_[bucket].tenure == view.buckets[bucket].tenure) drop(bucket);
}

void worker_share::rewind(const worker_view& view, bucket_number bucket, std::uint64_t seq)
{
    const std::lock_guard lock(mutex_);
    bucket_state& b = buckets_[bucket];
    if (b.held && b.tenure == view.buckets[bucket].tenure) b.seq = seq;
    rewind_all();
}

void worker_share::rewind_own(const worker_view& view, std::uint64_t seq)
{
    const std::lock_guard lock(mutex_);
    if (view.id == me_) own_seq_ = seq;
    rewind_all();
}

std::vector<std::string> worker_share::accounts_to_leave(std::size_t count)
{
    const std::lock_guard lock(mutex_);
    std::vector<std::string> leave;
    for (const auto& [account, entry] : accounts_) {
        const bucket_state& b = buckets_[entry.bucket];
        if (b.is_open() && b.tenure == entry.tenure) continue;
        if (leave.size() == count) return leave;
        leave.push_back(account);
    }
    changed_ = false;
    return leave;
}

bool worker_share::may_send(std::string_view account) const noexcept
{
    const boot_time at = clock_();
    const std::lock_guard lock(mutex_);
    const bucket_state& b = buckets_[bucket_of(account, static_cast<bucket_number>(buckets_.size()))];
    const auto entry = accounts_.find(account);
    return holder_.may_send(at) && b.is_open() && entry != accounts_.end() && entry->second.tenure == b.tenure;
}

bool worker_share::may_send() const noexcept
{
    const boot_time at = clock_();
    const std::lock_guard lock(mutex_);
    return holder_.may_send(at);
}

// By then the buckets of workers that ended with the failover are taken over, too.
bool worker_share::may_lack_requests() const noexcept
{
    const boot_time at = clock_();
    const std::lock_guard lock(mutex_);
    return at < lacks_until_;
}

bool worker_share::has_changed() const noexcept
{
    const std::lock_guard lock(mutex_);
    return changed_;
}

std::uint64_t worker_share::growth() const noexcept
{
    const std::lock_guard lock(mutex_);
    return tenures_;
}

wall_time worker_share::now() const noexcept
{
    const boot_time at = clock_();
    const std::lock_guard lock(mutex_);
    return database_time_ + (at - measured_at_);
}

// The buckets. The lock is held.

void worker_share::take(const bucket_row& row)
{
    bucket_state& b = buckets_[row.bucket];
    b = {};
    b.held = true;
    b.epoch = row.epoch;
    b.seq = row.seq;
    b.tenure = ++tenures_;
    ++version_;
}

void worker_share::drop(bucket_number bucket)
{
    buckets_[bucket] = {};
    ++version_;
    changed_ = true;
    go_on_after_rewind();
}

void worker_share::drain(bucket_number bucket)
{
    buckets_[bucket].draining = true;
    buckets_[bucket].drains_behind = begun_;
    ++version_;
    changed_ = true;
}

void worker_share::rewind_all()
{
    if (alone_) ending_ = ending::commits_lost;
    holder_.lose_commits();
    forget_looks_ = true;
    for (bucket_state& b : buckets_) b.rewound = b.held;
    ++version_;
    changed_ = true;
    go_on_after_rewind();
}

void worker_share::go_on_after_rewind()
{
    if (!holder_.must_write_ledgers()) return;
    const auto owes = [this](const auto& a) {
        const bucket_state& b = buckets_[a.second.bucket];
        return b.held && b.tenure == a.second.tenure;
    };
    if (std::any_of(accounts_.begin(), accounts_.end(), owes)) return;
    for (bucket_state& b : buckets_) {
        if (!b.rewound) continue;
        b.rewound = false;
        b.tenure = ++tenures_;
    }
    ++version_;
    holder_.ledgers_written();
    lacks_until_ = clock_() + 2 * times_.take_after;
}

bool worker_share::is_idle(bucket_number bucket) const
{
    const bucket_state& b = buckets_[bucket];
    return ended_ >= b.drains_behind && std::none_of(accounts_.begin(), accounts_.end(),
                                                     [bucket](const auto& a) { return a.second.bucket == bucket; });
}

std::vector<held_bucket> worker_share::held() const
{
    std::vector<held_bucket> all;
    for (std::size_t n = 0; n < buckets_.size(); ++n) {
        const bucket_state& b = buckets_[n];
        const auto bucket = static_cast<bucket_number>(n);
        if (b.held) all.push_back({bucket, b.epoch, b.seq, b.draining, b.draining && is_idle(bucket)});
    }
    return all;
}

}  // namespace unipile::store::postgres
