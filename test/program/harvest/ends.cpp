// The program's harvest and the ends of listings: what a server says wrongly for once is no loss, and no post is called
// gone for it.
#include "program/field_work.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <csignal>
#include <functional>
#include <string>
#include <vector>

namespace {

using strings = std::vector<std::string>;
namespace simulator = unipile::simulator;

/// Two accounts with listings of three pages and more.
simulator::options long_listings()
{
    simulator::options o = two_accounts();
    o.posts_min = 50;
    o.posts_max = 90;
    return o;
}

std::string status_in(const field_work& w) { return w.world.run({"status", "--store", w.store, "--json"}).out; }

/// Runs a harvest, and makes a change while it stands still in its middle.
finished harvest_through(field_work& w, const std::function<void()>& change, const strings& options = {})
{
    strings command = w.command({"--ndjson", "-"});
    command.insert(command.end(), options.begin(), options.end());
    process p{UNIPILE_PROGRAM, command, w.world.environment()};
    for (int i = 0; i < 100; ++i) BOOST_TEST_REQUIRE(!p.read_line().empty());
    p.send(SIGSTOP);
    change();
    p.send(SIGCONT);
    return p.wait();
}

void set_fault(field_work& w, const std::string& spec) { w.world.server.set_faults({simulator::parse_fault(spec)}); }

}  // namespace

BOOST_AUTO_TEST_SUITE(harvest_ends)

BOOST_AUTO_TEST_CASE(a_refused_cursor_in_the_middle_is_not_the_end)
{
    field_work w{long_listings()};
    set_fault(w, "dead-cursor:page=2");
    w.harvest();
    BOOST_TEST(!has(status_in(w), "\"gone\":1"));
    BOOST_TEST(w.exported().size() == 6 * 20u);
    w.world.server.set_faults({});
    // Whatever was concluded from refusals that came again, reading everything finds the rest.
    BOOST_TEST(w.harvest({"--full"}).code == 0);
    w.check_store();
    BOOST_TEST(has(status_in(w), "\"gone\":0,"));
}

BOOST_AUTO_TEST_CASE(a_walk_over_an_empty_page_loses_nothing)
{
    field_work w{long_listings()};
    BOOST_TEST(w.harvest().code == 0);
    set_fault(w, "empty-pages:page=2");
    for (int times = 0; times < 2; ++times) {
        BOOST_TEST(w.harvest({"--full"}).code == 0);
        BOOST_TEST(has(status_in(w), "\"gone\":0,"), status_in(w));
    }
    w.check_store({"--without-gone"});
    w.world.server.set_faults({});
    BOOST_TEST(w.harvest({"--full"}).code == 0);
    w.check_store({"--without-gone"});
}

BOOST_AUTO_TEST_CASE(a_first_look_over_an_empty_page_is_followed_by_another)
{
    field_work w{long_listings()};
    set_fault(w, "empty-pages:page=2");
    BOOST_TEST(w.harvest().code == 0);
    BOOST_TEST(w.exported().size() == 6 * 20u);
    w.world.server.set_faults({});
    BOOST_TEST(w.harvest().code == 0);
    w.check_store();
}

BOOST_AUTO_TEST_CASE(an_inferred_end_is_called_so_for_as_long_as_it_is_one)
{
    field_work w{long_listings()};
    set_fault(w, "empty-pages:page=2");
    for (int times = 0; times < 3; ++times) {
        const finished f = w.harvest();
        BOOST_TEST(f.code == 0);
        BOOST_TEST(!has(f.err, " up_to_date\n"), f.err);
        if (times == 2) BOOST_TEST(has(f.err, "ends: 6 up_to_date_inferred\n"), f.err);
        BOOST_TEST(has(status_in(w), "\"ends\":{\"complete\":0,\"inferred\":6,\"up_to_date\":0,"), status_in(w));
    }
    const std::string jobs = w.world.run({"status", "--store", w.store, "--jobs"}).out;
    BOOST_TEST(has(jobs, "\"end\":\"up_to_date_inferred\""), jobs);
    BOOST_TEST(!has(jobs, "\"inferred\":false"), jobs);
}

BOOST_AUTO_TEST_CASE(an_item_that_cannot_be_read_for_once_is_not_gone)
{
    field_work w{long_listings()};
    BOOST_TEST(w.harvest().code == 0);
    set_fault(w, "drift=broken:rate=0.1");
    for (int times = 0; times < 2; ++times) {
        BOOST_TEST(w.harvest({"--full"}).code == 1);
        BOOST_TEST(has(status_in(w), "\"gone\":0,"), status_in(w));
        BOOST_TEST(!has(status_in(w), "\"suspect\":0,"), status_in(w));
    }
    w.world.server.set_faults({});
    BOOST_TEST(w.harvest({"--full"}).code == 0);
    w.check_store({"--without-gone"});
}

BOOST_AUTO_TEST_CASE(cursors_that_die_between_two_runs_lose_nothing)
{
    for (const char* mode : {"--full", "--update"}) {
        simulator::options o = long_listings();
        o.latency_min = o.latency_max = std::chrono::milliseconds(20);
        field_work w{o};
        process p{UNIPILE_PROGRAM, w.command({mode, "--ndjson", "-"}), w.world.environment()};
        for (int i = 0; i < 100; ++i) BOOST_TEST_REQUIRE(!p.read_line().empty());
        p.send(SIGINT);
        BOOST_TEST(p.wait().code == 130);
        w.world.server.expire_cursors();
        const finished f = w.harvest({mode});
        BOOST_TEST(f.code == 0, f.err);
        w.check_store();
        BOOST_TEST(has(status_in(w), "\"gone\":0,"));
    }
}

BOOST_AUTO_TEST_CASE(cursors_that_die_under_way_lose_nothing)
{
    simulator::options o = long_listings();
    o.latency_min = o.latency_max = std::chrono::milliseconds(20);
    field_work w{o};
    // Where the page before has a cursor too, that is as dead: nothing says that this is the end.
    const finished f = harvest_through(w, [&w] { w.world.server.expire_cursors(); });
    BOOST_TEST(f.code == 1, f.err);
    BOOST_TEST(has(f.err, "could not be confirmed to be the end; the next run looks there again"), f.err);
    BOOST_TEST(w.harvest().code == 0);
    w.check_store();
}

BOOST_AUTO_TEST_CASE(a_position_that_is_refused_after_a_jump_fails_no_job)
{
    simulator::options o = long_listings();
    o.latency_min = o.latency_max = std::chrono::milliseconds(0);
    field_work w{o};
    w.harvest({"--max-posts", "40"});
    set_fault(w, "404:type=resource_not_found,page=3,burst=1");
    const finished f = w.harvest();
    BOOST_TEST(f.code == 0, f.err);
    w.check_store();
}

BOOST_AUTO_TEST_CASE(posts_that_are_deleted_while_they_are_listed_take_no_other_with_them)
{
    simulator::options o = long_listings();
    o.cursors = simulator::cursor_style::offset;
    field_work w{o};
    BOOST_TEST(w.harvest().code == 0);
    w.check_store();
    // The newest post goes behind the first page of a walk: the first of the second page moves past the walk.
    const std::string identifier = w.world.first();
    BOOST_TEST(w.world.server.remove_post(identifier, w.world.server.posts(identifier).front()));
    BOOST_TEST(w.harvest({"--full"}).code == 0);
    BOOST_TEST(has(status_in(w), "\"gone\":0,"), status_in(w));
    BOOST_TEST(w.harvest({"--full"}).code == 0);
    BOOST_TEST(has(status_in(w), "\"gone\":1,"), status_in(w));
    w.check_store({"--without-gone"});
}

BOOST_AUTO_TEST_CASE(pages_that_are_not_the_apis_own_fail_no_job)
{
    for (const char* spec : {"404:body=html,burst=0,rate=1", "403:body=html,burst=0,rate=1",
                             "502:body=empty,burst=0,rate=1", "302:burst=0,rate=1,location=https://portal.example/"}) {
        field_work w{long_listings()};
        set_fault(w, spec);
        const finished f = w.harvest();
        BOOST_TEST(f.code == 4, spec << ": " << f.err);
        BOOST_TEST(has(f.err, " 0 failed, 6 left"), f.err);
        BOOST_TEST(w.world.server.stats().requests <= 12u);
        BOOST_TEST(!has(w.world.run({"accounts", "--store", w.store, "--json"}).out, "\"parked\":true"));
        w.world.server.set_faults({});
        BOOST_TEST(w.harvest().code == 0);
        w.check_store();
    }
}

BOOST_AUTO_TEST_CASE(a_gateway_in_the_middle_ends_it_as_an_outage)
{
    simulator::options o = long_listings();
    o.latency_min = o.latency_max = std::chrono::milliseconds(20);
    field_work w{o};
    const finished f =
        harvest_through(w, [&w] { set_fault(w, "404:body=html,burst=0,rate=1"); }, {"--outage-patience", "100ms"});
    BOOST_TEST(f.code == 4, f.err);
    BOOST_TEST(has(f.err, " 0 failed, "), f.err);
    BOOST_TEST(has(f.err, "unipile: stopped by an outage: "), f.err);
    w.world.server.set_faults({});
    BOOST_TEST(w.harvest().code == 0);
    w.check_store();
}

BOOST_AUTO_TEST_CASE(accounts_that_the_server_does_not_know_are_a_matter_of_configuration)
{
    field_work w{long_listings()};
    const std::string jobs = read_file(w.jobs);
    for (const int accounts : {4, 2, 1}) {
        std::string strangers = "account,identifier,company\n";
        for (int i = 0; i < 12; ++i)
            strangers += "stranger" + std::to_string(i % accounts) + ",ACoAAstranger" + std::to_string(i) + ",\n";
        write_file(w.jobs, strangers);
        const finished f = w.harvest({"--restart"});
        BOOST_TEST(f.code == 2, f.err);
        BOOST_TEST(has(f.err, " 0 failed, 12 left"), f.err);
        BOOST_TEST(!has(w.world.run({"accounts", "--store", w.store, "--json"}).out, "\"parked\":true"));
    }
    write_file(w.jobs, jobs);
    BOOST_TEST(w.harvest().code == 0);
    w.check_store();
}

BOOST_AUTO_TEST_CASE(one_account_that_the_server_does_not_know_is_parked)
{
    field_work w{long_listings()};
    write_file(w.jobs, read_file(w.jobs) + "stranger,ACoAAstranger,\n");
    const finished f = w.harvest();
    BOOST_TEST(f.code == 8, f.err);
    BOOST_TEST(has(f.err, "6 came to the end, 0 failed, 1 left"), f.err);
    BOOST_TEST(has(w.world.run({"accounts", "--store", w.store, "--json"}).out, "\"parked\":true"));
    w.check_store();
}

BOOST_AUTO_TEST_CASE(a_server_that_does_not_work_has_not_answered)
{
    for (const char* spec : {"503:burst=0,rate=1", "404:body=html,burst=0,rate=1"}) {
        simulator::options o = long_listings();
        o.latency_min = o.latency_max = std::chrono::milliseconds(20);
        field_work w{o};
        const finished f = harvest_through(w, [&w, spec] { set_fault(w, spec); }, {"--outage-patience", "100ms"});
        BOOST_TEST(f.code == 4, f.err);
        BOOST_TEST(has(f.err, " 0 failed, "), f.err);
    }
}

BOOST_AUTO_TEST_CASE(names_that_are_no_ids_stop_it)
{
    field_work w{long_listings()};
    std::string names = "account,identifier,company\n";
    for (int i = 0; i < 60; ++i) names += "acc1,john-doe-" + std::to_string(i) + ",\n";
    write_file(w.jobs, names);
    const finished f = w.harvest();
    BOOST_TEST(f.code == 2, f.err);
    BOOST_TEST(w.world.server.stats().requests <= 21u);
    BOOST_TEST(has(f.err, "unipile: stopped: "), f.err);
}

BOOST_AUTO_TEST_SUITE_END()
