// A disk that fails on demand: an SQLite VFS in front of the real one.
#pragma once

#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <vector>

namespace unipile::store::test {

/// What the disk does. One for the process, since SQLite wants it so; `reset()` before each use.
class faulty_disk {
public:
    enum class operation { open, read, write, sync, truncate, remove, access, lock, shm };

    static faulty_disk& instance();

    /// Name of the VFS, for `sqlite_options::vfs`. Registers it at the first call.
    static const char* vfs();

    void reset();

    /// The `k`th operation of those that count fails with `code`, and, if `stays`, all that follow.
    void fail_at(std::uint64_t k, int code, bool stays);
    /// Which operations count; all of them by default.
    void only(std::vector<operation> counted) { counted_ = std::move(counted); }
    /// Operations that counted so far.
    std::uint64_t operations() const noexcept { return done_; }
    bool has_failed() const noexcept { return failed_; }

    /// From the `k`th operation on nothing reaches the disk any more, as if the power had gone.
    void power_off_at(std::uint64_t k) { power_off_at_ = k; }
    bool off() const noexcept { return off_; }
    /// What was not synchronised may or may not have reached the disk: takes back some of it, in the files themselves.
    /// Call when all is closed.
    void lose_unsynced(std::mt19937_64& random);

    // For the VFS.
    int before(operation o);
    void wrote(const std::string& file, std::int64_t at, std::vector<char> old, std::int64_t old_size);
    void synced(const std::string& file);
    void truncated(const std::string& file, std::vector<char> tail, std::int64_t old_size);

private:
    // How to take a change back: the bytes that were there, and how long the file was.
    struct change {
        std::string file;
        std::int64_t at = 0;
        std::vector<char> old;
        std::int64_t old_size = 0;
        bool cut = false;
    };
    std::vector<operation> counted_;
    std::uint64_t done_ = 0, fail_at_ = 0, power_off_at_ = 0;
    int code_ = 0;
    bool stays_ = false, failed_ = false, off_ = false;
    std::vector<change> unsynced_;
};

}  // namespace unipile::store::test
