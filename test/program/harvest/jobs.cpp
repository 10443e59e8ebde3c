// The program's harvest and its jobs file: what a line may be, and which run it belongs to.
#include "program/field_work.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace {

using strings = std::vector<std::string>;
namespace simulator = unipile::simulator;

simulator::options slow_accounts()
{
    simulator::options o = four_accounts();
    o.latency_min = o.latency_max = std::chrono::milliseconds(20);
    return o;
}

/// Breaks a harvest off once that many posts have arrived. `shell` comes behind the command line.
void interrupt(const field_work& w, strings command, int posts, const std::string& shell = {})
{
    command.insert(command.end(), {"--ndjson", "-"});
    strings all{"-c", "exec \"$0\" \"$@\" " + shell, UNIPILE_PROGRAM};
    all.insert(all.end(), command.begin(), command.end());
    process p{"/bin/sh", all, w.world.environment()};
    for (int i = 0; i < posts; ++i) BOOST_TEST_REQUIRE(!p.read_line().empty());
    p.send(SIGINT);
    BOOST_TEST(p.wait().code == 130);
}

std::uint64_t pages_of(const field_work& w, const std::string& account = {})
{
    std::uint64_t pages = 0;
    for (const auto& job : w.world.server.identifiers())
        if (account.empty() || job.account == account)
            pages += std::max<std::uint64_t>(1, (w.world.server.post_count(job.identifier) + 19) / 20);
    return pages;
}

const std::string header = "account,identifier,company\n";

/// The lines of the jobs file that are jobs.
strings jobs_of(const field_work& w)
{
    strings lines = lines_of(read_file(w.jobs));
    lines.erase(lines.begin());
    return lines;
}

std::string status_of(const field_work& w) { return w.world.run({"status", "--store", w.store}).out; }

}  // namespace

BOOST_AUTO_TEST_SUITE(harvest_jobs)

BOOST_AUTO_TEST_CASE(a_wrong_file_name_leaves_the_run_alone)
{
    const field_work w{slow_accounts()};
    interrupt(w, w.command({"--full"}), 200);
    const std::uint64_t asked = w.world.server.stats().requests;
    std::uint64_t begun = 0;
    for (const std::string& job : lines_of(w.world.run({"status", "--store", w.store, "--jobs"}).out))
        begun += has(job, "\"state\":\"queued\"") && !has(job, "\"pages\":0,");
    BOOST_TEST(begun > 0u);
    BOOST_TEST(has(status_of(w), ", not ended: the same command goes on with it\n"));
    const std::string empty = w.folder.file("empty.csv"), folder = w.folder.file("");
    write_file(empty, header);
    for (const std::string& wrong : {w.folder.file("job.csv"), empty, folder}) {
        const finished f = w.world.run(replaced(w.command({"--full"}), w.jobs, wrong));
        BOOST_TEST(f.code == 2);
        BOOST_TEST(lines_of(f.err).size() == 1u, f.err);
        BOOST_TEST(has(status_of(w), ", not ended: the same command goes on with it\n"));
    }
    BOOST_TEST(w.world.server.stats().requests == asked);

    // By another way to the same file.
    const std::string link = w.folder.file("link.csv");
    std::filesystem::create_symlink(w.jobs, link);
    const finished f = w.world.run(replaced(w.command({"--full"}), w.jobs, link));
    BOOST_TEST(f.code == 0, f.err);
    // Of each account one page was under way, and a full walk reads the last page of a listing once more.
    BOOST_TEST(w.repeated_pages() <= begun + 4);
    w.check_store();
}

BOOST_AUTO_TEST_CASE(what_waited_for_a_parked_account_goes_on_in_its_run)
{
    field_work w;
    w.world.server.set_account_error("acc2", simulator::error_answer{401, "errors/disconnected_account", {}});
    BOOST_TEST(w.harvest({"--full"}).code == 8);
    BOOST_TEST(has(status_of(w), ", not ended"), status_of(w));

    // As long as it is parked, every run is one of its own: the others' jobs are due again.
    w.world.server.reset_counts();
    BOOST_TEST(w.harvest({"--full"}).code == 8);
    BOOST_TEST(w.world.server.requests("acc2") == 0u);
    BOOST_TEST(w.world.server.stats().requests == pages_of(w) - pages_of(w, "acc2"));

    w.world.server.set_account_error("acc2", std::nullopt);
    w.world.server.reset_counts();
    BOOST_TEST(w.world.run({"accounts", "--store", w.store, "--unpark", "acc2"}).code == 0);
    const finished f = w.harvest({"--full"});
    BOOST_TEST(f.code == 0, f.err);
    BOOST_TEST(w.world.server.stats().requests == pages_of(w, "acc2"));
    w.check_store();
    BOOST_TEST(has(status_of(w), ", ended "), status_of(w));
}

BOOST_AUTO_TEST_CASE(a_run_begins_anew_when_asked_to)
{
    field_work w{slow_accounts()};
    interrupt(w, w.command({"--full"}), 200);
    w.world.server.reset_counts();
    const finished f = w.harvest({"--full", "--restart"});
    BOOST_TEST(f.code == 0, f.err);
    BOOST_TEST(has(status_of(w), "run 2 ("), status_of(w));
    w.check_store();
}

BOOST_AUTO_TEST_CASE(lines_taken_out_are_withdrawn)
{
    const field_work w{slow_accounts()};
    interrupt(w, w.command({"--full"}), 200);
    const std::uint64_t of_first = w.world.server.requests("acc1");
    std::string text = header;
    std::size_t kept = 0;
    for (const std::string& line : jobs_of(w))
        if (!line.starts_with("acc1,")) text += line + '\n', ++kept;
    write_file(w.jobs, text);
    const finished f = w.harvest({"--full"});
    BOOST_TEST(f.code == 0, f.err);
    BOOST_TEST(has(f.err, " withdrawn: the jobs file names "), f.err);
    BOOST_TEST(w.world.server.requests("acc1") == of_first);

    // Named again, they are asked for; known ones are up to date with a request each.
    text = header;
    for (const auto& job : w.world.server.identifiers())
        text += job.account + ',' + job.identifier + ',' + (job.is_company ? "true" : "false") + '\n';
    write_file(w.jobs, text);
    BOOST_TEST(w.harvest({"--full"}).code == 0);
    w.check_store();
}

BOOST_AUTO_TEST_CASE(the_order_can_be_changed_on_the_way)
{
    simulator::options o = slow_accounts();
    o.accounts = 1;
    o.log_requests = true;
    const field_work w{o};
    interrupt(w, w.command(), 20);
    // Backwards from now on.
    strings lines = jobs_of(w);
    std::reverse(lines.begin(), lines.end());
    std::string text = header;
    for (const std::string& line : lines) text += line + '\n';
    write_file(w.jobs, text);
    BOOST_TEST(w.harvest({"--order", "listed"}).code == 0);
    std::vector<std::string> asked;  // those that were not yet begun, as they came
    for (const auto& r : w.world.server.request_log())
        if (std::find(asked.begin(), asked.end(), r.identifier) == asked.end()) asked.push_back(r.identifier);
    BOOST_TEST_REQUIRE(asked.size() == lines.size());
    const auto first_of_last = std::find_if(asked.begin(), asked.end(), [&](const std::string& identifier) {
        return has(lines.front(), ',' + identifier + ',');
    });
    // The file's last one, now its first, comes before all others that were left but for those in turn already.
    BOOST_TEST(std::distance(first_of_last, asked.end()) > 20);
    w.check_store();
}

BOOST_AUTO_TEST_CASE(a_store_belongs_to_its_tenant)
{
    field_work w{two_accounts()};
    BOOST_TEST(w.harvest().code == 0);
    const served other{two_accounts()};
    const auto at_other = [&](const strings& options) {
        auto environment = w.world.environment();
        environment["UNIPILE_DSN"] = other.server.base_url();
        return process{UNIPILE_PROGRAM, w.command(options), environment}.wait();
    };
    const finished f = at_other({});
    BOOST_TEST(f.code == 2);
    BOOST_TEST(lines_of(f.err).size() == 1u, f.err);
    BOOST_TEST(has(f.err, "it belongs to another base URL"), f.err);
    BOOST_TEST(has(f.err, "--base-url-changed"), f.err);
    const std::string account = w.world.server.identifiers().front().account;
    const strings posts{"posts", "x", "--account", account, "--store", w.store};
    const finished paced = process{UNIPILE_PROGRAM, posts, other.environment()}.wait();
    BOOST_TEST(paced.code == 2);
    BOOST_TEST(lines_of(paced.err).size() == 1u, paced.err);
    BOOST_TEST(has(paced.err, "--store: " + w.store + ": it belongs to localhost:"), paced.err);
    BOOST_TEST(other.server.stats().requests == 0u);

    // The same one in another spelling.
    auto environment = w.world.environment();
    environment["UNIPILE_DSN"] = w.world.server.base_url() + "/api/v1/";
    BOOST_TEST(process(UNIPILE_PROGRAM, w.command(), environment).wait().code == 0);

    BOOST_TEST(at_other({"--base-url-changed"}).code == 0);
    BOOST_TEST(other.server.stats().requests > 0u);
    BOOST_TEST(at_other({}).code == 0);
    BOOST_TEST(w.harvest().code == 2);
}

BOOST_AUTO_TEST_CASE(failed_jobs_are_a_jobs_file)
{
    field_work w;
    const auto status = [&w](const strings& options) {
        strings command{"status", "--store", w.store};
        command.insert(command.end(), options.begin(), options.end());
        return w.world.run(command);
    };
    w.world.server.set_faults({simulator::parse_fault("422:type=blocked_recipient,page=1,account=acc1,burst=0")});
    BOOST_TEST(w.harvest().code == 1);
    BOOST_TEST(status({}).code == 1);
    BOOST_TEST(status({"--json"}).code == 1);
    const std::string file = w.folder.file("failed.csv"), lines = w.folder.file("failed.ndjson");
    BOOST_TEST(status({"--failed-jobs", file}).code == 0);
    BOOST_TEST(status({"--failed-jobs", lines}).code == 0);
    const finished nowhere = status({"--failed-jobs", "/no/such/folder/failed.csv"});
    BOOST_TEST(nowhere.code == 2);
    BOOST_TEST(nowhere.err == "unipile: --failed-jobs: /no/such/folder/failed.csv: No such file or directory\n");
    const finished out = status({"--failed-jobs", "-"});
    BOOST_TEST(out.out == read_file(file));
    std::size_t failed = 0;
    for (const std::string& line : jobs_of(w)) failed += line.starts_with("acc1,") ? 1 : 0;
    BOOST_TEST(lines_of(out.out).size() == failed + 1);
    BOOST_TEST(lines_of(read_file(lines)).size() == failed);
    BOOST_TEST(out.err == std::to_string(failed) + " jobs failed\n");

    w.world.server.set_faults({});
    w.world.server.reset_counts();
    for (const std::string& jobs : {lines, file}) {
        const finished f = w.world.run(replaced(w.command({"--retry-failed"}), w.jobs, jobs));
        BOOST_TEST(f.code == 0, f.err);
        BOOST_TEST(has(f.err, "all " + std::to_string(failed) + " jobs are done"), f.err);
    }
    BOOST_TEST(w.world.server.stats().requests == w.world.server.requests("acc1"));
    BOOST_TEST(status({}).code == 0);
    w.check_store();
}

BOOST_AUTO_TEST_CASE(jobs_of_a_parked_account_that_failed_are_tried_again)
{
    field_work w;
    w.world.server.set_account_error("acc2", simulator::error_answer{401, "errors/disconnected_account", {}});
    const finished f = w.harvest({"--parked", "fail"});
    BOOST_TEST(f.code == 1);
    BOOST_TEST(has(f.err, " 0 left"), f.err);
    w.world.server.set_account_error("acc2", std::nullopt);
    BOOST_TEST(w.world.run({"accounts", "--store", w.store, "--unpark", "acc2"}).code == 0);
    const finished again = w.harvest();
    BOOST_TEST(again.code == 0, again.err);
    w.check_store();
}

BOOST_AUTO_TEST_CASE(every_parked_account_can_be_unparked_at_once)
{
    field_work w;
    const auto unpark = [&w](const std::string& who) {
        return w.world.run({"accounts", "--store", w.store, "--unpark", who});
    };
    for (const char* account : {"acc1", "acc3"})
        w.world.server.set_account_error(account, simulator::error_answer{401, "errors/disconnected_account", {}});
    BOOST_TEST(w.harvest().code == 8);
    for (const char* account : {"acc1", "acc3"}) w.world.server.set_account_error(account, std::nullopt);
    const finished one = unpark("acc1");
    BOOST_TEST(lines_of(one.out).size() == 1u, one.out);
    const finished f = unpark("all");
    BOOST_TEST(f.code == 0);
    BOOST_TEST(lines_of(f.out).size() == 2u, f.out);
    BOOST_TEST(f.err.empty(), f.err);
    BOOST_TEST(w.harvest().code == 0);
    w.check_store();
    BOOST_TEST(has(unpark("all").err, "no account is parked: there is nothing to do"));
    BOOST_TEST(unpark("all").out.empty());
}

BOOST_AUTO_TEST_CASE(lists_on_standard_input_do_not_merge)
{
    const field_work w{slow_accounts()};
    const std::string first = w.folder.file("first.csv"), second = w.folder.file("second.csv");
    std::string of_first = header, of_others = header;
    for (const std::string& line : jobs_of(w)) (line.starts_with("acc1,") ? of_first : of_others) += line + '\n';
    write_file(first, of_first);
    write_file(second, of_others);

    const strings command = replaced(w.command(), w.jobs, "-");
    interrupt(w, command, 10, "< " + first);
    const std::uint64_t asked = w.world.server.requests("acc1");
    BOOST_TEST(asked < pages_of(w, "acc1"));
    BOOST_TEST(under_shell(w, "", command, "< " + second).code == 0);
    BOOST_TEST(w.world.server.requests("acc1") == asked);
    // The content is what counts, and a pipe is one like any other.
    BOOST_TEST(under_shell(w, "cat " + first + " |", command, "").code == 0);
    BOOST_TEST(w.repeated_pages() <= 1u);
    w.check_store();
}

BOOST_AUTO_TEST_CASE(standard_input_can_be_interrupted)
{
    const field_work w{two_accounts()};
    const std::string fifo = w.folder.file("fifo");
    strings all{"-c", "mkfifo \"$1\"; exec 3<>\"$1\"; shift; echo ready; exec \"$0\" \"$@\" <&3", UNIPILE_PROGRAM,
                fifo};
    const strings command = replaced(w.command(), w.jobs, "-");
    all.insert(all.end(), command.begin(), command.end());
    process p{"/bin/sh", all, w.world.environment()};
    BOOST_TEST(p.read_line() == "ready\n");
    // The shell becomes the program at some moment; what it gets before that ends it all the same.
    while (!has(read_file("/proc/" + std::to_string(p.id()) + "/cmdline"),
                UNIPILE_PROGRAM + std::string(1, '\0') + "harvest"))
        continue;
    p.send(SIGTERM);
    const finished f = p.wait();
    BOOST_TEST((f.code == 130 || f.signal == SIGTERM), f.code << ", signal " << f.signal << ": " << f.err);
    BOOST_TEST(!has(f.err, "can't be read"), f.err);
    // There are no pages yet, and no store.
    for (const char* later : {"pages under way", "details:", "posts:"}) BOOST_TEST(!has(f.err, later), f.err);
    BOOST_TEST(!std::filesystem::exists(w.store));
}

BOOST_AUTO_TEST_CASE(what_cannot_be_asked_for_costs_no_request)
{
    const field_work w{two_accounts()};
    const std::string good = read_file(w.jobs), rejects = w.folder.file("rejects.csv");
    const std::string bad =
        "acc1,microsoft,true\nacc1,1000010.0,true\nacc1,2.16E+05,true\nacc1,123456789012345678901,true\n"
        "acc1,https://www.linkedin.com/in/x,false\nacc1,Some Name,false\n";
    write_file(w.jobs, good + bad + lines_of(good).back() + "\nacc1,john-doe-1,false\n");
    const finished dry = w.harvest({"--dry-run"});
    BOOST_TEST(dry.code == 1);
    BOOST_TEST(has(dry.out, "7 jobs of 2 accounts"), dry.out);
    BOOST_TEST(has(dry.out, "\n1 line of the jobs file repeats a job, which counts once\n"), dry.out);
    BOOST_TEST(has(dry.out, "\n6 lines hold no job that can be asked for\n"), dry.out);
    BOOST_TEST(has(dry.out, "don't look like LinkedIn ids"), dry.out);
    BOOST_TEST(has(dry.err, "line 8 is left out: a company's identifier is its LinkedIn number"), dry.err);
    BOOST_TEST(has(dry.err, "line 12 is left out: this is an address, not an identifier; take the provider_id"));

    write_file(w.jobs, good + bad);
    BOOST_TEST(w.harvest({"--rejects", rejects}).code == 1);
    BOOST_TEST(w.world.server.stats().requests == pages_of(w));
    BOOST_TEST(read_file(rejects) == header + bad);
    w.check_store();

    write_file(w.jobs, good);
    BOOST_TEST(w.harvest({"--rejects", rejects}).code == 0);
    BOOST_TEST(read_file(rejects).empty());
}

BOOST_AUTO_TEST_CASE(a_spreadsheet_is_no_list_of_plain_identifiers)
{
    const field_work w{two_accounts()};
    write_file(w.jobs, "profile_id,name,city\n" + w.world.first() + ",Some Name,Berlin\n");
    const finished f = w.harvest({"--account", "acc1"});
    BOOST_TEST(f.code == 2);
    BOOST_TEST(lines_of(f.err).size() == 1u, f.err);
    BOOST_TEST(has(f.err, "a table needs a header such as account,identifier,company"), f.err);
    BOOST_TEST(w.world.server.stats().requests == 0u);
    BOOST_TEST(!std::filesystem::exists(w.store));
}

BOOST_AUTO_TEST_CASE(a_note_with_line_breaks_is_no_job)
{
    const field_work w{two_accounts()};
    std::string text = "account,identifier,company,note\n";
    for (const std::string& line : jobs_of(w)) text += line + ",\"wants\nacc1,ACoAAwants a call back\n\"\n";
    write_file(w.jobs, text);
    const finished f = w.harvest();
    BOOST_TEST(f.code == 0, f.err);
    BOOST_TEST(has(f.err, "unipile: columns of the jobs file that mean nothing here: note\n"), f.err);
    BOOST_TEST(!has(w.harvest({"--quiet"}).err, "columns"));
    BOOST_TEST(w.world.server.stats().requests == pages_of(w) + 6);
    w.check_store();
}

BOOST_AUTO_TEST_SUITE_END()
