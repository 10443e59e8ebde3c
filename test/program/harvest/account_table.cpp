// The table of accounts.
#include "program/harvest/account_table.hpp"

#include "program/options/times.hpp"
#include "support/printing.hpp"

#include <boost/test/unit_test.hpp>

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace unipile;
using namespace unipile::program;

const wall_time read_at = *parse_date("2026-03-10T12:00:00Z");

account_table read(const std::string& text, const std::optional<pacing>& otherwise = std::nullopt)
{
    return {text, "--accounts: a.csv", otherwise, read_at};
}

std::string complaint(const std::string& text)
{
    try {
        read(text);
    } catch (const std::invalid_argument& e) {
        return e.what();
    }
    return {};
}

BOOST_AUTO_TEST_SUITE(accounts_of_a_table)

BOOST_AUTO_TEST_CASE(rules_come_from_pace_hours_and_provider)
{
    const std::string text =
        "hours;Account;PACE;provider;note\n"
        ";a1;\"20/day, gap 5s\";;x\n"
        "# a comment\n\n"
        "mon-fri 09:00-18:00;a2;20/day;;\n"
        "09:00-18:00 +02:00;a3;;instagram;\n"
        "09:00-18:00;a4;;;\n"
        ";a5;recommended;LINKEDIN;\n"
        ";a6;;LINKEDIN;\n";
    const account_table table = read(text);
    BOOST_TEST(table.size() == 6u);
    BOOST_TEST(table.unused_columns() == std::vector<std::string>{"note"}, boost::test_tools::per_element());
    BOOST_TEST((table.pace_of("a1") == parse_pacing("20/day, gap 5s")));
    BOOST_TEST((table.pace_of("a2") == parse_pacing("20/day, hours mon-fri 09:00-18:00")));
    pacing instagram = pacing::recommended("INSTAGRAM");
    instagram.hours = parse_pacing("hours 09:00-18:00 +02:00").hours;
    BOOST_TEST((table.pace_of("a3") == instagram));
    pacing safe = pacing::recommended();
    safe.hours = parse_pacing("hours 09:00-18:00").hours;
    BOOST_TEST((table.pace_of("a4") == safe));
    BOOST_TEST((table.pace_of("a5") == pacing::recommended("LINKEDIN")));
    BOOST_TEST(!table.pace_of("a6").has_value());
    BOOST_TEST(!table.pace_of("a7").has_value());
    // The rules of all, where only hours are given.
    BOOST_TEST((read(text, parse_pacing("7/day")).pace_of("a4") == parse_pacing("7/day, hours 09:00-18:00")));
}

BOOST_AUTO_TEST_CASE(ledgers_are_completed)
{
    const account_table table =
        read("account,provider,first_used,parked\na,linkedin,2024-05-31,\nb,,2026-03-09,ja\nc,,,true\n");
    account_ledger a;
    table.prepare("a", a, read_at);
    BOOST_TEST(a.provider == "LINKEDIN");
    BOOST_TEST((a.first_used == parse_date("2024-05-31")));
    BOOST_TEST(a.requests == 1u);
    BOOST_TEST(!a.parked.has_value());
    // What was seen is kept, and so is an earlier use.
    account_ledger b;
    b.provider = "INSTAGRAM";
    b.first_used = *parse_date("2025-01-01");
    b.requests = 700;
    table.prepare("b", b, read_at);
    BOOST_TEST(b.provider == "INSTAGRAM");
    BOOST_TEST((b.first_used == parse_date("2025-01-01")));
    BOOST_TEST(b.requests == 700u);
    BOOST_TEST(b.parked->reason == "parked in the table of accounts");
    // Parked by the API before: as long as its owner has done nothing, that is the reason.
    account_ledger c;
    c.parked = account_ledger::parking{read_at, "errors/disconnected_account"};
    table.prepare("c", c, read_at);
    BOOST_TEST(c.parked->reason == "errors/disconnected_account");
    // The table parks it no more.
    const account_table later = read("account\nb\n");
    later.prepare("c", c, read_at);
    BOOST_TEST(c.parked.has_value());
    for (const char* name : {"b", "somebody"}) {
        account_ledger one = b;
        later.prepare(name, one, read_at);
        BOOST_TEST(!one.parked.has_value());
    }
}

BOOST_AUTO_TEST_CASE(a_table_is_read_from_its_own_text)
{
    const account_table table = read(
        "account,pace,hours,provider,first_used,parked\n"
        "z,\"20/day, gap 5s-20s, spread\",mon-fri 09:00-18:00 UTC,LINKEDIN,2024-05-31T10:20:30Z,x\n"
        "\"a \"\"b\"\", c\",,,,,\n");
    BOOST_TEST((read(table.text()) == table));
    BOOST_TEST(read(table.text()).text() == table.text());
    BOOST_TEST(table.text().starts_with("account,provider,pace,hours,first_used,parked\n\"a \"\"b\"\", c\",,,,,\nz,"));
    BOOST_TEST(account_table{}.text() == "");
    // A day that passes changes nothing.
    const account_table relative = read("account,first_used\na,2d\n");
    BOOST_TEST((account_table(relative.text(), "", std::nullopt, read_at + std::chrono::days(3)) == relative));
}

BOOST_AUTO_TEST_CASE(mistakes_are_told_with_their_line)
{
    const std::vector<std::pair<std::string, std::string>> all{
        {"", ": there is no line below a header"},
        {"account\n", ": there is no line below a header"},
        {"name,pace\na,1/day\n", ":1: there is no column \"account\"; write a header such as account,provider,pace"},
        {"account,pace,pace\na,,\n", ":1: column pace comes twice"},
        {"account,pace\na,1/day\n\nb,often\n", ":4: pacing: 'often' is not understood"},
        {"account,hours\na,never\n", ":2: pacing: 'hours never' is not understood"},
        {"account,hours\na,\"09:00-18:00, 1/day\"\n", ":2: hours are such as mon-fri"},
        {"account,provider\na,MASTODON\n", ":2: the provider is LINKEDIN or INSTAGRAM"},
        {"account,first_used\na,soon\n", ":2: first_used is a date that is over"},
        {"account,first_used\na,2027-01-01\n", ":2: first_used is a date that is over"},
        {"account,parked\na,perhaps\n", ":2: parked is true or false"},
        {"account,parked\na,no\na,yes\n", ":3: account a comes twice"},
        {"account,parked\n,no\n", ":2: the account is missing"},
        {"account\na,b\n", ":2: there are more values than columns"},
        {"account,pace\na,\"1/day\nb,\n", ":2: a quote is not closed"},
        {"account\n\xff\n", ": it is no text in UTF-8"},
    };
    for (const auto& [text, expected] : all)
        BOOST_TEST(complaint(text).starts_with("--accounts: a.csv" + expected), text << complaint(text));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
