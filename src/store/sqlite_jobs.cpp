// The jobs of a store and their leases.
#include "store/sqlite_store.hpp"

namespace unipile::store {

void sqlite_store::sweep(wall_time now) { sweep_.bind(1, std::optional(now)).run(); }

std::vector<claimed_job> sqlite_store::claim(const claim_request& request)
{
    return guarded([&] {
        sweep(request.now);
        const run_row& r = run_of(request.run);
        if (r.withheld) return std::vector<claimed_job>();
        statement& find = request.account.empty() ? claim_any_ : claim_account_;
        find.bind(1, request.run);
        if (!request.account.empty()) find.bind(2, request.account);
        find.bind(request.account.empty() ? 2 : 3, static_cast<std::int64_t>(request.count));
        std::vector<claimed_job> jobs;
        std::vector<std::string> lines;
        const running scope(find);
        while (find.step()) {
            claimed_job job;
            job.lease = {find.integer(0), find.integer(4) + 1};
            job.spec = {find.string(1), find.string(2), find.integer(3) != 0};
            job.attempts = static_cast<unsigned>(find.integer(5)) + 1;
            // A damaged timeline starts anew at the top, which costs requests but loses no posts.
            timeline line = timeline::parse(find.text(6), rules_).value_or(timeline(rules_));
            job.start = line.begin(r.mode, r.bounds, request.now);
            lines.push_back(line.text());
            jobs.push_back(std::move(job));
        }
        const std::int64_t lease_ms = std::chrono::milliseconds(request.lease_for).count();
        for (std::size_t i = 0; i < jobs.size(); ++i) {
            lease_job_.bind(1, std::optional(request.now + request.lease_for)).bind(2, lease_ms);
            lease_job_.bind(3, jobs[i].lease.fence).bind(4, request.worker).bind(5, std::int64_t{jobs[i].attempts});
            lease_job_.bind(6, lines[i]).bind(7, jobs[i].lease.job).run();
        }
        return jobs;
    });
}

bool sqlite_store::renew(const lease& l, std::chrono::seconds lease_for, wall_time now)
{
    return guarded([&] {
        renew_.bind(1, std::optional(now + lease_for));
        renew_.bind(2, std::int64_t{std::chrono::milliseconds(lease_for).count()}).bind(3, l.job).bind(4, l.fence);
        renew_.run();
        return db_.changes() == 1;
    });
}

bool sqlite_store::release(const lease& l, std::optional<wall_time> again_at)
{
    return guarded([&] {
        release_.bind(1, static_cast<std::int64_t>(again_at ? job_state::delayed : job_state::queued));
        release_.bind(2, again_at).bind(3, l.job).bind(4, l.fence).run();
        return db_.changes() == 1;
    });
}

job_counts sqlite_store::count_jobs(std::int64_t run)
{
    return guarded([&] {
        statement count(db_, "SELECT state, count(*) FROM jobs WHERE run = ? GROUP BY state");
        count.bind(1, run);
        job_counts c;
        while (count.step()) {
            const auto n = static_cast<std::uint64_t>(count.integer(1));
            switch (static_cast<job_state>(count.integer(0))) {
                case job_state::queued: c.queued = n; break;
                case job_state::delayed: c.delayed = n; break;
                case job_state::leased: c.leased = n; break;
                case job_state::done: c.done = n; break;
                case job_state::failed: c.failed = n; break;
            }
        }
        return c;
    });
}

std::optional<wall_time> sqlite_store::next_due(std::int64_t run)
{
    return guarded([&]() -> std::optional<wall_time> {
        statement find(db_, "SELECT due FROM jobs WHERE due IS NOT NULL AND run = ? AND " + may_come_due_ +
                                " ORDER BY due LIMIT 1");
        find.bind(1, run);
        if (!find.step()) return std::nullopt;
        return find.time(0);
    });
}

}  // namespace unipile::store
