// A `block_writer` for a subcommand that has nothing else to do meanwhile.
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
    /// Opens standard output if `path` is empty or `-`; else the file at `path`, which is created for its owner only.
    /// Its contents stay until something is written or `finish` is called. Throws std::invalid_argument, which names
    /// `option`, if the file can't be opened.
    explicit blocking_output(const std::string& path, const char* option = "--output");

    /// Returns false once the reader has closed its end. Throws std::system_error for other failures; a file then ends
    /// with the last text that was passed whole.
    bool write(std::string_view text)
    {
        pending_ += text;
        return collected_more();
    }
    /// Returns what is collected, to be appended to; then `collected_more` has to be called.
    std::string& collected() noexcept { return pending_; }
    /// The result is that of `write`.
    bool collected_more();
    /// Writes the collected lines and closes its own file; results as for `write`.
    bool finish();

    /// Returns true if it is a terminal.
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
