// How host names become addresses.
#pragma once

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/system/error_code.hpp>

#include <string>
#include <vector>

namespace unipile {

/// Looks host names up. Replace it to use a name service of your own, or to pin addresses.
class resolver {
public:
    /// Completion: an error, or at least one address, best first.
    using handler =
        boost::asio::any_completion_handler<void(boost::system::error_code, std::vector<boost::asio::ip::address>)>;

    virtual ~resolver() = default;

    /// Starts a look-up of `host`. `done` may be called on any thread, at any time after this function returned,
    /// exactly once; a caller that gave up waiting, or is gone, ignores the answer. A handler that is destroyed without
    /// a call counts as a failed look-up. `executor` is the client's; do not use it once the client is gone. Report a
    /// name service that can't answer for the time being as `asio::error::host_not_found_try_again`.
    virtual void async_resolve(boost::asio::any_io_executor executor, std::string host, handler done) = 0;
};

}  // namespace unipile
