// Several workers on one store in PostgreSQL, while workers, the server and connections die. The long form:
// UNIPILE_FLEET_RUNS=100.
#include "crash/change_reader.hpp"
#include "crash/fleet.hpp"

namespace {

using std::chrono::milliseconds;

BOOST_AUTO_TEST_SUITE(crash_workers)

BOOST_AUTO_TEST_CASE(workers_are_killed_and_start_again)
{
    run_fleets("a worker killed", 3, [](fleet& f) {
        f.await(10);
        const std::size_t n = f.any();
        if (f.is_done()) return;
        f.kill(n);
        f.start(n);
    });
}

BOOST_AUTO_TEST_CASE(the_server_is_killed_and_starts_again)
{
    run_fleets("the server killed", 3, [](fleet& f) {
        f.await(10);
        f.database.kill();
        f.database.start();
    });
}

BOOST_AUTO_TEST_CASE(sessions_are_ended)
{
    run_fleets("a session ended", 200, [](fleet& f) {
        f.wait(milliseconds(50));
        f.database.sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'unipile' "
            "ORDER BY random() LIMIT 1");
    });
}

BOOST_AUTO_TEST_CASE(workers_are_stopped_until_others_have_their_accounts)
{
    std::size_t next = 0;
    run_fleets("a worker stopped", fleet::size, [&next](fleet& f) {
        process& p = f.worker(next++ % fleet::size);
        f.await(5);
        if (f.is_done()) return;
        p.send(SIGSTOP);
        std::this_thread::sleep_for(2 * fleet::take_after);
        p.send(SIGCONT);
    });
}

/// Some leave by themselves, others join, and all else happens, too. Somebody follows the changes meanwhile.
BOOST_AUTO_TEST_CASE(workers_come_and_go_while_others_and_the_server_die)
{
    run_fleets(
        "trouble of all kinds", 2,
        [](fleet& f) {
            f.await(10);
            const std::size_t n = f.any();
            if (f.is_done()) return;
            switch (f.dice() % 3) {
                case 0:
                    f.worker(n).send(SIGTERM);
                    f.worker(n).wait();
                    break;
                case 1:
                    f.worker(n).send(SIGSTOP);
                    f.database.kill();
                    f.database.start();
                    std::this_thread::sleep_for(2 * fleet::take_after);
                    f.worker(n).send(SIGCONT);
                    return;
                default: f.kill(n);
            }
            if (n != 0) f.await(5);
            f.start(n);
        },
        [](fleet& f) {
            auto reader = std::make_shared<change_reader>(f.database, f.dice());
            f.at_the_end = [reader] { reader->check(); };
        });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
