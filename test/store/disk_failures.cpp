// Every single operation on the disk fails once, or from then on, in a small harvest; every statement is interrupted
// once; the power goes at every operation. What was committed is there afterwards, nothing is there twice, and another
// run completes the harvest.
#include "faulty_vfs.hpp"
#include "harness.hpp"
#include "support/printing.hpp"

#include <boost/test/unit_test.hpp>

#include <sqlite3.h>

#include <csignal>
#include <optional>

#include <sys/resource.h>
#include <sys/wait.h>

using namespace unipile;
using namespace unipile::store;
using namespace unipile::store::test;

namespace {

world tiny_world()
{
    world w;
    w["alice"].add(5);
    w["bob"].add(4);
    return w;
}

struct attempt {
    bool done = false;
    std::optional<store_errc> reason;
    std::string line;
    harvest_log log;
};

attempt try_harvest(const std::string& file, const world& w, const char* vfs)
{
    attempt a;
    sqlite_options options;
    options.vfs = vfs;
    options.lock_patience = 0ms;
    std::unique_ptr<store::engine> engine;
    try {
        engine = open_sqlite(file, options);
        harvest(*engine, w, {}, a.log);
        a.done = true;
    } catch (const store_error& e) {
        a.reason = e.reason();
        a.line = e.what();
        // It refuses to go on as if nothing had happened.
        if (engine) {
            try {
                engine->commit();
                a.line += " (and commits)";
                a.reason.reset();
            } catch (const store_error&) {
            }
        }
    }
    return a;
}

// Everything that was durable is there, nothing twice, and the rest comes with the next run.
void check_and_complete(const std::string& file, const world& w, const attempt& a, const std::string& what)
{
    std::set<std::string> there;
    if (!a.log.durable.empty() || a.done) there = held(file);
    BOOST_REQUIRE_MESSAGE(std::includes(there.begin(), there.end(), a.log.durable.begin(), a.log.durable.end()),
                          what << ": lost what was durable");
    if (a.done) BOOST_REQUIRE_MESSAGE(there == truth(w), what << ": said done and was not");
    const attempt again = try_harvest(file, w, "");
    BOOST_REQUIRE_MESSAGE(again.done, what << ": could not go on: " << again.line);
    BOOST_REQUIRE_MESSAGE(held(file) == truth(w), what << ": is not whole in the end");
}

void every_operation_fails(int code, bool stays, std::set<store_errc> expected)
{
    const world w = tiny_world();
    auto& disk = faulty_disk::instance();
    std::set<store_errc> seen;
    std::uint64_t k = 1;
    for (;; ++k) {
        BOOST_REQUIRE(k < 10'000u);
        scratch folder;
        disk.reset();
        disk.fail_at(k, code, stays);
        const attempt a = try_harvest(folder.file(), w, faulty_disk::vfs());
        const bool reached = disk.has_failed();
        disk.reset();
        if (!reached) {
            BOOST_TEST(a.done);
            break;
        }
        const std::string what = "operation " + std::to_string(k);
        // Some failures do no harm, for example in a checkpoint; but none may be hidden that does.
        BOOST_REQUIRE_MESSAGE(a.done || a.reason, what << ": " << a.line);
        if (a.reason) seen.insert(*a.reason);
        check_and_complete(folder.file(), w, a, what);
    }
    BOOST_TEST_MESSAGE("operations: " << k - 1);
    BOOST_TEST(k > 50u);
    for (auto e : seen) BOOST_TEST(expected.contains(e), make_error_code(e).message());
    BOOST_TEST(!seen.empty());
}

// Statements are counted in every connection that is opened; the k-th is interrupted when it starts.
std::uint64_t statements = 0, interrupt_at = 0;

int count_statement(unsigned, void* context, void*, void*)
{
    if (++statements == interrupt_at) sqlite3_interrupt(static_cast<sqlite3*>(context));
    return 0;
}

int watch_connection(sqlite3* db, const char**, const sqlite3_api_routines*)
{
    return sqlite3_trace_v2(db, SQLITE_TRACE_STMT, count_statement, db);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(disk_failures)

BOOST_AUTO_TEST_CASE(io_error_once)
{
    using enum store_errc;
    every_operation_fails(SQLITE_IOERR_WRITE, false, {io_error, cannot_open, corrupt});
}

BOOST_AUTO_TEST_CASE(io_error_from_then_on)
{
    using enum store_errc;
    every_operation_fails(SQLITE_IOERR_FSYNC, true, {io_error, cannot_open, corrupt});
}

BOOST_AUTO_TEST_CASE(full_from_then_on)
{
    using enum store_errc;
    every_operation_fails(SQLITE_FULL, true, {disk_full, cannot_open, io_error, corrupt});
}

BOOST_AUTO_TEST_CASE(a_full_disk_can_still_be_read)
{
    const world w = tiny_world();
    auto& disk = faulty_disk::instance();
    for (std::uint64_t k = 1;; ++k) {
        BOOST_REQUIRE(k < 10'000u);
        scratch folder;
        disk.reset();
        disk.only({faulty_disk::operation::write, faulty_disk::operation::truncate});
        disk.fail_at(k, SQLITE_FULL, true);
        const attempt a = try_harvest(folder.file(), w, faulty_disk::vfs());
        const bool reached = disk.has_failed();
        disk.reset();
        if (!reached) break;
        if (!a.done) {
            BOOST_REQUIRE(a.reason.has_value());
            BOOST_REQUIRE_MESSAGE(*a.reason == store_errc::disk_full, "write " << k << ": " << a.line);
            BOOST_TEST(a.line.find("the disk is full") != std::string::npos);
        }
        check_and_complete(folder.file(), w, a, "write " + std::to_string(k));
    }
}

BOOST_AUTO_TEST_CASE(locks_that_cannot_be_had)
{
    using enum store_errc;
    const world w = tiny_world();
    auto& disk = faulty_disk::instance();
    for (std::uint64_t k = 1;; ++k) {
        BOOST_REQUIRE(k < 1000u);
        scratch folder;
        disk.reset();
        disk.only({faulty_disk::operation::lock});
        disk.fail_at(k, SQLITE_BUSY, true);
        const attempt a = try_harvest(folder.file(), w, faulty_disk::vfs());
        const bool reached = disk.has_failed();
        disk.reset();
        if (!reached) break;
        if (!a.done) BOOST_REQUIRE_MESSAGE(a.reason == locked, "lock " << k << ": " << a.line);
        check_and_complete(folder.file(), w, a, "lock " + std::to_string(k));
    }
}

BOOST_AUTO_TEST_CASE(every_statement_interrupted)
{
    const world w = tiny_world();
    sqlite3_auto_extension(reinterpret_cast<void (*)()>(watch_connection));
    std::uint64_t k = 1, interrupted = 0;
    for (;; ++k) {
        BOOST_REQUIRE(k < 10'000u);
        scratch folder;
        statements = 0;
        interrupt_at = k;
        const attempt a = try_harvest(folder.file(), w, "");
        const bool reached = statements >= k;
        interrupt_at = 0;
        if (!reached) {
            BOOST_TEST(a.done);
            break;
        }
        // The statement that was interrupted may have been done already.
        if (!a.done) {
            BOOST_REQUIRE_MESSAGE(a.reason == store_errc::interrupted, "statement " << k << ": " << a.line);
            ++interrupted;
        }
        check_and_complete(folder.file(), w, a, "statement " + std::to_string(k));
    }
    sqlite3_reset_auto_extension();
    BOOST_TEST_MESSAGE("statements: " << k - 1 << ", interrupted: " << interrupted);
    BOOST_TEST(interrupted > 50u);
}

BOOST_AUTO_TEST_CASE(the_power_goes_at_every_operation)
{
    const world w = tiny_world();
    auto& disk = faulty_disk::instance();
    for (std::uint64_t k = 1;; ++k) {
        BOOST_REQUIRE(k < 10'000u);
        for (std::uint64_t seed = 0; seed < 2; ++seed) {
            std::mt19937_64 random(k * 10 + seed);
            scratch folder;
            disk.reset();
            disk.power_off_at(k);
            attempt a;
            // What is durable is what was committed while there was power.
            std::set<std::string> durable;
            {
                sqlite_options options;
                options.vfs = faulty_disk::vfs();
                try {
                    auto engine = open_sqlite(folder.file(), options);
                    harvest_plan plan;
                    harvest(*engine, w, plan, a.log, [&] {
                        if (!disk.off()) durable = a.log.durable;
                    });
                    if (!disk.off()) durable = a.log.durable;
                } catch (const store_error&) {
                    // Without power, what SQLite reads back may make no sense to it.
                }
            }
            const bool reached = disk.off();
            disk.lose_unsynced(random);
            disk.reset();
            // The other processes' memory is gone too.
            std::filesystem::remove(folder.file() + "-shm");
            if (!reached) return;
            a.done = false;
            a.log.durable = durable;
            check_and_complete(folder.file(), w, a, "operation " + std::to_string(k) + " seed " + std::to_string(seed));
        }
    }
}

BOOST_AUTO_TEST_CASE(a_limit_on_the_size_of_files_is_a_full_disk)
{
    scratch folder;
    world w;
    w["alice"].add(3000);
    // In a process of its own, since the limit is the process's.
    const pid_t child = ::fork();
    BOOST_REQUIRE(child >= 0);
    if (child == 0) {
        std::signal(SIGXFSZ, SIG_IGN);
        const rlimit limit{400'000, 400'000};
        if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) ::_exit(3);
        int result = 1;
        try {
            auto engine = open_sqlite(folder.file());
            harvest_log log;
            harvest_plan plan;
            plan.limit = 100;
            harvest(*engine, w, plan, log);
        } catch (const store_error& e) {
            result = e.reason() == store_errc::disk_full ? 0 : 2;
        }
        ::_exit(result);
    }
    int status = 0;
    BOOST_REQUIRE(::waitpid(child, &status, 0) == child);
    BOOST_TEST(WIFEXITED(status));
    BOOST_TEST(WEXITSTATUS(status) == 0);
    attempt a = try_harvest(folder.file(), w, "");
    BOOST_TEST(a.done);
    BOOST_TEST(held(folder.file()) == truth(w));
}

BOOST_AUTO_TEST_CASE(killed_at_any_moment)
{
    const world w = small_world();
    std::mt19937_64 random(7);
    for (int round = 0; round < 20; ++round) {
        scratch folder;
        // The child writes a byte for each commit; it is killed after some of them.
        int pipe[2];
        BOOST_REQUIRE(::pipe(pipe) == 0);
        const pid_t child = ::fork();
        BOOST_REQUIRE(child >= 0);
        if (child == 0) {
            ::close(pipe[0]);
            try {
                auto engine = open_sqlite(folder.file());
                harvest_log log;
                harvest_plan plan;
                plan.commit_every = 1;
                harvest(*engine, w, plan, log, [&] {
                    if (::write(pipe[1], "c", 1) != 1) ::_exit(2);
                });
            } catch (const std::exception&) {
                ::_exit(1);
            }
            ::_exit(0);
        }
        ::close(pipe[1]);
        char c = 0;
        for (std::uint64_t n = random() % 12; n > 0 && ::read(pipe[0], &c, 1) == 1; --n) {
        }
        ::kill(child, SIGKILL);
        int status = 0;
        BOOST_REQUIRE(::waitpid(child, &status, 0) == child);
        ::close(pipe[0]);
        const attempt a = try_harvest(folder.file(), w, "");
        BOOST_REQUIRE_MESSAGE(a.done, a.line);
        BOOST_TEST(held(folder.file()) == truth(w));
    }
}

BOOST_AUTO_TEST_SUITE_END()
