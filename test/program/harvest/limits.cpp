// The program's harvest where its output or its files come to a limit: it ends in order, and with what it has intact.
#include "program/field_work.hpp"
#include "support/sanitized.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace {

using strings = std::vector<std::string>;

/// Slow enough for many commits.
unipile::simulator::options slow_server()
{
    unipile::simulator::options o = four_accounts();
    o.latency_min = o.latency_max = std::chrono::milliseconds(20);
    return o;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(harvest_limits)

BOOST_AUTO_TEST_CASE(a_reader_that_has_enough_ends_it_and_the_next_run_completes_it)
{
    unipile::simulator::options o = two_accounts();
    o.posts_min = o.posts_max = 500;
    const field_work w{o};
    const std::string why =
        "unipile: stopped: the reader of standard output went away; the same command goes on where its lines "
        "ended\n";
    for (const bool quiet : {false, true}) {
        strings options{"--ndjson", "-"};
        if (quiet) options.emplace_back("--quiet");
        process p{UNIPILE_PROGRAM, w.command(options), w.world.environment()};
        BOOST_TEST(!p.read_line().empty());
        p.close_output();
        const finished f = p.wait();
        BOOST_TEST(f.signal == 0);
        BOOST_TEST(f.code == 1);
        BOOST_TEST(f.err.ends_with(why), f.err);
        if (quiet)
            BOOST_TEST(lines_of(f.err).size() == 1u);
        else
            BOOST_TEST(has(f.err, "not complete: "), f.err);
    }
    BOOST_TEST(w.harvest().code == 0);
    w.check_store();
}

BOOST_AUTO_TEST_CASE(output_that_has_no_room_is_told)
{
    const field_work w{two_accounts()};
    BOOST_TEST(under_shell(w, "", w.command({"--dry-run"}), "> /dev/full").code == 1);
    const finished f = w.harvest({"--ndjson", "/dev/full"});
    BOOST_TEST(f.code == 1);
    BOOST_TEST(has(f.err, "/dev/full can't be written: No space left on device; what is not in it is not stored"));
    BOOST_TEST(w.harvest().code == 0);
    w.check_store();
}

BOOST_AUTO_TEST_CASE(a_limit_on_the_size_of_files_ends_it_with_the_last_commit_intact)
{
    // Blocks of 512 bytes, as the shell counts them. The store takes more than 1,000 kB, and so does its log.
    std::size_t ended_with_posts = 0;
    for (unsigned blocks = 1; blocks <= 2048; blocks *= 2) {
        const field_work w{slow_server()};
        const finished f = under_shell(w, "ulimit -f " + std::to_string(blocks) + ';', w.command({"--quiet"}));
        BOOST_TEST_CONTEXT(blocks << " blocks; it said: " << f.err)
        {
            BOOST_TEST(f.signal == 0);
            if (f.code != 0) {
                BOOST_TEST(f.code == 1);
                BOOST_TEST(lines_of(f.err).size() == 1u);
                BOOST_TEST(has(f.err, "a limit on the size of files is reached"));
                const finished partly = w.world.run({"export", "--store", w.store, "--format", "ndjson"});
                const strings truth = whole_truth(w.world), got = sorted(lines_of(partly.out));
                BOOST_TEST(std::includes(truth.begin(), truth.end(), got.begin(), got.end()));
                if (!got.empty() && got.size() < truth.size()) ++ended_with_posts;
            }
            BOOST_TEST(w.harvest().code == 0);
            w.check_store();
        }
    }
    BOOST_TEST(ended_with_posts > 0u);
}

BOOST_AUTO_TEST_CASE(an_export_that_is_cut_short_ends_with_a_whole_line_or_leaves_the_old_one)
{
    const field_work w;
    BOOST_TEST(w.harvest().code == 0);
    const std::string out = w.folder.file("out");
    const strings command{"export", "--store", w.store, "--format", "ndjson"};
    strings to_file = command;
    to_file.insert(to_file.end(), {"--output", out});
    const strings truth = whole_truth(w.world);
    for (const auto& [arguments, redirection] : {std::pair{to_file, std::string{}}, std::pair{command, ">> " + out}}) {
        write_file(out, "");
        const finished f = under_shell(w, "ulimit -f 500;", arguments, redirection);
        BOOST_TEST(f.code == 1);
        BOOST_TEST(has(f.err, "File too large"), f.err);
        const strings got = sorted(lines_of(read_file(out)));
        BOOST_TEST(!got.empty());
        BOOST_TEST(got.size() < truth.size());
        BOOST_TEST(std::includes(truth.begin(), truth.end(), got.begin(), got.end()));
    }
    to_file.insert(to_file.end(), {"--since", "tomorrow"});
    write_file(out, "something old");
    BOOST_TEST(w.world.run(to_file).code == 2);
    BOOST_TEST(read_file(out) == "something old");
}

BOOST_AUTO_TEST_CASE(a_limit_on_the_size_of_files_reaches_lines_too)
{
    const field_work w;
    // Less than the lines are long, and more than the store is.
    const std::string lines = w.folder.file("lines");
    write_file(lines, std::string(8'000'000, '\n'));
    const finished f = under_shell(w, "ulimit -f 16000;", w.command({"--ndjson", lines}));
    BOOST_TEST(f.signal == 0);
    BOOST_TEST(f.code == 1);
    BOOST_TEST(has(f.err, "lines can't be written: File too large; what is not in it is not stored"), f.err);
    BOOST_TEST(w.harvest().code == 0);
    w.check_store();
}

BOOST_AUTO_TEST_CASE(a_limit_on_open_files_is_named, *boost::unit_test::enable_if<!unipile::test::sanitized>())
{
    const field_work w{two_accounts()};
    unsigned named = 0;
    for (int most = 8; most < 20; ++most) {
        const finished f = under_shell(w, "ulimit -n " + std::to_string(most) + ";", w.command());
        BOOST_TEST_CONTEXT(most << ' ' << f.err)
        {
            BOOST_TEST(f.signal == 0);
            const bool of_store = has(f.err, "unipile: --store: ");
            BOOST_TEST(has(f.err, "no more files can be opened: raise the limit of open files (ulimit -n)") ==
                       of_store);
            named += of_store ? 1 : 0;
        }
    }
    BOOST_TEST(named > 0u);
    BOOST_TEST(w.harvest().code == 0);
    w.check_store();
}

BOOST_AUTO_TEST_SUITE_END()
