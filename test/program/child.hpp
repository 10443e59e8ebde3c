// What a process says and how it ends.
#pragma once

#include <boost/test/unit_test.hpp>

#include <cstdlib>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

/// How a process ends that does this: its exit code, -1 for a signal, and its standard error.
inline std::pair<int, std::string> end_of(const std::function<void()>& body)
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

/// Of a child.
inline void say(std::string_view text) { static_cast<void>(!::write(STDERR_FILENO, text.data(), text.size())); }

/// In a child: stops the terminal that is standard error, as Ctrl-S does, from its other end.
inline void hold(int terminal)
{
    if (::write(terminal, "\x13", 1) != 1) std::_Exit(1);
    for (pollfd held{STDERR_FILENO, POLLOUT, 0}; ::poll(&held, 1, 0) == 1;) std::this_thread::yield();
}

inline void release(int terminal)
{
    if (::write(terminal, "\x11", 1) != 1) std::_Exit(1);
}
