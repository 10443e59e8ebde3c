// The peer of a store: the same columns, unique key, durability and settings in a bare loop of prepared inserts,
// without anything else.
#pragma once

#include "../corpus/stored_posts.hpp"

#include <sqlite3.h>

#include <stdexcept>
#include <string>

namespace benchmark {

class bare_inserts {
public:
    explicit bare_inserts(const std::string& file)
    {
        check(sqlite3_open(file.c_str(), &db_));
        execute(
            "PRAGMA page_size = 32768; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
            "PRAGMA cache_size = -16384; PRAGMA wal_autocheckpoint = 2048; PRAGMA secure_delete = OFF;"
            "CREATE TABLE posts(provider TEXT NOT NULL, id TEXT NOT NULL, account TEXT NOT NULL, identifier "
            "TEXT NOT NULL, published INTEGER, first_seen INTEGER, last_seen INTEGER, json TEXT NOT NULL, "
            "UNIQUE(id, provider))");
        check(sqlite3_prepare_v2(db_, "INSERT INTO posts VALUES(?, ?, ?, ?, ?, ?, ?, ?)", -1, &insert_, nullptr));
    }
    bare_inserts(const bare_inserts&) = delete;
    bare_inserts& operator=(const bare_inserts&) = delete;
    ~bare_inserts()
    {
        sqlite3_finalize(insert_);
        sqlite3_close(db_);
    }

    void begin() { execute("BEGIN"); }
    void commit() { execute("COMMIT"); }
    void insert(const post_text& p)
    {
        sqlite3_bind_text(insert_, 1, "LINKEDIN", 8, SQLITE_STATIC);
        sqlite3_bind_text(insert_, 2, p.id.data(), static_cast<int>(p.id.size()), SQLITE_STATIC);
        sqlite3_bind_text(insert_, 3, "account", 7, SQLITE_STATIC);
        sqlite3_bind_text(insert_, 4, "identifier", 10, SQLITE_STATIC);
        for (const int time : {5, 6, 7}) sqlite3_bind_int64(insert_, time, 1'700'000'000'000);
        sqlite3_bind_text(insert_, 8, p.json.data(), static_cast<int>(p.json.size()), SQLITE_STATIC);
        check(sqlite3_step(insert_));
        sqlite3_reset(insert_);
    }

private:
    void check(int code) const
    {
        if (code != SQLITE_OK && code != SQLITE_DONE) throw std::runtime_error(sqlite3_errmsg(db_));
    }
    void execute(const char* sql) const { check(sqlite3_exec(db_, sql, nullptr, nullptr, nullptr)); }

    sqlite3* db_ = nullptr;
    sqlite3_stmt* insert_ = nullptr;
};

}  // namespace benchmark
