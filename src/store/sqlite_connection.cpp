#include "store/sqlite_connection.hpp"

#include "store/owner_lock.hpp"
#include "store/system_error.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <thread>
#include <utility>

namespace unipile::store {

namespace {

// The system's error of a failed write. SQLite stores one for each of its files; the log's is the most likely one.
bool disk_is_full(sqlite3* db) noexcept
{
    auto is_full = [](int error) { return error == EFBIG || error == EDQUOT || error == ENOSPC; };
    if (is_full(sqlite3_system_errno(db))) return true;
    int error = 0;
    sqlite3_file_control(db, "main", SQLITE_FCNTL_LAST_ERRNO, &error);
    if (is_full(error)) return true;
    sqlite3_file* log = nullptr;
    sqlite3_file_control(db, "main", SQLITE_FCNTL_JOURNAL_POINTER, static_cast<void*>(&log));
    error = 0;
    if (log && log->pMethods) log->pMethods->xFileControl(log, SQLITE_FCNTL_LAST_ERRNO, &error);
    return is_full(error);
}

store_errc meaning_of_sqlite(int code, sqlite3* db) noexcept
{
    if (code == SQLITE_IOERR_NOMEM) return store_errc::out_of_memory;
    switch (code & 0xff) {
        case SQLITE_FULL:
        case SQLITE_NOLFS: return store_errc::disk_full;
        case SQLITE_READONLY: return store_errc::read_only;
        case SQLITE_IOERR:
            // Quotas and limits on the size of files; SQLite itself only knows a full disk.
            if ((code == SQLITE_IOERR_WRITE || code == SQLITE_IOERR_SHMSIZE) && disk_is_full(db))
                return store_errc::disk_full;
            if (sqlite3_system_errno(db) == EROFS) return store_errc::read_only;
            return store_errc::io_error;
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
        case SQLITE_PROTOCOL: return store_errc::locked;
        case SQLITE_CORRUPT: return store_errc::corrupt;
        case SQLITE_NOTADB: return store_errc::not_a_store;
        case SQLITE_CANTOPEN:
            if (store::meaning_of(sqlite3_system_errno(db)) == store_errc::no_descriptors)
                return store_errc::no_descriptors;
            return store_errc::cannot_open;
        case SQLITE_PERM:
        case SQLITE_AUTH: return store_errc::cannot_open;
        case SQLITE_NOMEM: return store_errc::out_of_memory;
        case SQLITE_TOOBIG: return store_errc::too_large;
        case SQLITE_INTERRUPT:
        case SQLITE_ABORT: return store_errc::interrupted;
        default: return store_errc::engine;
    }
}

/// SQLite takes some names for a database in memory, which is lost at the end, and any device for a file.
void refuse_what_is_no_file(const std::string& file)
{
    if (file.empty() || file.front() == ':')
        throw store_error(store_errc::cannot_open, file, "a name may not be empty, or begin with a colon");
    std::error_code error;
    const auto type = std::filesystem::status(file, error).type();
    if (type == std::filesystem::file_type::directory)
        throw store_error(store_errc::cannot_open, file, "it is a folder");
    if (std::filesystem::exists(std::filesystem::file_status{type}) && type != std::filesystem::file_type::regular)
        throw store_error(store_errc::cannot_open, file, "it is no regular file");
    // Its log and its locks have the file's name, so a process that uses another link would not find them.
    if (const auto links = std::filesystem::hard_link_count(file, error); !error && links > 1)
        throw store_error(store_errc::cannot_open, file,
                          "it has " + std::to_string(links) +
                              " names (hard links), and a store must have only one: remove the others, or use a copy");
}

/// SQLite gives its own files the permissions of this file.
void make_for_owner(const std::string& file) noexcept
{
    // An existing file must not even be opened: closing it would release this process's locks on it.
    const int made = ::open(file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (made >= 0) ::close(made);
}

std::string unchanging_uri(const std::string& file)
{
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string uri = "file:";
    for (const char c : std::filesystem::weakly_canonical(file).string()) {
        const auto u = static_cast<unsigned char>(c);
        if (u > ' ' && u < 0x7f && c != '%' && c != '?' && c != '#')
            uri += c;
        else
            (uri += '%') += {digits[u >> 4], digits[u & 15]};
    }
    return uri + "?immutable=1";
}

}  // namespace

connection::connection(const std::string& file, open_mode mode, const std::string& vfs, const std::string& shown)
    : file_(shown.empty() ? file : shown)
{
    refuse_what_is_no_file(file);
    std::error_code ignored;
    if (mode != open_mode::create && !std::filesystem::exists(file, ignored))
        throw store_error(store_errc::cannot_open, file, "there is no such file");
    if (mode == open_mode::create) make_for_owner(file);
    int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    const bool reads = mode == open_mode::read_only || mode == open_mode::unchanging;
    flags |= reads ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
    if (mode == open_mode::create) flags |= SQLITE_OPEN_CREATE;
    if (mode == open_mode::unchanging) flags |= SQLITE_OPEN_URI;
    const std::string name = mode == open_mode::unchanging ? unchanging_uri(file) : file;
    sqlite3* db = nullptr;
    const int code = sqlite3_open_v2(name.c_str(), &db, flags, vfs.empty() ? nullptr : vfs.c_str());
    db_.reset(db);
    if (!db) throw store_error(store_errc::out_of_memory, file_);
    if (code != SQLITE_OK) fail(code);
}

void connection::wait_for_locks(std::chrono::milliseconds most, std::function<bool(std::chrono::milliseconds)> go_on)
{
    auto next = std::make_unique<patience>(patience{most, std::move(go_on), {}});
    sqlite3_busy_handler(get(), wait_again, next.get());
    patience_ = std::move(next);
}

int connection::wait_again(void* context, int waits) noexcept
{
    using std::chrono::milliseconds;
    auto& p = *static_cast<patience*>(context);
    const auto now = std::chrono::steady_clock::now();
    if (waits == 0) p.began = now;
    const auto waited = std::chrono::duration_cast<milliseconds>(now - p.began);
    try {
        if (p.go_on && !p.go_on(waited)) return 0;
    } catch (...) {
        return 0;
    }
    if (waited >= p.most) return 0;
    // Most locks last for milliseconds.
    std::this_thread::sleep_for(std::min(milliseconds(1 << std::min(waits, 7)), p.most - waited));
    return 1;
}

std::uint64_t log_size(const std::string& file)
{
    std::error_code none;
    const auto size = std::filesystem::file_size(real_name(file) + "-wal", none);
    return none ? 0 : size;
}

void connection::fail(int code) const
{
    // Some calls, such as those of a backup, set no error of the connection.
    const bool is_known = sqlite3_extended_errcode(get()) != SQLITE_OK;
    const int number = is_known ? sqlite3_extended_errcode(get()) : code;
    // SQLite's text is added only where ours is incomplete: it may contain names, but no values.
    const char* const detail = is_known ? sqlite3_errmsg(get()) : sqlite3_errstr(code);
    throw store_error(meaning_of_sqlite(number, get()), file_, detail, number);
}

void connection::refuse_if_moved() const
{
    int moved = 0;
    sqlite3_file_control(get(), "main", SQLITE_FCNTL_HAS_MOVED, &moved);
    if (moved != 0) throw store_error(store_errc::cannot_open, file_, "it was moved or deleted while it was in use");
}

void connection::run(const char* sql)
{
    const int code = sqlite3_exec(get(), sql, nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) fail(code);
}

std::int64_t connection::number(const char* sql)
{
    statement s(*this, sql);
    return s.step() ? s.integer(0) : 0;
}

std::string connection::text(const char* sql)
{
    statement s(*this, sql);
    return s.step() ? s.string(0) : std::string();
}

statement::statement(connection& db, std::string_view sql) : db_(&db)
{
    sqlite3_stmt* s = nullptr;
    const int code =
        sqlite3_prepare_v3(db.get(), sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT, &s, nullptr);
    statement_.reset(s);
    if (code != SQLITE_OK) db.fail(code);
}

void statement::check(int code) const
{
    if (code != SQLITE_OK) db_->fail(code);
}

statement& statement::bind(int at, std::int64_t v)
{
    check(sqlite3_bind_int64(get(), at, v));
    return *this;
}

statement& statement::bind(int at, std::string_view v)
{
    // A null pointer would bind NULL.
    check(sqlite3_bind_text64(get(), at, v.data() ? v.data() : "", v.size(), SQLITE_STATIC, SQLITE_UTF8));
    return *this;
}

statement& statement::bind_blob(int at, const void* data, std::size_t size)
{
    check(size == 0 ? sqlite3_bind_zeroblob(get(), at, 0) : sqlite3_bind_blob64(get(), at, data, size, SQLITE_STATIC));
    return *this;
}

statement& statement::bind_null(int at)
{
    check(sqlite3_bind_null(get(), at));
    return *this;
}

statement& statement::bind(int at, std::optional<wall_time> t)
{
    return t ? bind(at, std::int64_t{t->time_since_epoch().count()}) : bind_null(at);
}

bool statement::step()
{
    const int code = sqlite3_step(get());
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) {
        sqlite3_reset(get());
        return false;
    }
    try {
        db_->fail(code);
    } catch (...) {
        sqlite3_reset(get());
        throw;
    }
}

void statement::run()
{
    while (step()) {
    }
}

std::string_view statement::text(int column) const noexcept
{
    const auto* data = static_cast<const char*>(sqlite3_column_blob(get(), column));
    return {data, static_cast<std::size_t>(sqlite3_column_bytes(get(), column))};
}

std::optional<wall_time> statement::time(int column) const noexcept
{
    if (null(column)) return std::nullopt;
    return time_or_zero(column);
}

}  // namespace unipile::store
