// The store on a thread of its own: order, group commit, durability, backpressure, failure.
#include "faulty_vfs.hpp"
#include "harness.hpp"
#include "store_work.hpp"
#include "support/executor_probe.hpp"
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
    store_work closed()
    {
        return call([this] {
            entered_.count_down();
            open_.wait();
        });
    }
    void wait_until_entered() { entered_.wait(); }
    void open() { open_.count_down(); }

private:
    std::latch entered_{1}, open_{1};
};

std::uint64_t accounts_in(const std::string& file)
{
    return open_sqlite_reader(file)->accounts([](const auto&, const auto&) { return true; });
}

}  // namespace

BOOST_AUTO_TEST_SUITE(writer_thread)

BOOST_AUTO_TEST_CASE(pages_of_several_jobs_share_a_commit)
{
    scratch folder;
    store_writer writer(open_sqlite(folder.file()), slow_groups());
    std::atomic<int> durable = 0;
    const std::int64_t l = one_job(writer, "x");
    for (std::uint64_t i = 1; i <= 20; ++i)
        writer.post(work_of(page_of(l, "x", {i}, "p", at_second(1)),
                            [&](const std::exception_ptr& e) { durable += e ? 0 : 1; }));
    BOOST_TEST(writer.commits() == 0u);
    std::promise<std::exception_ptr> flushed;
    writer.flush([&](const std::exception_ptr& e) { flushed.set_value(e); });
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
        writer.post(work_of(page_of(one_job(writer, "x"), "x", {1}, "p", at_second(1)),
                            [&](const std::exception_ptr&) { durable.set_value(); }));
        durable.get_future().wait();
        BOOST_TEST(writer.commits() == 1u);
    }
    {
        scratch folder;
        writer_options o;
        o.group_delay = 1ms;
        store_writer writer(open_sqlite(folder.file()), o);
        std::promise<void> durable;
        writer.post(work_of(row_of_bytes("a", 1), [&](const std::exception_ptr&) { durable.set_value(); }));
        durable.get_future().wait();
        BOOST_TEST(writer.commits() == 1u);
    }
}

BOOST_AUTO_TEST_CASE(closing_commits_what_was_submitted)
{
    scratch folder;
    store_writer writer(open_sqlite(folder.file()), slow_groups());
    std::exception_ptr told = std::make_exception_ptr(1);
    const auto tell = [&](const std::exception_ptr& e) { told = e; };
    writer.post(work_of(page_of(one_job(writer, "x"), "x", {1, 2}, "p", at_second(1)), tell));
    writer.close();
    BOOST_TEST((told == nullptr));
    BOOST_TEST(held(folder.file()).size() == 2u);
    // All that comes later is refused.
    for (const bool waits : {false, true}) {
        store_work late = work_of(row_of_bytes("a", 1), tell);
        std::exception_ptr applied;
        late.applied = [&](const std::exception_ptr& e, std::vector<operation_result>& results) {
            applied = e;
            BOOST_TEST(results.empty());
        };
        if (waits)
            writer.submit(std::move(late));
        else
            writer.post(std::move(late));
        BOOST_TEST(reason_of(std::exchange(told, nullptr)) == store_errc::closed);
        BOOST_TEST(reason_of(applied) == store_errc::closed);
    }
    writer.flush(tell);
    BOOST_TEST(reason_of(told) == store_errc::closed);
    BOOST_CHECK_EXCEPTION(writer.perform(read_tenant()), store_error,
                          [](const store_error& e) { return e.reason() == store_errc::closed; });
    writer.post({});
    writer.flush({});
    writer.close();
    // The file is free.
    BOOST_TEST(open_sqlite(folder.file())->perform(load_account{"a"}).has_value() == false);
}

BOOST_AUTO_TEST_CASE(a_full_queue_holds_its_submitters)
{
    scratch folder;
    writer_options o = slow_groups();
    o.max_queued_bytes = 100;
    store_writer writer(open_sqlite(folder.file()), o);
    gate g;
    writer.post(g.closed());
    g.wait_until_entered();
    writer.submit(work_of(row_of_bytes("a", 60)));
    writer.submit(work_of(row_of_bytes("b", 40)));  // as many bytes as there may be
    std::latch here{1};
    std::atomic<bool> opened = false;
    std::thread opener([&] {
        here.wait();
        opened = true;
        g.open();
    });
    here.count_down();
    writer.submit(work_of(row_of_bytes("c", 1)));
    BOOST_TEST(opened);
    opener.join();
    writer.close();
    BOOST_TEST(accounts_in(folder.file()) == 3u);
}

BOOST_AUTO_TEST_CASE(many_threads_and_a_small_queue)
{
    scratch folder;
    writer_options o;
    o.max_queued_bytes = 64;
    o.group_delay = 1ms;
    store_writer writer(open_sqlite(folder.file()), o);
    std::atomic<int> durable = 0;
    std::vector<std::thread> threads;
    threads.reserve(4);
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([&, t] {
            for (int i = 0; i < 200; ++i)
                writer.submit(work_of(row_of_bytes(std::to_string(t * 200 + i), 16),
                                      [&](const std::exception_ptr& e) { durable += e ? 0 : 1; }));
        });
    for (auto& t : threads) t.join();
    writer.close();
    BOOST_TEST(accounts_in(folder.file()) == 800u);
    BOOST_TEST(durable == 800);
}

BOOST_AUTO_TEST_CASE(each_operation_has_its_result)
{
    scratch folder;
    store_writer writer(open_sqlite(folder.file()), slow_groups());
    const std::int64_t l = one_job(writer, "x");
    std::vector<operation> several{row_of_bytes("a", 1), load_account{"a"}, page_of(l, "x", {1, 2}, "p", at_second(1)),
                                   load_account{"b"}, release_job{l, {}}};
    const std::vector<operation_result> results = writer.apply(several);
    BOOST_REQUIRE(results.size() == 5u);
    BOOST_TEST(std::get<bool>(results[0]));
    BOOST_TEST(std::get<std::optional<account_row>>(results[1])->ledger == "l");
    BOOST_TEST(std::get<page_result>(results[2]).added == 2u);
    BOOST_TEST(!std::get<std::optional<account_row>>(results[3]));
    BOOST_TEST(std::get<bool>(results[4]));
    BOOST_TEST(writer.apply({}).empty());
    // Their data counts against the queue.
    BOOST_TEST(bytes_of(several) == 1 + std::get<page_write>(several[2]).bytes());
    const std::vector<operation> import{add_jobs{1, {{"ab", "cde", false}, {"f", "", true}}}};
    BOOST_TEST(bytes_of(import) == 6u);
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
    auto tell = [&](const std::exception_ptr& e) { told.push_back(reason_of(e)); };
    writer.post(work_of(row_of_bytes("a", 1), tell));
    std::promise<void> flushed;
    writer.flush([&](const std::exception_ptr& e) {
        tell(e);
        flushed.set_value();
    });
    flushed.get_future().wait();
    store_work late = work_of(row_of_bytes("b", 1), tell);
    late.applied = [&](const std::exception_ptr& e, const auto&) { tell(e); };
    writer.post(std::move(late));
    BOOST_CHECK_EXCEPTION(writer.perform(load_account{"b"}), store_error,
                          [](const store_error& e) { return e.reason() == store_errc::disk_full; });
    BOOST_CHECK_EXCEPTION(writer.close(), store_error,
                          [](const store_error& e) { return e.reason() == store_errc::disk_full; });
    BOOST_TEST(told == std::vector<store_errc>(4, store_errc::disk_full));
    BOOST_TEST(reason_of(writer.failure()) == store_errc::disk_full);
    disk.reset();
}

BOOST_AUTO_TEST_CASE(operations_are_applied_together_or_not_at_all)
{
    scratch folder;
    run_request bound, other;
    bound.tenant = "api1.example:443";
    other.tenant = "api2.example:443";
    {
        store_writer writer(open_sqlite(folder.file()), slow_groups());
        const std::int64_t l = one_job(writer, "x");
        writer.apply({begin_run{bound, at_second(0)}, page_of(l, "x", {1}, "p", at_second(1))});
        writer.close();
    }
    store_writer writer(open_sqlite(folder.file()), slow_groups());
    BOOST_CHECK_THROW(writer.apply({row_of_bytes("a", 1), begin_run{other, at_second(2)}}), store_error);
    BOOST_CHECK_THROW(writer.close(), store_error);
    BOOST_TEST(!open_sqlite(folder.file())->perform(load_account{"a"}));
}

BOOST_AUTO_TEST_CASE(a_callback_that_throws_fails_the_writer)
{
    for (const bool durable : {false, true}) {
        scratch folder;
        store_writer writer(open_sqlite(folder.file()), slow_groups());
        store_work w;
        if (durable)
            w.durable = [](const std::exception_ptr&) { throw std::runtime_error("when durable"); };
        else
            w.applied = [](const std::exception_ptr&, const auto&) { throw std::runtime_error("when applied"); };
        writer.post(std::move(w));
        BOOST_CHECK_THROW(writer.close(), std::runtime_error);
    }
}

BOOST_AUTO_TEST_CASE(on_asio_handlers_run_on_their_executor)
{
    scratch folder;
    boost::asio::io_context context;
    store_writer writer(open_sqlite(folder.file()), slow_groups());
    const auto here = std::this_thread::get_id();
    const std::int64_t l = one_job(writer, "x");
    int written = 0, flushed = 0;
    for (std::uint64_t i = 1; i <= 50; ++i)
        async_apply(writer, context.get_executor(), page_of(l, "x", {i}, "p", at_second(1)),
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

    std::vector<operation> two{load_account{"a"}, count_jobs{1}};
    auto results = async_apply(writer, context.get_executor(), std::move(two), boost::asio::use_future);
    auto nothing = async_apply(writer, context.get_executor(), row_of_bytes("a", 1), boost::asio::use_future);
    context.restart();
    context.run();
    BOOST_TEST(results.get().size() == 2u);
    nothing.get();
    const boost::asio::any_io_executor mine = context.get_executor();
    BOOST_TEST((async_apply(writer, mine, load_account{"a"}, unipile::test::executor_probe()) == mine));
    BOOST_TEST((async_apply(writer, mine, std::vector<operation>(), unipile::test::executor_probe()) == mine));
    BOOST_TEST((async_apply_durably(writer, mine, load_account{"a"}, unipile::test::executor_probe()) == mine));
    BOOST_TEST((async_flush(writer, mine, unipile::test::executor_probe()) == mine));
    // By default an operation is deferred: it is submitted when it is awaited.
    auto deferred = async_apply(writer, mine, load_account{"a"});
    auto row = std::move(deferred)(boost::asio::use_future);
    auto all = async_flush(writer, mine)(boost::asio::use_future);
    context.restart();
    context.run();
    BOOST_TEST(row.get().has_value());
    all.get();
    writer.close();
    boost::system::error_code after;
    async_apply(writer, context.get_executor(), load_account{"a"},
                [&](boost::system::error_code ec, const auto&) { after = ec; });
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
        async_apply_durably(writer, context.get_executor(), row_of_bytes(std::move(account), 1), std::move(told));
    };
    int durable = 0;
    for (const char* name : {"a", "b"})
        save(name, [&](boost::system::error_code ec, bool stored) {
            BOOST_TEST(!ec);
            BOOST_TEST(stored);
            ++durable;
            // Whoever looks from outside sees both.
            BOOST_TEST(accounts_in(folder.file()) == 2u);
        });
    async_apply(writer, context.get_executor(), load_account{"b"}, [&](boost::system::error_code, const auto& row) {
        BOOST_TEST(row.has_value());
        BOOST_TEST(durable == 0);
        BOOST_TEST(writer.commits() == 0u);
        writer.flush({});
    });
    context.run();
    BOOST_TEST(durable == 2);
    BOOST_TEST(writer.commits() == 1u);

    writer.close();
    boost::system::error_code after;
    save("c", [&](boost::system::error_code ec, bool) { after = ec; });
    context.restart();
    context.run();
    BOOST_TEST(after == store_errc::closed);
}

BOOST_AUTO_TEST_CASE(on_asio_work_holds_nothing_until_the_commit)
{
    scratch folder;
    boost::asio::io_context context;
    store_writer writer(open_sqlite(folder.file()), slow_groups());
    page_write page = page_of(one_job(writer, "x"), "x", {1}, "p", at_second(1));
    const std::weak_ptr<const void> watched = page.keep_alive;
    bool gone = false;
    async_apply(writer, context.get_executor(), std::move(page),
                [&](boost::system::error_code, const auto&) { gone = watched.expired(); });
    context.run();
    BOOST_TEST(gone);
    BOOST_TEST(writer.commits() == 0u);
}

BOOST_AUTO_TEST_CASE(work_is_done_in_the_order_of_the_calls)
{
    scratch folder;
    boost::asio::io_context context;
    gate blocked;
    writer_options options = slow_groups();
    options.max_queued_bytes = 100;
    store_writer writer(open_sqlite(folder.file()), options);
    writer.post(blocked.closed());
    blocked.wait_until_entered();
    // More than the queue holds for those that wait.
    std::string order;
    for (char name : {'a', 'b', 'c'})
        async_apply(writer, context.get_executor(), row_of_bytes({name}, 60),
                    [&, name](boost::system::error_code ec, bool) {
                        BOOST_TEST(!ec);
                        order += name;
                    });
    bool flushed = false;
    async_flush(writer, context.get_executor(), [&](boost::system::error_code ec) {
        BOOST_TEST(!ec);
        flushed = true;
        BOOST_TEST(order == "abc");
        BOOST_TEST(accounts_in(folder.file()) == 3u);
    });
    blocked.open();
    context.run();
    BOOST_TEST(flushed);
}

BOOST_AUTO_TEST_SUITE_END()
