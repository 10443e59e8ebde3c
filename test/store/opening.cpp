// Opening a store: locks of others, stores of earlier versions, the owner's lock, permissions.
#include "failing_calls.hpp"
#include "faulty_vfs.hpp"
#include "opened_store.hpp"
#include "store/sqlite_schema.hpp"
#include "support/printing.hpp"
#include "version_1.hpp"

#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace unipile;
using namespace unipile::store;
using namespace unipile::store::test;

namespace {

const auto newest = static_cast<std::int64_t>(schema_steps().size());

// Another process's transaction.
class foreign_lock {
public:
    explicit foreign_lock(const std::string& file)
    {
        BOOST_REQUIRE(sqlite3_open(file.c_str(), &db_) == SQLITE_OK);
        BOOST_REQUIRE(sqlite3_exec(db_, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr) == SQLITE_OK);
    }
    foreign_lock(const foreign_lock&) = delete;
    foreign_lock& operator=(const foreign_lock&) = delete;
    ~foreign_lock() { end(); }
    void end()
    {
        sqlite3_close(db_);
        db_ = nullptr;
    }

private:
    sqlite3* db_ = nullptr;
};

unsigned mode_of(const std::string& file)
{
    struct stat found = {};
    BOOST_REQUIRE_MESSAGE(::stat(file.c_str(), &found) == 0, file);
    return found.st_mode & 0777U;
}

void make_version_1(const std::string& file) { sql(file, store_of_version_1); }

std::int64_t version_of(const std::string& file)
{
    std::int64_t version = 0;
    rows(file, "PRAGMA user_version", [&](const auto& row) { version = std::stoll(row[0]); });
    return version;
}

// What the fixture has, whichever version it is of.
void check_content(post_reader& reader)
{
    std::set<std::string> ids;
    reader.posts({}, [&](const stored_post& p) { return ids.emplace(p.id).second; });
    BOOST_TEST(ids.size() == 13u);
    std::map<std::string, job_state> states;
    BOOST_TEST(reader.jobs({}, [&](const stored_job& j) {
        states[j.spec.identifier] = j.state;
        BOOST_TEST(!j.suspect);
        BOOST_TEST(!j.withdrawn);
        BOOST_TEST(j.tried == j.harvested);
        return true;
    }) == 6u);
    BOOST_TEST(states["bob"] == job_state::done);
    BOOST_TEST(states["carol"] == job_state::failed);
    BOOST_TEST(states["dave"] == job_state::delayed);
    BOOST_TEST(states["eve"] == job_state::queued);
    std::map<std::string, account_row> accounts;
    BOOST_TEST(reader.accounts([&](const account_row& row, const account_summary&) {
        accounts[row.account] = row;
        return true;
    }) == 3u);
    BOOST_TEST(accounts["acc0"].ledger == "ledger");
    BOOST_TEST(accounts["acc0"].used_today == 3u);
    BOOST_TEST(accounts["acc2"].parked);
    BOOST_TEST(reader.quarantined([](const job_spec& spec, const quarantined_row& row, wall_time) {
        BOOST_TEST(spec.account == "acc1");
        BOOST_TEST(spec.identifier == "bob");
        BOOST_TEST(row.raw == "{\"broken\":tru}");
        return true;
    }) == 1u);
    const store_summary sum = reader.summary();
    BOOST_TEST(sum.posts == 13u);
    BOOST_TEST(sum.jobs.all() == 6u);
    BOOST_TEST(sum.withdrawn == 0u);
    BOOST_TEST(sum.suspect == 0u);
    BOOST_TEST(sum.tenant.empty());
    BOOST_TEST(sum.ends.complete == 1u);
    BOOST_TEST(sum.ends.failed == 1u);
    BOOST_TEST(sum.last_run.value().label == "jobs.csv");
}

// The run that was under way goes on to its end.
void go_on(engine& engine)
{
    run_request r;
    r.label = "jobs.csv";
    r.mode = walk_mode::full;
    const run_info info = engine.perform(begin_run{r, at_second(6000)});
    BOOST_TEST(info.resumed);
    const std::vector<job_spec> jobs{{"acc0", "alice", false}, {"acc1", "dave", false}, {"acc2", "77", true}};
    engine.perform(begin_import{info.run});
    BOOST_TEST(engine.perform(add_jobs{info.run, jobs}).queued == 3u);
    BOOST_TEST(engine.perform(end_import{info.run}) == 2u);  // carol and eve
    const auto claimed = claim_some(engine, info.run, 10, at_second(6001));
    BOOST_TEST(claimed.size() == 3u);
    for (const claimed_job& job : claimed) {
        engine.perform(page_of(job.job, job.spec.identifier, {1}, "", at_second(6002)));
        engine.perform(job_end{job.job, end_reason::null_cursor, {}, {}, false, {}, 0, at_second(6003)});
    }
    BOOST_TEST(engine.perform(end_run{info.run, "complete", at_second(6004)}));
    engine.commit();
}

sqlite_options on_faulty_disk()
{
    sqlite_options o;
    o.vfs = faulty_disk::vfs();
    o.lock_patience = 0ms;
    return o;
}

// A store of version 1, whose migration something happens to: it is of one version or of the other, and goes on. False
// if it was over before that happened.
bool migrate_with(const std::function<void(faulty_disk&)>& plan, std::uint64_t seed)
{
    BOOST_REQUIRE(seed < 10'000u);
    scratch folder;
    make_version_1(folder.file());
    auto& disk = faulty_disk::instance();
    disk.reset();
    plan(disk);
    try {
        open_sqlite(folder.file(), on_faulty_disk());
    } catch (const store_error&) {
        // What it says is a matter of another test.
    }
    const bool happened = disk.has_failed() || disk.off();
    if (disk.off()) {
        std::mt19937_64 random(seed);
        disk.lose_unsynced(random);
        std::filesystem::remove(folder.file() + "-shm");
    }
    disk.reset();
    const std::int64_t version = version_of(folder.file());
    BOOST_REQUIRE_MESSAGE(version == 1 || version == newest, "step " << seed);
    check_content(*open_sqlite_reader(folder.file()));
    const auto engine = open_sqlite(folder.file());
    BOOST_REQUIRE_MESSAGE(version_of(folder.file()) == newest, "step " << seed);
    go_on(*engine);
    return happened;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(opening)

BOOST_AUTO_TEST_CASE(a_harvest_waits_for_a_lock_of_another_process)
{
    scratch folder;
    std::unique_ptr<foreign_lock> lock;
    std::vector<std::chrono::milliseconds> waited;
    sqlite_options o;
    // Longer than any test: what ends the wait is the lock's end.
    o.lock_patience = std::chrono::hours(24);
    o.while_locked = [&](std::chrono::milliseconds so_far) {
        waited.push_back(so_far);
        if (waited.size() == 5) lock->end();
        return true;
    };
    const auto engine = open_sqlite(folder.file(), o);
    lock = std::make_unique<foreign_lock>(folder.file());
    BOOST_TEST(engine->perform(begin_run{{}, at_second(0)}).run == 1);
    engine->commit();
    BOOST_TEST(waited.size() >= 5u);
    BOOST_TEST(waited.front() <= waited.back());
}

BOOST_AUTO_TEST_CASE(the_wait_for_a_lock_can_be_given_up)
{
    scratch folder;
    int asked = 0;
    sqlite_options o;
    o.lock_patience = std::chrono::hours(24);
    o.while_locked = [&](std::chrono::milliseconds) { return ++asked < 3; };
    auto engine = open_sqlite(folder.file(), o);
    foreign_lock lock(folder.file());
    BOOST_TEST(reason_of([&] { engine->perform(begin_run{{}, at_second(0)}); }) == store_errc::locked);
    BOOST_TEST(asked == 3);
    engine.reset();
    // And so can the one for the opening.
    asked = 0;
    BOOST_TEST(reason_of([&] { open_sqlite(folder.file(), o); }) == store_errc::locked);
    BOOST_TEST(asked == 3);
    o.while_locked = [](std::chrono::milliseconds) -> bool { throw 1; };
    BOOST_TEST(reason_of([&] { open_sqlite(folder.file(), o); }) == store_errc::locked);
}

BOOST_AUTO_TEST_CASE(a_command_beside_a_harvest_waits_for_its_own_time)
{
    scratch folder;
    open_sqlite(folder.file());
    foreign_lock lock(folder.file());
    sqlite_options o = with_access(store::access::control);
    o.busy_timeout = 1ms;
    const auto control = open_sqlite(folder.file(), o);
    BOOST_TEST(reason_of([&] { control->perform(request_unpark{"a", at_second(0)}); }) == store_errc::locked);
}

BOOST_AUTO_TEST_CASE(a_store_of_the_version_before_is_read_as_it_is)
{
    scratch folder;
    make_version_1(folder.file());
    check_content(*open_sqlite_reader(folder.file()));
    BOOST_TEST(version_of(folder.file()) == 1);
    backup_sqlite(folder.file(), folder.file("b.db"));
    check_content(*open_sqlite_reader(folder.file("b.db")));
    BOOST_TEST(version_of(folder.file("b.db")) == 1);
}

BOOST_AUTO_TEST_CASE(a_store_of_the_version_before_goes_on)
{
    scratch folder;
    make_version_1(folder.file());
    auto engine = open_sqlite(folder.file());
    BOOST_TEST(version_of(folder.file()) == newest);
    check_content(*open_sqlite_reader(folder.file()));
    // Others are kept out.
    BOOST_TEST(reason_of([&] { open_sqlite(folder.file()); }) == store_errc::in_use);
    go_on(*engine);
}

BOOST_AUTO_TEST_CASE(fingerprints_of_another_version_are_made_anew_or_refused)
{
    opened s;
    const auto job = s.job("a", "x");
    s.engine->perform(page_of(job.job, "x", {1, 2}, "p", at_second(1)));
    s.engine->commit();
    s.engine.reset();
    s.folder.sql(
        "UPDATE posts SET content = x'00', counters = 1, own = 1, links = 1;"
        "UPDATE properties SET value = '0' WHERE name = 'fingerprint'");
    std::vector<upgrade_progress> seen;
    sqlite_options o;
    o.while_upgrading = [&](const upgrade_progress& p) {
        seen.push_back(p);
        return true;
    };
    s.engine = open_sqlite(s.folder.file(), o);
    BOOST_TEST(!seen.empty());
    BOOST_TEST(seen.front().all == 2u);
    const auto again = s.job("a", "x");
    const auto result = s.engine->perform(page_of(again.job, "x", {1, 2}, "p", at_second(2)));
    BOOST_TEST(result.unchanged == 2u);
    s.engine->commit();
    s.engine.reset();
    s.folder.sql("UPDATE properties SET value = '2' WHERE name = 'fingerprint'");
    BOOST_TEST(reason_of([&] { open_sqlite(s.folder.file()); }) == store_errc::newer_schema);
    BOOST_TEST(s.reader()->summary().posts == 2u);
}

BOOST_AUTO_TEST_CASE(tables_change_under_the_lock_only)
{
    scratch folder;
    make_version_1(folder.file());
    // A harvest of the version before.
    const int held = ::open(folder.file("posts.db.lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    BOOST_REQUIRE(::flock(held, LOCK_SH | LOCK_NB) == 0);
    for (const store::access a : {store::access::sole, store::access::control})
        BOOST_TEST(reason_of([&] { open_sqlite(folder.file(), with_access(a)); }) == store_errc::in_use);
    BOOST_TEST(version_of(folder.file()) == 1);
    check_content(*open_sqlite_reader(folder.file()));
    ::close(held);
    // No harvest runs, and none is kept from running afterwards.
    const auto control = open_sqlite(folder.file(), with_access(store::access::control));
    BOOST_TEST(version_of(folder.file()) == newest);
    BOOST_TEST(control->perform(request_unpark{std::nullopt, at_second(1)}) == 1u);
    control->commit();
    BOOST_TEST(open_sqlite(folder.file()) != nullptr);
}

BOOST_AUTO_TEST_CASE(a_migration_that_fails_at_any_step_is_done_by_the_next_one)
{
    std::uint64_t k = 1;
    while (migrate_with([&](faulty_disk& disk) { disk.fail_at(k, SQLITE_IOERR_WRITE, true); }, k)) ++k;
    BOOST_TEST_MESSAGE("operations: " << k - 1);
    BOOST_TEST(k > 20u);
}

BOOST_AUTO_TEST_CASE(the_power_goes_at_every_step_of_a_migration)
{
    for (std::uint64_t seed = 0; seed < 3; ++seed) {
        std::uint64_t k = 1;
        while (migrate_with([&](faulty_disk& disk) { disk.power_off_at(k); }, k * 10 + seed)) ++k;
        BOOST_TEST(k > 20u);
    }
}

BOOST_AUTO_TEST_CASE(a_backup_that_fails_leaves_nothing_behind)
{
    scratch folder, target;
    make_version_1(folder.file());
    auto& disk = faulty_disk::instance();
    std::uint64_t k = 1;
    for (bool failed = true; failed; ++k) {
        BOOST_REQUIRE(k < 1000u);
        disk.reset();
        disk.fail_at(k, SQLITE_FULL, true);
        bool done = false;
        try {
            backup_sqlite(folder.file(), target.file(), {}, on_faulty_disk());
            done = true;
        } catch (const store_error& e) {
            const std::string line = e.what();
            BOOST_TEST(!line.starts_with(target.file() + '.'), line);  // the temporary name
            BOOST_TEST(line.find("not an error") == line.npos, line);
        }
        failed = disk.has_failed();
        disk.reset();
        BOOST_TEST(done == std::filesystem::exists(target.file()));
        // What was copied without an error is whole.
        if (done) check_content(*open_sqlite_reader(target.file()));
        for (const std::string& made : sqlite_files(target.file())) std::filesystem::remove(made);
        BOOST_REQUIRE_MESSAGE(std::filesystem::is_empty(target.path()), "operation " << k);
    }
    BOOST_TEST(k > 20u);
    check_content(*open_sqlite_reader(folder.file()));
}

BOOST_AUTO_TEST_CASE(an_owner_whose_lock_is_gone_commits_nothing)
{
    for (const bool replaced : {false, true}) {
        opened s;
        const auto job = s.job("a", "x");
        s.engine->commit();
        const std::string lock = s.folder.file("posts.db.lock");
        std::filesystem::remove(lock);
        std::unique_ptr<store::engine> other;
        if (replaced) other = open_sqlite(s.folder.file());
        if (other) other->commit();
        BOOST_TEST(reason_of([&] {
                       s.engine->perform(page_of(job.job, "x", {1}, "p", at_second(1)));
                       s.engine->commit();
                   }) == store_errc::cannot_open);
        BOOST_TEST(reason_of([&] { s.engine->commit(); }) == store_errc::closed);
        BOOST_TEST(held(s.folder.file()).empty());
    }
}

BOOST_AUTO_TEST_CASE(what_is_made_is_for_its_owner)
{
    const mode_t before = ::umask(0);
    {
        opened s;
        s.engine->perform(begin_run{{}, at_second(0)});
        s.engine->commit();
        for (const char* beside : {"", "-wal", "-shm", ".lock"})
            BOOST_TEST(mode_of(s.folder.file() + beside) == 0600u, beside);
    }
    {
        // What others may read stays so.
        opened s;
        s.engine.reset();
        std::filesystem::permissions(s.folder.file(), std::filesystem::perms(0644));
        std::filesystem::remove(s.folder.file("posts.db.lock"));
        s.engine = open_sqlite(s.folder.file());
        for (const char* beside : {"", "-wal", "-shm", ".lock"})
            BOOST_TEST(mode_of(s.folder.file() + beside) == 0644u, beside);
    }
    ::umask(before);
}

BOOST_AUTO_TEST_CASE(no_file_is_made_for_a_name_that_is_none)
{
    BOOST_TEST(reason_of([&] { open_sqlite(":memory:"); }) == store_errc::cannot_open);
    BOOST_TEST(!std::filesystem::exists(":memory:"));
}

BOOST_AUTO_TEST_CASE(a_lock_that_cannot_be_had_says_why)
{
    const calls_work_again at_the_end;
    for (auto [error, meaning] : {std::pair(ENOLCK, store_errc::unsupported), std::pair(EINTR, store_errc::in_use),
                                  std::pair(EWOULDBLOCK, store_errc::in_use), std::pair(EIO, store_errc::io_error)}) {
        scratch folder;
        fail.flock = error;
        BOOST_TEST(reason_of([&] { open_sqlite(folder.file()); }) == meaning);
    }
}

BOOST_AUTO_TEST_CASE(a_file_is_not_shared_and_the_message_says_what_is)
{
    scratch folder;
    sqlite_options options;
    options.access = access::shared;
    try {
        open_sqlite(folder.file(), options);
        BOOST_TEST(false, "not refused");
    } catch (const std::invalid_argument& e) {
        const std::string line = e.what();
        BOOST_TEST(line.find("PostgreSQL") != line.npos, line);
        BOOST_TEST(line.find('\n') == line.npos);
    }
    BOOST_TEST(!std::filesystem::exists(folder.file()));
}

BOOST_AUTO_TEST_CASE(what_is_no_file_or_empty_is_no_store)
{
    scratch folder;
    BOOST_TEST(reason_of([&] { open_sqlite(folder.path().string()); }) == store_errc::cannot_open);
    BOOST_TEST(reason_of([&] { open_sqlite_reader(folder.path().string()); }) == store_errc::cannot_open);
    BOOST_REQUIRE(::mkfifo(folder.file("fifo").c_str(), 0600) == 0);
    BOOST_TEST(reason_of([&] { open_sqlite_reader(folder.file("fifo")); }) == store_errc::cannot_open);
    {
        std::ofstream empty(folder.file());
    }
    BOOST_TEST(reason_of([&] { open_sqlite_reader(folder.file()); }) == store_errc::nothing_stored);
}

BOOST_AUTO_TEST_SUITE_END()
