// A `block_writer` for a subcommand that does nothing else meanwhile.
#pragma once

#include "program/output/block_writer.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/system/error_code.hpp>

#include <string>
#include <string_view>

namespace unipile::program {

/// Collects lines and writes them in large pieces, waiting for a slow reader. For one thread.
class blocking_output {
public:
    /// Standard output if `path` is empty or `-`; else the file at `path`, made for its owner only if it isn't there.
    /// What it holds stays until something is written or `finish` is called. Throws std::invalid_argument, which names
    /// `option`, if it can't be opened.
    explicit blocking_output(const std::string& path, const char* option = "--output");

    /// False once a reader has gone away. Throws std::system_error for everything else that goes wrong; a file then
    /// ends with the last text that was passed whole.
    bool write(std::string_view text);
    /// Writes what was collected and closes a file of its own; as `write`.
    bool finish();

    /// Whether it is a terminal.
    bool is_terminal() const noexcept { return writer_.is_terminal(); }

private:
    bool flush();
    void check(const boost::system::error_code& ec) const;

    std::string name_;
    boost::asio::io_context context_{1};
    block_writer writer_;
    std::string pending_;
    bool reader_gone_ = false;
};

}  // namespace unipile::program
