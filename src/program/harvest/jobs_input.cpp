#include "program/harvest/jobs_input.hpp"

#include "program/terminal/safe_text.hpp"

#include <unipile/store/fingerprint.hpp>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <ios>
#include <stdexcept>
#include <streambuf>
#include <system_error>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

namespace unipile::program {
namespace {

constexpr std::size_t block = std::size_t{64} * 1024;
constexpr int ask_every_ms = 200;

[[noreturn]] void refuse(const std::string& name, int error)
{
    if (name.empty())
        throw std::invalid_argument{"standard input can't be read; redirect it from a jobs file, or name the file"};
    throw std::invalid_argument{printable(name) + " can't be read: " + std::strerror(error)};
}

/// FNV-1a, to distinguish lists; needs no protection against forgery.
class content_hash {
public:
    void add(const char* bytes, std::size_t size) noexcept
    {
        for (std::size_t i = 0; i < size; ++i) {
            value_ ^= static_cast<unsigned char>(bytes[i]);
            value_ *= 0x100000001b3u;
        }
    }
    std::string text() const
    {
        std::array<char, 17> digits{};
        std::snprintf(digits.data(), digits.size(), "%016llx", static_cast<unsigned long long>(value_));
        return digits.data();
    }

private:
    std::uint64_t value_ = 0xcbf29ce484222325u;
};

/// Hashes blocks of a size that only the last one may fall short of.
class block_hash {
public:
    void add(const char* bytes, std::size_t size) noexcept
    {
        const auto one = store::hash_of_bytes({bytes, size});
        const std::array<std::uint64_t, 4> both{state_[0], state_[1], one[0], one[1]};
        state_ = store::hash_of_bytes({reinterpret_cast<const char*>(both.data()), sizeof both});
    }
    std::string text() const
    {
        std::array<char, 33> digits{};
        std::snprintf(digits.data(), digits.size(), "%016llx%016llx", static_cast<unsigned long long>(state_[0]),
                      static_cast<unsigned long long>(state_[1]));
        return digits.data();
    }

private:
    std::array<std::uint64_t, 2> state_{};
};

/// Fills the block unless the file ends. Returns the bytes; throws std::ios_base::failure.
template <class Read>
std::size_t read_block(std::vector<char>& bytes, Read read)
{
    std::size_t filled = 0;
    while (filled < bytes.size()) {
        const ssize_t n = read(bytes.data() + filled, bytes.size() - filled);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) throw std::ios_base::failure{"error reading the file"};
        if (n == 0) break;
        filled += static_cast<std::size_t>(n);
    }
    return filled;
}

void write_all(int to, const char* bytes, std::size_t size)
{
    while (size > 0) {
        const ssize_t n = ::write(to, bytes, size);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0)
            throw std::invalid_argument{std::string{"the jobs can't be kept in a temporary file: "} +
                                        std::strerror(errno) + "; name the jobs file instead of a pipe"};
        bytes += n;
        size -= static_cast<std::size_t>(n);
    }
}

}  // namespace

/// Owns its file.
class jobs_input::buffer final : public std::streambuf {
public:
    explicit buffer(int file) : file_(file), bytes_(block) {}
    ~buffer() override { ::close(file_); }

    std::string content() const
    {
        block_hash hash;
        std::vector<char> bytes(block);
        off_t at = 0;
        const auto read = [&](char* to, std::size_t size) {
            const ssize_t n = ::pread(file_, to, size, at);
            if (n > 0) at += n;
            return n;
        };
        while (const std::size_t n = read_block(bytes, read)) hash.add(bytes.data(), n);
        return hash.text();
    }
    std::string content_read() const { return hash_.text(); }

private:
    int_type underflow() override
    {
        const std::size_t n =
            read_block(bytes_, [this](char* to, std::size_t size) { return ::read(file_, to, size); });
        if (n == 0) return traits_type::eof();
        hash_.add(bytes_.data(), n);
        setg(bytes_.data(), bytes_.data(), bytes_.data() + n);
        return traits_type::to_int_type(bytes_.front());
    }

    int file_;
    std::vector<char> bytes_;
    block_hash hash_;
};

jobs_input::jobs_input(const std::string& jobs, const std::function<bool()>& keep_going)
{
    if (jobs == "-")
        copy_pipe(STDIN_FILENO, {}, keep_going);
    else
        open_file(jobs);
    if (!buffer_) {
        // A pipe without a writer opens at once; the data is waited for below.
        const int pipe = ::open(jobs.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        if (pipe < 0) refuse(jobs, errno);
        try {
            copy_pipe(pipe, jobs, keep_going);
        } catch (...) {
            ::close(pipe);
            throw;
        }
        ::close(pipe);
    }
    stream_ = std::make_unique<std::istream>(buffer_.get());
}

jobs_input::~jobs_input() = default;

std::string jobs_input::content() const
try {
    return buffer_->content();
} catch (const std::ios_base::failure&) {
    return {};
}

std::string jobs_input::content_read() const { return buffer_->content_read(); }

/// Does nothing if that is no regular file.
void jobs_input::open_file(const std::string& jobs)
{
    struct stat found{};
    if (::stat(jobs.c_str(), &found) != 0) refuse(jobs, errno);
    if (S_ISDIR(found.st_mode)) refuse(jobs, EISDIR);
    if (!S_ISREG(found.st_mode)) return;
    const int file = ::open(jobs.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) refuse(jobs, errno);
    buffer_ = std::make_unique<buffer>(file);
    std::error_code unknown;
    const std::filesystem::path real = std::filesystem::canonical(jobs, unknown);
    label_ = unknown ? jobs : real.string();
}

void jobs_input::copy_pipe(int from, const std::string& name, const std::function<bool()>& keep_going)
{
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> kept{std::tmpfile(), &std::fclose};
    const int to = kept ? ::fcntl(::fileno(kept.get()), F_DUPFD_CLOEXEC, 0) : -1;
    if (to < 0)
        throw std::invalid_argument{std::string{"no temporary file can be made for the jobs: "} + std::strerror(errno) +
                                    "; name the jobs file instead of a pipe"};
    buffer_ = std::make_unique<buffer>(to);
    content_hash hash;
    std::vector<char> bytes(block);
    for (;;) {
        if (!keep_going()) {
            all_read_ = false;
            break;
        }
        pollfd ready{from, POLLIN, 0};
        // A signal interrupts this, too, and standard input may block in the call after it.
        if (::poll(&ready, 1, ask_every_ms) <= 0) continue;
        const ssize_t n = ::read(from, bytes.data(), bytes.size());
        if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
        if (n < 0) refuse(name, errno);
        if (n == 0) break;
        hash.add(bytes.data(), static_cast<std::size_t>(n));
        write_all(to, bytes.data(), static_cast<std::size_t>(n));
    }
    ::lseek(to, 0, SEEK_SET);
    label_ = (name.empty() ? "standard input, content " : "a pipe, content ") + hash.text();
}

}  // namespace unipile::program
