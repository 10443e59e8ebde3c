#include "test_names.hpp"

#include <atomic>
#include <cerrno>

#include <dlfcn.h>
#include <netdb.h>

namespace {

std::atomic<int> forced_result{0};
std::atomic<int> forced_error{0};

}  // namespace

// A program's own definition goes before that of the C library.
extern "C" int getaddrinfo(const char* node, const char* service, const addrinfo* hints, addrinfo** result)
{
    using function = int (*)(const char*, const char*, const addrinfo*, addrinfo**);
    static const auto original = reinterpret_cast<function>(::dlsym(RTLD_NEXT, "getaddrinfo"));
    const int forced = forced_result.load();
    if (forced == 0) return original(node, service, hints, result);
    errno = forced_error.load();
    return forced;
}

namespace unipile::test {

failing_names::failing_names(int result, int error) noexcept
{
    forced_error = error;
    forced_result = result;
}

failing_names::~failing_names() { forced_result = 0; }

}  // namespace unipile::test
