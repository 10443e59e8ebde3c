// What is asked of the system, and what it may refuse.
#include "fetching.hpp"
#include "support/scripted_server.hpp"

#include <boost/test/unit_test.hpp>

#include <cerrno>
#include <cstdlib>
#include <filesystem>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

using namespace unipile;
using namespace unipile::test;

namespace {

thread_local int refuse_connect_with = 0;

const std::string body = "{\"cursor\":null}";

/// Descriptors that a program started now would inherit, sockets and the like.
std::size_t inheritable_sockets()
{
    std::size_t n = 0;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
        const int fd = std::atoi(entry.path().filename().c_str());
        struct stat what{};
        if (::fstat(fd, &what) != 0 || !S_ISSOCK(what.st_mode)) continue;
        n += (::fcntl(fd, F_GETFD) & FD_CLOEXEC) == 0 ? 1 : 0;
    }
    return n;
}

}  // namespace

// The program's own definition goes before that of the C library.
extern "C" int connect(int fd, const sockaddr* to, socklen_t size)
{
    if (refuse_connect_with != 0) {
        errno = refuse_connect_with;
        return -1;
    }
    return static_cast<int>(::syscall(SYS_connect, fd, to, size));
}

BOOST_AUTO_TEST_SUITE(sockets)

BOOST_AUTO_TEST_CASE(programs_that_are_started_inherit_none)
{
    const std::size_t before = inheritable_sockets();
    const certificate_authority authority;
    const scripted_server server(scripted_server::answer_always(ok_answer(body)), tls_by(&authority));
    fetching client(options_for("https://localhost:" + std::to_string(server.port()), authority));
    BOOST_TEST(client.get().ok());
    BOOST_TEST(client.stats().open == 1u);
    BOOST_TEST(inheritable_sockets() == before);
}

BOOST_AUTO_TEST_CASE(without_a_free_port)
{
    const scripted_server server(scripted_server::answer_always(ok_answer(body)));
    fetching client(options_for(server.url()));
    refuse_connect_with = EADDRNOTAVAIL;
    const outcome o = client.get();
    refuse_connect_with = 0;
    BOOST_TEST((o.error == errc::connect_failed), describe(o));
    BOOST_TEST(o.text.find("no free port or address for it") != std::string::npos, o.text);
    BOOST_TEST(!o.sent);
    BOOST_TEST(client.get().ok());
}

BOOST_AUTO_TEST_SUITE_END()
