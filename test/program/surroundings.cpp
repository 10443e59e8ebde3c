// The program under what surrounds it: a shell that ignores signals, a terminal that can only print.
#include "program/field_work.hpp"
#include "support/sanitized.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <csignal>
#include <string>
#include <thread>
#include <vector>

namespace {

using strings = std::vector<std::string>;
namespace simulator = unipile::simulator;

BOOST_AUTO_TEST_SUITE(surroundings)

BOOST_AUTO_TEST_CASE(ignored_signals_stay_ignored)
{
    simulator::options o = two_accounts();
    o.latency_min = o.latency_max = std::chrono::milliseconds(20);
    const field_work w{o};
    const strings posts = w.world.arguments({w.world.first()}, {"--limit", "1"});
    for (const strings& command : {w.command({"--ndjson", "-"}), posts}) {
        strings all{"-c", "trap '' HUP INT; exec \"$0\" \"$@\"", UNIPILE_PROGRAM};
        all.insert(all.end(), command.begin(), command.end());
        process p{"/bin/sh", all, w.world.environment()};
        BOOST_TEST(!p.read_line().empty());
        p.send(SIGHUP);
        p.send(SIGINT);
        const finished f = p.wait();
        BOOST_TEST(f.code == 0, f.err);
    }
    w.check_store();
}

BOOST_AUTO_TEST_CASE(a_terminal_that_can_only_print_gets_no_escapes)
{
    const field_work w{two_accounts()};
    auto environment = w.world.environment();
    for (const std::string term : {"dumb", "xterm"}) {
        environment["TERM"] = term;
        for (const strings& command : {w.command(), w.world.arguments({w.world.first()})}) {
            process p{UNIPILE_PROGRAM, command, environment, process::error_to::terminal};
            const finished f = p.wait();
            BOOST_TEST(f.code == 0, f.err);
            if (term == "dumb") BOOST_TEST(!has(f.err, "\x1b"), f.err);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_terminal_that_is_stopped_stops_no_harvest)
{
    simulator::options o = two_accounts();
    o.posts_min = o.posts_max = 90;
    o.latency_min = o.latency_max = std::chrono::milliseconds(100);
    const field_work w{o};
    process p{UNIPILE_PROGRAM, w.command(), w.world.environment(), process::error_to::held_terminal};
    // More than a second of answers for each account, and what changes is drawn four times in it.
    const auto late = std::chrono::steady_clock::now() + std::chrono::minutes(2);
    while (w.world.server.stats().requests < 30 && std::chrono::steady_clock::now() < late)
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    BOOST_TEST(w.world.server.stats().requests == 6 * 5u);
    p.release_terminal();
    const finished f = p.wait();
    BOOST_TEST(f.code == 0, f.err);
    BOOST_TEST(has(f.err, "all 6 jobs are done"), f.err);
    w.check_store();
}

BOOST_AUTO_TEST_CASE(little_memory_ends_it_with_a_line_and_nothing_is_lost,
                     *boost::unit_test::enable_if<!unipile::test::sanitized>())
{
    simulator::options o = four_accounts();
    o.posts_min = o.posts_max = 60;
    std::size_t ended = 0, passed = 0;
    for (unsigned megabytes = 36; megabytes <= 180 && passed < 3; megabytes += 3) {
        const field_work w{o};
        const strings posts = w.world.arguments({w.world.first()}, {"--limit", "20"});
        const auto run = [&](const strings& command) {
            // One that hangs is killed, which is code 137, as one that crashed has a code above 128.
            strings all{"-c",
                        "ulimit -v " + std::to_string(megabytes * 1024) + "; exec timeout -s KILL 120 \"$0\" \"$@\"",
                        UNIPILE_PROGRAM};
            all.insert(all.end(), command.begin(), command.end());
            auto environment = w.world.environment();
            environment["PATH"] = "/usr/bin:/bin";
            return process{"/bin/sh", all, environment}.wait();
        };
        if (run({"--version"}).code != 0) continue;  // its libraries could not be loaded
        for (const strings& command : {w.command(), posts}) {
            const finished f = run(command);
            BOOST_TEST_CONTEXT(megabytes << " MB, " << command.front() << "; it said: " << f.err)
            {
                // 4: no thread could be had to look up the host's name, which looks like an outage.
                BOOST_TEST((f.code == 0 || f.code == 1 || f.code == 4), f.code);
                if (f.code != 0) BOOST_TEST(has(f.err, "unipile: "));
                ++(f.code == 0 ? passed : ended);
            }
        }
        BOOST_TEST(w.harvest({"--retry-failed"}).code == 0);
        w.check_store();
    }
    BOOST_TEST(ended > 0u);
    BOOST_TEST(passed > 0u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
