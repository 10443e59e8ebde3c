// Where a jobs file is read from.
#pragma once

#include <cstdint>
#include <functional>
#include <istream>
#include <memory>
#include <string>

namespace unipile::program {

/// A regular file is read as it is. Standard input, and whatever else comes through a pipe, is first copied to a file
/// without a name, so that its content is known before the first job is taken from it.
class jobs_input {
public:
    /// `jobs`: a file, or `-` for standard input. `keep_going` is asked a few times a second while a pipe is read; if
    /// it returns false, the rest is left out. Throws std::invalid_argument, one line, for what can't be read.
    jobs_input(const std::string& jobs, const std::function<bool()>& keep_going);
    ~jobs_input();
    jobs_input(const jobs_input&) = delete;
    jobs_input& operator=(const jobs_input&) = delete;

    /// Throws std::ios_base::failure on a failed read.
    std::istream& stream() noexcept { return *stream_; }
    /// The same for the same jobs file: its real path, or what its content is, for a pipe.
    const std::string& label() const noexcept { return label_; }
    /// Everything was read; false if it was stopped before.
    bool all_read() const noexcept { return all_read_; }

private:
    class buffer;

    void open_file(const std::string& jobs);
    void copy_pipe(int from, const std::string& name, const std::function<bool()>& keep_going);

    std::unique_ptr<buffer> buffer_;
    std::unique_ptr<std::istream> stream_;
    std::string label_;
    bool all_read_ = true;
};

}  // namespace unipile::program
