// The store on SQLite: its file, who may have it, and what is refused.
#include "opened_store.hpp"
#include "support/printing.hpp"

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <string>

#include <unistd.h>

using namespace unipile;
using namespace unipile::store;
using namespace unipile::store::test;

BOOST_AUTO_TEST_SUITE(sqlite_store)

BOOST_AUTO_TEST_CASE(a_sole_worker_keeps_others_out)
{
    opened s;
    s.engine->commit();
    BOOST_TEST(reason_of([&] { open_sqlite(s.folder.file()); }) == store_errc::in_use);
    // By another name, too.
    std::filesystem::create_symlink(s.folder.file(), s.folder.file("other.db"));
    BOOST_TEST(reason_of([&] { open_sqlite(s.folder.file("other.db")); }) == store_errc::in_use);
    BOOST_TEST(s.beside() != nullptr);
    s.engine.reset();
    BOOST_TEST(open_sqlite(s.folder.file()) != nullptr);
}

BOOST_AUTO_TEST_CASE(a_file_with_two_names_is_refused_by_either)
{
    opened s;
    s.job("a", "x");
    s.engine->commit();
    const std::string other = s.folder.file("other.db");
    std::filesystem::create_hard_link(s.folder.file(), other);
    for (const std::string& name : {s.folder.file(), other}) {
        for (const auto access : {store::access::sole, store::access::control})
            BOOST_TEST(reason_of([&] { open_sqlite(name, with_access(access)); }) == store_errc::cannot_open);
        BOOST_TEST(reason_of([&] { open_sqlite_reader(name); }) == store_errc::cannot_open);
    }
    BOOST_TEST(!std::filesystem::exists(other + ".lock"));
    std::filesystem::remove(other);
    BOOST_TEST(s.reader()->summary().jobs.all() == 1u);
    s.engine.reset();
    BOOST_TEST(open_sqlite(s.folder.file()) != nullptr);
}

BOOST_AUTO_TEST_CASE(a_reader_knows_whether_somebody_harvests)
{
    opened s;
    s.engine->commit();
    const auto reader = s.reader();
    BOOST_TEST(reader->harvesting() == true);
    std::filesystem::create_symlink(s.folder.file(), s.folder.file("other.db"));
    BOOST_TEST(open_sqlite_reader(s.folder.file("other.db"))->harvesting() == true);
    s.engine.reset();
    BOOST_TEST(reader->harvesting() == false);

    const auto control = s.beside();
    BOOST_TEST(reader->harvesting() == false);
    std::filesystem::remove(s.folder.file() + ".lock");
    BOOST_TEST(reader->harvesting() == false);
}

BOOST_AUTO_TEST_CASE(a_lock_that_stays_is_reported_in_time)
{
    scratch folder;
    open_sqlite(folder.file());
    sqlite3* other = nullptr;
    BOOST_REQUIRE(sqlite3_open(folder.file().c_str(), &other) == SQLITE_OK);
    sqlite_options o;
    o.lock_patience = 20ms;
    auto engine = open_sqlite(folder.file(), o);
    BOOST_REQUIRE(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr) == SQLITE_OK);
    BOOST_TEST(reason_of([&] { engine->perform(begin_run{{}, at_second(0)}); }) == store_errc::locked);
    BOOST_TEST(reason_of([&] { engine->commit(); }) == store_errc::closed);
    engine.reset();
    BOOST_TEST(reason_of([&] { open_sqlite(folder.file(), o); }) == store_errc::locked);
    sqlite3_close(other);
    BOOST_TEST(open_sqlite(folder.file(), o) != nullptr);
}

BOOST_AUTO_TEST_CASE(stores_with_smaller_pages_go_on)
{
    scratch folder;
    const std::string file = folder.file();
    const auto page_size = [&] {
        std::string size;
        rows(file, "PRAGMA page_size", [&](const auto& row) { size = row[0]; });
        return size;
    };
    world w = small_world();
    harvest_log log;
    harvest(*open_sqlite(file), w, {}, log);
    BOOST_TEST(page_size() == "32768");
    // As earlier versions made them.
    sql(file, "PRAGMA journal_mode = DELETE; PRAGMA page_size = 8192; VACUUM");
    BOOST_TEST(page_size() == "8192");
    w["erin"].add(9);
    harvest(*open_sqlite(file), w, {}, log);
    BOOST_TEST(page_size() == "8192");
    BOOST_TEST(held(file) == truth(w));
}

BOOST_AUTO_TEST_CASE(all_that_a_store_keeps_in_its_folder_is_known)
{
    const scratch folder;
    const std::string link = folder.file("link.db");
    std::filesystem::create_symlink(folder.file(), link);
    const auto engine = open_sqlite(link);
    engine->perform(begin_run{{}, at_second(0)});
    std::vector<std::string> known = sqlite_files(link);
    known.push_back(folder.file());
    std::size_t found = 0;
    for (const auto& each : std::filesystem::directory_iterator(folder.path())) {
        ++found;
        BOOST_TEST(std::count(known.begin(), known.end(), each.path().string()) == 1, each.path());
    }
    BOOST_TEST(found == 5u);  // the link, the store, its log, the log's index, the lock
    BOOST_TEST(sqlite_files(folder.file()).front() == folder.file());
}

BOOST_AUTO_TEST_CASE(refuses_what_is_no_store_and_leaves_it_alone)
{
    scratch folder;
    sqlite_options existing;
    existing.create = false;
    BOOST_TEST(reason_of([&] { open_sqlite(folder.file(), existing); }) == store_errc::cannot_open);
    BOOST_TEST(reason_of([&] { open_sqlite_reader(folder.file()); }) == store_errc::cannot_open);
    BOOST_TEST(reason_of([&] { open_sqlite(folder.path().string()); }) == store_errc::cannot_open);
    BOOST_TEST(reason_of([&] { open_sqlite(folder.file("no/such/folder.db")); }) == store_errc::cannot_open);

    const std::string text = "account,identifier\n" + std::string(2000, 'x');
    std::ofstream(folder.file("jobs.csv")) << text;
    BOOST_TEST(reason_of([&] { open_sqlite(folder.file("jobs.csv")); }) == store_errc::not_a_store);
    BOOST_TEST(reason_of([&] { open_sqlite_reader(folder.file("jobs.csv")); }) == store_errc::not_a_store);
    std::ifstream in(folder.file("jobs.csv"));
    BOOST_TEST(std::string(std::istreambuf_iterator<char>(in), {}) == text);

    sql(folder.file("foreign.db"), "CREATE TABLE t(x)");
    BOOST_TEST(reason_of([&] { open_sqlite(folder.file("foreign.db")); }) == store_errc::foreign_database);
    BOOST_TEST(reason_of([&] { open_sqlite_reader(folder.file("foreign.db")); }) == store_errc::foreign_database);
    BOOST_TEST(!std::filesystem::exists(folder.file("foreign.db.lock")));

    open_sqlite(folder.file("newer.db"));
    sql(folder.file("newer.db"), "PRAGMA user_version = 1000");
    BOOST_TEST(reason_of([&] { open_sqlite(folder.file("newer.db")); }) == store_errc::newer_schema);
    BOOST_TEST(reason_of([&] { open_sqlite_reader(folder.file("newer.db")); }) == store_errc::newer_schema);
}

BOOST_AUTO_TEST_CASE(says_so_where_it_may_not_write)
{
    scratch folder;
    open_sqlite(folder.file());
    std::filesystem::permissions(folder.file(), std::filesystem::perms::owner_read);
    if (::access(folder.file().c_str(), W_OK) == 0) {
        BOOST_TEST_MESSAGE("skipped: this user may write everything");
    } else {
        BOOST_TEST(reason_of([&] { open_sqlite(folder.file()); }) == store_errc::read_only);
    }
}

/// A folder that this process may only read, for as long as this lives; root becomes somebody else for it.
class only_reading {
public:
    explicit only_reading(const scratch& folder) : folder_(folder.path())
    {
        using std::filesystem::perms;
        constexpr perms readable = perms::owner_read | perms::group_read | perms::others_read;
        for (const auto& entry : std::filesystem::directory_iterator(folder_))
            std::filesystem::permissions(entry, readable | perms::owner_write);
        std::filesystem::permissions(folder_, readable | perms::owner_exec | perms::group_exec | perms::others_exec);
        if (was_root_) BOOST_REQUIRE(::seteuid(65534) == 0);
    }
    only_reading(const only_reading&) = delete;
    only_reading& operator=(const only_reading&) = delete;
    ~only_reading()
    {
        if (was_root_) BOOST_CHECK(::seteuid(0) == 0);
        std::filesystem::permissions(folder_, std::filesystem::perms::owner_all);
    }

private:
    std::filesystem::path folder_;
    bool was_root_ = ::geteuid() == 0;
};

/// Returns how many posts it has.
std::uint64_t harvest_small_world(const std::string& file)
{
    world w = small_world();
    harvest_log log;
    harvest_plan plan;
    plan.run.tenant = "api1.example:13111";
    harvest(*open_sqlite(file), w, plan, log);
    return log.added;
}

std::uint64_t count_posts(post_reader& reader, const std::function<void()>& at_each = {})
{
    return reader.posts({}, [&](const stored_post&) {
        if (at_each) at_each();
        return true;
    });
}

BOOST_AUTO_TEST_CASE(who_may_only_read_the_folder_reads_a_store_at_rest)
{
    scratch folder;
    const std::string file = folder.file("50% of #1?.db");
    const std::uint64_t all = harvest_small_world(file);
    const only_reading guest(folder);
    const auto reader = open_sqlite_reader(file);
    BOOST_TEST(all > 0u);
    BOOST_TEST(count_posts(*reader) == all);
    BOOST_TEST(reader->summary().posts == all);
    BOOST_TEST(reader->jobs({}, [](const stored_job&) { return true; }) == small_world().size());
    BOOST_TEST(reader->accounts([](const auto&, const auto&) { return true; }) == 2u);
    BOOST_TEST(reader->quarantined([](const auto&, const auto&, wall_time) { return true; }) == 0u);
    BOOST_TEST(reader->tenant() == "api1.example:13111");
    BOOST_TEST(reader->harvesting() == false);
    sqlite_options control;
    control.access = access::control;
    control.create = false;
    BOOST_TEST(reason_of([&] { open_sqlite(file, control); }) == store_errc::read_only);
}

BOOST_AUTO_TEST_CASE(who_may_only_read_the_folder_is_told_what_else_is_needed)
{
    scratch folder, copied;
    harvest_small_world(folder.file());
    const auto engine = open_sqlite(folder.file());
    engine->perform(begin_run{{}, at_second(1'000)});
    engine->commit();
    for (const char* part : {"posts.db", "posts.db-wal"})
        std::filesystem::copy_file(folder.file(part), copied.file(part));
    const only_reading guest(copied);
    BOOST_TEST(reason_of([&] { open_sqlite_reader(copied.file()); }) == store_errc::log_out_of_reach);
}

BOOST_AUTO_TEST_CASE(who_may_only_read_the_folder_hears_of_a_write_meanwhile)
{
    scratch folder;
    harvest_small_world(folder.file());
    std::optional<only_reading> guest(std::in_place, folder);
    const auto reader = open_sqlite_reader(folder.file());
    std::unique_ptr<store::engine> harvest;
    const auto begin_once = [&] {
        if (harvest) return;
        guest.reset();
        harvest = open_sqlite(folder.file());
        guest.emplace(folder);
    };
    BOOST_TEST(reason_of([&] { count_posts(*reader, begin_once); }) == store_errc::interrupted);
    BOOST_TEST(count_posts(*open_sqlite_reader(folder.file())) > 0u);  // beside the harvest

    // One that is over has left its traces.
    guest.reset();
    harvest->perform(begin_run{{}, at_second(1'000)});
    harvest->commit();
    harvest.reset();
    guest.emplace(folder);
    BOOST_TEST(reason_of([&] { reader->summary(); }) == store_errc::interrupted);
    BOOST_TEST(open_sqlite_reader(folder.file())->summary().posts > 0u);
}

BOOST_AUTO_TEST_CASE(damage_is_reported)
{
    scratch folder;
    world w;
    w["alice"].add(2000);
    harvest_plan plan;
    plan.limit = 100;
    harvest_log log;
    harvest(*open_sqlite(folder.file()), w, plan, log);
    {
        std::fstream f(folder.file(), std::ios::in | std::ios::out | std::ios::binary);
        const auto size = static_cast<std::streamoff>(std::filesystem::file_size(folder.file()));
        const std::string junk(4096, '\xa5');
        for (std::streamoff at = 8192; at < size; at += 8192) {
            f.seekp(at);
            f.write(junk.data(), static_cast<std::streamsize>(junk.size()));
        }
    }
    plan.run.restart = true;
    BOOST_TEST(reason_of([&] { harvest(*open_sqlite(folder.file()), w, plan, log); }) == store_errc::corrupt);
    BOOST_TEST(reason_of([&] {
                   open_sqlite_reader(folder.file())->posts({}, [](const stored_post&) { return true; });
               }) == store_errc::corrupt);
}

BOOST_AUTO_TEST_CASE(every_error_says_what_to_do)
{
    std::set<std::string> messages;
    for (int e = 1; e <= static_cast<int>(store_errc::log_out_of_reach); ++e)
        messages.insert(make_error_code(static_cast<store_errc>(e)).message());
    BOOST_TEST(messages.size() == static_cast<std::size_t>(store_errc::log_out_of_reach));
    BOOST_TEST(!messages.contains("unknown error"));
    const store_error e(store_errc::disk_full, "posts.db", "database or disk is full", 13);
    BOOST_TEST(std::string(e.what()).starts_with("posts.db: the disk is full"));
    BOOST_TEST(e.engine_code() == 13);
}

BOOST_AUTO_TEST_CASE(a_claim_and_its_release_write_nothing)
{
    opened s;
    const auto row = [&] {
        s.engine->commit();
        std::string found;
        rows(s.folder.file(), "SELECT state, coalesce(due, ''), timeline, attempts, fence, lease_ms, worker FROM jobs",
             [&](const auto& values) {
                 for (const auto& value : values) found += value + '|';
             });
        return found;
    };
    const auto job = s.job("a", "x");
    BOOST_TEST(row() == "0|||0|0|0||");
    s.engine->perform(release_job{job.job, {}});
    BOOST_TEST(row() == "0|||0|0|0||");
}

BOOST_AUTO_TEST_CASE(jobs_that_a_former_version_had_claimed_are_queued)
{
    opened s;
    s.job("a", "x");
    s.engine->commit();
    s.engine.reset();
    sql(s.folder.file(), "UPDATE jobs SET state = 2, due = 1800000000000, fence = 7, attempts = 1, worker = 'w'");
    job_filter queued;
    queued.state = job_state::queued;
    const auto reader = s.reader();
    BOOST_TEST(reader->jobs(queued, [](const stored_job& j) { return j.state == job_state::queued && !j.again_at; }) ==
               1u);
    BOOST_TEST(reader->summary().jobs.queued == 1u);
    BOOST_TEST(s.beside()->perform(count_jobs{s.run}).queued == 1u);
    s.engine = open_sqlite(s.folder.file());
    BOOST_TEST(s.claim(5).size() == 1u);
}

BOOST_AUTO_TEST_CASE(an_import_that_a_former_version_has_ended_is_over)
{
    opened s;
    s.job("a", "x");
    s.engine->perform(begin_import{s.run});
    s.engine->commit();
    BOOST_TEST(s.reader()->summary().import_open);
    sql(s.folder.file(), "UPDATE runs SET import = import + 1");
    BOOST_TEST(!s.reader()->summary().import_open);
}

// Claimed jobs keep their places in the tables, but are not read again by each claim.
BOOST_AUTO_TEST_CASE(a_claim_costs_the_same_behind_many_others)
{
    static std::uint64_t steps = 0;
    constexpr auto count_steps = [](sqlite3* db, char**, const sqlite3_api_routines*) {
        const auto add = [](unsigned, void*, void* finished, void*) {
            auto* one = static_cast<sqlite3_stmt*>(finished);
            steps += static_cast<std::uint64_t>(sqlite3_stmt_status(one, SQLITE_STMTSTATUS_VM_STEP, 1));
            return 0;
        };
        return sqlite3_trace_v2(db, SQLITE_TRACE_PROFILE, add, nullptr);
    };
    const auto hook =
        reinterpret_cast<void (*)()>(static_cast<int (*)(sqlite3*, char**, const sqlite3_api_routines*)>(count_steps));
    BOOST_REQUIRE(sqlite3_auto_extension(hook) == SQLITE_OK);
    opened s;
    sqlite3_cancel_auto_extension(hook);
    add_jobs many;
    for (int n = 0; n < 3000; ++n) many.jobs.push_back({"a", std::to_string(n), false});
    many.run = s.run = s.engine->perform(begin_run{{}, at_second(0)}).run;
    s.engine->perform(many);
    const auto cost_of = [&](const auto& f) {
        steps = 0;
        f();
        return steps;
    };
    std::int64_t first = 0;
    const auto claim_one = [&] { first = s.claim(1, "a").at(0).job; };
    claim_one();
    const std::uint64_t before = cost_of(claim_one);
    BOOST_TEST(before > 0u);
    BOOST_TEST(s.claim(2000, "a").size() == 2000u);
    const auto behind = [&] { s.claim(1, "a"); };
    BOOST_TEST(cost_of(behind) <= 2 * before);
    // One that was released is the next one, and the others are passed once.
    s.engine->perform(release_job{first, {}});
    BOOST_TEST(s.claim(1, "a").at(0).job == first);
    behind();
    BOOST_TEST(cost_of(behind) <= 2 * before);
}

BOOST_AUTO_TEST_SUITE_END()
