// The program's harvest and what it waits for: a store that another process has locked, the owner of an account, a key.
#include "program/field_work.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <sqlite3.h>

namespace {

using strings = std::vector<std::string>;
namespace simulator = unipile::simulator;

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
