// The store on a thread of its own: order, group commit, durability, backpressure, failure.
#include "faulty_vfs.hpp"
#include "harness.hpp"
#include "store_work.hpp"
#include "support/printing.hpp"

#include <unipile/store/async.hpp>
#include <unipile/store/writer.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/test/unit_test.hpp>

#include <sqlite3.h>

#include <atomic>
#include <future>
#include <latch>
#include <string>
#include <thread>

using namespace unipile;
using namespace unipile::store;
using namespace unipile::store::test;

namespace {

store_errc reason_of(const std::exception_ptr& e)
{
    if (!e) return {};
    try {
        std::rethrow_exception(e);
    } catch (const store_error& error) {
        return error.reason();
    }
}

// Stops the writer's thread until it is opened.
class gate {
public:
    store_writer::work closed()
    {
        return [this](post_store&) {
            entered_.count_down();
            open_.wait();
        };
    }
    void wait_until_entered() { entered_.wait(); }
    void open() { open_.count_down(); }

private:
    std::latch entered_{1}, open_{1};
};

}  // namespace

BOOST_AUTO_TEST_SUITE(writer_thread)

BOOST_AUTO_TEST_CASE(pages_of_several_jobs_share_a_commit)
{
    scratch folder;
    store_writer writer(open_sqlite(folder.file()), slow_groups());
    std::atomic<int> durable = 0;
    std::promise<std::int64_t> got;
    writer.submit(1, [&](post_store& e) { got.set_value(one_job(e, "x")); });
    const std::int64_t l = got.get_future().get();
    for (std::uint64_t i = 1; i <= 20; ++i)
        writer.submit(
            100, [=](post_store& e) { e.write(page_of(l, "x", {i}, "p", at_second(1))); },
            [&](std::exception_ptr e) { durable += e ? 0 : 1; });
    BOOST_TEST(writer.commits() == 0u);
    std::promise<std::exception_ptr> flushed;
    writer.flush([&](std::exception_ptr e) { flushed.set_value(e); });
    BOOST_TEST((flushed.get_future().get() == nullptr));
    BOOST_TEST(durable == 20);
    BOOST_TEST(writer.commits() == 1u);
    BOOST_TEST(held(folder.file()).size() == 20u);
}

BOOST_AUTO_TEST_CASE(commits_by_bytes_and_by_time)
{
    {
        scratch folder;
        writer_options o = slow_groups();
        o.group_bytes = 1;
        store_writer writer(open_sqlite(folder.file()), o);
        std::promise<void> durable;
        writer.submit(
            1, [](post_store& e) { e.write(page_of(one_job(e, "x"), "x", {1}, "p", at_second(1))); },
            [&](std::exception_ptr) { durable.set_value(); });
        durable.get_future().wait();
        BOOST_TEST(writer.commits() == 1u);
    }
    {
        scratch folder;
        writer_options o;
        o.group_delay = 1ms;
        store_writer writer(open_sqlite(folder.file()), o);
        std::promise<void> durable;
        writer.submit(1, [](post_store& e) { one_job(e, "x"); }, [&](std::exception_ptr) { durable.set_value(); });
        durable.get_future().wait();
        BOOST_TEST(writer.commits() == 1u);
    }
}

BOOST_AUTO_TEST_CASE(closing_commits_what_was_submitted)
{
    scratch folder;
    store_writer writer(open_sqlite(folder.file()), slow_groups());
    std::exception_ptr told = std::make_exception_ptr(1);
    writer.submit(
        1, [](post_store& e) { e.write(page_of(one_job(e, "x"), "x", {1, 2}, "p", at_second(1))); },
        [&](std::exception_ptr e) { told = e; });
    writer.close();
    BOOST_TEST((told == nullptr));
    BOOST_TEST(held(folder.file()).size() == 2u);
    bool ran = false;
    writer.submit(1, [&](post_store&) { ran = true; }, [&](std::exception_ptr e) { told = e; });
    BOOST_TEST(reason_of(told) == store_errc::closed);
    writer.flush([&](std::exception_ptr e) { told = e; });
    BOOST_TEST(reason_of(told) == store_errc::closed);
    store_writer::work w = [&](post_store&) { ran = true; };
    store_writer::durable none;
    BOOST_TEST(writer.try_submit(1, w, none));
    writer.submit(1, [&](post_store&) { ran = true; });
    writer.flush({});
    writer.close();
    BOOST_TEST(!ran);
    // The file is free.
    BOOST_TEST(open_sqlite(folder.file()) != nullptr);
}

BOOST_AUTO_TEST_CASE(a_full_queue_holds_its_submitters)
{
    scratch folder;
    writer_options o = slow_groups();
    o.max_queued_bytes = 100;
    store_writer writer(open_sqlite(folder.file()), o);
    gate g;
    writer.submit(1, g.closed());
    g.wait_until_entered();
    std::string order;
    store_writer::work a = [&](post_store&) { order += 'a'; }, b = [&](post_store&) { order += 'b'; };
    store_writer::durable none;
    // A piece that is too large for the queue has it alone.
    BOOST_TEST(writer.try_submit(1000, a, none));
    BOOST_TEST(!writer.try_submit(1, b, none));
    BOOST_TEST(static_cast<bool>(b));
    std::promise<bool> room;
    writer.when_capacity(1, [&] { room.set_value(writer.try_submit(1, b, none)); });
    std::thread blocked([&] { writer.submit(1, [&](post_store&) { order += 'c'; }); });
    g.open();
    BOOST_TEST(room.get_future().get());
    blocked.join();
    writer.close();
    BOOST_TEST(order.size() == 3u);
    BOOST_TEST(order.front() == 'a');
}

BOOST_AUTO_TEST_CASE(many_threads_and_a_small_queue)
{
    scratch folder;
    writer_options o;
    o.max_queued_bytes = 64;
    o.group_delay = 1ms;
    store_writer writer(open_sqlite(folder.file()), o);
    std::atomic<int> done = 0, durable = 0;
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([&] {
            for (int i = 0; i < 200; ++i)
                writer.submit(16, [&](post_store&) { ++done; }, [&](std::exception_ptr e) { durable += e ? 0 : 1; });
        });
    for (auto& t : threads) t.join();
    writer.close();
    BOOST_TEST(done == 800);
    BOOST_TEST(durable == 800);
}

BOOST_AUTO_TEST_CASE(after_a_failure_nothing_is_done_and_everybody_knows)
{
    scratch folder;
    auto& disk = faulty_disk::instance();
    disk.reset();
    sqlite_options options;
    options.vfs = faulty_disk::vfs();
    store_writer writer(open_sqlite(folder.file(), options), slow_groups());
    disk.only({faulty_disk::operation::write});
    disk.fail_at(1, SQLITE_FULL, true);
    std::vector<store_errc> told;
    auto tell = [&](std::exception_ptr e) { told.push_back(reason_of(e)); };
    writer.submit(1, [](post_store& e) { one_job(e, "x"); }, tell);
    std::promise<void> flushed;
    writer.flush([&](std::exception_ptr e) {
        tell(e);
        flushed.set_value();
    });
    flushed.get_future().wait();
    bool ran = false;
    writer.submit(1, [&](post_store&) { ran = true; }, tell);
    BOOST_CHECK_EXCEPTION(writer.close(), store_error,
                          [](const store_error& e) { return e.reason() == store_errc::disk_full; });
    BOOST_TEST(!ran);
    BOOST_TEST(told == std::vector<store_errc>(3, store_errc::disk_full));
    BOOST_TEST(reason_of(writer.failure()) == store_errc::disk_full);
    disk.reset();
}

BOOST_AUTO_TEST_CASE(work_that_throws_fails_the_store)
{
    scratch folder;
    store_writer writer(open_sqlite(folder.file()), slow_groups());
    writer.submit(1, [](post_store& e) {
        e.write(page_of(one_job(e, "x"), "x", {1}, "p", at_second(1)));
        throw std::runtime_error("in the middle");
    });
    BOOST_CHECK_THROW(writer.close(), std::runtime_error);
    BOOST_TEST(held(folder.file()).empty());
}

BOOST_AUTO_TEST_CASE(a_handler_that_throws_fails_the_writer)
{
    {
        scratch folder;
        store_writer writer(open_sqlite(folder.file()), slow_groups());
        writer.submit(1, [](post_store&) {}, [](std::exception_ptr) { throw std::runtime_error("when durable"); });
        BOOST_CHECK_THROW(writer.close(), std::runtime_error);
    }
    scratch folder;
    writer_options o = slow_groups();
    o.max_queued_bytes = 100;
    store_writer writer(open_sqlite(folder.file()), o);
    gate g;
    writer.submit(1, g.closed());
    g.wait_until_entered();
    writer.submit(100, [](post_store&) {});
    writer.when_capacity(1, [] { throw std::runtime_error("when there is capacity"); });
    g.open();
    BOOST_CHECK_THROW(writer.close(), std::runtime_error);
}

BOOST_AUTO_TEST_CASE(on_asio_handlers_run_on_their_executor)
{
    scratch folder;
    boost::asio::io_context context;
    writer_options o = slow_groups();
    o.max_queued_bytes = 1000;
    store_writer writer(open_sqlite(folder.file()), o);
    const auto here = std::this_thread::get_id();
    std::int64_t l = 0;
    int written = 0, flushed = 0;
    async_perform(
        writer, context.get_executor(), 1, [](post_store& e) { return one_job(e, "x"); },
        [&](boost::system::error_code ec, std::int64_t got) {
            BOOST_TEST(!ec);
            BOOST_TEST(std::this_thread::get_id() == here);
            l = got;
        });
    context.run();
    context.restart();
    // More than the queue takes at once: the rest waits for room.
    for (std::uint64_t i = 1; i <= 50; ++i)
        async_write(writer, context.get_executor(), page_of(l, "x", {i}, "p", at_second(1)),
                    [&](boost::system::error_code ec, const page_result& r) {
                        BOOST_TEST(!ec);
                        BOOST_TEST(r.added == 1u);
                        BOOST_TEST(std::this_thread::get_id() == here);
                        if (++written == 50)
                            async_flush(writer, context.get_executor(), [&](boost::system::error_code e) {
                                BOOST_TEST(!e);
                                ++flushed;
                            });
                    });
    BOOST_TEST(written == 0);
    context.run();
    BOOST_TEST(written == 50);
    BOOST_TEST(flushed == 1);
    BOOST_TEST(held(folder.file()).size() == 50u);

    auto future =
        async_perform(writer, context.get_executor(), 1, [](post_store& e) { e.commit(); }, boost::asio::use_future);
    context.restart();
    context.run();
    future.get();
    writer.close();
    boost::system::error_code after;
    async_perform(
        writer, context.get_executor(), 1, [](post_store&) { return 1; },
        [&](boost::system::error_code ec, int) { after = ec; });
    context.restart();
    context.run();
    BOOST_TEST(after == store_errc::closed);
}

BOOST_AUTO_TEST_CASE(what_is_done_durably_completes_with_the_commit_that_it_shares)
{
    scratch folder;
    boost::asio::io_context context;
    store_writer writer(open_sqlite(folder.file()), slow_groups());
    const auto save = [&](std::string account, auto told) {
        account_row row;
        row.account = std::move(account);
        async_perform_durably(
            writer, context.get_executor(), 1, [row](post_store& e) { e.save_account(row); }, std::move(told));
    };
    int durable = 0;
    for (const char* name : {"a", "b"})
        save(name, [&](boost::system::error_code ec) {
            BOOST_TEST(!ec);
            ++durable;
            // Whoever looks from outside sees both.
            BOOST_TEST(open_sqlite_reader(folder.file())->accounts([](const auto&, const auto&) { return true; }) ==
                       2u);
        });
    async_perform(
        writer, context.get_executor(), 1, [](post_store& e) { return e.load_account("b").has_value(); },
        [&](boost::system::error_code, bool done) {
            BOOST_TEST(done);
            BOOST_TEST(durable == 0);
            BOOST_TEST(writer.commits() == 0u);
            writer.flush({});
        });
    context.run();
    BOOST_TEST(durable == 2);
    BOOST_TEST(writer.commits() == 1u);

    writer.close();
    boost::system::error_code after;
    save("c", [&](boost::system::error_code ec) { after = ec; });
    context.restart();
    context.run();
    BOOST_TEST(after == store_errc::closed);
}

BOOST_AUTO_TEST_CASE(on_asio_work_holds_nothing_until_the_commit)
{
    scratch folder;
    boost::asio::io_context context;
    store_writer writer(open_sqlite(folder.file()), slow_groups());
    auto payload = std::make_shared<int>(7);
    const std::weak_ptr<int> watched = payload;
    bool gone = false;
    async_perform(
        writer, context.get_executor(), 1, [kept = std::move(payload)](post_store&) { return *kept; },
        [](boost::system::error_code, int) {});
    async_perform(
        writer, context.get_executor(), 1, [watched](post_store&) { return watched.expired(); },
        [&](boost::system::error_code, bool expired) { gone = expired; });
    context.run();
    BOOST_TEST(gone);
}

BOOST_AUTO_TEST_CASE(nobody_gets_ahead_of_those_that_wait_for_room)
{
    scratch folder;
    boost::asio::io_context context;
    gate blocked;
    writer_options options;
    options.max_queued_bytes = 100;
    store_writer writer(open_sqlite(folder.file()), options);
    writer.submit(0, blocked.closed());
    blocked.wait_until_entered();
    writer.submit(100, [](post_store&) {});
    std::vector<int> order;
    const auto save = [&](int n) {
        async_perform(
            writer, context.get_executor(), 10, [&order, n](post_store&) { order.push_back(n); },
            [](boost::system::error_code ec) { BOOST_TEST(!ec); });
    };
    std::latch found{1}, goes_on{1};
    writer.when_capacity(10, [&] {
        found.count_down();
        goes_on.wait();
    });
    save(1);
    blocked.open();
    found.wait();
    save(2);  // there is room, but the first one waits still
    goes_on.count_down();
    context.run();
    const std::vector<int> in_turn{1, 2};
    BOOST_TEST(order == in_turn, boost::test_tools::per_element());
    writer.close();
}

BOOST_AUTO_TEST_CASE(a_flush_waits_behind_those_that_wait_for_room)
{
    scratch folder;
    boost::asio::io_context context;
    gate blocked;
    writer_options options = slow_groups();
    options.max_queued_bytes = 100;
    store_writer writer(open_sqlite(folder.file()), options);
    writer.submit(0, blocked.closed());
    blocked.wait_until_entered();
    writer.submit(100, [](post_store&) {});
    std::string order;
    for (char name : {'a', 'b', 'c'})
        async_perform(
            writer, context.get_executor(), 60,
            [&order, name](post_store& e) {
                order += name;
                account_row row;
                row.account = name;
                e.save_account(row);
            },
            [](boost::system::error_code ec) { BOOST_TEST(!ec); });
    bool flushed = false;
    async_flush(writer, context.get_executor(), [&](boost::system::error_code ec) {
        BOOST_TEST(!ec);
        flushed = true;
        BOOST_TEST(order == "abc");
        BOOST_TEST(open_sqlite_reader(folder.file())->accounts([](const auto&, const auto&) { return true; }) == 3u);
    });
    blocked.open();
    context.run();
    BOOST_TEST(flushed);
}

BOOST_AUTO_TEST_CASE(a_thread_that_waits_for_room_keeps_its_place)
{
    scratch folder;
    boost::asio::io_context context;
    gate blocked;
    writer_options options;
    options.max_queued_bytes = 100;
    store_writer writer(open_sqlite(folder.file()), options);
    writer.submit(0, blocked.closed());
    blocked.wait_until_entered();
    writer.submit(100, [](post_store&) {});
    std::string order;
    std::latch found{1}, goes_on{1};
    writer.when_capacity(10, [&] {
        found.count_down();
        goes_on.wait();
        store_writer::work first = [&](post_store&) { order += 'a'; };
        store_writer::durable none;
        BOOST_TEST(writer.try_submit(10, first, none));
    });
    blocked.open();
    found.wait();
    // There is room, but the first one has not submitted yet.
    std::thread second([&] { writer.submit(10, [&](post_store&) { order += 'b'; }); });
    goes_on.count_down();
    second.join();
    writer.close();
    BOOST_TEST(order == "ab");
}

BOOST_AUTO_TEST_SUITE_END()
