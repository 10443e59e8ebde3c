// Counting ends, and the failures behind exceptions.
#include "durable/outcome.hpp"

#include <unipile/errc.hpp>

#include <boost/asio/error.hpp>
#include <boost/system/errc.hpp>
#include <boost/test/unit_test.hpp>

#include <new>
#include <stdexcept>
#include <string>
#include <system_error>

using namespace unipile;

namespace {

template <class E>
failure thrown(const E& e)
{
    return durable::failure_of_function("on_posts", std::make_exception_ptr(e));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(outcome)

BOOST_AUTO_TEST_CASE(beyond_64_kinds_all_others_are_one)
{
    std::map<std::string, std::uint64_t> counts;
    for (int i = 0; i < 100; ++i) durable::count_kind(counts, "errors/kind_" + std::to_string(i));
    for (int i = 0; i < 100; ++i) durable::count_kind(counts, "errors/kind_" + std::to_string(i));
    BOOST_TEST(counts.size() == 65u);
    BOOST_TEST(counts["errors/kind_0"] == 2u);
    BOOST_TEST(counts["other kinds"] == 72u);
}

BOOST_AUTO_TEST_CASE(a_function_s_exception_keeps_its_code)
{
    using boost::system::error_code;
    const error_code reset = boost::asio::error::connection_reset;
    BOOST_TEST(thrown(boost::system::system_error(reset, "sink")).code() == reset);
    BOOST_TEST(thrown(boost::system::system_error(reset, "sink")).all().note.starts_with("on_posts: sink"));
    BOOST_TEST(thrown(std::system_error(std::make_error_code(std::errc::no_space_on_device))).code() ==
               boost::system::errc::no_space_on_device);
    BOOST_TEST(thrown(failure(errc::stall_timeout)).code() == make_error_code(errc::stall_timeout));
    BOOST_TEST(thrown(std::bad_alloc()).code() == boost::system::errc::not_enough_memory);
    BOOST_TEST(thrown(std::runtime_error("no such queue")).code() == make_error_code(errc::callback_failed));
    BOOST_TEST(thrown(std::runtime_error("no such queue")).all().note == "on_posts: no such queue");
    BOOST_TEST(thrown(17).code() == make_error_code(errc::callback_failed));
    BOOST_TEST(thrown(17).all().note == "on_posts");
}

BOOST_AUTO_TEST_SUITE_END()
