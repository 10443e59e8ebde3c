// The program's harvest: what is stored, what is asked for, and how it ends.
#include "program/field_work.hpp"
#include "support/printing.hpp"

#include <unipile/account_ledger.hpp>
#include <unipile/store/sqlite.hpp>

#include <chrono>
#include <csignal>

namespace {

using strings = std::vector<std::string>;
namespace simulator = unipile::simulator;
namespace store = unipile::store;

std::size_t count_of(const std::string& text, const std::string& part)
{
    std::size_t n = 0;
    for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
    return n;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(harvest)

BOOST_AUTO_TEST_CASE(stores_the_truth_and_asks_only_for_news_later)
{
    field_work w;
    const finished first = w.harvest();
    BOOST_TEST(first.code == 0);
    BOOST_TEST(first.err.find("all 40 jobs are done") != std::string::npos);
    w.check_store();
    BOOST_TEST(w.repeated_pages() == 0u);

    w.world.server.reset_counts();
    const finished second = w.harvest();
    BOOST_TEST(second.code == 0);
    BOOST_TEST(second.err.find("of which 0 new, 0 changed") != std::string::npos);
    BOOST_TEST(w.world.server.stats().requests == 40u);
    w.check_store();

    const strings some{w.world.server.identifiers()[3].identifier, w.world.server.identifiers()[17].identifier};
    for (const std::string& identifier : some) w.world.server.add_posts(identifier, 25);
    BOOST_TEST(w.harvest().code == 0);
    w.check_store();
}

BOOST_AUTO_TEST_CASE(a_full_run_marks_what_is_gone)
{
    field_work w;
    BOOST_TEST(w.harvest().code == 0);
    const std::string identifier = w.world.first();
    const std::string id = w.world.server.posts(identifier).at(2);
    BOOST_TEST(w.world.server.remove_post(identifier, id));
    // One walk may have missed it.
    for (const char* gone : {"\"gone\":0,", "\"gone\":1,"}) {
        BOOST_TEST(w.harvest({"--full"}).code == 0);
        BOOST_TEST(has(w.world.run({"status", "--store", w.store, "--json"}).out, gone));
    }
    w.check_store({"--without-gone"});
    BOOST_TEST(w.exported().size() == whole_truth(w.world).size() + 1);
}

BOOST_AUTO_TEST_CASE(empty_pages_are_gone_over_where_that_is_wanted)
{
    simulator::options o = two_accounts();
    o.posts_min = o.posts_max = 60;
    o.faults.push_back(simulator::parse_fault("empty-pages:page=2"));
    field_work w{o};
    const finished first = w.harvest();
    BOOST_TEST(first.code == 0, first.err);
    BOOST_TEST(has(first.err, "6 listings ended without the API saying so; the next run looks there again\n"),
               first.err);
    BOOST_TEST(w.exported().size() == 6 * 20u);
    const finished wide = w.harvest({"--empty-pages", "1", "--full"});
    BOOST_TEST(wide.code == 0, wide.err);
    BOOST_TEST(!has(wide.err, "without the API saying so"), wide.err);
    w.check_store();
}

BOOST_AUTO_TEST_CASE(an_empty_page_that_is_found_again_is_the_end_until_more_are_gone_over)
{
    simulator::options o = two_accounts();
    o.posts_min = 50;
    o.posts_max = 90;
    o.faults.push_back(simulator::parse_fault("empty-pages:page=2"));
    const field_work w{o};
    for (int times = 0; times < 2; ++times) BOOST_TEST(w.harvest().code == 0);
    BOOST_TEST(w.harvest().code == 0);
    BOOST_TEST(w.exported().size() == 6 * 20u);
    BOOST_TEST(w.harvest({"--empty-pages", "1"}).code == 0);
    w.check_store();
}

BOOST_AUTO_TEST_CASE(lines_without_a_job_are_put_aside)
{
    field_work w;
    std::ofstream{w.jobs, std::ios::app} << "acc1,,false\n";
    const std::string rejects = w.folder.file("rejects.csv");
    const finished f = w.harvest({"--rejects", rejects});
    BOOST_TEST(f.code == 1);
    BOOST_TEST(f.err.find("line 42 ") != std::string::npos);
    BOOST_TEST(read_file(rejects) == "account,identifier,company\nacc1,,false\n");
    w.check_store();
}

BOOST_AUTO_TEST_CASE(an_interrupted_run_goes_on_where_it_was)
{
    simulator::options o = four_accounts();
    o.latency_min = o.latency_max = std::chrono::milliseconds(20);
    const field_work w{o};
    process p{UNIPILE_PROGRAM, w.command({"--ndjson", "-"}), w.world.environment()};
    for (int i = 0; i < 200; ++i) BOOST_TEST_REQUIRE(!p.read_line().empty());
    p.send(SIGINT);
    const finished interrupted = p.wait();
    BOOST_TEST(interrupted.code == 130);
    const std::size_t stored = w.exported().size();
    BOOST_TEST(stored >= 200u - 4 * 20);  // what was in the pipe may not have been stored yet
    BOOST_TEST(stored < whole_truth(w.world).size());

    BOOST_TEST(w.harvest().code == 0);
    w.check_store();
    BOOST_TEST(w.repeated_pages() <= 4u);  // one of each account was under way
}

BOOST_AUTO_TEST_CASE(a_refused_key_stops_it)
{
    const field_work w;
    process p{UNIPILE_PROGRAM,
              w.command(),
              {{"UNIPILE_API_KEY", "another-key-altogether"}, {"UNIPILE_DSN", w.world.server.base_url()}}};
    const finished f = p.wait();
    BOOST_TEST(f.code == 3);
    BOOST_TEST(f.err.find("another-key-altogether") == std::string::npos);
    BOOST_TEST(w.harvest().code == 0);
    w.check_store();
}

BOOST_AUTO_TEST_CASE(a_key_that_is_changed_in_the_middle_stops_nothing)
{
    simulator::options o = four_accounts();
    o.latency_min = o.latency_max = std::chrono::milliseconds(20);
    field_work w{o};
    const std::string file = w.folder.file("key"), another = "another-key-altogether";
    write_file(file, w.world.key + '\n');
    process p{UNIPILE_PROGRAM,
              w.command({"--ndjson", "-", "--api-key-file", file}),
              {{"UNIPILE_DSN", w.world.server.base_url()}}};
    for (int i = 0; i < 200; ++i) BOOST_TEST_REQUIRE(!p.read_line().empty());
    p.send(SIGSTOP);
    write_file(file, another);
    w.world.server.set_api_key(another);
    p.send(SIGCONT);
    const finished f = p.wait();
    BOOST_TEST(f.code == 0, f.err);
    BOOST_TEST(has(f.err, "all 40 jobs are done"), f.err);
    BOOST_TEST(count_of(f.err, "going on with the one that the key file holds now") == 1u);
    BOOST_TEST(f.err.find(another) == std::string::npos);
    w.check_store();

    // The file still says the same.
    w.world.server.set_api_key(w.world.key);
    const finished refused =
        process{UNIPILE_PROGRAM, w.command({"--api-key-file", file}), {{"UNIPILE_DSN", w.world.server.base_url()}}}
            .wait();
    BOOST_TEST(refused.code == 3);
    BOOST_TEST(!has(refused.err, "going on"), refused.err);
}

BOOST_AUTO_TEST_CASE(a_store_that_cannot_be_used_is_told_in_one_line)
{
    field_work w;
    const std::string foreign = w.folder.file("notes.txt");
    std::ofstream{foreign} << std::string(5'000, 'x');
    for (const std::string& store : {w.folder.file("no/such/folder.db"), foreign}) {
        w.store = store;
        for (const finished& f :
             {w.harvest(), w.world.run({"status", "--store", store}), w.world.run({"accounts", "--store", store}),
              w.world.run({"accounts", "--store", store, "--unpark", "acc1"}),
              w.world.run({"export", "--store", store, "--format", "csv"})}) {
            BOOST_TEST(f.code == 2, f.err);
            BOOST_TEST(lines_of(f.err).size() == 1u);
            BOOST_TEST(f.err.starts_with("unipile: --store: " + store + ": "), f.err);
        }
    }
    BOOST_TEST(read_file(foreign) == std::string(5'000, 'x'));
    BOOST_TEST(w.world.server.stats().requests == 0u);
}

BOOST_AUTO_TEST_CASE(an_account_that_needs_its_owner_waits_alone)
{
    field_work w;
    w.world.server.set_account_error("acc2", simulator::error_answer{401, "errors/disconnected_account", {}});
    BOOST_TEST(w.harvest().code == 8);
    const std::size_t others = w.exported().size();
    std::size_t expected = 0;
    for (const auto& p : w.world.server.identifiers())
        if (p.account != "acc2") expected += w.world.server.post_count(p.identifier);
    BOOST_TEST(others == expected);
    const finished accounts = w.world.run({"accounts", "--store", w.store, "--json"});
    BOOST_TEST(count_of(accounts.out, "\"parked\":true") == 1u);
    BOOST_TEST(accounts.out.find("disconnected_account") != std::string::npos);

    w.world.server.set_account_error("acc2", std::nullopt);
    BOOST_TEST(w.world.run({"accounts", "--store", w.store, "--unpark", "acc2"}).code == 0);
    BOOST_TEST(w.harvest().code == 0);
    w.check_store();
}

BOOST_AUTO_TEST_CASE(an_account_gets_no_new_budget_where_its_ledger_is_damaged)
{
    field_work w{two_accounts()};
    BOOST_TEST(w.harvest({"--pace", "1000/day"}).code == 0);
    const std::string damaged = w.world.server.identifiers().front().account;
    store::sqlite_options beside;
    beside.access = store::access::control;
    {
        const auto engine = store::open_sqlite(w.store, beside);
        store::account_row row = engine->perform(store::load_account{damaged}).value();
        row.ledger = "v1 t";
        engine->perform(store::save_account{row});
        engine->commit();
    }
    w.world.server.reset_counts();
    process p{UNIPILE_PROGRAM, w.command({"--pace", "1000/day", "--full", "--ndjson", "-"}), w.world.environment()};
    for (const auto& job : w.world.server.identifiers())
        for (std::uint64_t n = job.account == damaged ? 0 : w.world.server.post_count(job.identifier); n > 0; --n)
            BOOST_TEST_REQUIRE(!p.read_line().empty());
    p.send(SIGINT);
    const finished f = p.wait();
    BOOST_TEST(f.code == 130);
    BOOST_TEST(f.out.empty());
    BOOST_TEST(count_of(f.err, "what account " + damaged + " has used can't be read") == 1u);
    for (const auto& job : w.world.server.identifiers())
        BOOST_TEST(w.world.server.requests_by_page(job.account, job.identifier).empty() == (job.account == damaged));
    // The day begins now, and not again with each run.
    const auto row = store::open_sqlite(w.store, beside)->perform(store::load_account{damaged}).value();
    BOOST_TEST(unipile::account_ledger::from_text(row.ledger).has_value());
    BOOST_TEST(row.used_today >= 1000u);
}

BOOST_AUTO_TEST_CASE(a_request_to_unpark_counts_once)
{
    field_work w{two_accounts()};
    const auto unpark = [&w] { return w.world.run({"accounts", "--store", w.store, "--unpark", "acc2"}); };
    const auto accounts = [&w] { return w.world.run({"accounts", "--store", w.store}).out; };
    const auto requests_of_one_harvest = [&w](int code) {
        w.world.server.reset_counts();
        BOOST_TEST(w.harvest({"--full"}).code == code);
        return w.world.server.requests("acc2");
    };
    w.world.server.set_account_error("acc2", simulator::error_answer{403, "errors/account_restricted", {}});
    BOOST_TEST(requests_of_one_harvest(8) == 1u);
    BOOST_TEST(has(accounts(), "acc2: parked since "), accounts());
    BOOST_TEST(has(unpark().out, "acc2: to be unparked by the harvest, the running or the next one (parked since "));
    BOOST_TEST(has(w.harvest({"--dry-run"}).out, "6 jobs of 2 accounts"));

    // Parked anew: nobody has asked for this one.
    BOOST_TEST(requests_of_one_harvest(8) == 1u);
    BOOST_TEST(has(accounts(), "acc2: parked since "), accounts());
    w.world.server.set_account_error("acc2", std::nullopt);
    BOOST_TEST(requests_of_one_harvest(8) == 0u);

    BOOST_TEST(unpark().code == 0);
    BOOST_TEST(requests_of_one_harvest(0) > 0u);
    w.check_store();
    BOOST_TEST(!has(accounts(), "parked"), accounts());
    const finished needless = unpark();
    BOOST_TEST(needless.code == 0);
    BOOST_TEST(has(needless.err, "acc2 is not parked: there is nothing to do"), needless.err);
    BOOST_TEST(!has(needless.out, "parked"), needless.out);
    const finished unknown = w.world.run({"accounts", "--store", w.store, "--unpark", "acc9"});
    BOOST_TEST(unknown.code == 2);
}

BOOST_AUTO_TEST_CASE(a_dry_run_sends_and_makes_nothing)
{
    const field_work w;
    const finished f = w.harvest({"--dry-run"});
    BOOST_TEST(f.code == 0);
    BOOST_TEST(w.world.server.stats().connections == 0u);
    BOOST_TEST(!std::ifstream{w.store}.is_open());
}

BOOST_AUTO_TEST_CASE(a_dry_run_minds_the_bound_on_posts)
{
    const field_work w;
    BOOST_TEST(has(w.harvest({"--dry-run"}).out, "40 jobs of 4 accounts: about 120 requests"));
    BOOST_TEST(has(w.harvest({"--dry-run", "--max-posts", "21"}).out, "40 jobs of 4 accounts: about 80 requests"));
    BOOST_TEST(has(w.harvest({"--dry-run", "--max-posts", "20"}).out, "40 jobs of 4 accounts: about 40 requests"));
    const finished f = w.harvest({"--max-posts", "20"});
    BOOST_TEST(f.code == 0);
    BOOST_TEST(w.world.server.stats().requests == 40u);
    // The ends have the same names here and there.
    const auto ends_in = [](const std::string& text) {
        std::string found;
        for (const std::string& line : lines_of(text))
            if (line.starts_with("ends: ")) found = line;
        return found;
    };
    const std::string ends = ends_in(f.err);
    BOOST_TEST(has(ends, " max_posts"), f.err);
    BOOST_TEST(ends_in(w.world.run({"status", "--store", w.store}).out) == ends);
}

BOOST_AUTO_TEST_CASE(posts_are_also_written_as_lines)
{
    const field_work w;
    const finished f = w.harvest({"--ndjson", "-"});
    BOOST_TEST(f.code == 0);
    BOOST_TEST(same_lines(sorted(lines_of(f.out)), whole_truth(w.world)));
    w.check_store();
}

BOOST_AUTO_TEST_CASE(status_and_csv_tell_what_is_there)
{
    const field_work w;
    BOOST_TEST(w.harvest().code == 0);
    const finished status = w.world.run({"status", "--store", w.store, "--json"});
    BOOST_TEST(status.code == 0);
    BOOST_TEST(status.out.find("\"done\":40,\"failed\":0}") != std::string::npos);
    BOOST_TEST(count_of(status.out, "{") == count_of(status.out, "}"));

    const finished csv = w.world.run({"export", "--store", w.store, "--format", "csv"});
    BOOST_TEST(csv.code == 0);
    std::size_t rows = 0, fields = 1;
    bool quoted = false;
    for (const char c : csv.out) {
        if (c == '"') quoted = !quoted;
        if (quoted) continue;
        if (c == ',') ++fields;
        if (c != '\n') continue;
        BOOST_TEST_REQUIRE(fields == 15u);
        fields = 1;
        ++rows;
    }
    BOOST_TEST(rows == whole_truth(w.world).size() + 1);
}

BOOST_AUTO_TEST_CASE(status_knows_whether_a_harvest_runs)
{
    simulator::options o = four_accounts();
    o.latency_min = o.latency_max = std::chrono::milliseconds(20);
    const field_work w{o};
    const auto status = [&w](const strings& options = {}) {
        strings command{"status", "--store", w.store};
        command.insert(command.end(), options.begin(), options.end());
        return w.world.run(command).out;
    };
    process p{UNIPILE_PROGRAM, w.command({"--ndjson", "-"}), w.world.environment()};
    for (int i = 0; i < 200; ++i) BOOST_TEST_REQUIRE(!p.read_line().empty());
    p.send(SIGSTOP);
    BOOST_TEST(has(status({"--json"}), ",\"harvesting\":true}"));
    BOOST_TEST(has(status(), ", a harvest is running\n"), status());

    p.send(SIGKILL);
    BOOST_TEST(p.wait().signal == SIGKILL);
    BOOST_TEST(has(status({"--json"}), ",\"harvesting\":false}"));
    BOOST_TEST(has(status(), ", not ended: the same command goes on with it\n"));
    BOOST_TEST(has(status({"--jobs"}), "\"state\":\"queued\""));

    BOOST_TEST(w.harvest().code == 0);
    BOOST_TEST(has(status({"--json"}), "\"delayed\":0,\"done\":40,"));
    w.check_store();
}

BOOST_AUTO_TEST_CASE(requests_keep_to_the_pace)
{
    simulator::options o;
    o.identifiers = 13;
    o.log_requests = true;
    const field_work w{o};
    BOOST_TEST(w.harvest({"--pace", "5/1s"}).code == 0);
    const auto log = w.world.server.request_log();
    BOOST_TEST_REQUIRE(log.size() >= 13u);
    // A request counts from its end on, and the server has seen it before, so that with five a second, however slow the
    // machine is, the fifth after it comes a second later. The two clocks differ by some ticks.
    for (std::size_t i = 0; i + 5 < log.size(); ++i)
        BOOST_TEST(log[i + 5].time - log[i].time >= std::chrono::milliseconds(995));
}

BOOST_AUTO_TEST_CASE(posts_keep_a_pace_and_count_in_a_store)
{
    simulator::options o;
    o.identifiers = 8;
    o.posts_min = o.posts_max = 5;
    o.company_share = 0;
    o.log_requests = true;
    field_work w{o};
    strings all;
    for (const auto& p : w.world.server.identifiers()) all.push_back(p.identifier);
    const finished alone = w.world.run(w.world.arguments(all, {"--pace", "5/1s"}));
    BOOST_TEST(alone.code == 0, alone.err);
    BOOST_TEST(same_lines(sorted(lines_of(alone.out)), whole_truth(w.world)));
    const auto log = w.world.server.request_log();
    BOOST_TEST_REQUIRE(log.size() == 8u);
    for (std::size_t i = 0; i + 5 < log.size(); ++i)
        BOOST_TEST(log[i + 5].time - log[i].time >= std::chrono::milliseconds(995));

    const finished missing = w.world.run(w.world.arguments({all[0]}, {"--store", w.store}));
    BOOST_TEST(missing.code == 2, missing.err);
    BOOST_TEST(w.harvest({"--pace", "1000/day"}).code == 0);
    const finished counted =
        w.world.run(w.world.arguments({all[0], all[1]}, {"--store", w.store, "--pace", "1000/day"}));
    BOOST_TEST(counted.code == 0, counted.err);
    BOOST_TEST(lines_of(counted.out).size() == 10u);
    const std::string accounts = w.world.run({"accounts", "--store", w.store, "--json"}).out;
    BOOST_TEST(has(accounts, "\"requests\":10,\"requests_today\":10,"), accounts);
    BOOST_TEST(w.world.run(w.world.arguments({all[0]}, {"--pace", "5/1s", "--timeout", "5"})).code == 2);
}

BOOST_AUTO_TEST_CASE(accounts_tell_when_their_pace_lets_them_go_on)
{
    simulator::options o;
    o.identifiers = 13;
    o.posts_min = o.posts_max = 5;
    const field_work w{o};
    const auto accounts = [&w] { return w.world.run({"accounts", "--store", w.store}).out; };
    process p{UNIPILE_PROGRAM, w.command({"--ndjson", "-", "--pace", "100/day, 3/hour"}), w.world.environment()};
    for (int i = 0; i < 3 * 5; ++i) BOOST_TEST_REQUIRE(!p.read_line().empty());
    p.send(SIGINT);
    BOOST_TEST(p.wait().code == 130);
    BOOST_TEST(has(accounts(), "acc1 (LINKEDIN): waits until "), accounts());
    BOOST_TEST(has(accounts(), ": keeps its pace; 3 requests in the last day"), accounts());

    BOOST_TEST(w.harvest().code == 0);
    BOOST_TEST(has(accounts(), "acc1 (LINKEDIN): not waiting; 13 requests in the last day"), accounts());
}

BOOST_AUTO_TEST_SUITE_END()
