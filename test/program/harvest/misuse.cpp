// The program's harvest with what it can't work with: each time one clear line, the right exit code, and nothing lost.
#include "program/field_work.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

namespace {

using strings = std::vector<std::string>;

/// One line that says `part`, with that exit code, and not a word to the server.
void check_refusal(const field_work& w, const finished& f, int code, const std::string& part)
{
    BOOST_TEST_CONTEXT(f.err)
    {
        BOOST_TEST(f.signal == 0);
        BOOST_TEST(f.code == code);
        BOOST_TEST(f.out.empty());
        BOOST_TEST(lines_of(f.err).size() == 1u);
        BOOST_TEST(has(f.err, part));
        BOOST_TEST(w.world.server.stats().requests == 0u);
    }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(harvest_misuse)

BOOST_AUTO_TEST_CASE(jobs_files_of_every_make_are_read)
{
    const field_work w{two_accounts()};
    const std::string plain = read_file(w.jobs);
    std::string windows = "\xef\xbb\xbf", quoted, returns;
    for (const char c : plain) {
        returns += c == '\n' ? '\r' : c;
        windows += c == '\n' ? "\r\n" : std::string(1, c);
        quoted += c == ',' ? "\",\"" : c == '\n' ? "\"\n\"" : std::string(1, c);
    }
    quoted = '"' + quoted.substr(0, quoted.size() - 1);
    for (const std::string& text : {windows, quoted, returns, plain + plain}) {
        write_file(w.jobs, text);
        std::filesystem::remove(w.store);
        const finished f = w.harvest();
        BOOST_TEST(f.code == 0, f.err);
        BOOST_TEST(has(f.err, "all 6 jobs are done"));
        w.check_store();
    }
}

BOOST_AUTO_TEST_CASE(lines_that_hold_no_job_cost_the_others_nothing)
{
    const field_work w{two_accounts()};
    const std::string plain = read_file(w.jobs);
    for (const std::string& bad : {std::string("acc1,AC\0o,false", 15), std::string(10'000'000, 'x'),
                                   std::string("\"acc1,x,false"), std::string("acc1,https://example.org/in/x,false"),
                                   std::string("acc1,M\xfcller,false"), std::string("identifier,company,account")}) {
        write_file(w.jobs, plain + bad + '\n');
        std::filesystem::remove(w.store);
        const finished f = w.harvest();
        BOOST_TEST(f.code == 1);
        BOOST_TEST(has(f.err, "line 8 is left out: "), f.err);
        w.check_store();
    }
}

BOOST_AUTO_TEST_CASE(files_that_hold_no_jobs_are_told)
{
    const field_work w{two_accounts()};
    const std::string utf16(
        "\xff\xfe"
        "a\0c\0c\0o\0u\0n\0t\0,\0\n\0",
        20);
    struct wrong {
        std::string text, part;
    };
    for (const auto& [text, part] : {wrong{"account,name\nacc1,x\n", "no column \"identifier\""},
                                     wrong{"identifier\nx\n", "no column \"account\""},
                                     wrong{std::string(10'000'000, 'x'), "header"}, wrong{utf16, "UTF-8"}}) {
        write_file(w.jobs, text);
        check_refusal(w, w.harvest(), 2, part);
    }
    for (const std::string& text : {std::string{}, std::string{"account,identifier,company\n"}}) {
        write_file(w.jobs, text);
        check_refusal(w, w.harvest(), 2, "holds no job; is it the right file, and whole?");
        check_refusal(w, w.harvest({"--dry-run"}), 2, "holds no job");
    }
    BOOST_TEST(!std::filesystem::exists(w.store));
    check_refusal(w, w.world.run(replaced(w.command(), w.jobs, w.folder.file("none.csv"))), 2, "none.csv");
    check_refusal(w, w.world.run(replaced(w.command(), w.jobs, w.folder.file(""))), 2, "can't be read");
}

BOOST_AUTO_TEST_CASE(wrong_options_touch_nothing)
{
    const field_work w{two_accounts()};
    for (const strings& options :
         {strings{"--nonsense"}, strings{"--limit", "0"}, strings{"--threads", "2"}, strings{"--max-posts", "-1"},
          strings{"--since", "tomorrow"}, strings{"--pace", "7 bananas"}, strings{"--order", "random"},
          strings{"--ndjson", "no/such/file"}, strings{"--full", "--update"}}) {
        const finished f = w.harvest(options);
        BOOST_TEST(f.code == 2, options.front());
        BOOST_TEST(!f.err.empty());
        BOOST_TEST(!std::filesystem::exists(w.store), options.front());
    }
    check_refusal(w, w.harvest({"--base-url", "ftp://localhost"}), 2,
                  "unipile: --base-url or UNIPILE_DSN: the scheme must be https");
    check_refusal(w, w.harvest({"--base-url", "https://localhost:1", "--ca-file", "no/such/file"}), 2,
                  "unipile: --ca-file: can't be read");
    BOOST_TEST(w.world.server.stats().requests == 0u);
}

BOOST_AUTO_TEST_CASE(what_a_client_refuses_is_known_before_there_is_a_store)
{
    const field_work w{two_accounts()};
    const std::string key = w.folder.file("key"), text = w.folder.file("text"), none = w.folder.file("none");
    write_file(key, "half a key\x01 and the rest\n");
    std::filesystem::permissions(key, std::filesystem::perms::owner_read);
    write_file(text, "no certificate\n");
    check_refusal(w, w.harvest({"--api-key-file", key}), 2, "unipile: --api-key-file or UNIPILE_API_KEY: ");
    for (const std::string& file : {text, none}) {
        // The server is reached without TLS.
        check_refusal(w, w.harvest({"--ca-file", file}), 2, "unipile: --ca-file: ");
        check_refusal(w, w.harvest({"--crl-file", file}), 2, "unipile: --crl-file: ");
        check_refusal(w, w.world.run(w.world.arguments({w.world.first()}, {"--ca-file", file})), 2,
                      "unipile: --ca-file: ");
    }
    check_refusal(w, w.harvest({"--rejects", none + "/rejects.csv"}), 2, "unipile: --rejects: " + none);
    BOOST_TEST(!std::filesystem::exists(w.store));
}

BOOST_AUTO_TEST_CASE(no_file_is_written_over_another)
{
    field_work w{two_accounts()};
    const std::string jobs = read_file(w.jobs);
    const std::string link = w.folder.file("link"), lines = w.folder.file("lines");
    std::filesystem::create_symlink(w.jobs, link);
    check_refusal(w, w.harvest({"--rejects", w.jobs}), 2, "--rejects");
    check_refusal(w, w.harvest({"--rejects", link}), 2, "--rejects");
    check_refusal(w, w.harvest({"--ndjson", w.jobs}), 2, "--ndjson");
    check_refusal(w, w.harvest({"--ndjson", w.store}), 2, "--ndjson");
    check_refusal(w, w.harvest({"--ndjson", lines, "--rejects", lines}), 2, "--ndjson");
    check_refusal(w, w.world.run(replaced(w.command(), w.store, w.jobs)), 2, "--store");
    BOOST_TEST(read_file(w.jobs) == jobs);

    BOOST_TEST(w.harvest().code == 0);
    w.world.server.reset_counts();
    for (const char* companion : {"", "-wal", "-shm", "-journal", ".lock"}) {
        const std::string name = w.store + companion;
        const strings command{"export", "--store", w.store, "--format", "ndjson"};
        strings with_output = command;
        with_output.insert(with_output.end(), {"--output", name});
        check_refusal(w, w.world.run(with_output), 2, "--output: this file belongs to --store too");
        check_refusal(w, under_shell(w, "", command, ">> " + name), 2, "standard output: this file belongs");
        check_refusal(w, w.harvest({"--ndjson", name}), 2, "--ndjson: this file belongs to --store too");
        check_refusal(w, w.harvest({"--rejects", name}), 2, "--rejects: this file belongs to --store too");
        if (*companion != '\0') std::filesystem::remove(name);
    }
    w.check_store();
}

BOOST_AUTO_TEST_CASE(the_key_and_the_certificates_are_written_over_by_nothing)
{
    const field_work w{two_accounts()};
    const std::string key = w.folder.file("key"), ca = w.folder.file("ca.pem"), link = w.folder.file("link");
    write_file(key, w.world.key);
    write_file(ca, "certificates");
    std::filesystem::create_hard_link(ca, link);
    const strings server{"--api-key-file", key, "--ca-file", ca};
    for (const auto& [name, option] : {std::pair{key, "--api-key-file"}, {ca, "--ca-file"}, {link, "--ca-file"}}) {
        const std::string part = std::string(": this file belongs to ") + option + " too";
        for (const std::string output : {"--ndjson", "--rejects"}) {
            strings options = server;
            options.insert(options.end(), {output, name});
            check_refusal(w, w.harvest(options), 2, output + part);
        }
        field_work other{two_accounts()};
        other.store = name;
        check_refusal(w, w.world.run(other.command(server)), 2, "--store" + part);

        strings posts{"posts", "someone", "--account", "acc1"};
        posts.insert(posts.end(), server.begin(), server.end());
        check_refusal(w, under_shell(w, "", posts, ">> " + name), 2, "standard output" + part);
        posts.insert(posts.end(), {"--output", name});
        check_refusal(w, w.world.run(posts), 2, "--output" + part);
        check_refusal(w, w.world.run({"simulate", "--api-key-file", name, "--write-jobs", name}), 2, "--write-jobs");
    }
    BOOST_TEST(read_file(key) == w.world.key);
    BOOST_TEST(read_file(ca) == "certificates");
    BOOST_TEST(!std::filesystem::exists(w.store));
}

BOOST_AUTO_TEST_CASE(stores_that_are_none_are_left_alone)
{
    field_work w{two_accounts()};
    const std::string store = w.store, part = w.folder.file("part.db");
    for (const std::string& name : {std::string{":memory:"}, w.folder.file(""), std::string{"/dev/null"},
                                    w.folder.file("no/such/folder.db"), std::string{"/sys/posts.db"}}) {
        w.store = name;
        check_refusal(w, w.harvest(), 2, "it can't be opened");
    }
    BOOST_TEST(!std::filesystem::exists("/dev/null.lock"));
    write_file(part, std::string(5'000, 'x'));
    w.store = part;
    check_refusal(w, w.harvest({"--dry-run"}), 2, "--store: " + part + ": this is not a database");

    w.store = store;
    BOOST_TEST(w.harvest().code == 0);
    w.world.server.reset_counts();
    const std::string whole = read_file(store);
    std::filesystem::remove(part);
    std::filesystem::create_hard_link(store, part);
    check_refusal(w, w.harvest(), 2, "hard links");
    std::filesystem::remove(part);
    w.store = part;
    for (const std::size_t size : {std::size_t{50}, std::size_t{100}, std::size_t{8192}, whole.size() / 2}) {
        write_file(part, whole.substr(0, size));
        const finished f = w.harvest();
        BOOST_TEST(f.code == 1);
        BOOST_TEST(lines_of(f.err).size() == 1u);
        BOOST_TEST(has(f.err, "the file is damaged"), f.err);
        BOOST_TEST(read_file(part) == whole.substr(0, size));
    }
    BOOST_TEST(w.world.server.stats().requests == 0u);
}

BOOST_AUTO_TEST_CASE(a_store_that_is_in_use_is_no_wrong_option)
{
    unipile::simulator::options o = two_accounts();
    o.latency_min = o.latency_max = std::chrono::milliseconds(20);
    const field_work w{o};
    process first{UNIPILE_PROGRAM, w.command({"--ndjson", "-"}), w.world.environment()};
    BOOST_TEST(!first.read_line().empty());
    first.send(SIGSTOP);
    const finished second = w.harvest();
    BOOST_TEST(second.code == 6);
    BOOST_TEST(lines_of(second.err).size() == 1u);
    BOOST_TEST(has(second.err, "another process harvests into it"), second.err);
    first.send(SIGCONT);
    BOOST_TEST(first.wait().code == 0);
}

BOOST_AUTO_TEST_CASE(an_export_that_has_no_place_to_go_is_refused)
{
    field_work w{two_accounts()};
    BOOST_TEST(w.harvest().code == 0);
    w.world.server.reset_counts();
    for (const std::string& name : {w.folder.file("no/such/folder/posts"), w.folder.file("")}) {
        const strings command{"export", "--store", w.store, "--format", "ndjson", "--output", name};
        check_refusal(w, w.world.run(command), 2, "unipile: --output: " + name + ": ");
    }
}

BOOST_AUTO_TEST_CASE(a_store_that_is_taken_away_ends_it)
{
    unipile::simulator::options o = four_accounts();
    o.latency_min = o.latency_max = std::chrono::milliseconds(20);
    const field_work w{o};
    const std::string elsewhere = w.folder.file("elsewhere.db");
    process p{UNIPILE_PROGRAM, w.command({"--ndjson", "-", "--quiet"}), w.world.environment()};
    BOOST_TEST(!p.read_line().empty());
    std::filesystem::rename(w.store, elsewhere);
    const finished f = p.wait();
    BOOST_TEST(f.code == 1);
    BOOST_TEST(lines_of(f.err).size() == 1u);
    BOOST_TEST(has(f.err, "it was moved or deleted while it was in use"), f.err);
    std::filesystem::rename(elsewhere, w.store);
    BOOST_TEST(w.harvest().code == 0);
    w.check_store();
}

BOOST_AUTO_TEST_CASE(what_fails_is_told_with_what_to_do)
{
    field_work w{two_accounts()};
    auto nobody_there = w.world.environment();
    nobody_there["UNIPILE_DSN"] = "http://127.0.0.1:1";
    const finished f = process{UNIPILE_PROGRAM, w.command(), nobody_there}.wait();
    BOOST_TEST(f.code == 4);
    BOOST_TEST(has(f.err, "not complete: of 6 jobs, 0 came to the end, 0 failed, 6 left"));
    BOOST_TEST(has(f.err,
                   "unipile: stopped by an outage: the server can't be reached; check the base URL's host and port "
                   "(127.0.0.1:1; no "
                   "request was ever answered; Connection refused); nothing is lost: the same command goes on\n"),
               f.err);
    const finished quiet = process{UNIPILE_PROGRAM, w.command({"--quiet"}), nobody_there}.wait();
    BOOST_TEST(quiet.code == 4);
    BOOST_TEST(lines_of(quiet.err).size() == 1u);
    const finished accounts = w.world.run({"accounts", "--store", w.store, "--json"});
    BOOST_TEST(!lines_of(accounts.out).empty());
    for (const std::string& line : lines_of(accounts.out)) BOOST_TEST(has(line, "\"requests\":0,"), line);

    std::ofstream{w.jobs, std::ios::app} << "stranger,ACoAAxyz,false\n";
    for (int times = 0; times < 2; ++times) {
        const finished parked = w.harvest();
        BOOST_TEST(parked.code == 8);
        BOOST_TEST(has(parked.err, "parked: account stranger ("), parked.err);
        BOOST_TEST(has(parked.err, "unipile accounts --store " + w.store + " --unpark stranger"));
        w.check_store();
    }
}

BOOST_AUTO_TEST_CASE(what_an_unknown_account_leaves_of_a_run_can_be_taken_up)
{
    field_work w{two_accounts()};
    std::ofstream{w.jobs, std::ios::app} << "stranger,ACoAAxyz,false\n";
    const finished first = w.harvest();
    BOOST_TEST(first.code == 8);
    BOOST_TEST(has(first.err, "the API doesn't know it; correct its id in the jobs file, or connect it again"),
               first.err);
    const finished rows = w.world.run({"accounts", "--store", w.store});
    BOOST_TEST(has(rows.out, "stranger: parked since "), rows.out);
    BOOST_TEST(has(rows.out, "; 1 request in the last day, 1 ever; "), rows.out);
    BOOST_TEST(w.world.run({"accounts", "--store", w.store, "--unpark", "stranger"}).code == 0);
    const finished f = w.harvest({"--quiet"});
    BOOST_TEST(f.code == 2);
    BOOST_TEST(lines_of(f.err).size() == 1u);
    BOOST_TEST(has(f.err, "unipile: stopped: the API knows none of the accounts; check their ids, "), f.err);
    BOOST_TEST(has(f.err, "; nothing is lost: with that put right, the same command goes on\n"), f.err);
    w.check_store();
}

BOOST_AUTO_TEST_CASE(a_server_that_cannot_be_trusted_is_no_refused_key)
{
    unipile::simulator::options o = two_accounts();
    o.tls = true;
    const field_work w{o};
    const finished f = w.harvest();
    BOOST_TEST(f.code == 1);
    BOOST_TEST(has(f.err, "unipile: stopped: the server's certificate is not trusted for this host"), f.err);
    BOOST_TEST(has(f.err, "with --ca-file FILE"), f.err);
    BOOST_TEST(has(f.err, "nothing is lost: the same command goes on\n"), f.err);
    BOOST_TEST(has(f.err, "not complete: of 6 jobs, 0 came to the end, 0 failed, 6 left"));
    BOOST_TEST(w.world.server.stats().requests == 0u);
}

BOOST_AUTO_TEST_CASE(jobs_come_from_standard_input)
{
    const field_work w{two_accounts()};
    const strings command = replaced(w.command(), w.jobs, "-");
    check_refusal(w, under_shell(w, "", command, "<&-"), 2, "standard input can't be read");
    check_refusal(w, under_shell(w, "", command, "< /"), 2, "standard input can't be read");
    BOOST_TEST(under_shell(w, "", command, "< " + w.jobs).code == 0);
    w.check_store();
}

BOOST_AUTO_TEST_CASE(nothing_takes_the_place_of_a_closed_stream)
{
    const field_work w{two_accounts()};
    const finished f = under_shell(w, "", w.command({"--ndjson", "-"}), ">&-");
    BOOST_TEST(f.code == 1);
    BOOST_TEST(has(f.err, "standard output can't be written"), f.err);
    BOOST_TEST(under_shell(w, "", w.command(), "<&- >&- 2>&-").code == 0);
    w.check_store();
}

BOOST_AUTO_TEST_CASE(a_dry_run_belongs_to_the_store_s_server_as_a_run_does)
{
    const field_work w{two_accounts()};
    BOOST_TEST(w.harvest().code == 0);
    const strings elsewhere{"--base-url", "https://api8.unipile.com:13851"};
    const auto dry = [&](strings more) {
        more.insert(more.begin(), "--dry-run");
        return w.harvest(more);
    };
    const finished refused = dry(elsewhere);
    BOOST_TEST(refused.code == 2, refused.err);
    BOOST_TEST(lines_of(refused.err).size() == 1u, refused.err);
    BOOST_TEST(has(refused.err, "and not to api8.unipile.com:13851: check the base URL"), refused.err);
    BOOST_TEST(refused.out.empty());
    BOOST_TEST(dry({"--base-url", "https://api8.unipile.com:13851", "--base-url-changed"}).code == 0);
    BOOST_TEST(dry({}).code == 0);
    // Without a base URL there is nothing to compare.
    const finished without_key = process{UNIPILE_PROGRAM, w.command({"--dry-run"}), {}}.wait();
    BOOST_TEST(without_key.code == 0, without_key.err);
}

BOOST_AUTO_TEST_SUITE_END()
