#include "errc_meaning.hpp"
#include "support/printing.hpp"

#include <unipile/end_reason.hpp>
#include <unipile/errc.hpp>
#include <unipile/failure.hpp>

#include <boost/test/unit_test.hpp>

#include <set>
#include <sstream>
#include <string>

using namespace unipile;

BOOST_AUTO_TEST_SUITE(values)

BOOST_AUTO_TEST_CASE(every_error_has_a_message_of_its_own_that_says_what_to_do)
{
    const auto& category = unipile_category();
    const std::string unknown = category.message(100'000);
    std::set<std::string> seen;
    const int last = static_cast<int>(errc::wrong_executor);
    for (int value = 1; value <= last; ++value) {
        const std::string message = category.message(value);
        if (value == 53) {  // of a code that is gone
            BOOST_TEST(message == unknown);
            continue;
        }
        BOOST_TEST(message.size() > 20u, message);
        BOOST_TEST(seen.insert(message).second, message);
        BOOST_TEST((message.find(';') != std::string::npos || message.find(',') != std::string::npos), message);
    }
    BOOST_TEST(category.message(last + 1) == unknown);
    BOOST_TEST(category.message(0) == unknown);
    BOOST_TEST(category.name() == std::string("unipile"));
}

BOOST_AUTO_TEST_CASE(a_code_alone_says_how_far_a_failure_reaches)
{
    for (int value = 1; value <= static_cast<int>(errc::wrong_executor); ++value) {
        const auto code = static_cast<errc>(value);
        const failure f(code);
        const classification meaning = classify(code);
        BOOST_TEST(f.scope() == meaning.scope, value);
        BOOST_TEST(f.may_pass() == may_pass(meaning), value);
        BOOST_TEST((meaning.retries == 0 || meaning.scope == failure_scope::passing), value);
    }
    BOOST_TEST(failure(errc::client_closed).scope() == failure_scope::key);
    BOOST_TEST(!failure(errc::client_closed).may_pass());
    BOOST_TEST(failure(errc::account_throttled).may_pass());
    const failure foreign(make_error_code(boost::system::errc::not_enough_memory));
    BOOST_TEST(foreign.scope() == failure_scope::passing);
    BOOST_TEST(foreign.may_pass());
}

BOOST_AUTO_TEST_CASE(every_end_is_of_exactly_one_kind)
{
    std::set<std::string> names;
    for (int i = 0; i <= static_cast<int>(end_reason::known_reached); ++i) {
        const auto r = static_cast<end_reason>(i);
        const int kinds = int{is_complete(r)} + int{is_inferred(r)} + int{is_chosen(r)} + int{is_failure(r)};
        BOOST_TEST(kinds == (r == end_reason::none ? 0 : 1));
        std::ostringstream out;
        out << r;
        BOOST_TEST(out.str() == to_string(r));
        BOOST_TEST(names.insert(out.str()).second);
    }
}

BOOST_AUTO_TEST_CASE(a_failure_keeps_what_the_server_said_apart)
{
    failure::details d;
    d.scope = failure_scope::account;
    d.attempts = 3;
    d.api.emplace();
    d.api->status = 429;
    d.api->title = "the server's own words";
    const failure f{errc::account_throttled, d};
    const failure copy = f;  // NOLINT(performance-unnecessary-copy-initialization): that is the test
    BOOST_TEST(copy.api() == f.api());
    BOOST_TEST(copy.api()->status == 429u);
    BOOST_TEST(copy.attempts() == 3u);
    BOOST_TEST(copy.scope() == failure_scope::account);
    BOOST_TEST(std::string(copy.what()).find("own words") == std::string::npos);
    BOOST_TEST((failure(errc::cursor_loop).api() == nullptr));
}

BOOST_AUTO_TEST_CASE(a_failure_without_a_note_says_what_its_code_says)
{
    const boost::system::error_code code = errc::cursor_loop;
    BOOST_TEST(std::string(failure(code).what()).starts_with(code.message()));
    failure::details d;
    d.note = "page 7";
    BOOST_TEST(std::string(failure(code, d).what()).starts_with("page 7: " + code.message()));
}

BOOST_AUTO_TEST_SUITE_END()
