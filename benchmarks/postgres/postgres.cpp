// How fast pages of posts become durable in PostgreSQL, against a bare loop of the same upserts and against COPY; what
// latency costs; what a page without news writes. Each call is one turn, in a database of its own.
//
// bench_postgres posts ADDRESS POSTS | bench_postgres latency ADDRESS POSTS SOCKET FOLDER | bench_postgres again
// ADDRESS PAGES | bench_postgres large ADDRESS POSTS JOBS ACCOUNTS
#include "bare.hpp"
#include "delaying_proxy.hpp"
#include "large.hpp"

#include "store/postgres/connection.hpp"

#include <unipile/store.hpp>
#include <unipile/store/postgres.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <map>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace unipile;
using namespace unipile::store;
namespace pg = unipile::store::postgres;
using benchmark::post_text;

namespace {

constexpr std::size_t page_size = 100, accounts = 20;

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

// As in the benchmark of the store in a file, with words in place of half of the digits.
std::vector<post_text> make_posts(std::size_t count)
{
    static constexpr const char* words[] = {"people ", "market ", "engineer ", "launch ", "we are happy to ",
                                            "team ",   "growth ", "thanks ",   "today ",  "customers "};
    return benchmark::make_posts(count, [](std::mt19937_64& random) {
        return random() % 4 == 0 ? std::to_string(random() % 10'000'000) + ' ' : std::string(words[random() % 10]);
    });
}

struct harvest {
    explicit harvest(const std::string& address) : engine(pg::open_postgres(address)) {}

    // Claims the jobs of a run of so many listings.
    void begin(std::size_t listings)
    {
        run_request request;
        request.restart = true;
        const auto run = engine->perform(begin_run{request, wall_now()}).run;
        add_jobs add;
        add.run = run;
        for (std::size_t i = 0; i < listings; ++i)
            add.jobs.push_back({"account" + std::to_string(i % accounts), std::to_string(i), false});
        engine->perform(add);
        jobs.clear();
        for (std::size_t a = 0; a < accounts; ++a)
            for (auto& job : engine->perform(claim_jobs{run, "account" + std::to_string(a), listings, wall_now()}))
                jobs[std::stoul(job.spec.identifier)] = job.job;
    }
    // The page of a listing, and what its account has used.
    void add_page(std::vector<operation>& batch, std::size_t listing, const std::vector<post_text>& posts,
                  std::size_t from) const
    {
        account_row row;
        row.account = "account" + std::to_string(listing % accounts);
        row.ledger = "v1 pLINKEDIN f1796046972000 n1796047017807 t9 u1796046972409";
        for (int i = 0; i < 100; ++i) row.ledger += "," + std::to_string(860'000 + i * 37);
        row.updated = wall_now();
        batch.emplace_back(save_account{std::move(row)});
        page_write page;
        page.job = jobs.at(listing);
        page.now = wall_now();
        page.position = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        for (std::size_t i = from; i < std::min(from + page_size, posts.size()); ++i)
            page.posts.emplace_back("LINKEDIN", posts[i].id, wall_time(std::chrono::hours(480'000)), posts[i].json);
        batch.emplace_back(std::move(page));
    }
    void end_all()
    {
        std::vector<operation> batch;
        batch.reserve(jobs.size());
        for (const auto& [listing, job] : jobs)
            batch.emplace_back(job_end{job, end_reason::null_cursor, {}, {}, false, {}, 0, wall_now()});
        engine->apply(batch);
    }

    std::unique_ptr<store::engine> engine;
    std::map<std::size_t, std::int64_t> jobs;  // by listing
};

// A first harvest of listings of ten pages, a group of pages at a time.
double first_harvest(const std::string& address, const std::vector<post_text>& posts)
{
    harvest h(address);
    pg::connection{pg::conninfo(address)}.run(pg::query("CHECKPOINT"));
    const std::size_t pages = (posts.size() + page_size - 1) / page_size;
    h.begin((pages + 9) / 10);
    const double began = now();
    // Rows are made, with their hashes, on another thread than the store's, as in a harvest. Listings are read side by
    // side.
    constexpr std::size_t pages_of_group = benchmark::group_size / page_size;
    const auto group = [&](std::size_t from) {
        std::vector<operation> batch;
        for (std::size_t page = from; page < std::min(from + pages_of_group, pages); ++page)
            h.add_page(batch, page % h.jobs.size(), posts, page * page_size);
        return batch;
    };
    auto next = std::async(std::launch::async, group, 0);
    for (std::size_t from = 0; from < pages; from += pages_of_group) {
        const std::vector<operation> batch = next.get();
        next = std::async(std::launch::async, group, from + pages_of_group);
        h.engine->apply(batch);
    }
    return now() - began;
}

// The first to run would make the files of the log that the others use again, so each begins in turn.
void measure_posts(const std::string& address, std::size_t count, std::size_t turn)
{
    const auto posts = make_posts(count);
    std::size_t bytes = 0;
    for (const auto& p : posts) bytes += p.json.size();
    pg::open_postgres(address);  // makes the tables
    double first = 0, upserts = 0, copy = 0;
    for (std::size_t i = turn; i < turn + 3; ++i) {
        if (i % 3 == 0) first = first_harvest(address, posts);
        if (i % 3 == 1) upserts = benchmark::bare_upserts(address, posts);
        if (i % 3 == 2) copy = benchmark::bare_copy(address, posts);
    }
    pg::connection side{pg::conninfo(address)};
    const auto size = [&](const std::string& table) {
        return static_cast<long long>(
            side.run(pg::query("SELECT pg_total_relation_size('unipile." + table + "')")).integer(0, 0));
    };
    std::printf(
        "{\"first\":%.6f,\"upserts\":%.6f,\"copy\":%.6f,\"bytes\":%zu,\"posts\":%lld,\"sightings\":%lld,"
        "\"changes\":%lld}\n",
        first, upserts, copy, bytes, size("posts"), size("sightings"), size("changes"));
}

void measure_latency(const std::string& keywords, std::size_t count, const std::string& server,
                     const std::string& folder, std::size_t turn)
{
    const auto posts = make_posts(count);
    std::printf("{");
    const char* separator = "";
    for (std::size_t i = turn; i < turn + 2; ++i) {
        const int delay = i % 2 == 0 ? 0 : 1000;
        const std::string here = folder + (delay == 0 ? "/near" : "/far");
        const std::string address = std::string("host=").append(here).append(" ") + keywords;
        benchmark::begin_delaying(here, server, std::chrono::microseconds(delay / 2));
        {
            pg::connection side{pg::conninfo(address)};
            side.run(pg::query("DROP SCHEMA IF EXISTS unipile CASCADE"));
            side.run(pg::query("CHECKPOINT"));
        }
        std::printf("%s\"%s\":%.6f", separator, delay == 0 ? "near" : "far", first_harvest(address, posts));
        separator = ",";
    }
    std::printf("}\n");
}

// Bytes of WAL, bytes of page images in it, and row versions.
struct written {
    double wal = 0, images = 0, rows = 0;
};

written written_so_far(pg::connection& side, engine& e)
{
    // A session reports its counts at the end of a transaction, once a second at most.
    std::this_thread::sleep_for(std::chrono::milliseconds(1'200));
    e.perform(read_tenant{});
    const auto found = side.run(
        pg::query("SELECT (pg_current_wal_insert_lsn() - '0/0')::bigint, (SELECT wal_fpi::bigint FROM pg_stat_wal), "
                  "(SELECT sum(n_tup_ins + n_tup_upd + n_tup_del)::bigint FROM pg_stat_user_tables "
                  "WHERE schemaname = 'unipile')"));
    return {static_cast<double>(found.integer(0, 0)), static_cast<double>(found.integer(0, 1)),
            static_cast<double>(found.integer(0, 2))};
}

// Updates that find nothing new: in the first one after a checkpoint, pages are written whole.
void measure_again(const std::string& address, std::size_t pages)
{
    const auto posts = make_posts(pages * page_size);
    harvest h(address);
    pg::connection side{pg::conninfo(address)};
    const auto pass = [&](std::size_t group) {
        std::vector<operation> batch;
        for (std::size_t i = 0; i < pages; ++i) {
            h.add_page(batch, i, posts, i * page_size);
            if ((i + 1) % group != 0 && i + 1 < pages) continue;
            h.engine->apply(batch);
            batch.clear();
        }
    };
    h.begin(pages);
    pass(32);
    h.end_all();
    std::printf("{");
    const char* separator = "";
    for (const auto& [name, checkpoint, group] :
         {std::tuple("after_checkpoint", true, 1), std::tuple("alone", false, 1), std::tuple("grouped", false, 8)}) {
        h.begin(pages);
        if (checkpoint) side.run(pg::query("CHECKPOINT"));
        const written before = written_so_far(side, *h.engine);
        const double began = now();
        pass(static_cast<std::size_t>(group));
        const double seconds = now() - began;
        const written after = written_so_far(side, *h.engine);
        const double n = static_cast<double>(pages);
        std::printf("%s\"%s\":{\"wal\":%.1f,\"images\":%.2f,\"rows\":%.2f,\"wall\":%.6f}", separator, name,
                    (after.wal - before.wal) / n, (after.images - before.images) / n, (after.rows - before.rows) / n,
                    seconds);
        separator = ",";
    }
    std::printf("}\n");
}

}  // namespace

int main(int argc, char** argv)
{
    const std::string what = argc > 3 ? argv[1] : "";
    const std::size_t count = argc > 3 ? std::strtoull(argv[3], nullptr, 10) : 0;
    if (what == "posts" && argc == 5) {
        measure_posts(argv[2], count, std::strtoull(argv[4], nullptr, 10));
    } else if (what == "latency" && argc == 7) {
        measure_latency(argv[2], count, argv[4], argv[5], std::strtoull(argv[6], nullptr, 10));
    } else if (what == "again" && argc == 4) {
        measure_again(argv[2], count);
    } else if (what == "large" && argc == 6) {
        benchmark::measure_large(argv[2], count, std::strtoull(argv[4], nullptr, 10),
                                 std::strtoull(argv[5], nullptr, 10));
    } else {
        std::fprintf(stderr,
                     "bench_postgres posts ADDRESS POSTS TURN | latency KEYWORDS POSTS SOCKET FOLDER TURN | again "
                     "ADDRESS PAGES | large ADDRESS POSTS JOBS ACCOUNTS\n");
        return 2;
    }
}
