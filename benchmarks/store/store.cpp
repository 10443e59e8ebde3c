// How fast pages of posts become durable, against a bare loop that inserts the same rows with one prepared statement;
// how fast jobs are added and claimed, and what a million of them cost in memory. Each call is one turn.
//
// bench_store posts FOLDER POSTS | bench_store jobs FOLDER JOBS
#include "../common/bare_inserts.hpp"
#include "../common/report.hpp"
#include "../corpus/stored_posts.hpp"

#include <unipile/store.hpp>

#include <sqlite3.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

using namespace unipile;
using namespace unipile::store;
using benchmark::post_text;

namespace {

constexpr std::size_t page_size = 100;
constexpr std::size_t group_pages = 32;  // about 8 MB, as `writer_options::group_bytes`

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

double cpu() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

wall_time moment(std::size_t n)
{
    return wall_time(std::chrono::milliseconds(1'700'000'000'000 + static_cast<std::int64_t>(n)));
}

std::vector<post_text> make_posts(std::size_t count)
{
    return benchmark::make_posts(
        count, [](std::mt19937_64& random) { return "words of post " + std::to_string(random()) + " "; });
}

struct result {
    double wall = 0, cpu = 0;
};

result bare(const std::string& file, const std::vector<post_text>& posts)
{
    benchmark::bare_inserts inserts(file);
    const double wall0 = now(), cpu0 = cpu();
    for (std::size_t i = 0; i < posts.size(); ++i) {
        if (i % (page_size * group_pages) == 0) inserts.begin();
        inserts.insert(posts[i]);
        if ((i + 1) % (page_size * group_pages) == 0 || i + 1 == posts.size()) inserts.commit();
    }
    return {now() - wall0, cpu() - cpu0};
}

// A harvest of listings of ten pages each.
result ours(const std::string& file, const std::vector<post_text>& posts, std::size_t label)
{
    auto engine = open_sqlite(file);
    run_request request;
    request.label = std::to_string(label);
    request.mode = walk_mode::full;
    const auto run = engine->perform(begin_run{request, moment(0)}).run;
    const std::size_t listings = (posts.size() + 999) / 1000;
    std::vector<job_spec> jobs;
    jobs.reserve(listings);
    for (std::size_t i = 0; i < listings; ++i) jobs.push_back({"account", "identifier" + std::to_string(i), false});
    engine->perform(add_jobs{run, jobs});
    engine->commit();
    const double wall0 = now(), cpu0 = cpu();
    std::size_t at = 0, pages = 0;
    for (std::size_t i = 0; i < listings; ++i) {
        const auto job = engine->perform(claim_jobs{run, "account", 1, moment(label)}).at(0);
        for (std::size_t n = 0; n < 10 && at < posts.size(); ++n) {
            page_write page;
            page.job = job.job;
            page.now = moment(label);
            page.position = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" + std::to_string(n);
            for (std::size_t k = 0; k < page_size && at < posts.size(); ++k, ++at)
                page.posts.emplace_back("LINKEDIN", posts[at].id, moment(0), posts[at].json);
            engine->perform(std::move(page));
            if (++pages % group_pages == 0) engine->commit();
        }
        job_end end;
        end.job = job.job;
        end.reason = end_reason::null_cursor;
        end.now = moment(label);
        engine->perform(end);
    }
    engine->perform(end_run{run, "complete", moment(label)});
    engine->commit();
    return {now() - wall0, cpu() - cpu0};
}

/// A store's files, gone before and after.
class scratch_file {
public:
    explicit scratch_file(const std::string& folder) : name_(folder + "/posts.db") { remove(); }
    ~scratch_file() { remove(); }
    scratch_file(const scratch_file&) = delete;
    scratch_file& operator=(const scratch_file&) = delete;

    const std::string& name() const { return name_; }
    void remove() const
    {
        for (const char* end : {"", "-wal", "-shm", ".lock"}) std::filesystem::remove(name_ + end);
    }

private:
    std::string name_;
};

// As the program does: sorted by account, 50,000 at a time.
void fill(engine& to, std::int64_t run, std::size_t count)
{
    constexpr std::size_t accounts = 1'000, at_once = 50'000;
    for (std::size_t first = 0; first < count; first += at_once) {
        const std::size_t end = std::min(first + at_once, count);
        std::vector<job_spec> chunk;
        for (std::size_t account = 0; account < accounts; ++account)
            for (std::size_t i = first + account; i < end; i += accounts)
                chunk.push_back({"account" + std::to_string(account), "ACoAAA" + std::to_string(i), false});
        to.perform(add_jobs{run, std::move(chunk)});
        to.commit();
    }
}

void claim_some(engine& from, std::int64_t run, std::size_t count)
{
    for (std::size_t i = 0; i < count; ++i)
        if (from.perform(claim_jobs{run, "account" + std::to_string(i % 1000), 1, moment(1)}).empty())
            throw std::runtime_error("there is nothing to claim");
    from.commit();
}

void measure_jobs(const std::string& folder, std::size_t count)
{
    const scratch_file file(folder);
    auto engine = open_sqlite(file.name());
    const auto run = engine->perform(begin_run{{}, moment(0)}).run;
    const std::size_t claims = std::min<std::size_t>(count / 2, 2000);
    const double t0 = now();
    fill(*engine, run, count);
    const double t1 = now();
    claim_some(*engine, run, claims);
    const double t2 = now();
    const auto counts = engine->perform(count_jobs{run});
    const double t3 = now();
    if (counts.queued != count) throw std::runtime_error("jobs are missing");
    std::printf("{\"add_s\":%.6f,\"claim_us\":%.3f,\"count_ms\":%.3f,\"rss_kb\":%lu}\n", t1 - t0,
                (t2 - t1) / static_cast<double>(claims) * 1e6, (t3 - t2) * 1e3, benchmark::peak_rss_kb());
}

void report(const char* name, const result& r)
{
    std::printf("\"%s\":{\"wall\":%.6f,\"cpu\":%.6f},", name, r.wall, r.cpu);
}

void measure_posts(const std::string& folder, std::size_t count)
{
    const auto posts = make_posts(count);
    const scratch_file file(folder);
    std::printf("{");
    report("bare", bare(file.name(), posts));
    file.remove();
    report("first", ours(file.name(), posts, 1));
    report("again", ours(file.name(), posts, 2));  // nothing has changed

    std::size_t bytes = 0;
    std::uint64_t sink = 0;
    const double before = cpu();
    for (const auto& p : posts) {
        bytes += p.json.size();
        sink += fingerprint_of(p.json).counters;
    }
    std::printf("\"fingerprints\":%.6f,\"bytes\":%zu,\"sink\":%llu,\"sqlite\":\"%s\"}\n", cpu() - before, bytes,
                static_cast<unsigned long long>(sink), sqlite3_libversion());
}

}  // namespace

int main(int argc, char** argv)
{
    const std::string what = argc == 4 ? argv[1] : "";
    if (what != "posts" && what != "jobs") {
        std::fprintf(stderr, "bench_store posts FOLDER POSTS | bench_store jobs FOLDER JOBS\n");
        return 2;
    }
    const std::size_t count = std::strtoull(argv[3], nullptr, 10);
    (what == "posts" ? measure_posts : measure_jobs)(argv[2], count);
}
