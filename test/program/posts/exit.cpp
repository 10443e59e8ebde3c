// The exit codes of `unipile posts`, and what it says with each.
#include "program/options/advice.hpp"
#include "program/served.hpp"

#include <unipile/errc.hpp>

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

namespace {

using namespace unipile;

std::string message(errc e) { return program::message_of(make_error_code(e)); }

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

BOOST_AUTO_TEST_SUITE(posts_exit)

BOOST_AUTO_TEST_CASE(zero_for_a_complete_listing)
{
    const served s{small_world(250)};
    const finished f = s.run(s.arguments({s.first()}));
    BOOST_TEST(f.code == 0);
    BOOST_TEST(same_lines(lines_of(f.out), s.truth(s.first())));
    const auto said = lines_of(f.err);
    BOOST_TEST_REQUIRE(said.size() == 1u);
    BOOST_TEST(said[0].starts_with(s.first() + ": 250 posts, 3 pages, 3 requests, 0 retries, "));
    BOOST_TEST(said[0].ends_with(": complete (null_cursor)"));
}

BOOST_AUTO_TEST_CASE(zero_for_a_refused_follow_up_that_is_refused_again)
{
    auto options = small_world(250);
    options.end = simulator::end_style::dead_cursor;
    const served s{options};
    const finished f = s.run(s.arguments({s.first()}));
    BOOST_TEST(f.code == 0);
    BOOST_TEST(same_lines(lines_of(f.out), s.truth(s.first())));
    BOOST_TEST(has(f.err, ": 250 posts, 3 pages, 6 requests, 0 retries, "));
    BOOST_TEST(has(f.err, ": complete by inference, confirmed (exhausted_cursor)"));
}

BOOST_AUTO_TEST_CASE(one_for_a_refused_follow_up_that_is_not_confirmed)
{
    auto options = small_world(250);
    options.faults = {simulator::parse_fault("dead-cursor:page=3"),
                      simulator::parse_fault("422:type=unprocessable_entity,page=2,after=1,burst=0")};
    const served s{options};
    const auto all = s.truth(s.first());
    const finished f = s.run(s.arguments({s.first()}));
    BOOST_TEST(f.code == 1);
    BOOST_TEST(same_lines(lines_of(f.out), {all.begin(), all.begin() + 200}));
    BOOST_TEST(has(f.err, ": 200 posts, 2 pages, 4 requests, 0 retries, "));
    BOOST_TEST(has(f.err, ": refused, and not confirmed to be complete (refused_cursor)"));
}

BOOST_AUTO_TEST_CASE(zero_for_a_bound_that_was_asked_for)
{
    const served s{small_world(250)};
    const finished f = s.run(s.arguments({s.first()}, {"--max-posts", "7"}));
    BOOST_TEST(f.code == 0);
    BOOST_TEST(lines_of(f.out).size() == 7u);
    BOOST_TEST(has(f.err, ": ended as asked (max_posts); position: "));
}

BOOST_AUTO_TEST_CASE(one_for_a_listing_that_failed)
{
    served s{small_world(250, 3)};
    const auto all = s.server.identifiers();
    simulator::fault f;
    f.status = 404;
    f.type = "errors/resource_not_found";
    f.identifier = all[1].identifier;
    f.page = 2;
    f.burst = 0;
    s.server.set_faults({f});
    const finished done =
        s.run(s.arguments({all[0].identifier, all[1].identifier, all[2].identifier}, {"--connections", "1"}));
    BOOST_TEST(done.code == 1);
    BOOST_TEST(lines_of(done.out).size() == 600u);
    BOOST_TEST(has(done.err, "unipile: " + all[1].identifier + ": " + message(errc::target_refused)));
    BOOST_TEST(has(done.err, "; server says: 404 errors/resource_not_found"));
    BOOST_TEST(has(done.err, all[1].identifier + ": 100 posts, 1 page, 2 requests, "));
    BOOST_TEST(has(done.err, ": failed; position: "));
}

BOOST_AUTO_TEST_CASE(one_for_items_that_can_not_be_read)
{
    auto o = small_world(100);
    o.faults.push_back(simulator::parse_fault("drift=broken:rate=0.05"));
    const served s{o};
    std::vector<std::string> readable;
    for (std::uint64_t i = 0; i < 100; ++i)
        if (const auto t = s.server.post_at(s.first(), i); t.valid) {
            readable.emplace_back();
            program::append_minified(readable.back(), t.json);
        }
    BOOST_TEST_REQUIRE(readable.size() < 100u);
    const finished f = s.run(s.arguments({s.first()}));
    BOOST_TEST(f.code == 1);
    BOOST_TEST(same_lines(lines_of(f.out), readable));
    BOOST_TEST(has(f.err, ": left out, since it is no post ("));
}

BOOST_AUTO_TEST_CASE(two_for_usage_and_configuration)
{
    const served s{small_world(1)};
    const std::string id = s.first();
    const std::vector<std::vector<std::string>> wrong{
        {},
        {"nonsense"},
        {"posts"},
        {"posts", id},
        {"posts", "--account", "acc1"},
        {"posts", id, "--account", "acc1", "--api-key", "k"},
        {"posts", id, "--account", "acc1", "--limit", "0"},
        {"posts", id, "--account", "acc1", "--limit", "101"},
        {"posts", id, "--account", "acc1", "--limit", "x"},
        {"posts", id, "--account", "acc1", "--max-posts", "-1"},
        {"posts", id, "--account", "acc1", "--connections", "0"},
        {"posts", id, "--account", "acc1", "--since", "tomorrow"},
        {"posts", id, "--account", "acc1", "--resume", "nonsense"},
        {"posts", id, "--account", "acc1", "--summary", "xml"},
        {"posts", id, "--account", "acc1", "--base-url", "https://localhost:1", "--ca-file", "no/such/file"},
        {"posts", id, "--account", "acc1", "--output", "no/such/folder/file"},
        {"posts", id, "--account", "acc1", "--api-key-file", "no/such/file"},
        {"posts", id, "--account", "acc1", "--base-url", "ftp://localhost"},
        {"posts", id, "--account", "acc1", "--base-url", "http://api8.unipile.com"},
        {"posts", id, id, "--account", "acc1", "--resume", "x"},
        {"posts", id, "--account", "acc1", "--api-key-file", "/"},
        {"posts", id, "--account", "acc1", "--output", "/"},
        {"posts", id, "--account", ""},
        {"posts", "", "--account", "acc1"},
        {"posts", "--account", "acc1", id, "a\nb"},
        {"posts", "--account", "acc1", id, ".."},
        {"posts", "--account", "acc1", id, "https://www.linkedin.com/in/someone"},
    };
    for (const auto& command : wrong) {
        const finished f = s.run(command);
        const std::string last = command.empty() ? "no argument" : command.back();
        BOOST_TEST(f.code == 2, last);
        BOOST_TEST(f.out.empty());
        BOOST_TEST(!f.err.empty());
    }
    BOOST_TEST(s.server.stats().requests == 0u);
}

BOOST_AUTO_TEST_CASE(what_is_wrong_on_the_command_line_is_told_in_a_line)
{
    const served s{small_world(1)};
    const std::string count = "give a whole number of at most 15 digits, such as 500";
    const std::string empty = "the value is empty; give one, or leave it out";
    const std::string commands =
        "; the commands are posts, harvest, work, status, export, accounts, control, backup, doctor, simulate";
    struct wrong {
        std::vector<std::string> command;
        std::string line;
    };
    const std::vector<std::string> posts{"posts", s.first(), "--account", "acc1"};
    const auto with = [&](std::vector<std::string> options) {
        options.insert(options.begin(), posts.begin(), posts.end());
        return options;
    };
    for (const auto& [command, line] :
         {wrong{{}, "a command is missing" + commands}, wrong{{"bogus"}, "bogus is no command" + commands},
          wrong{{"--bogus"}, "--bogus is no command" + commands},
          wrong{with({"--max-posts", "abc"}), "--max-posts: " + count},
          wrong{with({"--max-posts", "-1"}), "--max-posts: " + count},
          wrong{with({"--max-pages", "99999999999999999999"}), "--max-pages: " + count},
          wrong{{"harvest", "jobs", "--store", "store", "--max-posts", "abc"}, "--max-posts: " + count},
          wrong{with({"--timeout", "nan"}),
                "--timeout: give a number of seconds from 0 to 1000000000, such as 90 or 2.5"},
          wrong{with({"--since", ""}), "--since: " + empty}, wrong{with({"--resume", ""}), "--resume: " + empty},
          wrong{with({""}), "IDENTIFIER: " + empty}, wrong{{"simulate", "--cache", ""}, "--cache: " + empty},
          wrong{{"harvest", "jobs", "--store", "store", "--since", ""}, "--since: " + empty}}) {
        const finished f = s.run(command);
        BOOST_TEST(f.code == 2, line);
        BOOST_TEST(f.out.empty());
        BOOST_TEST(f.err.starts_with("unipile: " + line), f.err);
        BOOST_TEST(lines_of(f.err).size() == 1u, f.err);
    }
    BOOST_TEST(s.server.stats().requests == 0u);
}

BOOST_AUTO_TEST_CASE(configurations_are_told_in_the_words_of_the_command_line)
{
    const served s{small_world(1)};
    const std::string id = s.first();
    struct wrong {
        std::vector<std::string> options;
        std::string line;
    };
    for (const auto& [options, line] :
         {wrong{{"--base-url", "http://api8.unipile.com"},
                "--base-url or UNIPILE_DSN: plain http would show the key to the network; use https"},
          wrong{{"--base-url", "https://localhost:1", "--ca-file", "no/such/file"},
                "--ca-file: can't be read, or holds no certificate in PEM form: no/such/file"},
          wrong{{"--base-url", "https://localhost:1", "--crl-file", "no/such/file"},
                "--crl-file: can't be read, or holds no revocation list in PEM form: no/such/file"},
          wrong{{"--base-url", "https://localhost:1", "--client-certificate", "no/such/file"},
                "--client-certificate: can't be read, or holds no certificate in PEM form: no/such/file"},
          wrong{{"--base-url", "https://localhost:1", "--proxy", "socks://localhost:1"},
                "--proxy: only http:// proxies are supported (the tunnel is TLS)"},
          wrong{{"--base-url", "https://localhost:1", "--proxy", "http://me:secret@localhost:1"},
                "--proxy: a password on the command line can be read by every user of this machine; set https_proxy "
                "instead"}}) {
        BOOST_TEST(s.run(s.arguments({id}, options)).err == "unipile: " + line + '\n');
    }
}

BOOST_AUTO_TEST_CASE(two_for_an_account_that_no_request_can_name)
{
    const served s{small_world(1)};
    const finished f = s.run({"posts", s.first(), "--account", std::string(3'000, 'a')});
    BOOST_TEST(f.code == 2);
    BOOST_TEST(lines_of(f.err).size() == 1u);
    BOOST_TEST(f.err.starts_with("unipile: " + s.first() + ": "), f.err);
    BOOST_TEST(s.server.stats().requests == 0u);
}

BOOST_AUTO_TEST_CASE(two_without_a_key_or_a_base_url)
{
    const served s{small_world(1)};
    const std::vector<std::string> command = s.arguments({s.first()});
    for (const std::string missing : {"UNIPILE_API_KEY", "UNIPILE_DSN"}) {
        auto environment = s.environment();
        environment.erase(missing);
        const finished f = process{UNIPILE_PROGRAM, command, environment}.wait();
        BOOST_TEST(f.code == 2);
        BOOST_TEST(has(f.err, missing));
    }
}

BOOST_AUTO_TEST_CASE(three_for_a_key_that_is_refused)
{
    served s{small_world(250, 5)};
    std::vector<std::string> all;
    for (const auto& p : s.server.identifiers()) all.push_back(p.identifier);
    s.server.set_api_key("another key");
    const finished f = s.run(s.arguments(all, {"--connections", "1"}));
    BOOST_TEST(f.code == 3);
    BOOST_TEST(f.out.empty());
    BOOST_TEST(has(f.err, message(errc::api_key_refused)));
    // The others would fare no better, and are not tried.
    BOOST_TEST(s.server.stats().requests == 1u);
    BOOST_TEST(lines_of(f.err).size() == 6u);
}

BOOST_AUTO_TEST_CASE(one_where_nobody_listens)
{
    std::string url;
    std::vector<std::string> command;
    {
        const served s{small_world(1)};
        url = s.server.base_url();
        command = s.arguments({s.first()}, {"--timeout", "1"});
    }
    const finished f = process{UNIPILE_PROGRAM, command, {{"UNIPILE_API_KEY", "k"}, {"UNIPILE_DSN", url}}}.wait();
    BOOST_TEST(f.code == 1);
    BOOST_TEST(lines_of(f.err).size() == 2u);
}

BOOST_AUTO_TEST_CASE(help_and_version)
{
    const served s{small_world(1)};
    const finished help = s.run({"posts", "--help"});
    BOOST_TEST(help.code == 0);
    for (const char* option : {"--account", "--company", "--limit", "--max-posts", "--max-pages", "--since", "--resume",
                               "--strict", "--output", "--ca-file", "--crl-file", "--connections", "--timeout",
                               "--quiet", "--summary", "--base-url", "--api-key-file"})
        BOOST_TEST(has(help.out, option), option);
    BOOST_TEST(s.run({"--help"}).code == 0);
    BOOST_TEST(s.run({"--version"}).out.starts_with("unipile "));
}

BOOST_AUTO_TEST_CASE(one_for_help_that_can_not_be_written)
{
    for (const char* option : {"--help", "--version"}) {
        const finished full = process{UNIPILE_PROGRAM, {option}, {}, process::error_to::file, "/dev/full"}.wait();
        BOOST_TEST(full.code == 1);
        BOOST_TEST(full.err == "unipile: standard output can't be written: No space left on device\n");
        const finished closed =
            process{"/bin/sh", {"-c", "exec \"$0\" " + std::string{option} + " >&-", UNIPILE_PROGRAM}, {}}.wait();
        BOOST_TEST(closed.code == 1);
        BOOST_TEST(closed.err == "unipile: standard output can't be written: Bad file descriptor\n");
    }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
