// A `block_writer` for a subcommand that has nothing else to do meanwhile.
#pragma once

#include "program/output/block_writer.hpp"
#include "program/output/line_output.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/system/error_code.hpp>

#include <string>
#include <string_view>

namespace unipile::program {

/// Writes collected lines, waiting for a slow reader. For one thread.
class blocking_output final : public line_output {
public:
    /// Opens standard output if `path` is empty or `-`; else the file at `path`, which is created for its owner only.
    /// Its contents stay until something is written or `finish` is called. Throws std::invalid_argument, which names
    /// `option`, if the file can't be opened.
    explicit blocking_output(const std::string& path, const char* option = "--output");

    /// Writes the collected lines and closes its own file; results as for `write`. With `to_disk`, a file is on the
    /// disk then.
    bool finish(bool to_disk = false);

    bool is_terminal() const noexcept override { return writer_.is_terminal(); }

private:
    bool pass_on(std::string_view lines) override;
    void check(const boost::system::error_code& ec) const;

    std::string path_;  ///< empty: standard output
    boost::asio::io_context context_{1};
    block_writer writer_;
};

}  // namespace unipile::program
