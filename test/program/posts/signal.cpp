// Interrupting `unipile posts`.
#include "program/jobs_folder.hpp"
#include "program/served.hpp"

#include <boost/test/unit_test.hpp>

#include <csignal>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include <sys/stat.h>
#include <sys/wait.h>

namespace {

using namespace unipile;

/// Whether a signal is in one of the sets that the system shows of a process.
bool is_in(const std::string& set, pid_t process, int signal)
{
    std::ifstream status{"/proc/" + std::to_string(process) + "/status"};
    for (std::string word; status >> word;) {
        std::uint64_t signals = 0;
        if (word == set && status >> std::hex >> signals) return (signals >> (signal - 1) & 1u) != 0;
    }
    return false;
}

/// Whether a process has not taken a signal yet, which a second one would be merged with.
bool is_pending(pid_t process, int signal) { return is_in("ShdPnd:", process, signal); }

/// Whether a process handles a signal.
bool is_caught(pid_t process, int signal) { return is_in("SigCgt:", process, signal); }

BOOST_AUTO_TEST_SUITE(posts_signal)

BOOST_AUTO_TEST_CASE(an_interruption_prints_the_position_and_resuming_completes_the_output)
{
    for (const int signal : {SIGINT, SIGTERM}) {
        auto o = small_world(450);
        o.faults = {simulator::parse_fault("stall:page=3,burst=0,at=60%")};
        served s{o};
        const auto truth = s.truth(s.first());

        process p{UNIPILE_PROGRAM, s.arguments({s.first()}, {"--summary", "json"}), s.environment()};
        std::string out;
        for (int i = 0; i < 200; ++i) out += p.read_line();
        p.send(signal);
        const finished f = p.wait();
        out += f.out;
        BOOST_TEST(f.code == 130);
        const auto said = lines_of(f.err);
        BOOST_TEST_REQUIRE(said.size() == 1u);
        BOOST_TEST(field(said[0], "end_reason") == "cancelled");
        const std::string position = field(said[0], "position");
        BOOST_TEST_REQUIRE(!position.empty());

        s.server.set_faults({});
        const finished rest = s.run(s.arguments({s.first()}, {"--resume", position}));
        BOOST_TEST(rest.code == 0);
        BOOST_TEST(same_lines(lines_of(out + rest.out), truth));
    }
}

BOOST_AUTO_TEST_CASE(listings_that_had_not_begun_are_named)
{
    auto o = small_world(450, 4);
    o.faults = {simulator::parse_fault("stall:page=1,burst=0,at=60%")};
    const served s{o};
    std::vector<std::string> all;
    for (const auto& p : s.server.identifiers()) all.push_back(p.identifier);
    process p{UNIPILE_PROGRAM, s.arguments(all, {"--connections", "1"}), s.environment()};
    p.read_line();
    p.send(SIGINT);
    const finished f = p.wait();
    BOOST_TEST(f.code == 130);
    const auto said = lines_of(f.err);
    BOOST_TEST_REQUIRE(said.size() == 4u);
    for (std::size_t i = 0; i < 4; ++i) {
        BOOST_TEST(said[i].starts_with(all[i] + ": "));
        BOOST_TEST(said[i].find(": interrupted (cancelled)") != std::string::npos);
    }
}

BOOST_AUTO_TEST_CASE(the_wait_for_the_reader_of_an_output_can_be_interrupted)
{
    const served s{small_world(10)};
    const jobs_folder folder;
    const std::string jobs = folder.file("jobs.csv"), pipe = folder.file("pipe"), store = folder.file("posts.db");
    write_jobs(s, jobs);
    BOOST_TEST_REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
    for (const auto& command : {s.arguments({s.first()}, {"--output", pipe}),
                                std::vector<std::string>{"harvest", jobs, "--store", store, "--ndjson", pipe}})
        for (const int signal : {SIGINT, SIGTERM}) {
            process p{UNIPILE_PROGRAM, command, s.environment()};
            while (!is_caught(p.id(), signal)) std::this_thread::yield();
            p.send(signal);
            const finished f = p.wait();
            BOOST_TEST(f.code == 130);
            BOOST_TEST(f.err == "unipile: interrupted: " + pipe + " has no reader\n");
        }
    BOOST_TEST(s.server.stats().requests == 0u);
    BOOST_TEST(!std::filesystem::exists(store));
}

BOOST_AUTO_TEST_CASE(a_second_interruption_waits_for_no_reader)
{
    const served s{small_world(20'000)};
    process p{UNIPILE_PROGRAM, s.arguments({s.first()}, {"--summary", "json"}), s.environment(),
              process::error_to::terminal};
    p.read_line();
    // Nothing more is read: the pipe fills up. Either the block that is being written fits, or the second signal ends
    // the wait for its reader.
    while (s.server.stats().pages < 1) std::this_thread::yield();
    p.send(SIGINT);
    while (is_pending(p.id(), SIGINT)) std::this_thread::yield();
    p.send(SIGINT);
    const finished f = p.wait();
    BOOST_TEST(f.code == 130);
    BOOST_TEST(f.err.find("\"position\":\"") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(an_interrupted_run_waits_for_its_reader_for_a_while_only)
{
    const served s{small_world(2'000)};
    process p{UNIPILE_PROGRAM, s.arguments({s.first()}, {"--summary", "json"}), s.environment()};
    std::string out = p.read_line();
    // A page takes more than a pipe holds, and the run ends while its reader takes nothing.
    p.send(SIGINT);
    siginfo_t info{};
    while (::waitid(P_PID, static_cast<id_t>(p.id()), &info, WEXITED | WNOWAIT) != 0) {
    }
    const finished f = p.wait();
    BOOST_TEST(f.code == 130);
    BOOST_TEST(f.err.find("the output's reader did not take the last lines") != std::string::npos, f.err);
    // The last block was not written whole, and comes again.
    out += f.out;
    const finished rest = s.run(s.arguments({s.first()}, {"--resume", field(lines_of(f.err).back(), "position")}));
    BOOST_TEST(rest.code == 0);
    const std::vector<std::string> truth = s.truth(s.first()), again = lines_of(rest.out);
    std::vector<std::string> all = lines_of(out.substr(0, out.rfind('\n') + 1));
    BOOST_TEST_REQUIRE(all.size() + again.size() >= truth.size());
    all.resize(truth.size() - again.size());
    all.insert(all.end(), again.begin(), again.end());
    BOOST_TEST(same_lines(all, truth));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
