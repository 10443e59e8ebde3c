// Preloaded into a program under test: counts what the program does with TCP sockets, and lets some of it fail.
//   FAILING_SOCKETS_AT      number of the operation that fails, from 1; 0: none does
//   FAILING_SOCKETS_HOW     reset: as if the peer had broken the connection, or did not accept it
//                           end: the same, but what reads sees an orderly end
//   FAILING_SOCKETS_LATER   1: all later operations fail too
//   FAILING_SOCKETS_REPORT  file for the number of operations, written when the program ends
#include <dlfcn.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

class script {
public:
    script()
        : at_(std::strtoul(value("FAILING_SOCKETS_AT"), nullptr, 10)),
          ends_(std::string_view{value("FAILING_SOCKETS_HOW")} == "end"),
          later_(std::string_view{value("FAILING_SOCKETS_LATER")} == "1")
    {}
    ~script()
    {
        const int file = ::open(value("FAILING_SOCKETS_REPORT"), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        if (file < 0) return;
        const std::string text = std::to_string(operations_.load()) + '\n';
        ::syscall(SYS_write, file, text.data(), text.size());
        ::close(file);
    }
    script(const script&) = delete;
    script& operator=(const script&) = delete;

    bool next_fails() noexcept
    {
        const unsigned long n = ++operations_;
        return at_ != 0 && (n == at_ || (later_ && n > at_));
    }
    bool ends() const noexcept { return ends_; }

private:
    static const char* value(const char* name) noexcept
    {
        const char* text = std::getenv(name);
        return text == nullptr ? "" : text;
    }

    std::atomic<unsigned long> operations_{0};
    unsigned long at_;
    bool ends_, later_;
};

script& the_script()
{
    static script s;
    return s;
}

/// Not through `getsockopt`, which is replaced below.
int socket_option(int descriptor, int name) noexcept
{
    int found = -1;
    socklen_t size = sizeof found;
    const long result = ::syscall(SYS_getsockopt, descriptor, SOL_SOCKET, name, &found, &size);
    return result == 0 ? found : -1;
}

bool is_tcp(int descriptor) noexcept
{
    const int saved = errno;
    const int domain = socket_option(descriptor, SO_DOMAIN);
    const bool yes = (domain == AF_INET || domain == AF_INET6) && socket_option(descriptor, SO_TYPE) == SOCK_STREAM;
    errno = saved;
    return yes;
}

/// Whether this operation fails. The connection is broken then: who tries further meets its end at once.
bool fails(int descriptor) noexcept
{
    if (!is_tcp(descriptor) || !the_script().next_fails()) return false;
    ::shutdown(descriptor, SHUT_RDWR);
    return true;
}

template <class Function>
Function* original(Function*, const char* name) noexcept
{
    return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

template <class Call>
ssize_t sent(int descriptor, Call call) noexcept
{
    if (!fails(descriptor)) return call();
    errno = ECONNRESET;
    return -1;
}

template <class Call>
ssize_t received(int descriptor, Call call) noexcept
{
    if (!fails(descriptor)) return call();
    if (the_script().ends()) return 0;
    errno = ECONNRESET;
    return -1;
}

}  // namespace

extern "C" {

int connect(int descriptor, const sockaddr* address, socklen_t size)
{
    static auto* const real = original(&connect, "connect");
    if (!fails(descriptor)) return real(descriptor, address, size);
    errno = ECONNREFUSED;
    return -1;
}

/// Tells what became of a connect that took its time.
int getsockopt(int descriptor, int level, int name, void* to, socklen_t* size) noexcept
{
    static auto* const real = original(&getsockopt, "getsockopt");
    const int result = real(descriptor, level, name, to, size);
    if (level == SOL_SOCKET && name == SO_ERROR && result == 0 && fails(descriptor))
        *static_cast<int*>(to) = ECONNREFUSED;
    return result;
}

ssize_t send(int descriptor, const void* from, size_t size, int flags)
{
    static auto* const real = original(&send, "send");
    return sent(descriptor, [=] { return real(descriptor, from, size, flags); });
}

ssize_t sendto(int descriptor, const void* from, size_t size, int flags, const sockaddr* to, socklen_t length)
{
    static auto* const real = original(&sendto, "sendto");
    return sent(descriptor, [=] { return real(descriptor, from, size, flags, to, length); });
}

ssize_t sendmsg(int descriptor, const msghdr* message, int flags)
{
    static auto* const real = original(&sendmsg, "sendmsg");
    return sent(descriptor, [=] { return real(descriptor, message, flags); });
}

ssize_t write(int descriptor, const void* from, size_t size)
{
    static auto* const real = original(&write, "write");
    return sent(descriptor, [=] { return real(descriptor, from, size); });
}

ssize_t writev(int descriptor, const iovec* from, int count)
{
    static auto* const real = original(&writev, "writev");
    return sent(descriptor, [=] { return real(descriptor, from, count); });
}

ssize_t recv(int descriptor, void* to, size_t size, int flags)
{
    static auto* const real = original(&recv, "recv");
    return received(descriptor, [=] { return real(descriptor, to, size, flags); });
}

ssize_t recvfrom(int descriptor, void* __restrict to, size_t size, int flags, sockaddr* __restrict from,
                 socklen_t* __restrict length)
{
    static auto* const real = original(&recvfrom, "recvfrom");
    return received(descriptor, [=] { return real(descriptor, to, size, flags, from, length); });
}

ssize_t recvmsg(int descriptor, msghdr* message, int flags)
{
    static auto* const real = original(&recvmsg, "recvmsg");
    return received(descriptor, [=] { return real(descriptor, message, flags); });
}

ssize_t read(int descriptor, void* to, size_t size)
{
    static auto* const real = original(&read, "read");
    return received(descriptor, [=] { return real(descriptor, to, size); });
}

ssize_t readv(int descriptor, const iovec* to, int count)
{
    static auto* const real = original(&readv, "readv");
    return received(descriptor, [=] { return real(descriptor, to, count); });
}
}
