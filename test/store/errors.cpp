// Errors of stores and what the system's say of them, and the plain values that go in and out.
#include "store/system_error.hpp"
#include "support/printing.hpp"

#include <unipile/store/error.hpp>
#include <unipile/store/records.hpp>

#include <boost/test/unit_test.hpp>

#include <cerrno>
#include <set>
#include <string>
#include <vector>

using namespace unipile::store;

BOOST_AUTO_TEST_SUITE(store_errors)

BOOST_AUTO_TEST_CASE(system_errors_have_a_meaning)
{
    for (int error : {EROFS, EACCES, EPERM}) BOOST_TEST(meaning_of(error) == store_errc::read_only);
    for (int error : {ENOSPC, EDQUOT, EFBIG}) BOOST_TEST(meaning_of(error) == store_errc::disk_full);
    for (int error : {ENOLCK, ENOSYS, EOPNOTSUPP}) BOOST_TEST(meaning_of(error) == store_errc::unsupported);
    BOOST_TEST(meaning_of(EIO) == store_errc::io_error);
    for (int error : {EMFILE, ENFILE}) BOOST_TEST(meaning_of(error) == store_errc::no_descriptors);
    for (int error : {ENOENT, ENOTDIR}) BOOST_TEST(meaning_of(error) == store_errc::cannot_open);
}

BOOST_AUTO_TEST_CASE(every_error_has_words_of_its_own)
{
    std::set<std::string> words;
    for (int e = 1; e <= static_cast<int>(store_errc::not_upgraded); ++e)
        words.insert(make_error_code(static_cast<store_errc>(e)).message());
    BOOST_TEST(words.size() == static_cast<std::size_t>(store_errc::not_upgraded));
    BOOST_TEST(make_error_code(static_cast<store_errc>(99)).message() != "");
    BOOST_TEST(make_error_code(store_errc::engine).category().name() == std::string("unipile.store"));
    BOOST_TEST(std::string(store_error(store_errc::engine, "").what()).starts_with("store: "));
}

BOOST_AUTO_TEST_CASE(states_of_jobs_have_names)
{
    std::set<std::string> names;
    for (int s = 0; s <= static_cast<int>(job_state::failed); ++s) names.insert(to_string(static_cast<job_state>(s)));
    BOOST_TEST(names.size() == 5u);
    BOOST_TEST(to_string(static_cast<job_state>(9)) == std::string("unknown"));
}

BOOST_AUTO_TEST_CASE(each_field_of_an_account_counts)
{
    const account_row same;
    std::vector<account_row> others(11);
    others[0].account = "a";
    others[1].ledger = "l";
    others[2].provider = "p";
    others[3].parked = true;
    others[4].parked_since.emplace();
    others[5].waits_until.emplace();
    others[6].why = "w";
    others[7].requests = 1;
    others[8].used_today = 1;
    others[9].updated += std::chrono::milliseconds(1);
    others[10].unpark_requested = true;
    BOOST_TEST(same == account_row{});
    for (const auto& other : others) BOOST_TEST(!(same == other));
    BOOST_TEST((job_spec{"a", "x", false} == job_spec{"a", "x", false}));
    for (const job_spec& other : {job_spec{"b", "x", false}, job_spec{"a", "y", false}, job_spec{"a", "x", true}})
        BOOST_TEST(!(other == job_spec{"a", "x", false}));
}

BOOST_AUTO_TEST_SUITE_END()
