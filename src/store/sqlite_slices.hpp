// Reading many rows a slice at a time, with no transaction between slices.
#pragma once

#include "store/sqlite_connection.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace unipile::store {

/// One consistent state for all statements of a call.
class snapshot {
public:
    explicit snapshot(connection& db) : db_(db) { db_.run("BEGIN"); }
    snapshot(const snapshot&) = delete;
    snapshot& operator=(const snapshot&) = delete;
    ~snapshot() { sqlite3_exec(db_.get(), "ROLLBACK", nullptr, nullptr, nullptr); }

private:
    connection& db_;
};

/// Bytes of rows that are read at a time.
inline constexpr std::size_t slice_bytes = 1024 * 1024;
inline constexpr std::size_t slice_rows = 4096;

/// A slice of rows, which own their text. The memory is reused for the next slice.
template <class Row>
class slice {
public:
    bool full() const noexcept { return used_ >= slice_rows || bytes_ >= slice_bytes; }
    Row& next(std::size_t bytes)
    {
        bytes_ += bytes;
        if (used_ == rows_.size()) rows_.emplace_back();
        return rows_[used_++];
    }
    void clear() noexcept { used_ = bytes_ = 0; }
    std::span<const Row> rows() const noexcept { return {rows_.data(), used_}; }

private:
    std::vector<Row> rows_;
    std::size_t used_ = 0, bytes_ = 0;
};

/// Calls `read(statement, slice)` for the rows of `find`, which returns those behind the last rows that were bound, and
/// then `visit` for each, while no transaction is open.
template <class Row, class Begin, class Read, class Visit>
std::uint64_t in_slices(connection& db, statement& find, Begin begin, Read read, Visit visit)
{
    slice<Row> rows;
    std::uint64_t n = 0;
    for (bool more = true; more;) {
        rows.clear();
        {
            const snapshot one_state(db);
            const running scope(find);
            begin();
            more = false;
            while (find.step()) {
                read(rows);
                more = rows.full();
                if (more) break;
            }
        }
        for (const Row& row : rows.rows()) {
            ++n;
            if (!visit(row)) return n;
        }
    }
    return n;
}

/// A temporary table, in a file of its own.
class temporary_table {
public:
    temporary_table(connection& db, std::string name) : db_(db), name_(std::move(name)) {}
    temporary_table(const temporary_table&) = delete;
    temporary_table& operator=(const temporary_table&) = delete;
    ~temporary_table()
    {
        if (!name_.empty()) sqlite3_exec(db_.get(), ("DROP TABLE " + name_).c_str(), nullptr, nullptr, nullptr);
    }

private:
    connection& db_;
    std::string name_;
};

}  // namespace unipile::store
