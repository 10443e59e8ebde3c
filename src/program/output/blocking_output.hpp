// Output of a subcommand that does nothing else meanwhile.
#pragma once

#include <string>
#include <string_view>

namespace unipile::program {

/// Collects lines and writes them in large pieces, waiting for a slow reader. For one thread.
class blocking_output {
public:
    /// Standard output, or the file at `path`, made for its owner only if it isn't there. What it holds stays until
    /// something is written or `finish` is called. Throws std::invalid_argument, which names `--output`, if it can't be
    /// opened.
    explicit blocking_output(const std::string& path);
    ~blocking_output();
    blocking_output(const blocking_output&) = delete;
    blocking_output& operator=(const blocking_output&) = delete;

    /// False once a reader has gone away. Throws std::system_error for everything else that goes wrong; a file then
    /// ends with the last text that was passed whole.
    bool write(std::string_view text);
    /// Writes what was collected and closes a file of its own; as `write`.
    bool finish();

    /// Whether somebody is looking at it.
    bool is_terminal() const noexcept { return is_terminal_; }

private:
    bool flush();

    std::string pending_;
    int descriptor_ = -1;
    bool own_file_ = false;
    bool is_terminal_ = false;
    bool begun_ = false;  ///< the old content of a file of its own is gone
    bool reader_gone_ = false;
};

}  // namespace unipile::program
