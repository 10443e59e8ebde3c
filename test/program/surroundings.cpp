// The program under what surrounds it: a shell that ignores signals, a terminal that can only print.
#include "program/field_work.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <csignal>
#include <string>
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

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
