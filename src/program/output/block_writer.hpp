// Output that makes its writers wait for a slow reader.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/error_code.hpp>

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace unipile::program {

/// Writes blocks of lines to a file, a pipe or a terminal. Each block goes out whole: several coroutines may write,
/// and their blocks never mix. For one thread.
class block_writer {
public:
    /// Standard output.
    explicit block_writer(boost::asio::any_io_executor executor);
    /// The file at `path`, made for its owner only if it isn't there. What it holds stays until `begin` or the first
    /// block. With `append` it stays for good, but for part of a line at its end: see `end_last_line`. Throws
    /// std::system_error.
    block_writer(boost::asio::any_io_executor executor, const std::string& path, bool append);
    ~block_writer();
    block_writer(const block_writer&) = delete;
    block_writer& operator=(const block_writer&) = delete;

    /// Drops what the file held, or ends its last line when appending, if that is still to be done; the error of this
    /// or of an earlier step.
    boost::system::error_code begin();
    /// Whether it still holds what `begin` would drop.
    bool holds_old_content() const;

    /// What it writes to.
    int descriptor() const noexcept { return descriptor_; }

    /// Whether people look at it.
    bool is_terminal() const noexcept { return is_terminal_; }

    /// Returns once all of the block was taken by the system. Never blocks the thread on a pipe. After an error, a
    /// file ends with the last whole block, unless others write to it too, and every further write fails in the same
    /// way. A reader that went away is `broken_pipe`; `operation_aborted` comes after `abandon`.
    boost::asio::awaitable<boost::system::error_code> write(std::string_view block);

    /// Calls `gone` when the reader of a pipe goes away, even while nothing is written. At most once.
    void on_reader_gone(std::function<void()> gone);

    /// Gives up the write that waits for its reader, if there is one, and all further ones.
    void abandon();

    /// Closes a file of its own; the error of that.
    boost::system::error_code close();

private:
    boost::asio::awaitable<void> wait_for_turn();
    boost::asio::awaitable<void> wait_for_room();
    boost::asio::awaitable<void> write_all(std::string_view block);

    std::optional<boost::asio::posix::stream_descriptor> waiter_;  ///< where writing may have to wait
    boost::asio::steady_timer turn_;
    boost::system::error_code broken_;
    int descriptor_ = -1;
    bool own_file_ = false;
    bool is_terminal_ = false;
    bool appends_ = true;
    bool begun_ = false;  ///< nothing is left to be done about old content
    bool busy_ = false;
};

}  // namespace unipile::program
