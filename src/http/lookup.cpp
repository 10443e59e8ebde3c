#include "lookup.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/system_error.hpp>

#include <csignal>
#include <cstring>
#include <thread>
#include <utility>

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace unipile::http {
namespace {

namespace asio = boost::asio;

boost::system::error_code code_of(int result)
{
    switch (result) {
        case EAI_AGAIN: return asio::error::host_not_found_try_again;
        case EAI_NONAME:
#ifdef EAI_NODATA
        case EAI_NODATA:
#endif
            return asio::error::host_not_found;
        case EAI_MEMORY: return asio::error::no_memory;
        case EAI_SYSTEM: return {errno, boost::system::system_category()};
        default: return asio::error::no_recovery;
    }
}

void take(const addrinfo& entry, addresses& to)
{
    if (entry.ai_family == AF_INET) {
        sockaddr_in v4;
        std::memcpy(&v4, entry.ai_addr, sizeof v4);
        to.emplace_back(asio::ip::address_v4(ntohl(v4.sin_addr.s_addr)));
    } else if (entry.ai_family == AF_INET6) {
        sockaddr_in6 v6;
        std::memcpy(&v6, entry.ai_addr, sizeof v6);
        asio::ip::address_v6::bytes_type bytes;
        std::memcpy(bytes.data(), &v6.sin6_addr, bytes.size());
        to.emplace_back(asio::ip::address_v6(bytes, v6.sin6_scope_id));
    }
}

// The process's signals are handled by the user's threads.
class signals_blocked {
public:
    signals_blocked()
    {
        sigset_t all;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before_);
    }
    ~signals_blocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
    signals_blocked(const signals_blocked&) = delete;
    signals_blocked& operator=(const signals_blocked&) = delete;

private:
    sigset_t before_;
};

}  // namespace

class lookup_gate::ticket {
public:
    ticket(std::shared_ptr<lookup_gate> gate, std::uint64_t number) : gate_(std::move(gate)), number_(number) {}
    ticket(ticket&&) noexcept = default;
    ticket& operator=(ticket&&) = delete;
    ~ticket()
    {
        if (gate_) gate_->deliver(number_, asio::error::operation_aborted, {});
    }
    void operator()(boost::system::error_code error, addresses found)
    {
        std::exchange(gate_, nullptr)->deliver(number_, error, std::move(found));
    }

private:
    std::shared_ptr<lookup_gate> gate_;
    std::uint64_t number_;
};

resolver::handler lookup_gate::make_handler(std::uint64_t number) { return ticket(shared_from_this(), number); }

void lookup_gate::close()
{
    const std::lock_guard lock(mutex_);
    open_ = false;
    executor_ = {};
    sink_ = {};
}

void lookup_gate::deliver(std::uint64_t number, boost::system::error_code error, addresses found) noexcept
{
    try {
        // Under the lock, so that the executor exists while it is used.
        const std::lock_guard lock(mutex_);
        if (!open_) return;
        asio::post(executor_, [self = shared_from_this(), number, error, found = std::move(found)]() mutable {
            if (self->open_) self->sink_(number, error, std::move(found));
        });
    } catch (...) {
        // Out of memory: the waiting exchange ends at its look-up deadline.
    }
}

boost::system::error_code system_resolver::ask_system(const std::string& host, addresses& to)
{
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* list = nullptr;
    const int result = ::getaddrinfo(host.c_str(), nullptr, &hints, &list);
    if (result != 0) return code_of(result);
    const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(list, &::freeaddrinfo);
    for (const addrinfo* entry = list; entry != nullptr; entry = entry->ai_next) take(*entry, to);
    return {};
}

void system_resolver::async_resolve(asio::any_io_executor, std::string host, handler done)
{
    const signals_blocked while_starting;
    std::thread([how = how_, host = std::move(host), done = std::move(done)]() mutable {
        addresses found;
        boost::system::error_code error;
        try {
            error = how(host, found);
        } catch (...) {
            error = asio::error::no_memory;
        }
        std::move(done)(error, std::move(found));
    }).detach();
}

addresses interleaved(const addresses& from)
{
    addresses result;
    result.reserve(from.size());
    if (from.empty()) return result;
    bool v6 = from.front().is_v6();
    std::vector<bool> taken(from.size(), false);
    while (result.size() < from.size()) {
        for (std::size_t i = 0; i < from.size(); ++i) {
            if (taken[i] || from[i].is_v6() != v6) continue;
            taken[i] = true;
            result.push_back(from[i]);
            break;
        }
        v6 = !v6;
    }
    return result;
}

}  // namespace unipile::http
