// What is asked of the system, and what it may refuse.
#include "fetching.hpp"
#include "support/printing.hpp"
#include "support/scripted_server.hpp"

#include <boost/test/unit_test.hpp>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

using namespace unipile;
using namespace unipile::test;

namespace {

thread_local int refuse_connect_with = 0;

const std::string body = "{\"cursor\":null}";

/// Sockets that a program started now would inherit. The system is asked by name: those of the server's threads may be
/// closed meanwhile.
std::size_t inheritable_sockets()
{
    std::size_t n = 0;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
        std::error_code gone;
        const std::string what = std::filesystem::read_symlink(entry.path(), gone).string();
        if (gone || !what.starts_with("socket:")) continue;
        std::ifstream info("/proc/self/fdinfo/" + entry.path().filename().string());
        for (std::string name, flags; info >> name >> flags;)
            if (name == "flags:" && (std::stoul(flags, nullptr, 8) & O_CLOEXEC) == 0) ++n;
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
    BOOST_TEST(o.error == errc::connect_failed, describe(o));
    BOOST_TEST(o.text.find("no free port or address for it") != std::string::npos, o.text);
    BOOST_TEST(!o.sent);
    BOOST_TEST(client.get().ok());
}

BOOST_AUTO_TEST_SUITE_END()
