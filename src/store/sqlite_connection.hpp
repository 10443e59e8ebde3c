// SQLite with exceptions: connections and prepared statements.
#pragma once

#include <unipile/store/error.hpp>
#include <unipile/store/timeline.hpp>

#include <sqlite3.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace unipile::store {

/// One open database. Every member throws `store_error` if SQLite fails.
class connection {
public:
    enum class open_mode {
        unchanging,  ///< reads the file alone, as if it never changed; see `still_file`
        read_only,
        read_write,
        create
    };

    /// `shown`: the name for messages, of a temporary file that gets this name later; empty: `file`.
    connection(const std::string& file, open_mode mode, const std::string& vfs, const std::string& shown = {});

    /// Waits for locks of other processes for at most that long each time, while `go_on` returns true; see
    /// `sqlite_options::while_locked`. The default is not to wait.
    void wait_for_locks(std::chrono::milliseconds most, std::function<bool(std::chrono::milliseconds)> go_on);

    sqlite3* get() const noexcept { return db_.get(); }
    const std::string& file() const noexcept { return file_; }

    /// Runs statements without results.
    void run(const char* sql);
    /// Returns the number that a statement, such as a pragma, has as its result.
    std::int64_t number(const char* sql);
    std::string text(const char* sql);
    std::int64_t changes() const noexcept { return sqlite3_changes64(get()); }
    std::int64_t last_rowid() const noexcept { return sqlite3_last_insert_rowid(get()); }

    /// Throws if the file is no longer where it was opened, since writes to it would be lost.
    void refuse_if_moved() const;

    [[noreturn]] void fail(int code) const;

private:
    struct patience {
        std::chrono::milliseconds most{};
        std::function<bool(std::chrono::milliseconds)> go_on;
        std::chrono::steady_clock::time_point began;
    };
    static int wait_again(void* context, int waits) noexcept;
    struct closer {
        void operator()(sqlite3* db) const noexcept { sqlite3_close_v2(db); }
    };
    std::string file_;
    std::unique_ptr<patience> patience_;  // SQLite has its address
    std::unique_ptr<sqlite3, closer> db_;
};

/// Returns the bytes of the write-ahead log beside a store's file; 0 if there is none.
std::uint64_t log_size(const std::string& file);

/// A prepared statement. Numbering is SQLite's: parameters from 1, columns from 0.
class statement {
public:
    statement(connection& db, std::string_view sql);

    statement& bind(int at, std::int64_t v);
    statement& bind(int at,
                    std::string_view v);  ///< as text; copied when the statement runs, so it must live until then
    statement& bind_blob(int at, const void* data, std::size_t size);
    statement& bind_null(int at);
    statement& bind(int at, std::optional<wall_time> t);

    /// Returns the number of a named parameter.
    int parameter(const char* name) const noexcept { return sqlite3_bind_parameter_index(get(), name); }

    /// Returns true if there is a row; false at the end, when the statement can be run again.
    bool step();
    /// Runs it to its end.
    void run();
    /// Ends it early.
    void reset() noexcept { sqlite3_reset(get()); }

    std::int64_t integer(int column) const noexcept { return sqlite3_column_int64(get(), column); }
    std::string_view text(int column) const noexcept;
    std::string string(int column) const { return std::string(text(column)); }
    bool null(int column) const noexcept { return sqlite3_column_type(get(), column) == SQLITE_NULL; }
    std::optional<wall_time> time(int column) const noexcept;
    wall_time time_or_zero(int column) const noexcept { return wall_time(std::chrono::milliseconds(integer(column))); }

private:
    sqlite3_stmt* get() const noexcept { return statement_.get(); }
    void check(int code) const;

    struct finalizer {
        void operator()(sqlite3_stmt* s) const noexcept { sqlite3_finalize(s); }
    };
    connection* db_;
    std::unique_ptr<sqlite3_stmt, finalizer> statement_;
};

/// Ends a statement's run at the end of the scope, so that it holds no lock.
class running {
public:
    explicit running(statement& s) noexcept : statement_(s) {}
    running(const running&) = delete;
    running& operator=(const running&) = delete;
    ~running() { statement_.reset(); }

private:
    statement& statement_;
};

}  // namespace unipile::store
