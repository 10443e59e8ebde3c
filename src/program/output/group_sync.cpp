#include "program/output/group_sync.hpp"

#include "program/output/call_result.hpp"

#include <boost/asio/co_spawn.hpp>

#include <filesystem>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace unipile::program {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

asio::awaitable<error_code> run(const group_sync::operation& sync) { co_return sync(); }

/// Some file systems can't sync a folder, and need not.
void sync_folder(const std::string& path)
{
    std::filesystem::path folder = std::filesystem::path(path).parent_path();
    if (folder.empty()) folder = ".";
    const int opened = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (opened < 0) return;
    static_cast<void>(::fsync(opened));
    ::close(opened);
}

}  // namespace

group_sync::group_sync(asio::any_io_executor executor, operation sync)
    : executor_(std::move(executor)),
      operation_(std::move(sync)),
      done_(executor_, asio::steady_timer::time_point::max())
{}

asio::awaitable<error_code> group_sync::sync()
{
    const std::uint64_t mine = ++wanted_;
    while (done_until_ < mine && !failed_) {
        if (running_) {
            co_await done_.async_wait(as_result);
            continue;
        }
        running_ = true;
        const std::uint64_t until = wanted_;
        auto work = run(operation_);
        failed_ = co_await asio::co_spawn(thread_, std::move(work), asio::use_awaitable);
        running_ = false;
        done_until_ = until;
        done_.cancel();
    }
    co_return failed_;
}

std::optional<group_sync::operation> disk_sync(int descriptor, const std::string& path)
{
    struct stat status{};
    if (::fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
    return [descriptor, path, is_first = true]() mutable -> error_code {
        if (::fdatasync(descriptor) != 0) return last_error();
        if (std::exchange(is_first, false) && !path.empty()) sync_folder(path);
        return {};
    };
}

}  // namespace unipile::program
