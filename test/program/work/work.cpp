// `unipile work`, and what `unipile status` says of workers.
#include "program/field_work.hpp"
#include "support/postgres_server.hpp"

#include <unipile/store/postgres.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <string>
#include <thread>
#include <vector>

namespace {

using strings = std::vector<std::string>;
using std::chrono::milliseconds;
using unipile::test::postgres_server;
namespace pg = unipile::store::postgres;

postgres_server& server()
{
    postgres_server::skip_if_unavailable();
    static postgres_server one;
    return one;
}

unipile::simulator::options many_accounts()
{
    unipile::simulator::options o = two_accounts();
    o.accounts = 24;
    o.identifiers = 48;
    return o;
}

/// A store in a database of its own, whose workers notice each other soon.
struct shared_work : field_work {
    explicit shared_work(unipile::simulator::options o = two_accounts()) : field_work(std::move(o))
    {
        static int made = 0;
        database = "work" + std::to_string(++made);
        server().sql("CREATE DATABASE " + database);
        store = server().url(database);
    }
    std::string database;
    void make_store() const
    {
        pg::postgres_options o;
        o.leases.beat_every = milliseconds(100);
        o.leases.hold_for = milliseconds(2'000);
        o.leases.take_after = milliseconds(6'000);
        pg::open_postgres(store, o);
    }
    strings work(const strings& options = {}) const
    {
        strings all{"work", "--store", store, "--limit", "20"};
        all.insert(all.end(), options.begin(), options.end());
        return all;
    }
    std::string status(const strings& options = {}) const
    {
        strings all{"status", "--store", store};
        all.insert(all.end(), options.begin(), options.end());
        return world.run(all).out;
    }
    /// Waits until each account has sent its first request, so that the jobs file was read.
    void await_all_accounts() const
    {
        while (world.server.stats().requests < many_accounts().accounts) std::this_thread::sleep_for(milliseconds(10));
    }
    void await_status(const std::string& part) const
    {
        while (!has(status({"--json"}), part)) std::this_thread::sleep_for(milliseconds(50));
    }
};

/// An account's requests are far apart, so that a harvest lasts as long as a test wants.
const strings slowly{"--pace", "1/1h"};

}  // namespace

BOOST_AUTO_TEST_SUITE(work_command)

BOOST_AUTO_TEST_CASE(a_file_has_one_worker)
{
    const field_work w{two_accounts()};
    const finished f = w.world.run({"work", "--store", w.store});
    BOOST_TEST(f.code == 2);
    BOOST_TEST(f.err ==
               "unipile: --store: a file has one worker, `unipile harvest JOBS --store FILE`; several work on a "
               "PostgreSQL database\n");
}

BOOST_AUTO_TEST_CASE(without_a_harvest_there_is_nothing_to_join)
{
    const shared_work w;
    const finished none = w.world.run(w.work());
    BOOST_TEST(none.code == 2);
    BOOST_TEST(has(none.err, "nothing was harvested into it yet"), none.err);
    BOOST_TEST(w.harvest({"--take-over-after", "3s"}).code == 0);
    BOOST_TEST(server().value("SELECT value FROM unipile.store WHERE name = 'take_after_ms'", w.database) == "3000");
    // It is fixed from now on.
    BOOST_TEST(!has(w.harvest({"--take-over-after", "3s"}).err, "--take-over-after"));
    const finished other = w.harvest({"--take-over-after", "1m"});
    BOOST_TEST(other.code == 0);
    BOOST_TEST(
        has(other.err, "unipile: --take-over-after has no effect: the tables of this store were made with 3.00 s\n"),
        other.err);
    const finished over = w.world.run(w.work());
    BOOST_TEST(over.code == 0);
    BOOST_TEST(lines_of(over.err).size() == 1u);
    BOOST_TEST(has(over.err, "unipile: no harvest is under way in this store"), over.err);
    BOOST_TEST(w.world.server.stats().requests > 0u);
    w.check_store();
}

BOOST_AUTO_TEST_CASE(exports_of_changes_have_all_posts_once)
{
    const shared_work w;
    const std::string state = w.folder.file("loaded");
    const auto load = [&] {
        const finished f = w.world.run(
            {"export", "--store", w.store, "--changes", "--state", state, "--columns", "id", "--format", "csv"});
        BOOST_TEST(f.code == 0, f.err);
        strings lines = lines_of(f.out);
        BOOST_TEST_REQUIRE(!lines.empty());
        lines.erase(lines.begin());
        return lines;
    };
    BOOST_TEST(w.harvest({"--max-posts", "20"}).code == 0);
    strings all = load();
    BOOST_TEST(!all.empty());
    BOOST_TEST(load().empty());
    BOOST_TEST(w.harvest({"--full"}).code == 0);
    const strings more = load();
    BOOST_TEST(!more.empty());
    all.insert(all.end(), more.begin(), more.end());
    std::sort(all.begin(), all.end());
    strings stored = lines_of(w.world.run({"export", "--store", w.store, "--columns", "id", "--format", "csv"}).out);
    stored.erase(stored.begin());
    std::sort(stored.begin(), stored.end());
    BOOST_TEST(all == stored, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(one_that_waits_works_on_the_next_harvests_until_it_is_sent_away)
{
    const shared_work w{many_accounts()};
    process waiting{UNIPILE_PROGRAM, w.work({"--wait"}), w.world.environment()};
    for (int harvest = 1; harvest <= 2; ++harvest) {
        if (harvest == 2) w.make_store();
        process one{UNIPILE_PROGRAM, w.command({"--full"}), w.world.environment()};
        const finished f = one.wait();
        BOOST_TEST(f.code == 0, f.err);
        w.check_store();
    }
    waiting.send(SIGTERM);
    const finished gone = waiting.wait();
    BOOST_TEST(gone.code == 130, gone.err);
    BOOST_TEST(has(gone.err, "unipile: no harvest is under way in this store; waiting for the next one\n"), gone.err);
    BOOST_TEST(has(w.status({"--json"}), "\"workers\":[]"));
}

BOOST_AUTO_TEST_CASE(two_work_on_one_harvest_and_one_leaves)
{
    const shared_work w{many_accounts()};
    w.make_store();
    process one{UNIPILE_PROGRAM, w.command(slowly), w.world.environment()};
    w.await_all_accounts();
    process two{UNIPILE_PROGRAM, w.work(), w.world.environment()};
    // Each has some of the 24 accounts.
    std::string seen;
    do seen = w.status();
    while (!has(seen, "workers: 2\n") || has(seen, ": 24 accounts") || has(seen, ": 0 accounts"));
    BOOST_TEST(has(seen, ", process " + std::to_string(one.id()) + ": "), seen);
    BOOST_TEST(has(seen, ", process " + std::to_string(two.id()) + ": "), seen);
    BOOST_TEST(has(seen, ", heartbeat "), seen);
    BOOST_TEST(!has(seen, "no heartbeat"), seen);

    const std::string eta = w.status({"--eta"});
    BOOST_TEST(has(eta, "\ntime: about "), eta);
    BOOST_TEST(has(w.status({"--eta", "--json"}), ",\"time_left_ms\":"));
    BOOST_TEST(!has(seen, "\ntime: "), seen);

    two.send(SIGTERM);
    const finished left = two.wait();
    BOOST_TEST(left.code == 130, left.err);
    BOOST_TEST(has(left.err, "unipile: joined run 1 (" + w.jobs + "): "), left.err);
    BOOST_TEST(has(left.err, " by this worker), "), left.err);
    w.await_status("\"accounts\":24");

    one.send(SIGTERM);
    BOOST_TEST(one.wait().code == 130);
    const finished rest = w.harvest();
    BOOST_TEST(rest.code == 0, rest.err);
    w.check_store();
    BOOST_TEST(w.repeated_pages() == 0u);
    BOOST_TEST(!has(w.status({"--eta"}), "\ntime: "));
}

BOOST_AUTO_TEST_CASE(a_harvest_of_the_same_jobs_works_along_and_one_of_others_is_refused)
{
    const shared_work w{many_accounts()};
    w.make_store();
    process one{UNIPILE_PROGRAM, w.command(slowly), w.world.environment()};
    w.await_all_accounts();
    write_file(w.folder.file("other.csv"), read_file(w.jobs));
    strings other = w.command();
    other[1] = w.folder.file("other.csv");
    const finished refused = w.world.run(other);
    BOOST_TEST(refused.code != 0);
    BOOST_TEST(lines_of(refused.err).size() == 1u);
    BOOST_TEST(has(refused.err, "process " + std::to_string(one.id())), refused.err);

    // Not at another pace either.
    const finished faster = w.world.run(w.command());
    BOOST_TEST(faster.code == 6);
    BOOST_TEST(lines_of(faster.err).size() == 1u);
    BOOST_TEST(has(faster.err, ", on other terms: --parked wait --pace 1/1h; unipile work joins it)"), faster.err);

    process two{UNIPILE_PROGRAM, w.command(slowly), w.world.environment()};
    std::string seen;
    do seen = w.status();
    while (!has(seen, "workers: 2\n") || has(seen, ": 24 accounts") || has(seen, ": 0 accounts"));
    for (process* p : {&one, &two}) {
        p->send(SIGTERM);
        BOOST_TEST(p->wait().code == 130);
    }
    const finished rest = w.harvest();
    BOOST_TEST(rest.code == 0, rest.err);
    BOOST_TEST(has(rest.err, "all 48 jobs are done"), rest.err);
    w.check_store();
}

BOOST_AUTO_TEST_CASE(workers_keep_to_the_accounts_table_of_the_harvest_that_they_join)
{
    const shared_work w{many_accounts()};
    w.make_store();
    std::string table = "account,pace\n";
    for (unsigned i = 1; i <= many_accounts().accounts; ++i) table += "acc" + std::to_string(i) + ",1/1h\n";
    write_file(w.folder.file("accounts.csv"), table);
    process one{UNIPILE_PROGRAM, w.command({"--accounts", w.folder.file("accounts.csv")}), w.world.environment()};
    w.await_all_accounts();
    process two{UNIPILE_PROGRAM, w.work(), w.world.environment()};
    std::string seen;
    do seen = w.status();
    while (!has(seen, "workers: 2\n") || has(seen, ": 24 accounts") || has(seen, ": 0 accounts"));
    // Without a table they are other terms, and the message is a line.
    const finished other = w.world.run(w.command());
    BOOST_TEST(other.code == 6);
    BOOST_TEST(has(other.err, ", on other terms: --parked wait --pace none; unipile work joins it)\n"), other.err);
    for (process* p : {&two, &one}) {
        p->send(SIGTERM);
        BOOST_TEST(p->wait().code == 130);
    }
    BOOST_TEST(w.world.server.stats().requests == 24u);
    BOOST_TEST(w.harvest().code == 0);
    w.check_store();
}

BOOST_AUTO_TEST_CASE(another_harvest_begins_once_the_workers_of_the_last_one_are_dead)
{
    const shared_work w{many_accounts()};
    w.make_store();
    process one{UNIPILE_PROGRAM, w.command(slowly), w.world.environment()};
    w.await_all_accounts();
    const std::string dead =
        ", process " + std::to_string(one.id()) + ") has this store; if it shows no heartbeat for ";
    one.send(SIGKILL);
    BOOST_TEST(one.wait().signal == SIGKILL);
    // A signal ends the wait.
    process impatient{UNIPILE_PROGRAM, w.command({"--full"}), w.world.environment()};
    const std::string it = ", process " + std::to_string(impatient.id()) + ": ";
    while (!has(w.status(), it)) std::this_thread::sleep_for(milliseconds(10));
    impatient.send(SIGTERM);
    const finished gone = impatient.wait();
    BOOST_TEST(gone.code == 130, gone.err);

    // The requests of the dead are waited for.
    const finished other = w.harvest({"--full", "--answer-timeout", "1s"});
    BOOST_TEST(other.code == 0, other.err);
    BOOST_TEST(has(other.err, dead), other.err);
    w.check_store();
}

BOOST_AUTO_TEST_CASE(one_that_waits_ends_with_a_failure_that_concerns_all_of_its_requests)
{
    unipile::simulator::options o = many_accounts();
    o.tls = true;
    const shared_work w{std::move(o)};
    w.make_store();
    write_file(w.folder.file("ca.pem"), w.world.server.ca_pem());
    const strings trusting{"--pace", "1/5s", "--ca-file", w.folder.file("ca.pem")};
    process one{UNIPILE_PROGRAM, w.command(trusting), w.world.environment()};
    w.await_all_accounts();
    const finished f = w.world.run(w.work({"--wait"}));
    BOOST_TEST(f.code == 1, f.err);
    BOOST_TEST(has(f.err, "unipile: stopped: the server's certificate is not trusted"), f.err);
    one.send(SIGTERM);
    BOOST_TEST(one.wait().code == 130);
}

BOOST_AUTO_TEST_CASE(a_store_of_another_server_is_not_joined)
{
    const shared_work w;
    BOOST_TEST(w.harvest().code == 0);
    const field_work other{two_accounts()};
    const finished f = other.world.run(w.work());
    BOOST_TEST(f.code == 2);
    BOOST_TEST(has(f.err, "it belongs to localhost:"), f.err);
    BOOST_TEST(other.world.server.stats().requests == 0u);
}

BOOST_AUTO_TEST_CASE(a_database_that_refuses_its_user_ends_each_command_at_once)
{
    const shared_work w;
    const std::string folder = "?host=" + server().folder().string();
    const std::vector<std::pair<std::string, std::string>> wrong{
        {"postgresql://postgres@/nowhere" + folder, "the database server has no such database: "},
        {"postgresql://nobody@/" + w.database + folder, "the database server has no such user: "}};
    const std::vector<strings> commands{
        {"harvest", w.jobs},  {"harvest", w.jobs, "--dry-run"}, {"work", "--wait"}, {"status"},
        {"status", "--json"}, {"export", "--format", "csv"},    {"accounts"},       {"accounts", "--unpark", "all"}};
    for (const auto& [address, why] : wrong)
        for (strings command : commands) {
            command.insert(command.end(), {"--store", address});
            const finished f = w.world.run(command);
            BOOST_TEST(f.code == 5, command.front() << ": " << f.err);
            BOOST_TEST(f.out.empty());
            BOOST_TEST(lines_of(f.err).size() == 1u, f.err);
            BOOST_TEST(has(f.err, why), f.err);
        }
    BOOST_TEST(w.world.server.stats().requests == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
