// Output whose writers wait for a slow reader.
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
#include <system_error>

namespace unipile::program {

/// Writes blocks of lines to a file, a pipe or a terminal. Several coroutines may write; their blocks do not mix. For
/// one thread.
class block_writer {
public:
    /// Standard output.
    explicit block_writer(boost::asio::any_io_executor executor);
    /// The file at `path`, which is created for its owner only. Its contents stay until `begin` or the first block;
    /// with `append` for good, except an incomplete line at the end: see `end_last_line`. Waits for the reader of a
    /// pipe; `keep_going` is called several times a second meanwhile, and if it returns false, the wait ends with
    /// std::errc::interrupted. Throws std::system_error.
    block_writer(boost::asio::any_io_executor executor, const std::string& path, bool append,
                 const std::function<bool()>& keep_going = {});
    ~block_writer();
    block_writer(const block_writer&) = delete;
    block_writer& operator=(const block_writer&) = delete;

    /// Discards the file's contents, or ends its last line with `append`, unless that is done. Returns the error of
    /// this or of an earlier step.
    boost::system::error_code begin();
    /// Returns true if there are contents that `begin` would discard.
    bool holds_old_content() const;

    /// Returns the descriptor of the output.
    int descriptor() const noexcept { return descriptor_; }

    /// Returns true if the output is a terminal.
    bool is_terminal() const noexcept { return is_terminal_; }

    /// Writes a block; returns when the system has taken all of it. Never blocks the thread on a pipe. After an error,
    /// a file ends with the last whole block, unless other processes write to it, too, and every further write returns
    /// the same error. A closed reader gives `broken_pipe`, `abandon` gives `operation_aborted`.
    boost::asio::awaitable<boost::system::error_code> write(std::string_view block);

    /// Calls `gone` when the reader of a pipe closes it, even while nothing is written. At most once.
    void on_reader_gone(std::function<void()> gone);

    /// Aborts the write that waits for its reader, and all further ones.
    void abandon();

    /// Closes its own file; returns the error of that.
    boost::system::error_code close();

private:
    void begin_to_write();
    boost::asio::awaitable<void> wait_for_turn();
    boost::asio::awaitable<void> wait_until_writable();
    boost::asio::awaitable<void> write_all(std::string_view block);

    std::optional<boost::asio::posix::stream_descriptor> waiter_;  ///< for waits before writing
    boost::asio::steady_timer turn_;
    boost::system::error_code broken_;
    int descriptor_ = -1;
    bool own_file_ = false;
    bool is_terminal_ = false;
    bool appends_ = true;
    bool begun_ = false;  ///< old contents are discarded, or the last line is ended
    bool busy_ = false;
};

/// Throws the error of opening `path` for `option`: std::invalid_argument or, for a wait that was interrupted,
/// interrupted_command.
[[noreturn]] void refuse_output(const char* option, const std::string& path, const std::error_code& why);

}  // namespace unipile::program
