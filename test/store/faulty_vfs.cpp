#include "faulty_vfs.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <new>

namespace unipile::store::test {

namespace {

// One of SQLite's files; the real one lies right behind it in the same memory.
struct shim_file {
    sqlite3_file base;
    std::string* name;
    sqlite3_file* real;
};

shim_file* self(sqlite3_file* f) { return reinterpret_cast<shim_file*>(f); }
sqlite3_file* real(sqlite3_file* f) { return self(f)->real; }
faulty_disk& disk() { return faulty_disk::instance(); }
sqlite3_vfs* real_vfs() { return static_cast<sqlite3_vfs*>(sqlite3_vfs_find("faulty")->pAppData); }

using operation = faulty_disk::operation;

int shim_close(sqlite3_file* f)
{
    const int code = real(f)->pMethods ? real(f)->pMethods->xClose(real(f)) : SQLITE_OK;
    delete self(f)->name;
    self(f)->name = nullptr;
    return code;
}

int shim_read(sqlite3_file* f, void* to, int n, sqlite3_int64 at)
{
    if (int code = disk().before(operation::read)) return code;
    return real(f)->pMethods->xRead(real(f), to, n, at);
}

std::vector<char> content(sqlite3_file* f, std::int64_t at, std::int64_t n)
{
    std::vector<char> bytes(static_cast<std::size_t>(n));
    if (n > 0) real(f)->pMethods->xRead(real(f), bytes.data(), static_cast<int>(n), at);
    return bytes;
}

std::int64_t size_of(sqlite3_file* f)
{
    sqlite3_int64 size = 0;
    real(f)->pMethods->xFileSize(real(f), &size);
    return size;
}

int shim_write(sqlite3_file* f, const void* from, int n, sqlite3_int64 at)
{
    if (int code = disk().before(operation::write)) return code;
    if (disk().off()) return SQLITE_OK;
    const std::int64_t size = size_of(f);
    disk().wrote(*self(f)->name, at, content(f, at, std::clamp<std::int64_t>(size - at, 0, n)), size);
    return real(f)->pMethods->xWrite(real(f), from, n, at);
}

int shim_truncate(sqlite3_file* f, sqlite3_int64 size)
{
    if (int code = disk().before(operation::truncate)) return code;
    if (disk().off()) return SQLITE_OK;
    const std::int64_t old_size = size_of(f);
    if (size < old_size) disk().truncated(*self(f)->name, content(f, size, old_size - size), old_size);
    return real(f)->pMethods->xTruncate(real(f), size);
}

int shim_sync(sqlite3_file* f, int flags)
{
    if (int code = disk().before(operation::sync)) return code;
    if (disk().off()) return SQLITE_OK;
    const int code = real(f)->pMethods->xSync(real(f), flags);
    if (code == SQLITE_OK) disk().synced(*self(f)->name);
    return code;
}

int shim_file_size(sqlite3_file* f, sqlite3_int64* size) { return real(f)->pMethods->xFileSize(real(f), size); }

int shim_lock(sqlite3_file* f, int level)
{
    if (int code = disk().before(operation::lock)) return code;
    return real(f)->pMethods->xLock(real(f), level);
}

int shim_unlock(sqlite3_file* f, int level) { return real(f)->pMethods->xUnlock(real(f), level); }

int shim_check_reserved_lock(sqlite3_file* f, int* out) { return real(f)->pMethods->xCheckReservedLock(real(f), out); }

int shim_file_control(sqlite3_file* f, int op, void* arg) { return real(f)->pMethods->xFileControl(real(f), op, arg); }

int shim_sector_size(sqlite3_file* f) { return real(f)->pMethods->xSectorSize(real(f)); }

// No promise that a write can't be torn.
int shim_characteristics(sqlite3_file*) { return 0; }

int shim_shm_map(sqlite3_file* f, int page, int size, int extend, void volatile** out)
{
    if (int code = disk().before(operation::shm)) return code;
    return real(f)->pMethods->xShmMap(real(f), page, size, extend, out);
}

int shim_shm_lock(sqlite3_file* f, int offset, int n, int flags)
{
    return real(f)->pMethods->xShmLock(real(f), offset, n, flags);
}

void shim_shm_barrier(sqlite3_file* f) { real(f)->pMethods->xShmBarrier(real(f)); }

int shim_shm_unmap(sqlite3_file* f, int remove) { return real(f)->pMethods->xShmUnmap(real(f), remove); }

const sqlite3_io_methods shim_methods = {2,
                                         shim_close,
                                         shim_read,
                                         shim_write,
                                         shim_truncate,
                                         shim_sync,
                                         shim_file_size,
                                         shim_lock,
                                         shim_unlock,
                                         shim_check_reserved_lock,
                                         shim_file_control,
                                         shim_sector_size,
                                         shim_characteristics,
                                         shim_shm_map,
                                         shim_shm_lock,
                                         shim_shm_barrier,
                                         shim_shm_unmap,
                                         nullptr,
                                         nullptr};

int shim_open(sqlite3_vfs*, const char* name, sqlite3_file* f, int flags, int* out_flags)
{
    f->pMethods = nullptr;
    if (int code = disk().before(operation::open)) return code;
    self(f)->real = reinterpret_cast<sqlite3_file*>(self(f) + 1);
    const int code = real_vfs()->xOpen(real_vfs(), name, real(f), flags, out_flags);
    if (code != SQLITE_OK) return code;
    self(f)->name = new std::string(name ? name : "");
    f->pMethods = &shim_methods;
    return SQLITE_OK;
}

int shim_delete(sqlite3_vfs*, const char* name, int sync_folder)
{
    if (int code = disk().before(operation::remove)) return code;
    if (disk().off()) return SQLITE_OK;
    return real_vfs()->xDelete(real_vfs(), name, sync_folder);
}

int shim_access(sqlite3_vfs*, const char* name, int flags, int* out)
{
    if (int code = disk().before(operation::access)) return code;
    return real_vfs()->xAccess(real_vfs(), name, flags, out);
}

}  // namespace

faulty_disk& faulty_disk::instance()
{
    static faulty_disk one;
    return one;
}

const char* faulty_disk::vfs()
{
    static sqlite3_vfs shim;
    if (!sqlite3_vfs_find("faulty")) {
        sqlite3_vfs* usual = sqlite3_vfs_find(nullptr);
        shim = *usual;
        shim.pNext = nullptr;
        shim.zName = "faulty";
        shim.pAppData = usual;
        shim.szOsFile = static_cast<int>(sizeof(shim_file)) + usual->szOsFile;
        shim.xOpen = shim_open;
        shim.xDelete = shim_delete;
        shim.xAccess = shim_access;
        sqlite3_vfs_register(&shim, 0);
    }
    return "faulty";
}

void faulty_disk::reset() { *this = faulty_disk(); }

void faulty_disk::fail_at(std::uint64_t k, int code, bool stays)
{
    fail_at_ = k;
    code_ = code;
    stays_ = stays;
}

int faulty_disk::before(operation o)
{
    if (!counted_.empty() && std::find(counted_.begin(), counted_.end(), o) == counted_.end()) return SQLITE_OK;
    ++done_;
    if (power_off_at_ != 0 && done_ >= power_off_at_) off_ = true;
    if (fail_at_ == 0 || done_ < fail_at_ || (failed_ && !stays_)) return SQLITE_OK;
    failed_ = true;
    return code_;
}

void faulty_disk::wrote(const std::string& file, std::int64_t at, std::vector<char> old, std::int64_t old_size)
{
    // Only where power may go is it worth remembering.
    if (power_off_at_ != 0) unsynced_.push_back({file, at, std::move(old), old_size, false});
}

void faulty_disk::truncated(const std::string& file, std::vector<char> tail, std::int64_t old_size)
{
    if (power_off_at_ == 0) return;
    const auto at = old_size - static_cast<std::int64_t>(tail.size());
    unsynced_.push_back({file, at, std::move(tail), old_size, true});
}

void faulty_disk::synced(const std::string& file)
{
    std::erase_if(unsynced_, [&](const change& c) { return c.file == file; });
}

// A write that never reached the disk leaves the old bytes, and, behind the old end, zeros. Writes may be lost one by
// one, whatever their order was.
void faulty_disk::lose_unsynced(std::mt19937_64& random)
{
    for (auto it = unsynced_.rbegin(); it != unsynced_.rend(); ++it) {
        if (random() % 2 == 0 || !std::filesystem::exists(it->file)) continue;
        const auto size = static_cast<std::int64_t>(std::filesystem::file_size(it->file));
        if (!it->cut && it->at >= size) continue;
        std::fstream f(it->file, std::ios::in | std::ios::out | std::ios::binary);
        f.seekp(it->at);
        f.write(it->old.data(), static_cast<std::streamsize>(it->old.size()));
    }
    unsynced_.clear();
}

}  // namespace unipile::store::test
