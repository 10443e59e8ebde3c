// The program's harvest and what it waits for: a store that another process has locked, the owner of an account, a key.
#include "program/command.hpp"
#include "program/field_work.hpp"
#include "program/harvest/run.hpp"
#include "program/terminal/last_resort.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <sqlite3.h>
#include <unistd.h>

namespace {

using strings = std::vector<std::string>;
namespace simulator = unipile::simulator;
namespace program = unipile::program;

/// Another process's transaction.
class foreign_lock {
public:
    explicit foreign_lock(const std::string& store)
    {
        BOOST_TEST_REQUIRE(::sqlite3_open(store.c_str(), &db_) == SQLITE_OK);
        ::sqlite3_busy_timeout(db_, 60'000);
        BOOST_TEST_REQUIRE(::sqlite3_exec(db_, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr) == SQLITE_OK);
    }
    ~foreign_lock() { ::sqlite3_close(db_); }
    foreign_lock(const foreign_lock&) = delete;
    foreign_lock& operator=(const foreign_lock&) = delete;

private:
    sqlite3* db_ = nullptr;
};

/// A lock that is taken behind this process's last commit but that of the run's end, or behind that one.
class lock_at_the_end {
public:
    enum class moment { before_the_end, behind_it };
    lock_at_the_end(std::string store, unsigned jobs, moment when = moment::before_the_end)
        : store_(std::move(store)), jobs_(jobs), when_(when)
    {
        current = this;
        ::sqlite3_auto_extension(reinterpret_cast<void (*)()>(&watch));
    }
    ~lock_at_the_end()
    {
        ::sqlite3_reset_auto_extension();
        current = nullptr;
    }
    lock_at_the_end(const lock_at_the_end&) = delete;
    lock_at_the_end& operator=(const lock_at_the_end&) = delete;

    bool is_waited_for() const { return waited_for_; }

private:
    static int watch(sqlite3* db, char**, const void*)
    {
        return ::sqlite3_trace_v2(db, SQLITE_TRACE_STMT | SQLITE_TRACE_PROFILE, &seen, nullptr);
    }
    static int seen(unsigned what, void*, void* statement, void*)
    {
        const std::string_view sql = ::sqlite3_sql(static_cast<sqlite3_stmt*>(statement));
        what == SQLITE_TRACE_STMT ? current->begins(sql) : current->is_over(sql);
        return 0;
    }
    void begins(std::string_view sql)
    {
        if (sql == "BEGIN IMMEDIATE" && lock_) waited_for_ = true;
    }
    void is_over(std::string_view sql)
    {
        if (sql.starts_with("UPDATE jobs SET state = 3")) --jobs_;
        if (jobs_ > 0 || lock_) return;
        // The last look for a job. It takes as long as commits are put off, so that one follows.
        if (sql.starts_with("UPDATE jobs SET state = 0"))
            std::this_thread::sleep_for(unipile::store::writer_options{}.group_delay);
        if (sql.starts_with("UPDATE runs SET ended") && when_ == moment::behind_it) {
            // Longer than the pauses between what a harvest asks its store.
            std::this_thread::sleep_for(std::chrono::milliseconds(2'500));
            ended_ = true;
        }
        if (sql == "COMMIT" && (ended_ || when_ == moment::before_the_end)) lock_.emplace(store_);
    }

    static inline lock_at_the_end* current = nullptr;
    std::string store_;
    unsigned jobs_;  ///< not done yet
    moment when_;
    bool ended_ = false;
    std::optional<foreign_lock> lock_;
    std::atomic<bool> waited_for_ = false;
};

/// False if it has not come to be within two minutes.
bool eventually(const std::function<bool()>& is_so)
{
    const auto late = std::chrono::steady_clock::now() + std::chrono::minutes(2);
    while (!is_so()) {
        if (std::chrono::steady_clock::now() > late) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return true;
}

struct waiting : field_work {
    waiting() : field_work{slow()} {}

    static simulator::options slow()
    {
        simulator::options o = two_accounts();
        o.posts_min = o.posts_max = 90;
        o.latency_min = o.latency_max = std::chrono::milliseconds(20);
        return o;
    }
    /// The command line of a shell that runs a harvest with its words in a file.
    strings with_words() const
    {
        strings all{"-c", "exec \"$0\" \"$@\" 2> \"" + words + '"', UNIPILE_PROGRAM};
        const strings own = command({"--ndjson", "-"});
        all.insert(all.end(), own.begin(), own.end());
        return all;
    }
    /// For moments that can't be seen from outside of the harvest's process.
    program::harvest_arguments in_this_process() const
    {
        const std::string key = folder.file("key");
        write_file(key, world.key);
        program::harvest_arguments a;
        a.jobs = jobs;
        a.store = store;
        a.pace = "none";
        a.watch.quiet = true;
        a.connection.base_url = world.server.base_url();
        a.connection.api_key_file = key;
        return a;
    }
    bool says_locked() const { return has(read_file(words), "unipile: another process has locked the store for "); }

    std::string words = folder.file("words");
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(harvest_waiting, waiting)

BOOST_AUTO_TEST_CASE(a_store_that_is_locked_at_the_beginning_is_waited_for)
{
    BOOST_TEST_REQUIRE(harvest({"--max-posts", "20"}).code == 0);
    for (const bool interrupted : {true, false}) {
        write_file(words, "");
        auto lock = std::make_unique<foreign_lock>(store);
        process p{"/bin/sh", with_words(), world.environment()};
        BOOST_TEST(eventually([this] { return says_locked(); }));
        if (interrupted)
            p.send(SIGINT);
        else
            lock.reset();
        BOOST_TEST(p.wait().code == (interrupted ? 130 : 0), read_file(words));
        BOOST_TEST(has(read_file(words), "not complete: ") == interrupted, read_file(words));
        BOOST_TEST(!has(read_file(words), "try again"), read_file(words));
    }
    check_store();
}

BOOST_AUTO_TEST_CASE(a_store_that_is_locked_under_way_is_waited_for)
{
    process p{"/bin/sh", with_words(), world.environment()};
    for (int i = 0; i < 20; ++i) BOOST_TEST_REQUIRE(!p.read_line().empty());
    auto lock = std::make_unique<foreign_lock>(store);
    BOOST_TEST(eventually([this] { return says_locked(); }));
    lock.reset();
    BOOST_TEST(p.wait().code == 0, read_file(words));
    check_store();
}

BOOST_AUTO_TEST_CASE(the_wait_for_a_store_that_is_locked_under_way_can_be_interrupted)
{
    process p{"/bin/sh", with_words(), world.environment()};
    for (int i = 0; i < 20; ++i) BOOST_TEST_REQUIRE(!p.read_line().empty());
    auto lock = std::make_unique<foreign_lock>(store);
    BOOST_TEST(eventually([this] { return says_locked(); }));
    p.send(SIGINT);
    BOOST_TEST(p.wait().code == 130, read_file(words));
    BOOST_TEST(has(read_file(words), "not complete: "), read_file(words));
    BOOST_TEST(!has(read_file(words), "try again"), read_file(words));
    lock.reset();
    BOOST_TEST(harvest().code == 0);
    check_store();
}

BOOST_AUTO_TEST_CASE(the_wait_for_a_store_that_is_locked_at_the_end_can_be_interrupted)
{
    program::end_process_in(3'600, 1);  // the run's own deadline has no effect then
    const program::harvest_arguments a = in_this_process();
    {
        const lock_at_the_end lock{store, 6};
        std::atomic<bool> over = false;
        std::jthread interrupter{[&] {
            while (!lock.is_waited_for() && !over) std::this_thread::sleep_for(std::chrono::milliseconds(1));
            ::kill(::getpid(), SIGINT);
        }};
        program::harvest_run run{a, program::make_plan(a)};
        BOOST_TEST(run.run() == program::exit_code::interrupted);
        BOOST_TEST(lock.is_waited_for());
        over = true;
        interrupter.join();
    }
    ::alarm(0);
    BOOST_TEST(harvest().code == 0);
    check_store();
}

BOOST_AUTO_TEST_CASE(behind_the_end_of_a_run_the_store_is_asked_for_nothing)
{
    program::end_process_in(3'600, 1);
    const program::harvest_arguments a = in_this_process();
    {
        const lock_at_the_end lock{store, 6, lock_at_the_end::moment::behind_it};
        program::harvest_run run{a, program::make_plan(a)};
        BOOST_TEST(run.run() == program::exit_code::all_complete);
        BOOST_TEST(!lock.is_waited_for());
    }
    ::alarm(0);
    check_store();
}

BOOST_AUTO_TEST_CASE(an_account_that_is_unparked_meanwhile_goes_on)
{
    world.server.set_account_error("acc2", simulator::error_answer{401, "errors/disconnected_account", {}});
    // The other account's work goes on for as long as its lines have no reader.
    process p{UNIPILE_PROGRAM, command({"--ndjson", "-"}), world.environment()};
    const strings look{"accounts", "--store", store, "--json"};
    BOOST_TEST(eventually([&] { return has(world.run(look).out, "\"parked\":true"); }));
    world.server.set_account_error("acc2", std::nullopt);
    const std::uint64_t before = world.server.requests("acc2");
    BOOST_TEST(world.run({"accounts", "--store", store, "--unpark", "acc2"}).code == 0);
    BOOST_TEST(eventually([&] { return world.server.requests("acc2") > before; }));
    const finished f = p.wait();
    BOOST_TEST(f.code == 0, f.err);
    BOOST_TEST(has(f.err, "all 6 jobs are done"), f.err);
    check_store();
}

BOOST_AUTO_TEST_CASE(a_key_that_is_refused_and_in_no_file_any_more_ends_it)
{
    const std::string file = folder.file("key");
    write_file(file, world.key + '\n');
    process p{UNIPILE_PROGRAM,
              command({"--ndjson", "-", "--api-key-file", file}),
              {{"UNIPILE_DSN", world.server.base_url()}}};
    for (int i = 0; i < 100; ++i) BOOST_TEST_REQUIRE(!p.read_line().empty());
    p.send(SIGSTOP);
    std::filesystem::remove(file);
    world.server.set_api_key("another-key");
    p.send(SIGCONT);
    const finished f = p.wait();
    BOOST_TEST(f.code == 3, f.err);
    BOOST_TEST(has(f.err, "unipile: --api-key-file: " + file), f.err);
    world.server.set_api_key(world.key);
    BOOST_TEST(harvest().code == 0);
    check_store();
}

BOOST_AUTO_TEST_SUITE_END()
