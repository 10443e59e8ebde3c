#include "delaying_proxy.hpp"

#include <condition_variable>
#include <cstring>
#include <deque>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <utility>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace benchmark {

namespace {

using clock = std::chrono::steady_clock;

sockaddr_un named(const std::string& path)
{
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    return address;
}

// One direction: what was read waits for its time, while more is read.
struct pipe_with_delay {
    std::mutex mutex;
    std::condition_variable changed;
    std::deque<std::pair<clock::time_point, std::string>> waiting;

    void read_from(int from, std::chrono::microseconds delay)
    {
        std::string block(256 * 1024, '\0');
        for (bool more = true; more;) {
            const ssize_t n = ::read(from, block.data(), block.size());
            more = n > 0;
            const std::lock_guard lock(mutex);
            waiting.emplace_back(clock::now() + delay, more ? block.substr(0, static_cast<std::size_t>(n)) : "");
            changed.notify_one();
        }
    }
    void write_to(int to)
    {
        for (;;) {
            std::unique_lock lock(mutex);
            changed.wait(lock, [&] { return !waiting.empty(); });
            const auto [due, bytes] = std::move(waiting.front());
            waiting.pop_front();
            lock.unlock();
            std::this_thread::sleep_until(due);
            for (std::size_t at = 0; at < bytes.size();) {
                const ssize_t n = ::send(to, bytes.data() + at, bytes.size() - at, MSG_NOSIGNAL);
                if (n <= 0) return;
                at += static_cast<std::size_t>(n);
            }
            if (!bytes.empty()) continue;
            ::shutdown(to, SHUT_WR);
            return;
        }
    }
};

void carry(int from, int to, std::chrono::microseconds delay)
{
    const auto pipe = std::make_shared<pipe_with_delay>();
    std::thread([=] { pipe->read_from(from, delay); }).detach();
    std::thread([=] { pipe->write_to(to); }).detach();
}

}  // namespace

void begin_delaying(const std::string& folder, const std::string& server, std::chrono::microseconds delay)
{
    const std::string path = folder + "/.s.PGSQL.5432";
    ::unlink(path.c_str());
    const int listener = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_un here = named(path), there = named(server);
    const auto address = [](const sockaddr_un& a) { return reinterpret_cast<const sockaddr*>(&a); };
    if (::bind(listener, address(here), sizeof here) != 0 || ::listen(listener, 16) != 0)
        throw std::runtime_error("can't listen on " + path);
    std::thread([=] {
        for (int client = 0; (client = ::accept(listener, nullptr, nullptr)) >= 0;) {
            const int onwards = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
            if (::connect(onwards, reinterpret_cast<const sockaddr*>(&there), sizeof there) != 0) ::close(client);
            carry(client, onwards, delay);
            carry(onwards, client, delay);
        }
    }).detach();
}

}  // namespace benchmark
