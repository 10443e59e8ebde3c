#include "store/postgres/worker.hpp"

#include "store/postgres/statements.hpp"

#include <algorithm>
#include <array>
#include <string>

#include <time.h>
#include <unistd.h>

namespace unipile::store::postgres {

namespace {

using std::chrono::milliseconds;

// The name of this worker, for display.
std::string name_of_process()
{
    std::array<char, 256> host{};
    if (::gethostname(host.data(), host.size() - 1) != 0) host[0] = '?';
    return storable_text(host.data()) + ", process " + std::to_string(::getpid());
}

}  // namespace

boot_time boot_now()
{
    timespec t{};
    ::clock_gettime(CLOCK_BOOTTIME, &t);
    return boot_time(
        std::chrono::duration_cast<milliseconds>(std::chrono::seconds(t.tv_sec) + std::chrono::nanoseconds(t.tv_nsec)));
}

namespace {

// Accounts that move pause for two beats, which is little compared to their pace.
lease_options with_large_handovers(lease_options times, bucket_number buckets)
{
    times.hand_over_at_once = std::max<std::uint32_t>(times.hand_over_at_once, buckets / 4);
    return times;
}

}  // namespace

worker::worker(connection& db, const conninfo& where, const store_format& format, const postgres_options& options)
    : db_(db),
      times_(with_large_handovers(format.leases, format.buckets)),
      alone_(options.access == access::sole),
      name_(name_of_process()),
      observer_({}, times_),
      holder_({}, times_),
      buckets_(format.buckets)
{
    begin_life();
    try {
        enter(options);
    } catch (const std::exception&) {
        leave();
        throw;
    }
    thread_ = std::thread([this, where] { beat_on(where); });
}

worker::~worker()
{
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    stopped_.notify_all();
    thread_.join();
    // Otherwise others find out by themselves.
    if (db_.connected()) leave();
}

// Used by the engine.

void worker::refuse_if_over() const
{
    const std::lock_guard lock(mutex_);
    if (over_)
        throw store_error(store_errc::in_use, db_.name(),
                          "another worker has taken over, because this one showed no sign of life for too long");
    if (commits_lost_)
        throw store_error(store_errc::engine, db_.name(),
                          "the database has lost commits that it had confirmed, as after a failover; requests of the "
                          "last seconds before it may not be counted: wait as long, then run the same command again");
}

void worker::begin(worker_view& view)
{
    const std::lock_guard lock(mutex_);
    ++begun_;
    view.id = me_;
    view.text = text_;
    view.alone = alone_;
    view.version = version_;
    view.buckets = buckets_;
    view.own_seq = own_seq_;
    view.loaded = &accounts_;
}

void worker::end() noexcept
{
    const std::lock_guard lock(mutex_);
    ended_ = begun_;
}

void worker::note_committed(const worker_view& view, const fence_set& fences, const std::vector<account_move>& moves)
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

void worker::lose(const worker_view& view, bucket_number bucket)
{
    const std::lock_guard lock(mutex_);
    if (buckets_[bucket].held && buckets_[bucket].tenure == view.buckets[bucket].tenure) drop(bucket);
}

void worker::rewind(const worker_view& view, bucket_number bucket, std::uint64_t seq)
{
    const std::lock_guard lock(mutex_);
    bucket_state& b = buckets_[bucket];
    if (b.held && b.tenure == view.buckets[bucket].tenure) b.seq = seq;
    rewind_all();
}

void worker::rewind_own(const worker_view& view, std::uint64_t seq)
{
    const std::lock_guard lock(mutex_);
    if (view.id == me_) own_seq_ = seq;
    rewind_all();
}

bool worker::may_send(std::string_view account) const noexcept
{
    const boot_time at = boot_now();
    const std::lock_guard lock(mutex_);
    const bucket_number bucket = bucket_of(account, static_cast<bucket_number>(buckets_.size()));
    const bucket_state& b = buckets_[bucket];
    const auto entry = accounts_.find(account);
    return holder_.may_send(at) && b.is_open() && entry != accounts_.end() && entry->second.tenure == b.tenure;
}

bool worker::may_send() const noexcept
{
    const boot_time at = boot_now();
    const std::lock_guard lock(mutex_);
    return holder_.may_send(at);
}

bool worker::has_changed() const noexcept
{
    const std::lock_guard lock(mutex_);
    return changed_;
}

std::vector<std::string> worker::accounts_to_leave(std::size_t count)
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

wall_time worker::now() const noexcept
{
    const boot_time at = boot_now();
    const std::lock_guard lock(mutex_);
    return database_time_ + (at - measured_at_);
}

// The share. The lock is held.

void worker::take(const bucket_row& row)
{
    bucket_state& b = buckets_[row.bucket];
    b = {};
    b.held = true;
    b.epoch = row.epoch;
    b.seq = row.seq;
    b.tenure = ++tenures_;
    ++version_;
}

void worker::drop(bucket_number bucket)
{
    buckets_[bucket] = {};
    ++version_;
    changed_ = true;
    go_on_after_rewind();
}

// Every ledger in memory is newer than the store's, and is written again when its account leaves. Jobs are claimed
// anew then, so that their positions are read again.
void worker::rewind_all()
{
    commits_lost_ = alone_;
    holder_.lose_commits();
    observer_.forget();
    for (bucket_state& b : buckets_) b.rewound = b.held;
    ++version_;
    changed_ = true;
    go_on_after_rewind();
}

void worker::go_on_after_rewind()
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
}

bool worker::is_idle(bucket_number bucket) const
{
    const bucket_state& b = buckets_[bucket];
    return ended_ >= b.drains_behind && std::none_of(accounts_.begin(), accounts_.end(),
                                                     [bucket](const auto& a) { return a.second.bucket == bucket; });
}

std::vector<held_bucket> worker::held() const
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
