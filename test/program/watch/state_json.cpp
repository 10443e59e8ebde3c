// The state of a harvest as JSON.
#include "program/watch/state_json.hpp"

#include "program/watch/states.hpp"

#include <boost/json.hpp>
#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <limits>
#include <string>

namespace {

using namespace unipile::program;
namespace json = boost::json;

/// Parses a line strictly.
json::object parsed(const std::string& line)
{
    for (const char c : line) BOOST_TEST_REQUIRE((c < 0 || (c >= 0x20 && c != 0x7f)));
    return json::parse(line).as_object();
}

std::string names_of(const json::object& o)
{
    std::string names;
    for (const auto& member : o) names += (names.empty() ? "" : " ") + std::string(member.key());
    return names;
}

BOOST_AUTO_TEST_SUITE(watch_state_json)

BOOST_AUTO_TEST_CASE(a_status)
{
    const json::object o = parsed(status_json(usual_state()));
    BOOST_TEST(
        names_of(o) ==
        "message_type time phase run seconds_elapsed seconds_left percent_done jobs posts unreadable_items pages "
        "requests requests_running retries bytes accounts parked paused connections shared");
    BOOST_TEST(o.at("message_type").as_string() == "status");
    BOOST_TEST(o.at("time").as_string() == "2001-09-09T01:46:40Z");
    BOOST_TEST(o.at("phase").as_string() == "harvesting");
    BOOST_TEST(o.at("seconds_elapsed").to_number<double>() == 4'500);
    BOOST_TEST(o.at("seconds_left").to_number<double>() == 4'800);
    BOOST_TEST(o.at("percent_done").to_number<int>() == 50);
    BOOST_TEST(json::serialize(o.at("jobs")) == R"({"all":9999,"done":5000,"failed":52,"running":7,"waiting":4940})");
    BOOST_TEST(json::serialize(o.at("accounts")) == R"({"all":50,"resting":12,"parked":4,"requests_left":4321})");
    BOOST_TEST(o.at("posts").at("read").to_number<int>() == 1'234'567);
    BOOST_TEST(o.at("posts").at("new").to_number<int>() == 1'200'000);
    BOOST_TEST(o.at("posts").at("per_minute").to_number<double>() == 1'499.6 * 60);
    BOOST_TEST(o.at("parked").as_array().size() == 3u);
    BOOST_TEST(!o.at("shared").as_bool());
}

BOOST_AUTO_TEST_CASE(what_is_not_known_is_left_out)
{
    const json::object o = parsed(status_json(harvest_state{}));
    for (const char* name : {"run", "seconds_left", "parked", "outage", "each_account"}) BOOST_TEST(!o.contains(name));
    BOOST_TEST(!o.at("accounts").as_object().contains("requests_left"));
}

BOOST_AUTO_TEST_CASE(an_outage)
{
    harvest_state s = usual_state();
    s.accounts.outage = {.since = s.now - std::chrono::minutes{3}, .next_attempt = s.now, .why = "refused\n"};
    const json::object o = parsed(status_json(s));
    BOOST_TEST(json::serialize(o.at("outage")) ==
               R"({"since":"2001-09-09T01:43:40Z","next_attempt":"2001-09-09T01:46:40Z","why":"refused\n"})");
}

BOOST_AUTO_TEST_CASE(each_account)
{
    harvest_state s = usual_state();
    account_view a;
    a.account = "acc_1";
    a.provider = "LINKEDIN";
    a.state = "resting";
    a.next_request = s.now;
    a.left = 7;
    a.pace = "100/day";
    a.queued = 3;
    a.counts = {.done = 4, .failed = 1, .posts = 50, .requests = 9};
    s.accounts.each.push_back(a);
    a.state = "parked";
    a.why = "restricted";
    a.left.reset();
    s.accounts.each.push_back(a);
    const json::array each = parsed(page_json(s)).at("each_account").as_array();
    BOOST_TEST(json::serialize(each[0]) ==
               R"({"account":"acc_1","provider":"LINKEDIN","state":"resting","next_request":"2001-09-09T01:46:40Z",)"
               R"("requests_left":7,"pace":"100/day","running":0,"queued":3,"jobs_done":4,"jobs_failed":1,)"
               R"("posts":50,"requests":9})");
    BOOST_TEST(names_of(each[1].as_object()) ==
               "account provider state why pace running queued jobs_done jobs_failed posts requests");
}

BOOST_AUTO_TEST_CASE(what_the_page_shows)
{
    harvest_state s = usual_state();
    s.posts_so_far = {std::chrono::seconds{4}, std::chrono::seconds{2}, {3, 0, 7}};
    s.tally.recent_failures = {{s.now, "acc", "ACo1", "errors/x", "first"}, {s.now, "acc", "ACo2", "errors/y", ""}};
    s.paused = true;
    s.connections = 9;
    const json::object o = parsed(page_json(s));
    BOOST_TEST(json::serialize(o.at("posts_so_far")) == R"({"seconds_from":4,"seconds_step":2,"posts":[3,0,7]})");
    const json::array& failures = o.at("recent_failures").as_array();
    BOOST_TEST(
        json::serialize(failures[1]) ==
        R"({"time":"2001-09-09T01:46:40Z","account":"acc","identifier":"ACo1","kind":"errors/x","text":"first"})");
    BOOST_TEST(failures[0].at("text").as_string() == "errors/y");
    BOOST_TEST(o.at("paused").as_bool());
    BOOST_TEST(o.at("connections").to_number<int>() == 9);
    BOOST_TEST(o.at("each_account").as_array().empty());
}

BOOST_AUTO_TEST_CASE(a_summary)
{
    harvest_state s = usual_state();
    s.exit_code = 1;
    s.store = "posts.db";
    s.rejects = 2;
    s.withdrawn = 3;
    s.tally.by_end = {{"null_cursor", 5'000}, {"errors/x", 52}, {"refused_cursor", 1}};
    s.tally.failure_of = {{"errors/x", "not \"found\""}};
    const json::object o = parsed(summary_json(s));
    BOOST_TEST(o.at("message_type").as_string() == "summary");
    BOOST_TEST(!o.at("complete").as_bool());
    BOOST_TEST(o.at("exit_code").to_number<int>() == 1);
    BOOST_TEST(json::serialize(o.at("ends")) == R"({"null_cursor":5000,"errors/x":52,"refused_cursor":1})");
    BOOST_TEST(json::serialize(o.at("failures")) == R"([{"kind":"errors/x","jobs":52,"text":"not \"found\""}])");
    BOOST_TEST(o.at("unconfirmed_ends").to_number<int>() == 1);
    BOOST_TEST(o.at("rejected_lines").to_number<int>() == 2);
    BOOST_TEST(o.at("withdrawn_jobs").to_number<int>() == 3);
    BOOST_TEST(o.at("jobs_file_read").as_bool());
    BOOST_TEST(o.at("store").as_string() == "posts.db");
    s = harvest_state{};
    s.jobs.done = 3;
    BOOST_TEST(parsed(summary_json(s)).at("complete").as_bool());
}

BOOST_AUTO_TEST_CASE(hostile_text_and_huge_numbers)
{
    constexpr std::uint64_t huge = std::numeric_limits<std::uint64_t>::max();
    const std::string bad = "\x1b[2J\r\n\"\\\xff\xe2\x80\xae" + std::string(1, '\0');
    harvest_state s = usual_state();
    s.accounts.parked = {{bad, bad}};
    s.accounts.outage = {.since = {}, .next_attempt = {}, .why = bad};
    s.tally.posts = s.tally.requests = s.tally.wire_bytes = huge;
    s.tally.by_end = {{bad, huge}};
    s.tally.failure_of = {{bad, bad}};
    s.store = bad;
    account_view a;
    a.account = a.provider = a.why = a.pace = bad;
    s.accounts.each = {a};
    s.tally.recent_failures = {{{}, bad, bad, bad, bad}};
    for (const double rate :
         {std::numeric_limits<double>::infinity(), std::numeric_limits<double>::quiet_NaN(), 1e300, -1e300, 1e-300}) {
        s.posts_per_second = rate;
        parsed(status_json(s));
        parsed(summary_json(s));
        parsed(page_json(s));
    }
    parsed(message_json(bad, s.now));
    parsed(error_json(bad, 1, s.now));
}

BOOST_AUTO_TEST_CASE(messages_and_errors)
{
    const unipile::wall_time at{std::chrono::seconds{1'000'000'000}};
    BOOST_TEST(message_json("unipile: the key was refused", at) ==
               R"({"message_type":"message","time":"2001-09-09T01:46:40Z","text":"the key was refused"})");
    BOOST_TEST(error_json("--store: no", 2, at) ==
               R"({"message_type":"error","time":"2001-09-09T01:46:40Z","exit_code":2,"text":"--store: no"})");
}

BOOST_AUTO_TEST_CASE(an_estimate)
{
    unipile::harvest_estimate e;
    e.jobs = 10;
    e.accounts = 2;
    e.requests = 30;
    e.duration = std::chrono::hours{25};
    e.slowest = "acc";
    e.slowest_jobs = 6;
    e.slowest_duration = std::chrono::hours{24};
    e.over_a_day = 1;
    jobs_file_notes notes;
    notes.repeated = 1;
    notes.rejected = 2;
    notes.odd = 3;
    BOOST_TEST(estimate_json(e, notes) ==
               R"({"message_type":"estimate","jobs":10,"accounts":2,"requests":30,"seconds":90000,"bound_by":"pace",)"
               R"("slowest_account":{"account":"acc","jobs":6,"seconds":86400},"accounts_over_a_day":1,)"
               R"("parked_accounts":0,"parked_jobs":0,"repeated_lines":1,"rejected_lines":2,"odd_identifiers":3})");
    e.slowest.clear();
    e.connection_bound = true;
    const json::object o = parsed(estimate_json(e, notes));
    BOOST_TEST(!o.contains("slowest_account"));
    BOOST_TEST(o.at("bound_by").as_string() == "connections");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
