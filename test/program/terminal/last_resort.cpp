#include "program/terminal/last_resort.hpp"

#include "program/child.hpp"

#include <boost/test/unit_test.hpp>

#include <csignal>
#include <cstdlib>
#include <exception>
#include <functional>
#include <new>
#include <string>
#include <utility>

#include <pty.h>
#include <unistd.h>

extern "C" void __gcov_dump() __attribute__((weak));  // NOLINT(bugprone-reserved-identifier): gcov's name

/// Takes the place of the system's: a build that measures coverage counts what leads here, too.
extern "C" void _Exit(int code) noexcept
{
    if (__gcov_dump != nullptr) __gcov_dump();
    ::_exit(code);
}

namespace {

using namespace unipile::program;

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

BOOST_AUTO_TEST_CASE(a_terminal_that_is_stopped_keeps_no_process_from_ending)
{
    const auto [code, said] = end_of([] {
        int terminal = -1, end = -1;
        if (::openpty(&terminal, &end, nullptr, nullptr, nullptr) != 0) std::_Exit(1);
        ::dup2(end, STDERR_FILENO);
        hold(terminal);
        end_process_in(1, 130);
        for (;;) ::pause();
    });
    BOOST_TEST(code == 130);
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

BOOST_AUTO_TEST_CASE(another_exception_that_nothing_catches_aborts)
{
    const auto [code, said] = end_of([] {
        std::signal(SIGABRT, [](int) { std::_Exit(77); });
        end_without_memory();
        const auto destroyed = [](void (*f)()) noexcept { f(); };
        destroyed([] { throw 1; });
    });
    BOOST_TEST(code == 77);
    BOOST_TEST(said == "");
}

BOOST_AUTO_TEST_CASE(without_an_exception_termination_aborts_too)
{
    const auto [code, said] = end_of([] {
        std::signal(SIGABRT, [](int) { std::_Exit(77); });
        end_without_memory();
        std::terminate();
    });
    BOOST_TEST(code == 77);
    BOOST_TEST(said == "");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
