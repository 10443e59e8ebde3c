// What a large store costs: a status, and taking over accounts. Its rows are made by the database.
#include "large.hpp"

#include "store/postgres/connection.hpp"
#include "store/postgres/schema.hpp"

#include <unipile/store.hpp>
#include <unipile/store/postgres.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <vector>

namespace benchmark {

using namespace unipile;
using namespace unipile::store;
namespace pg = unipile::store::postgres;

namespace {

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

template <class F>
double milliseconds_of(F f)
{
    std::vector<double> all;
    for (int i = 0; i < 5; ++i) {
        const double began = now();
        f();
        all.push_back((now() - began) * 1e3);
    }
    std::sort(all.begin(), all.end());
    return all[all.size() / 2];
}

// Posts with their sightings, of which one in a thousand is gone. No status reads a body.
void fill_posts(pg::connection& side, std::size_t posts)
{
    const std::string n = std::to_string(posts);
    side.run(pg::query(
        "INSERT INTO unipile.posts SELECT n, n, NULL, clock_timestamp(), clock_timestamp(), 0, 0, 0, n % 1024, "
        "decode(md5(n::text), 'hex'), n, 'LINKEDIN', '{}' FROM generate_series(1, " +
        n + ") AS n"));
    side.run(pg::query(
        "INSERT INTO unipile.sightings SELECT n, clock_timestamp(), clock_timestamp(), CASE WHEN n % 1000 = 0 THEN "
        "clock_timestamp() END, 0, 0, NULL, n % 1024, true, n, 'LINKEDIN' FROM generate_series(1, " +
        n + ") AS n"));
    side.run(
        pg::query("INSERT INTO unipile.post_totals SELECT count(*), 0, bucket FROM unipile.posts GROUP BY bucket"));
    side.run(pg::query("VACUUM ANALYZE"));
}

// A run of so many accounts, through the engine.
std::int64_t import_jobs(engine& e, std::size_t jobs, std::size_t accounts)
{
    const std::int64_t run = e.perform(begin_run{{}, wall_now()}).run;
    for (std::size_t i = 0; i < jobs;) {
        add_jobs add;
        add.run = run;
        for (const std::size_t end = std::min(jobs, i + 5'000); i < end; ++i)
            add.jobs.push_back({"account" + std::to_string(i % accounts), "identifier" + std::to_string(i), false});
        e.perform(add);
    }
    return run;
}

account_row row_of(const std::string& account)
{
    account_row row;
    row.account = account;
    row.ledger = "v1 pLINKEDIN f1796046972000 n1796047017807 t9 u1796046972409";
    for (int i = 0; i < 100; ++i) row.ledger += "," + std::to_string(860'000 + i * 37);
    row.updated = wall_now();
    return row;
}

struct takeover {
    double first = 0, all = 0;  // seconds until the first admission, and until each account had one
};

// A worker that takes over what another has left: claims the buckets, and reads and admits each account.
takeover take_over(const std::string& address, std::int64_t run, std::size_t accounts)
{
    pg::postgres_options options;
    options.access = access::shared;
    takeover t;
    const double began = now();
    const auto engine = pg::open_postgres(address, options);
    std::string after;
    std::size_t admitted = 0;
    for (;;) {
        accounts_with_jobs look;
        look.run = run;
        look.after = after;
        look.count = 1'000;
        look.now = wall_now();
        const auto names = engine->perform(look);
        if (names.empty()) break;
        after = names.back();
        for (std::size_t i = 0; i < names.size();) {
            // As the harvest's source does.
            std::vector<operation> work, admissions;
            for (const std::size_t end = std::min(names.size(), i + (admitted == 0 ? 1 : 256)); i < end; ++i) {
                work.emplace_back(load_account{names[i]});
                work.emplace_back(claim_jobs{run, names[i], 1, wall_now()});
                save_account save;
                save.row = row_of(names[i]);
                admissions.emplace_back(std::move(save));
            }
            engine->apply(work);
            engine->apply(admissions);
            admitted += admissions.size();
            if (t.first == 0) t.first = now() - began;
        }
    }
    t.all = now() - began;
    if (admitted != accounts) throw std::runtime_error("accounts are missing");
    return t;
}

}  // namespace

void measure_large(const std::string& address, std::size_t posts, std::size_t jobs, std::size_t accounts)
{
    std::int64_t run = 0;
    double import = 0;
    {
        pg::postgres_options options;
        options.access = access::shared;
        const auto engine = pg::open_postgres(address, options);
        const double began = now();
        run = import_jobs(*engine, jobs, accounts);
        import = now() - began;
        std::vector<operation> rows;
        for (std::size_t i = 0; i < accounts; ++i) {
            save_account save;
            save.row = row_of("account" + std::to_string(i));
            rows.emplace_back(std::move(save));
        }
        engine->apply(rows);
    }
    pg::connection side{pg::conninfo(address)};
    const auto size = [&](const std::string& table) {
        return static_cast<double>(
            side.run(pg::query("SELECT pg_total_relation_size('unipile." + table + "')")).integer(0, 0));
    };
    const double a_job = (size("jobs") + size("unfinished")) / static_cast<double>(jobs);
    const double an_account = (size("accounts") + size("listed_accounts")) / static_cast<double>(accounts);
    const takeover t = take_over(address, run, accounts);
    fill_posts(side, posts);
    const auto reader = pg::open_postgres_reader(address);
    if (reader->summary().posts != posts) throw std::runtime_error("posts are missing");
    const double status = milliseconds_of([&] {
        reader->summary();
        reader->harvesting();
        reader->workers();
    });
    pg::postgres_options beside;
    beside.access = access::control;
    const auto counter = pg::open_postgres(address, beside);
    const double count = milliseconds_of([&] { counter->perform(count_jobs{run}); });
    const double scans = milliseconds_of([&] {
        side.run(pg::query("SELECT count(*) FROM unipile.posts"));
        side.run(
            pg::query("SELECT state, end_reason, failure_type, run, count(*) FROM unipile.jobs GROUP BY 1, 2, 3, 4"));
    });
    std::printf(
        "{\"import\":%.3f,\"job\":%.0f,\"account\":%.0f,\"first\":%.3f,\"all\":%.3f,\"status\":%.2f,\"count\":%.2f,"
        "\"scans\":%.1f}\n",
        import, a_job, an_account, t.first, t.all, status, count, scans);
}

}  // namespace benchmark
