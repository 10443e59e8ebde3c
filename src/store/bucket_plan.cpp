#include "store/bucket_plan.hpp"

#include "splitmix.hpp"

#include <algorithm>

namespace unipile::store {

bucket_number bucket_of(std::string_view account, bucket_number buckets) noexcept
{
    std::uint64_t hash = account.size();
    for (const char c : account) hash = mix64(hash + random_source::step + static_cast<unsigned char>(c));
    return static_cast<bucket_number>(hash % buckets);
}

bucket_plan::bucket_plan(worker_id me, std::span<const worker_id> live, const lease_options& options)
    : me_(me), hand_over_at_once_(options.hand_over_at_once)
{
    live_.reserve(live.size());
    for (const auto& w : live) live_.push_back({mix64(mix64(w.high) ^ w.low), w});
}

worker_id bucket_plan::rightful_owner(bucket_number bucket) const noexcept
{
    const auto salt = (std::uint64_t{bucket} + 1) * random_source::step;
    worker_id best;
    std::uint64_t greatest = 0;
    for (const auto& c : live_) {
        const auto hash = mix64(c.key + salt);
        if (hash > greatest || (hash == greatest && c.worker > best)) {
            greatest = hash;
            best = c.worker;
        }
    }
    return best;
}

bool bucket_plan::is_live(worker_id worker) const noexcept
{
    return std::any_of(live_.begin(), live_.end(), [&](const candidate& c) { return c.worker == worker; });
}

bucket_moves bucket_plan::next(std::span<const bucket_row> rows, std::span<const held_bucket> held) const
{
    bucket_moves moves;
    auto draining =
        static_cast<std::uint32_t>(std::count_if(held.begin(), held.end(), [](const auto& h) { return h.draining; }));
    auto h = held.begin();
    for (const auto& row : rows) {
        for (; h != held.end() && h->bucket < row.bucket; ++h) moves.lost.push_back(h->bucket);
        const bool holds = h != held.end() && h->bucket == row.bucket;
        if (holds && row.owner == me_ && row.epoch == h->epoch) {
            keep_or_hand_over(*h, row, draining, moves);
        } else {
            if (holds) {
                moves.lost.push_back(row.bucket);
                if (row.epoch < h->epoch) moves.commits_lost = true;
            }
            if (row.owner == me_)
                moves.adopt.push_back(row);
            else if (rightful_owner(row.bucket) == me_ && !is_live(row.owner))
                moves.claim.push_back(row.bucket);
        }
        if (holds) ++h;
    }
    for (; h != held.end(); ++h) moves.lost.push_back(h->bucket);
    return moves;
}

void bucket_plan::keep_or_hand_over(const held_bucket& h, const bucket_row& row, std::uint32_t& draining,
                                    bucket_moves& moves) const
{
    if (row.seq < h.seq) moves.commits_lost = true;
    if (h.draining) {
        if (h.idle) moves.give_back.push_back(h);
    } else if (draining < hand_over_at_once_ && rightful_owner(h.bucket) != me_) {
        ++draining;
        moves.drain.push_back(h.bucket);
    }
}

bucket_fence next_fence(const held_bucket& held, std::uint64_t used) noexcept
{
    return {held.bucket, held.epoch, held.seq, std::max(held.seq, used) + 1};
}

fence_verdict judge(const bucket_row& found, worker_id me, const bucket_fence& tried) noexcept
{
    if (found.owner != me || found.epoch != tried.epoch) return fence_verdict::lost;
    if (found.seq == tried.seq) return fence_verdict::again;
    if (found.seq < tried.seq) return fence_verdict::commits_lost;
    // Any other number was written by another process with this worker's id, e.g. a copy of its machine.
    return found.seq == tried.next ? fence_verdict::arrived : fence_verdict::lost;
}

}  // namespace unipile::store
