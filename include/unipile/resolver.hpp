// The name look-up of a client.
#pragma once

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/system/error_code.hpp>

#include <string>
#include <vector>

#pragma GCC visibility push(default)
namespace unipile {

/// Looks up host names. Derive from it to use another name service, or to pin addresses.
class resolver {
public:
    /// Completion: an error, or at least one address, in order of preference.
    using handler =
        boost::asio::any_completion_handler<void(boost::system::error_code, std::vector<boost::asio::ip::address>)>;

    virtual ~resolver() = default;

    /// Starts a look-up of `host`. `done` is called exactly once, on any thread, after this function has returned; the
    /// answer is ignored if the caller has timed out or is destroyed. A handler that is destroyed without a call counts
    /// as a failed look-up. `executor` is the client's; it must not be used after the client was destroyed. A
    /// name service that can't answer for the moment is reported as `asio::error::host_not_found_try_again`.
    virtual void async_resolve(boost::asio::any_io_executor executor, std::string host, handler done) = 0;
};

}  // namespace unipile
#pragma GCC visibility pop
