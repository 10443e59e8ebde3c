// A small harvest into a store, without a network: listings that are models, and a worker that reads them.
#pragma once

#include "listing_model.hpp"

#include <unipile/store.hpp>

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>

#include <unistd.h>

namespace unipile::store::test {

/// A folder that is gone with the test.
class scratch {
public:
    scratch()
    {
        std::string name = (std::filesystem::temp_directory_path() / "unipile-store-XXXXXX").string();
        if (!::mkdtemp(name.data())) throw std::runtime_error("no temporary folder");
        path_ = name;
    }
    scratch(const scratch&) = delete;
    scratch& operator=(const scratch&) = delete;
    ~scratch()
    {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    std::string file(const std::string& name = "posts.db") const { return (path_ / name).string(); }
    const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

inline wall_time at_second(std::int64_t n)
{
    return wall_time(std::chrono::milliseconds(1'700'000'000'000 + n * 1000));
}

inline std::string json_of(const std::string& identifier, std::uint64_t id, std::uint64_t likes = 0)
{
    return "{\"object\":\"Post\",\"provider\":\"LINKEDIN\",\"id\":\"" + identifier + "-" + std::to_string(id) +
           "\",\"text\":\"post " + std::to_string(id) + " of " + identifier +
           "\",\"reaction_counter\":" + std::to_string(likes) + "}";
}

/// Listings by identifier.
using world = std::map<std::string, listing_model>;

inline std::vector<job_spec> jobs_of(const world& w, unsigned accounts = 2)
{
    std::vector<job_spec> jobs;
    unsigned n = 0;
    for (const auto& [identifier, listing] : w)
        jobs.push_back({"acc" + std::to_string(n++ % accounts), identifier, false});
    return jobs;
}

/// A batch that owns its text.
inline page_write page_of(std::int64_t l, const std::string& identifier, const std::vector<std::uint64_t>& ids,
                          const std::string& position, wall_time now, std::uint64_t likes = 0)
{
    struct texts {
        std::vector<std::string> ids, json;
    };
    auto keep = std::make_shared<texts>();
    keep->ids.reserve(ids.size());
    keep->json.reserve(ids.size());
    page_write p;
    p.job = l;
    p.position = position;
    p.now = now;
    for (auto id : ids) {
        keep->ids.push_back(identifier + "-" + std::to_string(id));
        keep->json.push_back(json_of(identifier, id, likes));
        p.posts.emplace_back("LINKEDIN", keep->ids.back(), harvest_model::published(id), keep->json.back());
    }
    p.keep_alive = keep;
    return p;
}

/// Claims up to so many jobs of a run, account by account.
inline std::vector<claimed_job> claim_some(engine& engine, std::int64_t run, std::size_t count, wall_time now)
{
    std::vector<claimed_job> jobs;
    for (const std::string& account : engine.perform(accounts_with_jobs{run, "", count, now})) {
        const auto claimed = engine.perform(claim_jobs{run, account, count - jobs.size(), now});
        jobs.insert(jobs.end(), claimed.begin(), claimed.end());
    }
    return jobs;
}

struct harvest_log {
    std::uint64_t requests = 0;
    std::uint64_t added = 0;
    std::set<std::string> durable;  // ids of posts whose commit returned
};

struct harvest_plan {
    run_request run;
    std::size_t limit = 3;
    unsigned commit_every = 2;  // pages
    std::int64_t second = 0;    // the clock; goes on by one a request
    std::uint64_t likes = 0;
    bool end_run = true;
};

/// Works off a world: adds its jobs, claims and reads them until none is left. `log` is kept up to date, so that it
/// says what happened before a `store_error` came out of here.
inline void harvest(engine& engine, const world& w, harvest_plan plan, harvest_log& log,
                    const std::function<void()>& committed = {})
{
    std::set<std::string> waiting;
    auto commit = [&] {
        engine.commit();
        log.durable.merge(waiting);
        waiting.clear();
        if (committed) committed();
    };
    const auto run = engine.perform(begin_run{plan.run, at_second(plan.second)}).run;
    engine.perform(add_jobs{run, jobs_of(w)});
    commit();
    unsigned pages = 0;
    while (true) {
        const auto claimed = claim_some(engine, run, 1, at_second(plan.second));
        if (claimed.empty()) break;
        const claimed_job& job = claimed.front();
        const listing_model& listing = w.at(job.spec.identifier);
        step next = job.start;
        std::string cursor;
        while (true) {
            if (next.what == step::kind::from_top) cursor.clear();
            if (next.what == step::kind::from_position) cursor = next.position;
            ++log.requests;
            ++plan.second;
            const auto got = listing.get(cursor, plan.limit);
            const wall_time now = at_second(plan.second);
            if (got.refused) {
                next = engine.perform(job_end{job.job, end_reason::exhausted_cursor, {}, {}, false, {}, 1, now});
            } else {
                const auto result =
                    engine.perform(page_of(job.job, job.spec.identifier, got.posts, got.cursor, now, plan.likes));
                log.added += result.added;
                for (auto id : got.posts) waiting.insert(job.spec.identifier + "-" + std::to_string(id));
                next = result.next;
                if (next.what == step::kind::go_on && got.cursor.empty())
                    next = engine.perform(job_end{job.job, end_reason::null_cursor, {}, {}, false, {}, 0, now});
                cursor = got.cursor;
            }
            if (++pages % plan.commit_every == 0) commit();
            if (next.what == step::kind::complete || next.what == step::kind::bounded) break;
            if (next.what == step::kind::not_claimed || next.what == step::kind::interrupted)
                throw std::logic_error(std::string("unexpected: ") + to_string(next.what));
        }
    }
    if (plan.end_run) engine.perform(end_run{run, "complete", at_second(plan.second)});
    commit();
}

inline std::set<std::string> truth(const world& w)
{
    std::set<std::string> ids;
    for (const auto& [identifier, listing] : w)
        for (auto id : listing.all) ids.insert(identifier + "-" + std::to_string(id));
    return ids;
}

/// What a store holds; throws if a post is there twice or its JSON isn't as it was.
inline std::set<std::string> held(post_reader& reader, std::uint64_t likes = 0)
{
    std::set<std::string> ids;
    reader.posts({}, [&](const stored_post& p) {
        const std::string id(p.id);
        if (!ids.insert(id).second) throw std::logic_error("twice: " + id);
        const auto dash = id.rfind('-');
        if (p.json != json_of(id.substr(0, dash), std::stoull(id.substr(dash + 1)), likes))
            throw std::logic_error("not as it was: " + std::string(p.json));
        return true;
    });
    return ids;
}

inline std::set<std::string> held(const std::string& file, std::uint64_t likes = 0)
{
    return held(*open_sqlite_reader(file), likes);
}

inline world small_world()
{
    world w;
    w["alice"].add(8);
    w["bob"].add(5);
    w["carol"].add(0);
    w["dave"].add(11);
    return w;
}

}  // namespace unipile::store::test
