#include "store/owner_lock.hpp"

#include "store/system_error.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace unipile::store {

namespace {

/// An open-file-description lock on byte 0. Unlike flock(), it can be queried without being acquired.
struct flock first_byte(short type) noexcept
{
    struct flock lock = {};
    lock.l_type = type;
    lock.l_whence = SEEK_SET;
    lock.l_len = 1;
    return lock;
}

/// A user who may read the store may read whether a harvest uses it.
int open_lock(const std::string& name, const std::string& store) noexcept
{
    const int there = ::open(name.c_str(), O_RDWR | O_CLOEXEC);
    if (there >= 0 || errno != ENOENT) return there;
    const int made = ::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    struct stat found = {};
    if (made >= 0 && ::stat(store.c_str(), &found) == 0) (void)::fchmod(made, found.st_mode & 0666);
    return made;
}

}  // namespace

std::string real_name(const std::string& file)
{
    std::error_code ignored;
    const auto real = std::filesystem::weakly_canonical(file, ignored);
    return real.empty() ? file : real.string();
}

std::string owner_lock::file_for(const std::string& store) { return real_name(store) + ".lock"; }

owner_lock::owner_lock(const std::string& file) : name_(file_for(file)), descriptor_(open_lock(name_, file))
{
    if (descriptor_ < 0) {
        const int error = errno;
        throw store_error(meaning_of(error), name_, std::strerror(error), 0);
    }
    struct flock sign = first_byte(F_RDLCK);
    if (::flock(descriptor_, LOCK_EX | LOCK_NB) == 0 && ::fcntl(descriptor_, F_OFD_SETLK, &sign) == 0) return;
    const int error = errno;
    ::close(descriptor_);
    if (error == EWOULDBLOCK || error == EINTR) throw store_error(store_errc::in_use, file);
    throw store_error(meaning_of(error), name_, std::strerror(error), 0);
}

void owner_lock::refuse_if_moved() const
{
    struct stat mine = {}, there = {};
    if (::fstat(descriptor_, &mine) == 0 && ::stat(name_.c_str(), &there) == 0 && mine.st_dev == there.st_dev &&
        mine.st_ino == there.st_ino)
        return;
    throw store_error(store_errc::cannot_open, name_,
                      "it was moved or deleted during a harvest, and another one may have started since");
}

owner_lock::~owner_lock() { ::close(descriptor_); }

std::optional<bool> owner_lock::is_held(const std::string& file)
{
    const int descriptor = ::open(file_for(file).c_str(), O_RDONLY | O_CLOEXEC);
    // The lock file was made by its first holder.
    if (descriptor < 0) return errno == ENOENT ? std::optional(false) : std::nullopt;
    struct flock found = first_byte(F_WRLCK);
    const bool known = ::fcntl(descriptor, F_OFD_GETLK, &found) == 0;
    ::close(descriptor);
    return known ? std::optional(found.l_type != F_UNLCK) : std::nullopt;
}

}  // namespace unipile::store
