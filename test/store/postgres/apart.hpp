// A part of a test in a process of its own.
#pragma once

#include <boost/test/unit_test.hpp>

#include <string>
#include <utility>
#include <vector>

#include <sys/types.h>
#include <unistd.h>

namespace unipile::store::test {

/// Runs one case of this test program in another process, with variables (`NAME=value`) in its environment. The case
/// should be disabled, so that it runs there only.
inline pid_t run_apart(const std::string& test, std::vector<std::string> variables)
{
    std::vector<char*> environment;
    for (char** v = environ; *v; ++v) environment.push_back(*v);
    for (std::string& v : variables) environment.push_back(v.data());
    environment.push_back(nullptr);
    std::string name = "/proc/self/exe", filter = "--run_test=" + test;
    char* const arguments[] = {name.data(), filter.data(), nullptr};
    const pid_t child = ::fork();
    BOOST_REQUIRE(child >= 0);
    if (child > 0) return child;
    // Nothing else may be called: other threads are gone.
    ::execve(name.c_str(), arguments, environment.data());
    ::_exit(127);
}

}  // namespace unipile::store::test
