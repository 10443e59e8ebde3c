// Lines that another thread makes and writes.
#include "program/output/json_lines.hpp"

#include "program/output/blocking_output.hpp"

#include "program/jobs_folder.hpp"

#include <boost/test/unit_test.hpp>

#include <csignal>
#include <fstream>
#include <iterator>
#include <string>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace {

using namespace unipile::program;

struct written_lines : jobs_folder {
    std::string name = file("lines");

    std::string content() const
    {
        std::ifstream in{name, std::ios::binary};
        return {std::istreambuf_iterator<char>{in}, {}};
    }
};

BOOST_FIXTURE_TEST_SUITE(lines_of_json, written_lines)

BOOST_AUTO_TEST_CASE(lines_stay_in_their_order)
{
    std::string wanted;
    {
        blocking_output out{name};
        json_lines lines{out};
        for (std::size_t i = 0; i < 20'000; ++i) {
            const std::string number = std::to_string(i);
            BOOST_REQUIRE(lines.add("{ \"number\": " + number + ", \"text\": \"" + std::string(i % 90, 'x') + " \"}"));
            wanted += "{\"number\":" + number + ",\"text\":\"" + std::string(i % 90, 'x') + " \"}\n";
        }
        lines.finish();
        BOOST_TEST(lines.add("[\xff]"));
        wanted += "[\xef\xbf\xbd]\n";
        lines.finish();
        out.finish();
    }
    BOOST_TEST((content() == wanted));
}

BOOST_AUTO_TEST_CASE(what_is_not_finished_is_abandoned)
{
    blocking_output out{name};
    {
        json_lines lines{out};
        BOOST_TEST(lines.add("{}"));
    }
    out.finish();
    BOOST_TEST(content() == "");
}

BOOST_AUTO_TEST_CASE(a_failed_write_is_thrown)
{
    blocking_output out{"/dev/full"};
    json_lines lines{out};
    const std::string text = '"' + std::string(100'000, 'x') + '"';
    const auto add_all = [&] {
        for (int i = 0; i < 100; ++i) lines.add(text);
    };
    BOOST_CHECK_THROW(add_all(), std::system_error);
    BOOST_CHECK_THROW(lines.finish(), std::system_error);
}

BOOST_AUTO_TEST_CASE(a_reader_that_has_gone_ends_it)
{
    std::signal(SIGPIPE, SIG_IGN);  // as the program does
    BOOST_REQUIRE(::mkfifo(name.c_str(), 0600) == 0);
    const int reader = ::open(name.c_str(), O_RDONLY | O_NONBLOCK);
    blocking_output out{name};
    ::close(reader);
    json_lines lines{out};
    const std::string text = '"' + std::string(100'000, 'x') + '"';
    int added = 0;
    while (added < 100 && lines.add(text)) ++added;
    BOOST_TEST(added < 100);
    lines.finish();
    BOOST_TEST(!lines.add(text + text + text));
    std::signal(SIGPIPE, SIG_DFL);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
