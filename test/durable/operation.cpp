// The operation of a harvester: tokens, executors, cancellation slots, and options that can't work.
#include "durable/stored_harvest.hpp"
#include "support/executor_probe.hpp"
#include "support/printing.hpp"

#include <unipile/errc.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <exception>
#include <future>
#include <stdexcept>
#include <string>

using namespace unipile;
using namespace unipile::test;
namespace asio = boost::asio;
using boost::system::error_code;

namespace {

stored_world one_job()
{
    return {[](std::size_t, const asked& r) { return listing_of(r, 15, 10); }, {spec_of(0, "x")}};
}

struct fixture {
    stored_world world = one_job();
    stored_harvest h{world};

    void drain()
    {
        while (h.step()) {
        }
    }
};

asio::awaitable<void> run(store::harvester& harvester, bool& over)
{
    co_await harvester.async_run(asio::use_awaitable);
    over = true;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(operation)

BOOST_AUTO_TEST_CASE(never_inside_the_initiation)
{
    fixture f;
    bool inside = true, called = false;
    f.h.harvester->async_run([&](error_code code) {
        BOOST_TEST(!inside);
        BOOST_TEST(!code);
        called = true;
        f.h.result = code;
    });
    inside = false;
    BOOST_TEST(!called);
    f.drain();
    BOOST_TEST(called);
}

BOOST_AUTO_TEST_CASE(every_kind_of_token)
{
    {
        fixture f;
        bool over = false;
        asio::co_spawn(f.h.context, run(*f.h.harvester, over), [&](const std::exception_ptr& e) {
            BOOST_TEST(!e);
            f.h.result.emplace();
        });
        f.drain();
        BOOST_TEST(over);
    }
    {
        fixture f;
        auto done = f.h.harvester->async_run(asio::use_future);
        while (done.wait_for(std::chrono::seconds(0)) != std::future_status::ready && f.h.step()) {
        }
        BOOST_CHECK_NO_THROW(done.get());
        f.h.result.emplace();
    }
    {
        fixture f;
        auto later = f.h.harvester->async_run(asio::deferred);
        BOOST_TEST(f.h.requests() == 0u);
        std::move(later)([&](error_code code) { f.h.result = code; });
        f.drain();
        BOOST_TEST(!*f.h.result);
    }
}

BOOST_AUTO_TEST_CASE(the_handler_s_own_executor)
{
    fixture f;
    asio::io_context elsewhere;
    f.h.harvester->async_run(asio::bind_executor(elsewhere.get_executor(), [&](error_code code) {
        BOOST_TEST(elsewhere.get_executor().running_in_this_thread());
        f.h.result = code;
    }));
    // It is kept busy until the handler has run.
    BOOST_TEST(elsewhere.poll() == 0u);
    BOOST_TEST(!elsewhere.stopped());
    while (elsewhere.poll() == 0 && f.h.step()) {
    }
    BOOST_TEST(f.h.result.has_value());
    BOOST_TEST(f.h.harvester->stats().jobs_done == 1u);
}

BOOST_AUTO_TEST_CASE(the_slot_of_the_handler)
{
    for (const bool at_once : {true, false}) {
        fixture f;
        asio::cancellation_signal signal;
        f.h.harvester->async_run(
            asio::bind_cancellation_slot(signal.slot(), [&](error_code code) { f.h.result = code; }));
        while (!at_once && f.h.harvester->stats().pages == 0) f.h.step();
        signal.emit(asio::cancellation_type::none);
        signal.emit(asio::cancellation_type::total);
        f.drain();
        BOOST_REQUIRE(f.h.result);
        BOOST_TEST(*f.h.result == asio::error::operation_aborted);
        BOOST_TEST(f.h.claimed() == 0u);
        signal.emit(asio::cancellation_type::total);  // nothing is there any more
    }
}

BOOST_AUTO_TEST_CASE(it_runs_once)
{
    fixture f;
    f.h.begin();
    error_code second;
    BOOST_TEST((f.h.harvester->async_run(executor_probe()) == f.h.harvester->get_executor()));
    f.h.harvester->async_run([&](error_code code) { second = code; });
    f.drain();
    BOOST_TEST(second == make_error_code(errc::operation_in_progress));
    BOOST_TEST(!*f.h.result);
    error_code third;
    f.h.harvester->async_run([&](error_code code) { third = code; });
    f.h.settle();
    BOOST_TEST(third == make_error_code(errc::operation_in_progress));
}

BOOST_AUTO_TEST_CASE(options_that_cannot_work)
{
    fixture f;
    const auto refused = [&](const std::function<void(store::harvester_options&)>& change) {
        store::harvester_options o;
        o.client.base_url = "https://api1.unipile.com:13111";
        o.client.api_key = "key";
        change(o);
        try {
            const store::harvester h(f.h.context.get_executor(), *f.h.writer, f.h.run_number, o);
            BOOST_TEST((h.get_executor() == asio::any_io_executor(f.h.context.get_executor())));
        } catch (const std::invalid_argument& e) {
            return std::string(e.what());
        }
        return std::string();
    };
    BOOST_TEST(refused([](auto&) {}).empty());
    BOOST_TEST(refused([](auto& o) { o.limit = 0; }) == "harvester_options: limit is 1 to 100");
    BOOST_TEST(refused([](auto& o) { o.limit = 101; }) == "harvester_options: limit is 1 to 100");
    BOOST_TEST(refused([](auto& o) { o.max_unstored_bytes = 0; }) ==
               "harvester_options: max_unstored_bytes is at least 1");
    BOOST_TEST(refused([](auto& o) { o.harvest.max_in_flight = 0; }).starts_with("harvest_options: "));
    BOOST_TEST(!refused([](auto& o) { o.client.base_url = "ftp://localhost"; }).empty());
    const std::string ledgers =
        "harvester_options: the store keeps the ledgers; leave load_ledger, save_ledger and admit of harvest empty";
    BOOST_TEST(refused([](auto& o) {
                   o.harvest.load_ledger = [](std::string_view) { return std::optional<account_ledger>(); };
               }) == ledgers);
    BOOST_TEST(refused([](auto& o) { o.harvest.save_ledger = [](std::string_view, const account_ledger&) {}; }) ==
               ledgers);
    BOOST_TEST(refused([](auto& o) {
                   o.harvest.admit = [](const harvest_job&, const account_ledger&, harvest_options::admission) {};
               }) == ledgers);
}

BOOST_AUTO_TEST_SUITE_END()
