// The posts that a harvest writes as lines: `--ndjson`.
#pragma once

#include "program/output/block_writer.hpp"
#include "program/output/group_sync.hpp"

#include <unipile/post.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/system/error_code.hpp>

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace unipile::program {

/// Writes posts at the end of a file, or to standard output. All on the thread of the context.
class post_output {
public:
    struct steps {
        std::function<void(std::string_view line)> say;
        std::function<void()> stop;         ///< no more lines can be written
        std::function<bool()> keeps_going;  ///< called while opening blocks; false ends the wait
    };

    /// `file`: its name, or `-`. Throws std::invalid_argument if it can't be opened.
    post_output(boost::asio::io_context& context, const std::string& file, steps what);

    /// Begins to watch whether the reader of a pipe is there.
    void watch_reader();
    /// Writes a page. Throws if not all of it was written, so that it is not stored either.
    boost::asio::awaitable<void> write(std::span<const post> posts);
    /// Ends a write that waits for its reader.
    void abandon() { output_->abandon(); }
    void close();

    bool reader_gone() const noexcept { return reader_gone_; }
    bool failed() const noexcept { return failed_; }
    /// Returns true if no more lines can be written.
    bool is_lost() const noexcept { return reader_gone_ || failed_; }
    /// Returns its name for messages.
    std::string name() const;

private:
    void fail(boost::system::error_code code);

    std::string file_;
    steps steps_;
    std::optional<block_writer> output_;
    std::optional<group_sync> sync_;  ///< of an output that is a file
    bool reader_gone_ = false, failed_ = false;
};

}  // namespace unipile::program
