// A worker's share of the buckets, as one transaction sees it.
#pragma once

#include "store/bucket_plan.hpp"
#include "store/worker_id.hpp"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace unipile::store::postgres {

/// The fences of one transaction. The worker's own counts the transactions that change what belongs to no bucket: runs
/// and imports.
struct fence_set {
    std::vector<bucket_fence> buckets;
    std::optional<bucket_fence> own;

    bool empty() const noexcept { return buckets.empty() && !own; }
};

struct bucket_state {
    bool held = false;
    bool draining = false;  ///< accounts have to leave; none is loaded
    bool rewound = false;   ///< commits were lost: ledgers are written again, everything else is read again
    std::uint64_t epoch = 0;
    std::uint64_t seq = 0;
    std::uint64_t tenure = 0;         ///< rises with each time that it is taken
    std::uint64_t drains_behind = 0;  ///< transactions that had begun when it began to drain

    bool is_open() const noexcept { return held && !draining && !rewound; }
};

/// An account that was loaded.
struct account_entry {
    bucket_number bucket = 0;
    std::uint64_t tenure = 0;
};

/// An account that a transaction loads, or that leaves with it.
struct account_move {
    std::string account;
    std::optional<account_entry> loaded;  ///< empty: it leaves
};

/// Stays the same during a transaction.
class worker_view {
public:
    using accounts = std::map<std::string, account_entry, std::less<>>;

    worker_id id;
    std::string text;  ///< of the id
    bool alone = false;
    std::uint64_t version = 0;
    std::vector<bucket_state> buckets;
    std::uint64_t own_seq = 0;
    const accounts* loaded = nullptr;  ///< only this thread changes them

    bucket_number bucket_of(std::string_view account) const noexcept
    {
        return store::bucket_of(account, static_cast<bucket_number>(buckets.size()));
    }
    /// Returns true if what is known of the account may be stored.
    bool has(std::string_view account) const
    {
        const bucket_state& b = buckets[bucket_of(account)];
        const auto at = loaded->find(account);
        return b.held && (at == loaded->end() || at->second.tenure == b.tenure);
    }
    /// Returns true if the account can be loaded, and its jobs claimed and worked on.
    bool is_open(std::string_view account) const { return buckets[bucket_of(account)].is_open() && has(account); }
    /// Returns true if a page of a job that was claimed in this tenure can be stored.
    bool is_claimed_in(bucket_number bucket, std::uint64_t tenure) const
    {
        const bucket_state& b = buckets[bucket];
        return b.held && !b.rewound && b.tenure == tenure;
    }
    /// Returns the buckets whose accounts can be loaded.
    std::vector<bucket_number> open_buckets() const
    {
        std::vector<bucket_number> open;
        for (std::size_t b = 0; b < buckets.size(); ++b)
            if (buckets[b].is_open()) open.push_back(static_cast<bucket_number>(b));
        return open;
    }

    bucket_fence fence_of(bucket_number bucket) const
    {
        const bucket_state& b = buckets[bucket];
        return next_fence({bucket, b.epoch, b.seq}, used_.empty() ? 0 : used_[bucket]);
    }
    bucket_fence own_fence() const { return next_fence({0, 0, own_seq}, own_used_); }
    /// These fences are about to be tried.
    void note_tried(const fence_set& fences)
    {
        used_.resize(buckets.size());
        for (const bucket_fence& f : fences.buckets) used_[f.bucket] = std::max(used_[f.bucket], f.next);
        if (fences.own) own_used_ = std::max(own_used_, fences.own->next);
    }

private:
    std::vector<std::uint64_t> used_;  // the greatest numbers that were ever tried
    std::uint64_t own_used_ = 0;
};

}  // namespace unipile::store::postgres
