// What a copy of a store has: of its file alone, of a backup, of a file without its log; and that who reads keeps
// nothing from the file.
#include "failing_calls.hpp"
#include "opened_store.hpp"
#include "store_work.hpp"
#include "support/printing.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <future>
#include <memory>
#include <set>
#include <string>
#include <thread>

#include <sys/stat.h>

using namespace unipile;
using namespace unipile::store;
using namespace unipile::store::test;

namespace {

// The file alone, as somebody would copy it.
std::set<std::string> held_by_a_copy(const std::string& file)
{
    scratch copied;
    std::filesystem::copy_file(file, copied.file());
    return held(copied.file());
}

// A store with that many posts of about a kilobyte, whose harvest goes on.
struct busy_store {
    explicit busy_store(std::uint64_t posts)
    {
        job = one_job(*engine, "x");
        write(posts);
    }
    void write(std::uint64_t posts)
    {
        for (; posts > 0; --posts) {
            const std::string id = "x-" + std::to_string(++written);
            const std::string text =
                "{\"object\":\"Post\",\"id\":\"" + id + "\",\"text\":\"" + std::string(1000, 't') + "\"}";
            engine->perform(one_post(job, id, text));
        }
        engine->commit();
    }
    std::uint64_t log_bytes() const { return std::filesystem::file_size(folder.file() + "-wal"); }

    scratch folder;
    std::unique_ptr<store::engine> engine = open_sqlite(folder.file());
    std::int64_t job = 0;
    std::uint64_t written = 0;
};

std::uint64_t count(const std::string& file)
{
    return open_sqlite_reader(file)->posts({}, [](const stored_post&) { return true; });
}

unsigned mode_of(const std::string& file)
{
    struct stat found = {};
    BOOST_REQUIRE_MESSAGE(::stat(file.c_str(), &found) == 0, file);
    return found.st_mode & 0777U;
}

std::size_t files_in(const std::filesystem::path& folder)
{
    std::size_t n = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) n += entry.is_regular_file() ? 1 : 0;
    return n;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(copies)

BOOST_AUTO_TEST_CASE(the_file_alone_has_what_was_committed)
{
    scratch folder;
    writer_options o = slow_groups();
    o.checkpoint_every = 0ms;
    store_writer writer(open_sqlite(folder.file()), o);
    const std::int64_t l = one_job(writer, "x");
    std::set<std::string> all;
    for (std::uint64_t i = 1; i <= 5; ++i) {
        all.insert("x-" + std::to_string(i));
        writer.post(work_of(page_of(l, "x", {i}, "p", at_second(1))));
        writer.flush({});
        // The checkpoint is behind the commit, and before the next piece of work.
        std::promise<std::set<std::string>> copied;
        writer.post(call([&] { copied.set_value(held_by_a_copy(folder.file())); }));
        BOOST_TEST(copied.get_future().get() == all);
    }
}

BOOST_AUTO_TEST_CASE(the_file_alone_is_a_store_behind_the_first_commit)
{
    scratch folder;
    writer_options o = slow_groups();
    o.checkpoint_every = 1h;
    store_writer writer(open_sqlite(folder.file()), o);
    writer.post(work_of(page_of(one_job(writer, "x"), "x", {1}, "p", at_second(1))));
    writer.flush({});
    std::promise<std::set<std::string>> copied;
    writer.post(call([&] { copied.set_value(held_by_a_copy(folder.file())); }));
    BOOST_TEST(copied.get_future().get().size() == 1u);
}

BOOST_AUTO_TEST_CASE(what_was_committed_reaches_the_file_without_another_commit)
{
    scratch folder;
    writer_options o;
    o.group_delay = 1ms;
    o.checkpoint_every = 1ms;
    store_writer writer(open_sqlite(folder.file()), o);
    const std::int64_t l = one_job(writer, "x");
    writer.flush({});
    writer.post(work_of(page_of(l, "x", {1}, "p", at_second(1))));
    while (held_by_a_copy(folder.file()).empty()) std::this_thread::yield();
}

BOOST_AUTO_TEST_CASE(at_the_end_all_is_in_the_file_or_it_is_said_what_is_not)
{
    for (const bool read_meanwhile : {false, true}) {
        scratch folder;
        store_writer writer(open_sqlite(folder.file()), slow_groups());
        const std::int64_t l = one_job(writer, "x");
        std::promise<void> durable;
        writer.flush([&](std::exception_ptr) { durable.set_value(); });
        durable.get_future().wait();
        // Somebody else's transaction, in which nothing can be copied that is newer.
        sqlite3* other = nullptr;
        if (read_meanwhile) {
            BOOST_REQUIRE(sqlite3_open(folder.file().c_str(), &other) == SQLITE_OK);
            BOOST_REQUIRE(sqlite3_exec(other, "BEGIN; SELECT count(*) FROM posts", nullptr, nullptr, nullptr) ==
                          SQLITE_OK);
        }
        writer.post(work_of(page_of(l, "x", {1}, "p", at_second(1))));
        writer.close();
        const log_tail left = writer.tail();
        BOOST_TEST((left.bytes > 0) == read_meanwhile);
        BOOST_TEST(left.file == (read_meanwhile ? folder.file() + "-wal" : std::string()));
        BOOST_TEST(held_by_a_copy(folder.file()).size() == (read_meanwhile ? 0u : 1u));
        sqlite3_close(other);
        BOOST_TEST(held(folder.file()).size() == 1u);
    }
}

BOOST_AUTO_TEST_CASE(a_file_without_its_log_is_not_taken_for_an_empty_one)
{
    // As the store was made before: with its tables in the log.
    scratch folder, copied;
    sqlite3* killed = nullptr;
    BOOST_REQUIRE(sqlite3_open(folder.file().c_str(), &killed) == SQLITE_OK);
    BOOST_REQUIRE(sqlite3_exec(killed,
                               "PRAGMA page_size = 16384; PRAGMA journal_mode = WAL; CREATE TABLE jobs(job); "
                               "PRAGMA application_id = 1433299312; PRAGMA user_version = 1",
                               nullptr, nullptr, nullptr) == SQLITE_OK);
    std::filesystem::copy_file(folder.file(), copied.file());
    sqlite3_close(killed);
    BOOST_TEST(reason_of([&] { open_sqlite_reader(copied.file()); }) == store_errc::log_missing);
    BOOST_TEST(reason_of([&] { open_sqlite(copied.file()); }) == store_errc::log_missing);
    BOOST_TEST(reason_of([&] { backup_sqlite(copied.file(), copied.file("b.db")); }) == store_errc::log_missing);
    BOOST_TEST(!std::filesystem::exists(copied.file("posts.db.lock")));
}

BOOST_AUTO_TEST_CASE(a_store_is_one_from_its_first_moment)
{
    scratch folder, copied;
    const auto engine = open_sqlite(folder.file());
    std::filesystem::copy_file(folder.file(), copied.file());
    BOOST_TEST(count(copied.file()) == 0u);
    BOOST_TEST(open_sqlite(copied.file()) != nullptr);
}

BOOST_AUTO_TEST_CASE(a_backup_has_all_that_was_committed_when_it_began)
{
    busy_store store(3000);
    const std::string to = store.folder.file("backup.db");
    std::uint64_t last = 0, calls = 0;
    backup_sqlite(store.folder.file(), to, [&](const backup_progress& p) {
        BOOST_TEST(p.copied >= last);
        last = p.copied;
        // The harvest goes on all the time.
        store.write(10);
        ++calls;
        BOOST_REQUIRE(calls < 1000u);
        return true;
    });
    BOOST_TEST(calls > 1u);
    BOOST_TEST(count(to) == 3000u);
    BOOST_TEST(mode_of(to) == 0600u);
    BOOST_TEST(count(store.folder.file()) == 3000u + 10 * calls);
    std::filesystem::remove(to + "-wal");
    std::filesystem::remove(to + "-shm");
    // One file, which is a store.
    scratch elsewhere;
    std::filesystem::rename(to, elsewhere.file());
    BOOST_TEST(count(elsewhere.file()) == 3000u);
    BOOST_TEST(open_sqlite(elsewhere.file())->perform(load_account{"a"}).has_value() == false);
}

/// A file of that name that is made while the backup runs is kept.
void check_that_none_is_written_over(const std::string& file, const std::string& to)
{
    BOOST_TEST(reason_of([&] {
                   backup_sqlite(file, to, [&](const backup_progress&) {
                       if (!std::filesystem::exists(to)) std::filesystem::copy_file(file, to);
                       return true;
                   });
               }) == store_errc::already_there);
}

BOOST_AUTO_TEST_CASE(a_backup_writes_over_nothing_and_leaves_nothing_behind)
{
    busy_store store(10);
    const std::string file = store.folder.file(), to = store.folder.file("backup.db");
    const std::size_t before = files_in(store.folder.path());
    BOOST_TEST(reason_of([&] { backup_sqlite(file, file); }) == store_errc::already_there);
    BOOST_TEST(reason_of([&] { backup_sqlite(file, to, [](const backup_progress&) { return false; }); }) ==
               store_errc::interrupted);
    BOOST_TEST(
        (reason_of([&] { backup_sqlite(file, store.folder.file("no/folder/b.db")); }) == store_errc::cannot_open));
    BOOST_TEST(reason_of([&] { backup_sqlite(store.folder.file("none.db"), to); }) == store_errc::cannot_open);
    BOOST_TEST(files_in(store.folder.path()) == before);
    check_that_none_is_written_over(file, to);
    BOOST_TEST(files_in(store.folder.path()) == before + 1);
}

BOOST_AUTO_TEST_CASE(a_backup_of_a_damaged_store_is_refused)
{
    busy_store store(3000);
    store.engine.reset();
    const std::string file = store.folder.file(), to = store.folder.file("backup.db");
    const auto size = static_cast<std::streamoff>(std::filesystem::file_size(file));
    constexpr std::streamoff page = 32768;
    // Pages in the middle, and the first one behind its header, with the tables' names.
    for (const std::streamoff at : {size / page / 2 * page, std::streamoff{100}}) {
        const std::string damaged = store.folder.file("damaged.db");
        std::filesystem::copy_file(file, damaged, std::filesystem::copy_options::overwrite_existing);
        std::fstream out{damaged, std::ios::binary | std::ios::in | std::ios::out};
        out.seekp(at) << std::string(8'000, 'x');
        out.close();
        try {
            backup_sqlite(damaged, to);
            BOOST_TEST(false, "it was copied");
        } catch (const store_error& e) {
            BOOST_TEST(e.reason() == store_errc::corrupt);
            BOOST_TEST(std::string(e.what()).starts_with(damaged + ": the file is damaged"), e.what());
        }
        BOOST_TEST(!std::filesystem::exists(to));
        std::filesystem::remove(damaged);
    }
}

BOOST_AUTO_TEST_CASE(the_check_of_a_backup_can_be_stopped)
{
    busy_store store(20'000);
    const std::string to = store.folder.file("backup.db");
    std::uint64_t whole = 0;
    const auto stop_in_check = [&whole](const backup_progress& p) {
        if (p.copied == p.all) ++whole;
        return whole < 2;  // the first one is the copy's last
    };
    BOOST_TEST(reason_of([&] { backup_sqlite(store.folder.file(), to, stop_in_check); }) == store_errc::interrupted);
    BOOST_TEST(whole == 2u);
    BOOST_TEST(!std::filesystem::exists(to));
}

BOOST_AUTO_TEST_CASE(a_backup_needs_no_links)
{
    busy_store store(10);
    const std::string file = store.folder.file(), to = store.folder.file("backup.db");
    const std::size_t before = files_in(store.folder.path());
    const calls_work_again at_the_end;
    fail.link = EPERM;
    backup_sqlite(file, to);
    BOOST_TEST(count(to) == 10u);
    for (const char* beside : {"", "-wal", "-shm"}) std::filesystem::remove(to + beside);
    BOOST_TEST(files_in(store.folder.path()) == before);
    check_that_none_is_written_over(file, to);
    BOOST_TEST(files_in(store.folder.path()) == before + 1);
}

BOOST_AUTO_TEST_CASE(a_backup_that_is_not_on_the_disk_is_none)
{
    busy_store store(10);
    const std::size_t before = files_in(store.folder.path());
    const calls_work_again at_the_end;
    for (auto [error, meaning] : {std::pair(EIO, store_errc::io_error), std::pair(ENOSPC, store_errc::disk_full)}) {
        fail.fsync = error;
        BOOST_TEST(reason_of([&] { backup_sqlite(store.folder.file(), store.folder.file("b.db")); }) == meaning);
        BOOST_TEST(files_in(store.folder.path()) == before);
    }
}

BOOST_AUTO_TEST_CASE(a_reader_that_pauses_keeps_no_log_from_the_file)
{
    busy_store store(3000);
    const auto reader = open_sqlite_reader(store.folder.file());
    BOOST_TEST(store.engine->checkpoint(false).file.empty());
    std::uint64_t visited = 0, most = 0;
    const auto n = reader->posts({}, [&](const stored_post&) {
        if (++visited != 1) return true;
        // Paused at the first post, while the harvest writes a hundred times what the log may hold.
        for (int i = 0; i < 100; ++i) {
            store.write(10);
            BOOST_TEST(store.engine->checkpoint(false).file.empty());
            most = std::max(most, store.log_bytes());
        }
        return true;
    });
    BOOST_TEST(n == 4000u);
    BOOST_TEST(visited == 4000u);
    BOOST_TEST(most < 4'000'000u);
}

BOOST_AUTO_TEST_CASE(every_visitor_may_take_its_time)
{
    busy_store store(10);
    account_row row;
    row.account = "a";
    store.engine->perform(save_account{row});
    auto page = one_post(store.job, "x-0", "{}");
    page.quarantined.push_back({"broken", "why"});
    store.engine->perform(page);
    store.engine->commit();
    const auto reader = open_sqlite_reader(store.folder.file());
    const auto pause = [&] {
        store.write(1);
        BOOST_TEST(store.engine->checkpoint(false).file.empty());
        return true;
    };
    BOOST_TEST(reader->jobs({}, [&](const stored_job&) { return pause(); }) == 1u);
    BOOST_TEST(reader->accounts([&](const account_row&, const account_summary&) { return pause(); }) == 1u);
    BOOST_TEST(reader->quarantined([&](const job_spec&, const quarantined_row&, wall_time) { return pause(); }) == 1u);
    post_filter filter;
    filter.identifier = "x";
    BOOST_TEST(reader->posts(filter, [&](const stored_post&) { return pause(); }) == 14u);
    // One within the other.
    std::uint64_t inner = 0;
    BOOST_TEST(reader->posts(filter, [&](const stored_post&) {
        if (inner == 0) inner = reader->posts(filter, [](const stored_post&) { return true; });
        return true;
    }) == inner);
}

BOOST_AUTO_TEST_SUITE_END()
