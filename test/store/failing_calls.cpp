#include "failing_calls.hpp"

#include <cerrno>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace unipile::store::test {

failing_calls fail;

namespace {

template <class... Arguments>
int call(int error, long number, Arguments... arguments)
{
    if (error == 0) return static_cast<int>(::syscall(number, arguments...));
    errno = error;
    return -1;
}

}  // namespace

}  // namespace unipile::store::test

using unipile::store::test::call;
using unipile::store::test::fail;

extern "C" {

int flock(int descriptor, int operation) noexcept { return call(fail.flock, SYS_flock, descriptor, operation); }
int fsync(int descriptor) { return call(fail.fsync, SYS_fsync, descriptor); }
int link(const char* from, const char* to) noexcept
{
    return call(fail.link, SYS_linkat, AT_FDCWD, from, AT_FDCWD, to, 0);
}
}
