// The status of a harvest.
#include "harvest/harvest_core.hpp"

#include <algorithm>
#include <limits>

namespace unipile::harvest {

/// Times are those of the system's clock, not of the harvest's.
void harvest_core::show(account_index i, const std::function<void(const account_status&)>& visit) const
{
    const auto ahead = clock_.ahead();
    const wall_time t = now();
    const auto& rules = scheduler_.rules(i);
    account_ledger ledger = scheduler_.ledger(i);
    const auto windows = rules.rules().windows.size();
    const auto left = windows ? rules.left(ledger, windows - 1, t) : std::numeric_limits<std::uint32_t>::max();
    const wall_time next = rules.earliest(ledger, t, ahead) + ahead;
    shift(ledger, ahead);
    account_status s{names_[i], ledger, rules.rules()};
    s.queued = scheduler_.queued(i);
    s.running = scheduler_.in_flight(i);
    s.next_request = next;
    s.left_today = left;
    s.unknown = scheduler_.is_suspect(i);
    visit(s);
}

bool harvest_core::account(std::string_view name, const std::function<void(const account_status&)>& visit) const
{
    const auto at = accounts_.find(std::string(name));
    if (at == accounts_.end() || gone_[at->second]) return false;
    show(at->second, visit);
    return true;
}

void harvest_core::accounts(const std::function<void(const account_status&)>& visit) const
{
    for (account_index i = 0; i < names_.size(); ++i)
        if (!gone_[i]) show(i, visit);
}

harvest_stats harvest_core::stats() const
{
    harvest_stats s;
    s.jobs = next_number_;
    s.completed = completed_;
    s.failed = failed_;
    s.queued = scheduler_.queued();
    s.running = scheduler_.running();
    s.accounts = static_cast<std::size_t>(std::count(gone_.begin(), gone_.end(), false));
    s.parked = scheduler_.parked();
    s.buffered_bytes = elements_.bytes();
    s.source_exhausted = exhausted_;
    s.paused = scheduler_.is_paused();
    s.max_connections = scheduler_.max_running();
    s.ended_by_outage = ended_by_outage_;
    s.listings = listings_;
    for (const auto& j : jobs_) s.listings = s.listings + (j.listing ? j.listing->stats() : j.stats);
    return s;
}

std::optional<harvest_outage> harvest_core::outage() const
{
    const outage_watch& o = scheduler_.outage();
    if (!o.is_cut_off()) return {};
    const auto ahead = clock_.ahead();
    return harvest_outage{o.since() + ahead, o.next_probe() + ahead,
                          no_answer_.value_or(failure(errc::connect_failed))};
}

stream_stats operator+(const stream_stats& a, const stream_stats& b) noexcept
{
    stream_stats s = a;
    s.posts += b.posts;
    s.pages += b.pages;
    s.rereads += b.rereads;
    s.requests += b.requests;
    s.resent += b.resent;
    s.retries += b.retries;
    s.wire_bytes += b.wire_bytes;
    s.json_bytes += b.json_bytes;
    s.anomalies += b.anomalies;
    s.quarantined += b.quarantined;
    s.repeated += b.repeated;
    s.too_old += b.too_old;
    s.known += b.known;
    s.waits += b.waits;
    s.waited += b.waited;
    return s;
}

}  // namespace unipile::harvest
