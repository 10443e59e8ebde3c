// The input of a jobs file.
#pragma once

#include <cstdint>
#include <functional>
#include <istream>
#include <memory>
#include <string>

namespace unipile::program {

/// A regular file is read directly. Standard input and other pipes are first copied to an unnamed file, so that their
/// content is known before the first job is read.
class jobs_input {
public:
    /// `jobs`: a file, or `-` for standard input. `keep_going` is called a few times a second while a pipe is read; if
    /// it returns false, the rest is left out. Throws std::invalid_argument, one line, for a file that can't be read.
    jobs_input(const std::string& jobs, const std::function<bool()>& keep_going);
    ~jobs_input();
    jobs_input(const jobs_input&) = delete;
    jobs_input& operator=(const jobs_input&) = delete;

    /// Throws std::ios_base::failure on a failed read.
    std::istream& stream() noexcept { return *stream_; }
    /// Returns the same text for the same jobs file: its real path, or a hash of a pipe's content.
    const std::string& label() const noexcept { return label_; }
    /// Returns a hash of the whole content, which is read for that. The stream stays where it is. Empty if reading
    /// fails.
    std::string content() const;
    /// Returns the same of what was read from the stream.
    std::string content_read() const;
    /// Returns true if everything was read; false if it was stopped before.
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
