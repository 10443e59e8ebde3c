// A copy of a store that is in use.
#include "store/sqlite_open.hpp"
#include "store/system_error.hpp"

#include <unipile/store/sqlite.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

namespace unipile::store {

namespace {

constexpr int pages_at_once = 32;

[[noreturn]] void fail(const std::string& file, int error)
{
    if (error == EEXIST) throw store_error(store_errc::already_there, file);
    throw store_error(meaning_of(error), file, std::strerror(error));
}

// `shown`: the name for messages.
void synchronise(const std::string& name, int flags, const std::string& shown)
{
    const int descriptor = ::open(name.c_str(), flags | O_CLOEXEC);
    if (descriptor < 0) fail(shown, errno);
    const int error = ::fsync(descriptor) == 0 ? 0 : errno;
    ::close(descriptor);
    // Some file systems do not synchronise folders.
    if (error != 0 && (flags & O_DIRECTORY) == 0) fail(shown, error);
}

// A temporary file that becomes the final one, or is removed.
class file_in_work {
public:
    explicit file_in_work(const std::string& wanted) : wanted_(wanted), name_(wanted + ".XXXXXX")
    {
        struct stat found = {};
        if (::lstat(wanted.c_str(), &found) == 0) fail(wanted, EEXIST);
        const int made = ::mkostemp(name_.data(), O_CLOEXEC);
        if (made < 0) fail(wanted, errno);
        ::close(made);
    }
    file_in_work(const file_in_work&) = delete;
    file_in_work& operator=(const file_in_work&) = delete;
    ~file_in_work()
    {
        for (const char* beside : {"-journal", "-wal", "-shm", ""}) ::unlink((name_ + beside).c_str());
    }

    const std::string& name() const noexcept { return name_; }

    // Gives it the final name, unless a file of that name exists meanwhile.
    void appear()
    {
        synchronise(name_, O_RDONLY, wanted_);
        if (::link(name_.c_str(), wanted_.c_str()) != 0) {
            if (errno == EEXIST) fail(wanted_, EEXIST);
            // A file system without links.
            struct stat found = {};
            if (::lstat(wanted_.c_str(), &found) == 0) fail(wanted_, EEXIST);
            if (::rename(name_.c_str(), wanted_.c_str()) != 0) fail(wanted_, errno);
        }
        ::unlink(name_.c_str());
        const auto folder = std::filesystem::path(wanted_).parent_path().string();
        synchronise(folder.empty() ? "." : folder, O_RDONLY | O_DIRECTORY, wanted_);
    }

private:
    std::string wanted_, name_;
};

// Ends SQLite's work on the database when `go_on` returns false; asked after some milliseconds of it each.
class stoppable {
public:
    stoppable(connection& db, std::function<bool()> go_on) : db_(db.get()), go_on_(std::move(go_on))
    {
        constexpr int instructions = 100'000;
        if (go_on_) sqlite3_progress_handler(db_, instructions, &stop, this);
    }
    ~stoppable() { sqlite3_progress_handler(db_, 0, nullptr, nullptr); }
    stoppable(const stoppable&) = delete;
    stoppable& operator=(const stoppable&) = delete;

private:
    static int stop(void* self) { return static_cast<stoppable*>(self)->go_on_() ? 0 : 1; }

    sqlite3* db_;
    std::function<bool()> go_on_;
};

class page_copy {
public:
    page_copy(connection& from, connection& to)
        : from_(from), to_(to), backup_(sqlite3_backup_init(to.get(), "main", from.get(), "main"))
    {
        if (!backup_) to.fail(SQLITE_ERROR);
    }
    page_copy(const page_copy&) = delete;
    page_copy& operator=(const page_copy&) = delete;
    ~page_copy() { sqlite3_backup_finish(backup_); }

    // Returns false when the copy is complete.
    bool step()
    {
        const int code = sqlite3_backup_step(backup_, pages_at_once);
        if (code == SQLITE_OK) return true;
        if (code == SQLITE_DONE) return false;
        // No other process uses the file that is written.
        ((code & 0xff) == SQLITE_BUSY || (code & 0xff) == SQLITE_LOCKED ? from_ : to_).fail(code);
    }
    backup_progress progress() const noexcept
    {
        const int all = sqlite3_backup_pagecount(backup_);
        const int left = sqlite3_backup_remaining(backup_);
        return {static_cast<std::uint64_t>(all - left), static_cast<std::uint64_t>(all)};
    }

private:
    connection& from_;
    connection& to_;
    sqlite3_backup* backup_;
};

void copy(connection& from, connection& to, const std::function<bool(const backup_progress&)>& progress)
{
    // If another transaction began here, SQLite would have to repeat pages that changed meanwhile.
    from.run("BEGIN");
    (void)from.number("SELECT count(*) FROM sqlite_schema");
    // The file is useless before it is complete, with or without a journal.
    to.run("PRAGMA journal_mode = OFF");
    page_copy pages(from, to);
    bool more = true;
    while (more) {
        more = pages.step();
        if (progress && !progress(pages.progress()))
            throw store_error(store_errc::interrupted, to.file(), "the backup was cancelled");
    }
}

// Throws if a copy is damaged, which is the store's damage then.
void check(connection& copied, const std::string& from, const std::function<bool(const backup_progress&)>& progress)
{
    std::function<bool()> go_on;
    const auto pages = static_cast<std::uint64_t>(copied.number("PRAGMA page_count"));
    if (progress) go_on = [&progress, pages] { return progress({pages, pages}); };
    const stoppable scope(copied, std::move(go_on));
    const std::string found = copied.text("PRAGMA quick_check(1)");
    if (found == "ok") return;
    // Some findings have a heading.
    throw store_error(store_errc::corrupt, from, "quick_check: " + found.substr(found.rfind('\n') + 1));
}

}  // namespace

void backup_sqlite(const std::string& from, const std::string& to,
                   const std::function<bool(const backup_progress&)>& progress, const sqlite_options& options)
{
    readable source = open_to_read(from, options);
    file_in_work made(to);
    {
        connection target(made.name(), connection::open_mode::read_write, options.vfs, to);
        copy(source.db, target, progress);
    }
    {
        connection copied(made.name(), connection::open_mode::unchanging, options.vfs, to);
        check(copied, from, progress);
    }
    if (source.still) source.still->check();
    made.appear();
}

}  // namespace unipile::store
