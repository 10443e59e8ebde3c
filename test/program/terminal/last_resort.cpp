#include "program/terminal/last_resort.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdlib>
#include <functional>
#include <new>
#include <string>
#include <utility>

#include <sys/wait.h>
#include <unistd.h>

extern "C" void __gcov_dump() __attribute__((weak));

/// Takes the place of the system's: a build that measures coverage counts what leads here, too.
extern "C" void _Exit(int code) noexcept
{
    if (__gcov_dump != nullptr) __gcov_dump();
    ::_exit(code);
}

namespace {

using namespace unipile::program;

/// How a process ends that does this: its exit code, -1 for a signal, and its standard error.
std::pair<int, std::string> end_of(const std::function<void()>& body)
{
    int ends[2];
    BOOST_TEST_REQUIRE(::pipe(ends) == 0);
    const pid_t child = ::fork();
    BOOST_TEST_REQUIRE(child >= 0);
    if (child == 0) {
        ::dup2(ends[1], STDERR_FILENO);
        ::close(ends[0]);
        ::close(ends[1]);
        body();
        std::_Exit(99);
    }
    ::close(ends[1]);
    std::string said;
    char part[256];
    for (ssize_t n = 0; (n = ::read(ends[0], part, sizeof part)) > 0;) said.append(part, static_cast<std::size_t>(n));
    ::close(ends[0]);
    int status = 0;
    BOOST_TEST_REQUIRE(::waitpid(child, &status, 0) == child);
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, said};
}

BOOST_AUTO_TEST_SUITE(last_resort)

BOOST_AUTO_TEST_CASE(a_process_that_hangs_ends_at_its_deadline)
{
    const auto [code, said] = end_of([] {
        end_process_in(1, 130);
        end_process_in(1, 1);  // the first one counts
        for (;;) ::pause();
    });
    BOOST_TEST(code == 130);
    BOOST_TEST(said.find("could not be ended in order") != std::string::npos, said);
}

BOOST_AUTO_TEST_CASE(without_memory_a_process_says_so_and_ends)
{
    const auto by_handler = [] {
        end_without_memory();
        std::get_new_handler()();
    };
    const auto out_of_a_destructor = [] {
        end_without_memory();
        const auto destroyed = [](void (*f)()) noexcept { f(); };
        destroyed([] { throw std::bad_alloc(); });
    };
    for (const std::function<void()>& body : {std::function<void()>{by_handler}, {out_of_a_destructor}}) {
        const auto [code, said] = end_of(body);
        BOOST_TEST(code == 1);
        BOOST_TEST(said.starts_with("unipile: out of memory; "), said);
        BOOST_TEST(said.find('\n') == said.size() - 1);
    }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
