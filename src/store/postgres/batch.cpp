#include "store/postgres/batch.hpp"

#include "store/postgres/listing_work.hpp"
#include "store/result_of_any.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace unipile::store::postgres {

namespace {

bool is_listing_work(const operation& op)
{
    return std::holds_alternative<page_write>(op) || std::holds_alternative<job_end>(op) ||
           std::holds_alternative<release_job>(op) || std::holds_alternative<forget_position>(op) ||
           std::holds_alternative<save_account>(op);
}

}  // namespace

std::vector<operation_result> batch::work(std::span<const operation> operations)
{
    // The other operations are claims, and those of listings.
    const auto apply_one = [this](const auto& op) -> decltype(this->apply(op)) { return apply(op); };
    std::vector<operation_result> results;
    results.reserve(operations.size());
    while (results.size() < operations.size()) {
        const auto rest = operations.subspan(results.size());
        if (const std::size_t claims = claims_at_once(rest); claims > 0) {
            load_and_claim(rest.first(claims), results);
            continue;
        }
        const auto end = std::find_if_not(rest.begin(), rest.end(), is_listing_work);
        if (end == rest.begin()) {
            results.push_back(result_of_any(rest.front(), apply_one));
            continue;
        }
        listing_work listings(*this);
        listings.work(rest.first(static_cast<std::size_t>(end - rest.begin())), results);
    }
    return results;
}

const worker_view& batch::me() const
{
    if (!me_) throw std::logic_error("a store that was opened for control can't do this");
    return *me_;
}

bucket_number batch::bucket_of(std::string_view account) const { return me().bucket_of(account); }

const claim* batch::claim_of(std::int64_t job) const
{
    const claim* c = memory_.find(job);
    return c && me().is_claimed_in(c->bucket, c->tenure) ? c : nullptr;
}

void batch::fence(std::vector<bucket_number> buckets)
{
    std::sort(buckets.begin(), buckets.end());
    buckets.erase(std::unique(buckets.begin(), buckets.end()), buckets.end());
    std::erase_if(buckets, [this](bucket_number b) {
        return std::any_of(fences_.buckets.begin(), fences_.buckets.end(),
                           [b](const bucket_fence& f) { return f.bucket == b; });
    });
    if (buckets.empty()) return;
    array number(type_id::bigint), epoch(type_id::bigint), seq(type_id::bigint), next(type_id::bigint);
    for (const bucket_number b : buckets) {
        const bucket_fence f = me().fence_of(b);
        fences_.buckets.push_back(f);
        number.add(f.bucket);
        epoch.add(f.epoch);
        seq.add(f.seq);
        next.add(f.next);
    }
    query q(
        "UPDATE unipile.buckets b SET seq = x.next FROM unnest($1, $2, $3, $4) AS x(bucket, epoch, seq, next) "
        "WHERE b.bucket = x.bucket AND b.epoch = x.epoch AND b.seq = x.seq AND b.owner = $5::uuid");
    q.add(std::move(number)).add(std::move(epoch)).add(std::move(seq)).add(std::move(next));
    q.add(std::string_view(me().text));
    t_.add(std::move(q), [wanted = buckets.size()](const rows& r) {
        if (r.affected() != static_cast<std::int64_t>(wanted)) throw fence_missed();
    });
}

// For what belongs to no bucket. Has been read on return.
void batch::fence_own()
{
    if (fences_.own) return;
    fences_.own = me().own_fence();
    query q(
        "UPDATE unipile.batches SET seq = $1 WHERE worker = $3::uuid AND seq = $2 "
        "AND EXISTS (SELECT 1 FROM unipile.workers WHERE worker = $3::uuid AND state = 0)");
    q.add(fences_.own->next).add(fences_.own->seq).add(std::string_view(me().text));
    t_.add(std::move(q), [](const rows& r) {
        if (r.affected() != 1) throw fence_missed();
    });
    t_.sync();
}

std::uint64_t batch::number_in(bucket_number bucket) const
{
    const auto at = std::find_if(fences_.buckets.begin(), fences_.buckets.end(),
                                 [bucket](const bucket_fence& f) { return f.bucket == bucket; });
    return at->next;
}

rows batch::ask(query q)
{
    std::optional<rows> answer;
    t_.add(std::move(q), [&answer](rows& r) { answer.emplace(std::move(r)); });
    t_.sync();
    return std::move(*answer);
}

}  // namespace unipile::store::postgres
