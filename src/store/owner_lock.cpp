#include "store/owner_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace unipile::store {

namespace {

store_errc meaning_of(int error) noexcept
{
    switch (error) {
        case EROFS:
        case EACCES:
        case EPERM: return store_errc::read_only;
        case ENOSPC:
        case EDQUOT: return store_errc::disk_full;
        case EIO: return store_errc::io_error;
        case ENOLCK:
        case ENOSYS:
        case EOPNOTSUPP: return store_errc::unsupported;
        default: return store_errc::cannot_open;
    }
}

/// Its first byte, as a lock of the open file: that is what can be looked at without being taken.
struct flock first_byte(short type) noexcept
{
    struct flock lock = {};
    lock.l_type = type;
    lock.l_whence = SEEK_SET;
    lock.l_len = 1;
    return lock;
}

}  // namespace

std::string real_name(const std::string& file)
{
    std::error_code ignored;
    const auto real = std::filesystem::weakly_canonical(file, ignored);
    return real.empty() ? file : real.string();
}

std::string owner_lock::file_for(const std::string& store) { return real_name(store) + ".lock"; }

owner_lock::owner_lock(const std::string& file, access wanted)
{
    if (wanted == access::control) return;
    const std::string name = file_for(file);
    descriptor_ = ::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (descriptor_ < 0) {
        const int error = errno;
        throw store_error(meaning_of(error), name, std::strerror(error), 0);
    }
    struct flock sign = first_byte(F_RDLCK);
    if (::flock(descriptor_, (wanted == access::sole ? LOCK_EX : LOCK_SH) | LOCK_NB) == 0 &&
        ::fcntl(descriptor_, F_OFD_SETLK, &sign) == 0)
        return;
    const int error = errno;
    ::close(descriptor_);
    if (error == EWOULDBLOCK || error == EINTR) throw store_error(store_errc::in_use, file);
    throw store_error(meaning_of(error), name, std::strerror(error), 0);
}

owner_lock::~owner_lock()
{
    if (descriptor_ >= 0) ::close(descriptor_);
}

std::optional<bool> owner_lock::is_held(const std::string& file)
{
    const int descriptor = ::open(file_for(file).c_str(), O_RDONLY | O_CLOEXEC);
    // Whoever holds it has made it.
    if (descriptor < 0) return errno == ENOENT ? std::optional(false) : std::nullopt;
    struct flock found = first_byte(F_WRLCK);
    const bool known = ::fcntl(descriptor, F_OFD_GETLK, &found) == 0;
    ::close(descriptor);
    return known ? std::optional(found.l_type != F_UNLCK) : std::nullopt;
}

}  // namespace unipile::store
