// Durable harvests of days by a turned clock, against a simulator with the same one.
#include "store/harness.hpp"

#include <unipile/manual_clock.hpp>
#include <unipile/simulator.hpp>
#include <unipile/store/account_rows.hpp>
#include <unipile/store/harvester.hpp>
#include <unipile/store/sqlite.hpp>
#include <unipile/store/writer.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

using namespace unipile;
using namespace std::chrono_literals;

namespace {

/// A simulator and a store.
struct world {
    world() : server(context.get_executor(), options())
    {
        server.start();
        auto engine = store::open_sqlite(folder.file());
        run = engine->perform(store::begin_run{{}, clock->now()}).run;
        std::vector<store::job_spec> jobs;
        for (const auto& p : server.identifiers()) {
            auto& job = jobs.emplace_back();
            job.account = p.account;
            job.identifier = p.identifier;
        }
        engine->perform(store::add_jobs{run, jobs});
        engine->commit();
    }
    simulator::options options() const
    {
        simulator::options o;
        o.clock = clock;
        o.identifiers = 3;
        o.posts_min = o.posts_max = 400;
        o.company_share = 0;
        return o;
    }
    /// Harvests until `length` has passed, or to the end.
    std::optional<boost::system::error_code> harvest(std::chrono::hours length)
    {
        store::harvester_options how;
        how.client.base_url = server.base_url();
        how.client.api_key = "simulated-key";
        how.client.proxy_from_environment = false;
        how.client.clock = clock;
        how.harvest.pace = parse_pacing("50/day, gap 5s-20s");
        how.limit = 10;
        store::writer_options at_once;
        at_once.group_delay = 0ms;
        store::store_writer writer(store::open_sqlite(folder.file()), at_once);
        std::optional<boost::system::error_code> result;
        store::harvester harvester(context.get_executor(), writer, run, std::move(how));
        harvester.async_run([&](boost::system::error_code code) {
            result = code;
            context.stop();
        });
        context.restart();
        clock->run_for(context, length);
        if (!result) {
            harvester.cancel();
            clock->run(context);
            result.reset();
        }
        writer.close();
        return result;
    }
    store::account_row account()
    {
        auto engine = store::open_sqlite(folder.file());
        return engine->perform(store::load_account{"acc1"}).value();
    }

    std::shared_ptr<manual_clock> clock = std::make_shared<manual_clock>();
    boost::asio::io_context context{1};
    simulator::server server;
    store::test::scratch folder;
    std::int64_t run = 0;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(durable_turned_clock)

BOOST_AUTO_TEST_CASE(runs_of_a_day_at_a_time)
{
    world w;
    const auto start = w.clock->now();
    // 120 pages: each run of a day has its fifty requests, and no more.
    BOOST_TEST(!w.harvest(24h));
    BOOST_TEST(w.server.requests("acc1") >= 50u);
    BOOST_TEST(w.server.requests("acc1") <= 51u);
    const auto ledger = store::ledger_of(w.account(), w.clock->now()).ledger;
    BOOST_TEST(ledger.used_after(start - 1h) == w.server.requests("acc1"));
    BOOST_TEST(ledger.used_after(w.clock->now()) == 0u);

    BOOST_TEST(!w.harvest(24h));
    BOOST_TEST(w.server.requests("acc1") <= 101u);
    const auto ended = w.harvest(24h * 4);
    BOOST_REQUIRE(ended);
    BOOST_TEST(!*ended);
    BOOST_TEST((w.clock->now() < start + 24h * 6 + 1h));
    std::size_t posts = 0;
    store::open_sqlite_reader(w.folder.file())->posts({}, [&](const store::stored_post& p) {
        BOOST_TEST((p.first_seen >= start));
        BOOST_TEST((p.last_seen <= w.clock->now()));
        return ++posts, true;
    });
    BOOST_TEST(posts == 1'200u);
}

BOOST_AUTO_TEST_SUITE_END()
