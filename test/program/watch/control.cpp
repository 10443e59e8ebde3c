// What people change about a harvest while it runs.
#include "program/watch/control.hpp"

#include "program/watch/live_settings.hpp"

#include <boost/test/unit_test.hpp>

#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace {

using namespace unipile::program;
using namespace unipile;
using strings = std::vector<std::string>;

constexpr wall_time now{std::chrono::seconds{1'000'000'000}};

/// What a control's operations leave behind in settings, and the unparked account.
struct applied {
    store::settings settings;
    std::string unparked;

    void apply(const control& c)
    {
        for (const store::operation& op : operations_of(c, now)) {
            if (const auto* set = std::get_if<store::set_setting>(&op)) {
                settings.erase(set->name);
                if (!set->value.empty()) settings.emplace(set->name, set->value);
            } else if (const auto* unpark = std::get_if<store::request_unpark>(&op)) {
                unparked = unpark->account.value_or("all");
            }
        }
    }
};

std::string complaint_of(const strings& words)
{
    try {
        control_from_words(words);
    } catch (const std::invalid_argument& e) {
        return e.what();
    }
    return {};
}

std::string complaint_of(std::string_view json)
{
    try {
        control_from_json(json);
    } catch (const std::invalid_argument& e) {
        return e.what();
    }
    return {};
}

BOOST_AUTO_TEST_SUITE(watch_control)

BOOST_AUTO_TEST_CASE(words_and_objects_mean_the_same)
{
    const std::vector<std::pair<strings, std::string>> same{
        {{"pause"}, R"({"command":"pause"})"},
        {{"resume"}, R"({"command":"resume"})"},
        {{"connections", "12"}, R"({"command":"connections","connections":12})"},
        {{"connections", "default"}, R"({"command":"connections","connections":"default"})"},
        {{"pace", "acc 1", "50/day, gap 5s"}, R"({"command":"pace","account":"acc 1","pace":"50/day, gap 5s"})"},
        {{"pace", "acc", "default"}, R"({"command":"pace","account":"acc","pace":"default"})"},
        {{"park", "acc"}, R"({"command":"park","account":"acc"})"},
        {{"unpark", "acc"}, R"({"command":"unpark","account":"acc"})"}};
    for (const auto& [words, json] : same) {
        const control a = control_from_words(words), b = control_from_json(json);
        BOOST_TEST((a.what == b.what));
        BOOST_TEST(a.account == b.account);
        BOOST_TEST(a.pace == b.pace);
        BOOST_TEST(a.connections == b.connections);
        BOOST_TEST(outcome_of(a) == outcome_of(b));
        BOOST_TEST(outcome_of(a).find('\n') == std::string::npos);
    }
}

BOOST_AUTO_TEST_CASE(what_is_wrong_is_said)
{
    const std::string all = "pause, resume, connections N, pace ACCOUNT RULES, park ACCOUNT, unpark ACCOUNT";
    BOOST_TEST(complaint_of(strings{}) == "a control is missing; there are: " + all);
    BOOST_TEST(complaint_of(strings{"stop\x1b"}) == "stop\\x1b is no control; there are: " + all);
    BOOST_TEST(complaint_of(strings{"pause", "now"}) == "use it as: pause");
    BOOST_TEST(complaint_of(strings{"pace", "acc"}) == "use it as: pace ACCOUNT RULES");
    BOOST_TEST(complaint_of(strings{"unpark"}) == "use it as: unpark ACCOUNT");
    for (const char* n : {"0", "-1", "1001", "x", "", "1x", "99999999999999999999"})
        BOOST_TEST(complaint_of(strings{"connections", n}) == "connections are 1 to 1000, or default");
    BOOST_TEST(complaint_of(strings{"pace", "acc", "often"}).find("often") != std::string::npos);
    BOOST_TEST(complaint_of(strings{"pace", "acc", ""}).starts_with("give rules"));
    for (const std::string& account : {std::string(), std::string(501, 'x'), std::string("\xff"), std::string(1, '\0')})
        BOOST_TEST(complaint_of(strings{"park", account}) == "name an account");
}

BOOST_AUTO_TEST_CASE(objects_that_are_none)
{
    for (const char* text : {"", "[]", "1", "{", "{}x", "\xff", "null", R"("pause")"})
        BOOST_TEST(complaint_of(std::string_view(text)) == "a control is a JSON object", text);
    BOOST_TEST(complaint_of(std::string_view("{}")) == "a control needs \"command\" as text");
    BOOST_TEST(complaint_of(std::string_view(R"({"command":1})")) == "a control needs \"command\" as text");
    BOOST_TEST(complaint_of(std::string_view(R"({"command":"park"})")) == "a control needs \"account\" as text");
    BOOST_TEST(complaint_of(std::string_view(R"({"command":"pace","account":"a"})")) ==
               "a control needs \"pace\" as text");
    for (const char* n : {"1.5", "-1", "null", "[]", "1e99", "\"x\""})
        BOOST_TEST(complaint_of(std::string_view(R"({"command":"connections","connections":)" + std::string(n) +
                                                 '}')) == "connections are 1 to 1000, or default");
}

BOOST_AUTO_TEST_CASE(a_control_reaches_a_harvest_by_way_of_the_settings)
{
    applied store;
    live_settings live;
    const auto change = [&](const strings& words) {
        store.apply(control_from_words(words));
        setting_changes changes = live.take(store.settings);
        BOOST_TEST(live.take(store.settings).empty());  // each change once
        return changes;
    };
    BOOST_TEST(live.take({}).empty());
    BOOST_TEST((change({"pause"}).paused == true));
    BOOST_TEST(live.is_paused());
    BOOST_TEST(change({"pause"}).empty());
    BOOST_TEST((change({"connections", "9"}).connections == 9u));

    setting_changes changes = change({"pace", "acc 1", "50/day"});
    BOOST_TEST_REQUIRE(changes.paces.size() == 1u);
    BOOST_TEST(changes.paces[0].first == "acc 1");
    BOOST_TEST((changes.paces[0].second == parse_pacing("50/day")));
    BOOST_TEST(change({"pace", "acc 1", "50/day"}).empty());
    BOOST_TEST(change({"pace", "acc 1", "60/day"}).paces.size() == 1u);

    BOOST_TEST(change({"park", "acc 2"}).park == strings{"acc 2"}, boost::test_tools::per_element());
    BOOST_TEST(live.is_parked("acc 2"));

    // Another harvester of this process begins with all of it.
    changes = live.all();
    BOOST_TEST((changes.paused == true));
    BOOST_TEST((changes.connections == 9u));
    BOOST_TEST((changes.paces.at(0).second == parse_pacing("60/day")));
    BOOST_TEST(changes.park == strings{"acc 2"}, boost::test_tools::per_element());

    BOOST_TEST((change({"resume"}).paused == false));
    BOOST_TEST((change({"connections", "default"}).connections == 0u));
    changes = change({"pace", "acc 1", "default"});
    BOOST_TEST_REQUIRE(changes.paces.size() == 1u);
    BOOST_TEST(!changes.paces[0].second);
    BOOST_TEST(change({"unpark", "acc 2"}).unpark == strings{"acc 2"}, boost::test_tools::per_element());
    BOOST_TEST(store.unparked == "acc 2");
    BOOST_TEST(store.settings.empty());
    BOOST_TEST(live.all().empty());
}

BOOST_AUTO_TEST_CASE(settings_of_another_version_change_nothing)
{
    live_settings live;
    BOOST_TEST(
        live.take({{"connections", "many"}, {"pace acc", "as the wind"}, {"future", "1"}, {"pace", "1/day"}}).empty());
    BOOST_TEST(live.all().empty());
}

BOOST_AUTO_TEST_CASE(what_changes_is_said_in_a_line_each)
{
    applied store;
    live_settings live;
    for (const strings& words :
         std::vector<strings>{{"pause"}, {"connections", "3"}, {"pace", "a\x1b", "1/day"}, {"park", "b"}})
        store.apply(control_from_words(words));
    const strings expected{"paused by unipile control: no request is sent until it is resumed",
                           "connections: 3 by unipile control", "account a\\x1b: pace 1/1d by unipile control",
                           "account b is parked by unipile control"};
    BOOST_TEST(lines_on(live.take(store.settings)) == expected, boost::test_tools::per_element());
    const strings back{"resumed", "connections: as at the start", "account a\\x1b: pace of the harvest again",
                       "account b is unparked"};
    BOOST_TEST(lines_on(live.take({})) == back, boost::test_tools::per_element());
    BOOST_TEST(lines_on({}).empty());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
