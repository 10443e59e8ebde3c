// Where a command's lines go.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace unipile::program {

/// Collects lines and passes them on in large pieces. For one thread.
class line_output {
public:
    line_output() = default;
    line_output(const line_output&) = delete;
    line_output& operator=(const line_output&) = delete;
    virtual ~line_output() = default;

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
    bool collected_more() { return pending_.size() < piece ? !reader_gone_ : flush(); }

    /// Returns true if it is a terminal.
    virtual bool is_terminal() const noexcept = 0;

protected:
    /// Passes on what is collected; result as for `write`.
    bool flush()
    {
        if (reader_gone_) return false;
        reader_gone_ = !pass_on(pending_);
        pending_.clear();
        return !reader_gone_;
    }
    bool is_reader_gone() const noexcept { return reader_gone_; }

private:
    static constexpr std::size_t piece = std::size_t{64} * 1024;

    /// Result as for `write`.
    virtual bool pass_on(std::string_view lines) = 0;

    std::string pending_;
    bool reader_gone_ = false;
};

}  // namespace unipile::program
