#include "server_process.hpp"

#include <boost/test/unit_test.hpp>

#include <csignal>
#include <cstdlib>

namespace {

std::vector<std::string> on_free_port(std::vector<std::string> arguments)
{
    const std::vector<std::string> place{"-h", "127.0.0.1", "-p", "0"};
    arguments.insert(arguments.begin() + 1, place.begin(), place.end());
    return arguments;
}

}  // namespace

std::string variable(const char* name)
{
    const char* value = std::getenv(name);
    return value == nullptr ? std::string{} : std::string{value};
}

prism::prism(std::vector<std::string> arguments)
    : process_(variable("PRISM"), on_free_port(std::move(arguments)),
               {{"PATH", variable("PATH")}, {"HOME", variable("HOME")}, {"NO_COLOR", "1"}})
{
    const std::string announcement = "Prism is listening on ";
    std::string said;
    for (;;) {
        const std::string line = process_.read_line();
        BOOST_TEST_REQUIRE(!line.empty(), "Prism did not start: " + said);
        said += line;
        const std::size_t at = line.find(announcement);
        if (at == std::string::npos) continue;
        const std::string rest = line.substr(at + announcement.size());
        base_url_ = rest.substr(0, rest.find_first_of(" \r\n\x1b"));
        break;
    }
    reader_ = std::thread{[this] { process_.read_all(); }};
}

prism::~prism()
{
    process_.send(SIGTERM);
    reader_.join();
}
