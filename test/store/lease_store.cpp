#include "lease_store.hpp"

#include <algorithm>
#include <utility>

namespace unipile::store::test {

void model_ledger::end_request(moment now)
{
    if (count == most) {
        std::move(used.begin() + 1, used.end(), used.begin());
        --count;
    }
    used[count++] = {now, std::exchange(in_flight, 0)};
    ++version;
}

bool model_ledger::names(request_number request) const
{
    return in_flight == request ||
           std::any_of(used.begin(), used.begin() + count, [&](const use& u) { return u.request == request; });
}

moment model_ledger::earliest(const model_pace& pace) const
{
    moment t = rest_until;
    if (count > 0) t = std::max(t, used[count - 1].at + pace.gap);
    if (count >= pace.limit) t = std::max(t, used[count - pace.limit].at + pace.window);
    return t;
}

lease_store::lease_store(bucket_number buckets, std::size_t accounts, left_out what, bool rewinds)
    : left_out_(what), rewinds_(rewinds), buckets_(buckets), last_owners_(buckets), ledgers_(accounts)
{
    for (bucket_number b = 0; b < buckets; ++b) buckets_[b].bucket = b;
}

template <class T>
void lease_store::keep(std::size_t index, const T& before)
{
    if (!rewinds_) return;
    if (history_.size() > 500) {
        const auto young = std::find_if(history_.begin(), history_.end(),
                                        [&](const undo& u) { return u.at >= now_ - farthest_rewind; });
        history_.erase(history_.begin(), young);
    }
    history_.push_back({now_, index, before});
}

void lease_store::rewind(moment to)
{
    for (; !history_.empty() && history_.back().at > to; history_.pop_back()) {
        const auto& u = history_.back();
        if (const auto* w = std::get_if<worker_row>(&u.before))
            workers_[u.index] = *w;
        else if (const auto* b = std::get_if<bucket_row>(&u.before))
            buckets_[u.index] = *b;
        else
            ledgers_[u.index] = std::get<model_ledger>(u.before);
    }
}

lease_store::worker_row* lease_store::find(worker_id worker)
{
    const auto w =
        std::find_if(workers_.rbegin(), workers_.rend(), [&](const auto& r) { return r.it.worker == worker; });
    return w == workers_.rend() ? nullptr : &*w;
}

lease_store::worker_row* lease_store::find_live(worker_id worker)
{
    auto* w = find(worker);
    return w && w->is == state::live ? w : nullptr;
}

bool lease_store::is_live(worker_id worker) const
{
    return std::any_of(workers_.begin(), workers_.end(),
                       [&](const auto& w) { return w.it.worker == worker && w.is == state::live; });
}

void lease_store::add_worker(worker_id me)
{
    // A second copy of the statement finds the row of the first.
    if (find(me)) return;
    workers_.push_back({{me, 0}, state::lost});
    keep(workers_.back());
    workers_.back() = {{me, 1}, state::live};
}

void lease_store::beat(worker_id me, look& seen)
{
    seen.beat.reset();
    if (auto* w = find_live(me)) {
        keep(*w);
        seen.beat = ++w->it.beat;
    }
    seen.live.clear();
    for (const auto& w : workers_)
        if (w.is == state::live) seen.live.push_back(w.it);
    seen.buckets = buckets_;
}

bool lease_store::fence(worker_id me, const worker_beat& dead)
{
    auto* w = find_live(dead.worker);
    if (!find_live(me) || !w || w->it != dead) return false;
    keep(*w);
    w->is = state::fenced;
    ++fences_;
    return true;
}

void lease_store::claim(worker_id me, std::span<const bucket_number> wanted, std::vector<bucket_row>& claimed)
{
    if (!find_live(me)) return;
    for (const auto b : wanted) {
        auto& row = buckets_[b];
        if (row.owner && left_out_ != left_out::evidence_for_claim) {
            const auto* owner = find(row.owner);
            if (!owner || (owner->is != state::fenced && owner->is != state::left)) continue;
        }
        keep(b, row);
        row.owner = me;
        ++row.epoch;
        if (auto& last = last_owners_[b]; last != me) {
            if (last) ++moves_;
            last = me;
        }
        claimed.push_back(row);
    }
}

void lease_store::give_back(worker_id me, bucket_number bucket, std::uint64_t epoch)
{
    auto& row = buckets_[bucket];
    if (row.owner != me || row.epoch != epoch) return;
    keep(bucket, row);
    row.owner = {};
    ++row.epoch;
}

void lease_store::leave(worker_id me)
{
    if (auto* w = find_live(me)) {
        keep(*w);
        w->is = state::left;
    }
}

bool lease_store::fence_holds(const bucket_row& row, worker_id me, const bucket_fence& expected) const
{
    const bool epoch = row.epoch == expected.epoch, seq = row.seq == expected.seq;
    switch (left_out_) {
        case left_out::fence: return true;
        case left_out::owner_in_fence: return epoch;
        case left_out::seq_in_fence: return row.owner == me && epoch;
        default: return row.owner == me && epoch && seq;
    }
}

bool lease_store::write(worker_id me, const bucket_fence& expected, std::size_t account, const model_ledger& ledger)
{
    auto& row = buckets_[expected.bucket];
    if (!fence_holds(row, me, expected)) return false;
    if (row.owner != me || row.epoch != expected.epoch)
        wrong_ = "a worker has written to a bucket that it does not own";
    if (ledger.version < ledgers_[account].version) wrong_ = "an older ledger was written over a newer one";
    keep(expected.bucket, row);
    row.seq = row.seq == expected.seq ? expected.next : row.seq + 1;
    keep(account, ledgers_[account]);
    ledgers_[account] = ledger;
    return true;
}

}  // namespace unipile::store::test
