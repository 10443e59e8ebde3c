// What `unipile posts` writes: every post, once, whole lines, at its reader's pace.
#include "program/served.hpp"
#include "support/printing.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace unipile;

std::string content(const std::string& path)
{
    std::ifstream in{path, std::ios::binary};
    return {std::istreambuf_iterator<char>{in}, {}};
}

/// Lets a test see the end of a summary line.
std::string last_line(const finished& f)
{
    const auto lines = lines_of(f.err);
    return lines.empty() ? std::string{} : lines.back();
}

BOOST_AUTO_TEST_SUITE(posts_output)

BOOST_AUTO_TEST_CASE(over_verified_tls)
{
    auto o = small_world(321);
    o.tls = true;
    o.ca_file = "posts_output_ca.pem";
    const served s{o};
    const finished good = s.run(s.arguments({s.first()}, {"--ca-file", o.ca_file}));
    BOOST_TEST(good.code == 0);
    BOOST_TEST(same_lines(lines_of(good.out), s.truth(s.first())));
    const std::uint64_t requests = s.server.stats().requests;
    // The system's own roots know nothing of the simulator's.
    const finished untrusted = s.run(s.arguments({s.first()}));
    BOOST_TEST(untrusted.code == 1);
    BOOST_TEST(untrusted.out.empty());
    BOOST_TEST(s.server.stats().requests == requests);
    std::filesystem::remove(o.ca_file);
}

BOOST_AUTO_TEST_CASE(tokens_as_sent_without_the_space_between_them)
{
    auto o = small_world(300);
    o.deviations = simulator::wild | simulator::white_space | simulator::duplicate_keys | simulator::unknown_kinds |
                   simulator::unknown_provider;
    const served s{o};
    const finished f = s.run(s.arguments({s.first()}));
    BOOST_TEST(f.code == 0);
    BOOST_TEST(same_lines(lines_of(f.out), s.truth(s.first())));
}

BOOST_AUTO_TEST_CASE(concurrent_listings_never_mix_within_a_line)
{
    auto o = small_world(230, 12);
    o.faults = {simulator::parse_fault("drip=700")};
    const served s{o};
    std::vector<std::string> all;
    std::map<std::string, std::size_t> owner;
    std::vector<std::vector<std::string>> truths;
    for (const auto& p : s.server.identifiers()) {
        all.push_back(p.identifier);
        truths.push_back(s.truth(p.identifier));
        for (const auto& line : truths.back()) owner[line] = truths.size() - 1;
    }
    const finished f = s.run(s.arguments(all, {"--connections", "5"}));
    BOOST_TEST(f.code == 0);
    std::vector<std::vector<std::string>> got(all.size());
    for (const auto& line : lines_of(f.out)) {
        const auto found = owner.find(line);
        BOOST_TEST_REQUIRE(found != owner.end());
        got[found->second].push_back(line);
    }
    for (std::size_t i = 0; i < all.size(); ++i) BOOST_TEST(same_lines(got[i], truths[i]));
    BOOST_TEST(s.server.stats().connections <= 5u);
}

BOOST_AUTO_TEST_CASE(resuming_goes_on_exactly_behind_the_last_line)
{
    const served s{small_world(230)};
    for (const std::string count : {"1", "37", "99", "100", "101", "229"}) {
        const finished head = s.run(s.arguments({s.first()}, {"--max-posts", count, "--summary", "json"}));
        BOOST_TEST(head.code == 0);
        const std::string position = field(last_line(head), "position");
        BOOST_TEST_REQUIRE(!position.empty());
        const finished tail = s.run(s.arguments({s.first()}, {"--resume", position}));
        BOOST_TEST(tail.code == 0);
        BOOST_TEST(same_lines(lines_of(head.out + tail.out), s.truth(s.first())));
    }
}

BOOST_AUTO_TEST_CASE(a_position_of_another_identifier_is_refused)
{
    const served s{small_world(230, 2)};
    const auto all = s.server.identifiers();
    const finished head = s.run(s.arguments({all[0].identifier}, {"--max-posts", "5", "--summary", "json"}));
    const std::string position = field(last_line(head), "position");
    BOOST_TEST(s.run(s.arguments({all[1].identifier}, {"--resume", position})).code == 2);
}

BOOST_AUTO_TEST_CASE(a_dash_is_standard_output)
{
    const served s{small_world(150)};
    const finished f = s.run(s.arguments({s.first()}, {"--output", "-"}));
    BOOST_TEST(same_lines(lines_of(f.out), s.truth(s.first())));
    BOOST_TEST(!std::filesystem::exists("-"));
}

BOOST_AUTO_TEST_CASE(a_file_is_written_anew_and_resumed_at_its_end)
{
    const served s{small_world(150)};
    const std::string path = "posts_output.ndjson";
    std::ofstream{path} << "something old\n";
    const finished head = s.run(s.arguments({s.first()}, {"--max-posts", "60", "--summary", "json", "--output", path}));
    BOOST_TEST(head.code == 0);
    BOOST_TEST(head.out.empty());
    BOOST_TEST(lines_of(content(path)).size() == 60u);
    const std::string position = field(last_line(head), "position");
    BOOST_TEST(s.run(s.arguments({s.first()}, {"--resume", position, "--output", path})).code == 0);
    BOOST_TEST(same_lines(lines_of(content(path)), s.truth(s.first())));
    std::filesystem::remove(path);
}

BOOST_AUTO_TEST_CASE(a_file_keeps_what_it_holds_until_there_are_posts)
{
    served s{small_world(3)};
    const std::string path = "posts_output.kept", old = "something old\n";
    std::ofstream{path} << old;
    const auto with_output = [&](std::vector<std::string> options) {
        options.insert(options.end(), {"--output", path});
        return s.run(s.arguments({s.first()}, std::move(options)));
    };
    const std::vector<std::vector<std::string>> wrong{
        {"--since", "tomorrow"},
        {"--base-url", "ftp://localhost"},
        {"--base-url", "https://localhost:1", "--ca-file", "no/such/file"},
        {"--api-key-file", "no/such/file"}};
    for (const auto& options : wrong) {
        const finished f = with_output(options);
        BOOST_TEST(f.code == 2, options.front());
        BOOST_TEST(lines_of(f.err).size() == 1u);
        BOOST_TEST(content(path) == old);
    }
    s.server.set_api_key("another key");
    const finished refused = with_output({"--quiet"});
    BOOST_TEST(refused.code == 3);
    BOOST_TEST(last_line(refused) == "unipile: nothing was written; " + path + " is as it was");
    BOOST_TEST(content(path) == old);

    s.server.set_api_key(s.key);
    BOOST_TEST(with_output({"--since", "2100-01-01"}).code == 0);
    BOOST_TEST(content(path).empty());
    std::filesystem::remove(path);
    BOOST_TEST(with_output({"--base-url", "ftp://localhost"}).code == 2);
    BOOST_TEST(!std::filesystem::exists(path));
}

BOOST_AUTO_TEST_CASE(standard_output_that_can_grow_no_more_ends_where_its_position_is)
{
    const served s{small_world(600)};
    const std::string path = "posts_output.redirected";
    for (const std::string redirection : {"> ", ">> "}) {
        std::ofstream{path} << (redirection == "> " ? "" : "before\n");
        // What the shell writes next must follow at once.
        const std::string script = "(ulimit -f 300; exec \"$0\" \"$@\"); echo $?";
        std::vector<std::string> command{"-c", "{ " + script + "; } " + redirection + path, UNIPILE_PROGRAM};
        for (const std::string& a : s.arguments({s.first()}, {"--summary", "json"})) command.push_back(a);
        const finished head = process{"/bin/sh", command, without_counters(s.environment())}.wait();
        BOOST_TEST(head.err.find("standard output can't be written: File too large") != std::string::npos, head.err);
        std::vector<std::string> lines = lines_of(content(path));
        if (redirection == ">> ") {
            BOOST_TEST(lines.front() == "before");
            lines.erase(lines.begin());
        }
        BOOST_TEST_REQUIRE(!lines.empty());
        BOOST_TEST(lines.back() == "1");
        lines.pop_back();
        BOOST_TEST(lines.size() > 0u);
        BOOST_TEST(lines.size() < 600u);
        const finished tail = s.run(s.arguments({s.first()}, {"--resume", field(last_line(head), "position")}));
        BOOST_TEST(tail.code == 0);
        for (const std::string& line : lines_of(tail.out)) lines.push_back(line);
        BOOST_TEST(same_lines(lines, s.truth(s.first())));
    }
    std::filesystem::remove(path);
}

BOOST_AUTO_TEST_CASE(a_full_disk_is_told)
{
    const served s{small_world(150)};
    process p{UNIPILE_PROGRAM, s.arguments({s.first()}), s.environment(), process::error_to::file, "/dev/full"};
    const finished f = p.wait();
    BOOST_TEST(f.code == 1);
    BOOST_TEST(f.err.find("standard output can't be written: No space left on device") != std::string::npos);
    BOOST_TEST(f.err.find(": 0 posts, ") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_reader_that_has_enough_ends_the_run_quietly)
{
    const served s{small_world(20'000)};
    process p{UNIPILE_PROGRAM, s.arguments({s.first()}), s.environment()};
    for (int i = 0; i < 3; ++i) BOOST_TEST(p.read_line().ends_with("}\n"));
    p.close_output();
    const finished f = p.wait();
    BOOST_TEST(f.code == 0);
    BOOST_TEST(f.err.empty());
    BOOST_TEST(s.server.stats().requests < 100u);
}

BOOST_AUTO_TEST_CASE(a_reader_that_goes_while_nothing_arrives_is_noticed)
{
    auto o = small_world(150);
    o.faults = {simulator::parse_fault("stall:page=2,burst=0")};
    const served s{o};
    process p{UNIPILE_PROGRAM, s.arguments({s.first()}), s.environment()};
    for (int i = 0; i < 100; ++i) BOOST_TEST(p.read_line().ends_with("}\n"));
    p.close_output();
    BOOST_TEST(p.wait().code == 0);
}

BOOST_AUTO_TEST_CASE(a_slow_reader_slows_the_harvest)
{
    // Two listings of more than 45 MB. This reader pauses for as long as another program takes to fetch and deliver one
    // of them. A program that doesn't wait for its reader would fetch much of the other meanwhile; one that does can't,
    // however long that is.
    const std::uint64_t pages = 300;
    const served s{small_world(pages * 100, 2)};
    const std::string slow = s.server.identifiers().front().identifier, fast = s.server.identifiers().back().identifier;
    process p{UNIPILE_PROGRAM, s.arguments({slow}), s.environment()};
    p.read_line();
    BOOST_TEST(lines_of(s.run(s.arguments({fast})).out).size() == pages * 100);
    BOOST_TEST(s.server.requests(s.account_of(slow), slow) < pages / 4);
    p.close_output();
    BOOST_TEST(p.wait().code == 0);
}

BOOST_AUTO_TEST_CASE(strict_fails_where_an_answer_is_not_as_documented)
{
    auto o = small_world(150);
    o.deviations = simulator::null_values | simulator::number_strings;
    const served s{o};
    BOOST_TEST(s.run(s.arguments({s.first()})).code == 0);
    BOOST_TEST(s.run(s.arguments({s.first()}, {"--strict"})).code == 1);
}

BOOST_AUTO_TEST_CASE(since_ends_where_posts_get_older)
{
    const served s{small_world(150)};
    const auto bound = s.server.post_at(s.first(), 42).published_at;
    std::size_t expected = 0;
    for (std::uint64_t i = 0; i < 150; ++i) expected += s.server.post_at(s.first(), i).published_at >= bound ? 1u : 0u;
    const std::chrono::sys_time<std::chrono::milliseconds> time{std::chrono::milliseconds{bound}};
    const std::chrono::year_month_day day{std::chrono::floor<std::chrono::days>(time)};
    const std::chrono::hh_mm_ss clock{time - std::chrono::floor<std::chrono::days>(time)};
    char text[64];
    std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(day.year()),
                  static_cast<unsigned>(day.month()), static_cast<unsigned>(day.day()),
                  static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                  static_cast<int>(clock.seconds().count()), static_cast<int>(clock.subseconds().count()));
    const finished f = s.run(s.arguments({s.first()}, {"--since", text}));
    BOOST_TEST(f.code == 0);
    BOOST_TEST(lines_of(f.out).size() == expected);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
