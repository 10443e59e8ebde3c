// Syncs a file with its disk, for several writers at once.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/system/error_code.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace unipile::program {

/// The file must outlive this object. On one executor; a separate thread waits for the disk.
class group_sync {
public:
    using operation = std::function<boost::system::error_code()>;

    /// `sync` is called on the thread.
    group_sync(boost::asio::any_io_executor executor, operation sync);

    /// Returns when everything that was written before is on the disk. Calls share an `operation`: those that come
    /// while one runs wait for the next. After an error, every further call returns it.
    boost::asio::awaitable<boost::system::error_code> sync();

private:
    boost::asio::any_io_executor executor_;
    operation operation_;
    boost::asio::steady_timer done_;
    std::uint64_t wanted_ = 0, done_until_ = 0;
    bool running_ = false;
    boost::system::error_code failed_;
    boost::asio::thread_pool thread_{1};  ///< destroyed first
};

/// Returns an operation that syncs a regular file with its disk, and at the first call the folder of `path`, since the
/// file may be new; an empty `path` is a file that existed. Returns nothing for other files.
std::optional<group_sync::operation> disk_sync(int descriptor, const std::string& path);

}  // namespace unipile::program
