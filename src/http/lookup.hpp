// Name look-ups that are not waited for: results come on any thread, late, or never.
#pragma once

#include <unipile/resolver.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/system/error_code.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace unipile::http {

using addresses = std::vector<boost::asio::ip::address>;

/// Delivers results of look-ups on the executor until it is closed. Closing releases the executor, so that a result
/// after the loop's end has no effect.
class lookup_gate : public std::enable_shared_from_this<lookup_gate> {
public:
    /// Called on the executor with the number of the look-up.
    using sink = std::function<void(std::uint64_t, boost::system::error_code, addresses)>;

    lookup_gate(boost::asio::any_io_executor executor, sink to) : executor_(std::move(executor)), sink_(std::move(to))
    {}

    /// Returns a handler for the look-up of that number. If it is destroyed without a call, the sink gets
    /// operation_aborted.
    resolver::handler make_handler(std::uint64_t number);

    /// Called on the executor. The sink is not called afterwards.
    void close();

private:
    class ticket;
    void deliver(std::uint64_t number, boost::system::error_code error, addresses found) noexcept;

    std::mutex mutex_;
    boost::asio::any_io_executor executor_;
    sink sink_;
    bool open_ = true;
};

/// The system's `getaddrinfo`, which blocks and can't be stopped; each look-up has a thread of its own. Asio's resolver
/// runs it on one thread per context, so that look-ups wait for each other and the context's destructor waits for a
/// hanging one; a detached thread avoids both. It runs this library's code, so a plug-in that contains the library must
/// not be unloaded (dlclose) while a look-up may hang.
class system_resolver final : public resolver {
public:
    /// Blocks until there is a result.
    using look_up = std::function<boost::system::error_code(const std::string& host, addresses& to)>;

    explicit system_resolver(look_up how = &system_resolver::ask_system) : how_(std::move(how)) {}
    void async_resolve(boost::asio::any_io_executor executor, std::string host, handler done) override;

    static boost::system::error_code ask_system(const std::string& host, addresses& to);

private:
    look_up how_;
};

/// Returns the addresses with their families alternating, starting with the first one's: a host whose IPv6 does not
/// work costs one attempt.
addresses interleaved(const addresses& from);

}  // namespace unipile::http
