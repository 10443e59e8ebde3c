#include "program/output/block_writer.hpp"

#include "program/command.hpp"
#include "program/output/call_result.hpp"
#include "program/output/unfinished_block.hpp"
#include "program/terminal/safe_text.hpp"

#include <boost/asio/error.hpp>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <tuple>
#include <utility>

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

namespace unipile::program {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

/// Returns true for descriptors whose reader may be slow.
bool may_have_to_wait(int descriptor)
{
    struct stat status{};
    return ::fstat(descriptor, &status) == 0 &&
           (S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode) || ::isatty(descriptor) == 1);
}

bool is_pipe(const std::string& path)
{
    struct stat status{};
    return ::stat(path.c_str(), &status) == 0 && S_ISFIFO(status.st_mode);
}

/// Waits until the pipe has a reader. Not in `open`: a signal that came just before would not interrupt that.
int open_pipe(const std::string& path, const std::function<bool()>& keep_going)
{
    constexpr std::chrono::milliseconds interval{100};
    for (;;) {
        const int opened = ::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NONBLOCK);
        if (opened >= 0) {
            ::fcntl(opened, F_SETFL, ::fcntl(opened, F_GETFL) & ~O_NONBLOCK);
            return opened;
        }
        if (errno != ENXIO) return opened;
        if (keep_going && !keep_going()) {
            errno = EINTR;
            return -1;
        }
        std::this_thread::sleep_for(interval);
    }
}

}  // namespace

void refuse_output(const char* option, const std::string& path, const std::error_code& why)
{
    if (why == std::errc::interrupted) throw interrupted_command{"interrupted: " + printable(path) + " has no reader"};
    throw std::invalid_argument{option + (": " + printable(path)) + ": " + why.message()};
}

block_writer::block_writer(asio::any_io_executor executor)
    : turn_(executor, asio::steady_timer::time_point::max()), descriptor_(STDOUT_FILENO)
{
    begin_to_write();
}

block_writer::block_writer(asio::any_io_executor executor, const std::string& path, bool append,
                           const std::function<bool()>& keep_going)
    : turn_(executor, asio::steady_timer::time_point::max()), own_file_(true), appends_(append)
{
    descriptor_ = is_pipe(path) ? open_pipe(path, keep_going) : open_private_file(path, append);
    if (descriptor_ < 0) throw std::system_error{errno, std::generic_category()};
    begin_to_write();
}

void block_writer::begin_to_write()
{
    is_terminal_ = ::isatty(descriptor_) == 1;
    if (!may_have_to_wait(descriptor_)) return;
    const int copy = ::fcntl(descriptor_, F_DUPFD_CLOEXEC, 0);
    if (copy < 0) return;
    // The pipe itself stays in blocking mode, since other processes may share it; this only waits for readiness.
    waiter_.emplace(turn_.get_executor(), copy);
}

block_writer::~block_writer() { static_cast<void>(close()); }

error_code block_writer::close()
{
    if (!own_file_ || descriptor_ < 0) return {};
    waiter_.reset();
    const int result = ::close(descriptor_);
    descriptor_ = -1;
    return result == 0 ? error_code{} : last_error();
}

error_code block_writer::begin()
{
    if (broken_ || std::exchange(begun_, true)) return broken_;
    if (!(appends_ ? end_last_line(descriptor_) : discard_content(descriptor_))) broken_ = last_error();
    return broken_;
}

bool block_writer::holds_old_content() const
{
    struct stat status{};
    return !appends_ && !begun_ && ::fstat(descriptor_, &status) == 0 && status.st_size > 0;
}

asio::awaitable<error_code> block_writer::write(std::string_view block)
{
    co_await wait_for_turn();
    busy_ = true;
    if (!begin()) co_await write_all(block);
    busy_ = false;
    turn_.cancel_one();
    co_return broken_;
}

asio::awaitable<void> block_writer::wait_for_turn()
{
    while (busy_) co_await turn_.async_wait(as_result);
}

asio::awaitable<void> block_writer::write_all(std::string_view block)
{
    unfinished_block written_part{descriptor_};
    while (!block.empty() && !broken_) {
        if (waiter_) co_await wait_until_writable();
        if (broken_) break;
        // A pipe that is ready takes at least PIPE_BUF bytes without blocking.
        const std::size_t step = waiter_ ? std::min<std::size_t>(block.size(), PIPE_BUF) : block.size();
        const ssize_t written = ::write(descriptor_, block.data(), step);
        if (written >= 0) {
            block.remove_prefix(static_cast<std::size_t>(written));
            written_part.grew(written);
        } else if (errno != EINTR && errno != EAGAIN) {
            broken_ = last_error();
        }
    }
    if (broken_) written_part.take_back();
}

asio::awaitable<void> block_writer::wait_until_writable()
{
    pollfd ready{descriptor_, POLLOUT, 0};
    if (::poll(&ready, 1, 0) == 1) co_return;
    const auto waited = co_await waiter_->async_wait(asio::posix::stream_descriptor::wait_write, as_result);
    const error_code ec = std::get<0>(waited);
    if (broken_ || !ec) co_return;
    if (ec == asio::error::operation_not_supported)
        waiter_.reset();  // a device that can't be waited for: writes block
    else
        broken_ = ec;
}

void block_writer::on_reader_gone(std::function<void()> gone)
{
    if (!waiter_) return;
    waiter_->async_wait(asio::posix::stream_descriptor::wait_error, [gone = std::move(gone)](error_code ec) {
        if (!ec) gone();
    });
}

void block_writer::abandon()
{
    if (!broken_) broken_ = asio::error::operation_aborted;
    if (waiter_) waiter_->cancel();
}

}  // namespace unipile::program
