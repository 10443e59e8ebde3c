// A store that a test works with, and what it looks at behind the store's back.
#pragma once

#include "harness.hpp"

#include <boost/test/unit_test.hpp>

#include <sqlite3.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace unipile::store::test {

inline store_errc reason_of(const std::function<void()>& f)
{
    try {
        f();
    } catch (const store_error& e) {
        BOOST_TEST_MESSAGE(e.what());
        BOOST_TEST(std::string(e.what()).find('\n') == std::string::npos);
        return e.reason();
    }
    BOOST_TEST(false, "nothing was thrown");
    return {};
}

// A statement of the test's own, past the store.
inline void sql(const std::string& file, const std::string& statement)
{
    sqlite3* db = nullptr;
    BOOST_REQUIRE(sqlite3_open(file.c_str(), &db) == SQLITE_OK);
    BOOST_TEST(sqlite3_exec(db, statement.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK);
    sqlite3_close(db);
}

// The rows of a query of the test's own, as texts.
inline void rows(const std::string& file, const char* query,
                 const std::function<void(const std::vector<std::string>&)>& visit)
{
    sqlite3* db = nullptr;
    BOOST_REQUIRE(sqlite3_open(file.c_str(), &db) == SQLITE_OK);
    auto give = [](void* f, int n, char** values, char**) {
        (*static_cast<const std::function<void(const std::vector<std::string>&)>*>(f))({values, values + n});
        return 0;
    };
    BOOST_TEST(sqlite3_exec(db, query, give, const_cast<void*>(static_cast<const void*>(&visit)), nullptr) ==
               SQLITE_OK);
    sqlite3_close(db);
}

inline sqlite_options with_access(store::access a)
{
    sqlite_options o;
    o.access = a;
    return o;
}

#ifdef UNIPILE_TEST_POSTGRES
// The store of a test, in a database of its own.
class store_place {
public:
    static constexpr bool is_sqlite = false;

    store_place();
    store_place(const store_place&) = delete;
    store_place& operator=(const store_place&) = delete;
    ~store_place();
    std::unique_ptr<engine> open(store::access a = store::access::sole) const;
    std::unique_ptr<post_reader> reader() const;
    void sql(const std::string& statement) const;
    void rows(const std::string& query, const std::function<void(const std::vector<std::string>&)>& visit) const;
    const std::string& address() const { return address_; }

private:
    std::string name_, address_;
    mutable bool checked_ = false;
};
#else
// The store of a test, in a file.
class store_place : public scratch {
public:
    static constexpr bool is_sqlite = true;

    std::unique_ptr<engine> open(store::access a = store::access::sole) const
    {
        return open_sqlite(file(), with_access(a));
    }
    std::unique_ptr<post_reader> reader() const { return open_sqlite_reader(file()); }
    void sql(const std::string& statement) const { test::sql(file(), statement); }
    void rows(const std::string& query, const std::function<void(const std::vector<std::string>&)>& visit) const
    {
        test::rows(file(), query.c_str(), visit);
    }
};
#endif

// A query in the dialect of the engine.
inline const char* dialect(const char* sqlite, const char* postgres)
{
    return store_place::is_sqlite ? sqlite : postgres;
}

struct opened {
    explicit opened(store::access a = store::access::sole) : engine(folder.open(a)) {}

    store_place folder;
    std::unique_ptr<store::engine> engine;
    std::int64_t run = 0;

    // The store after its process has died.
    void reopen()
    {
        engine.reset();
        engine = folder.open();
    }
    // Another process, which does not harvest.
    std::unique_ptr<store::engine> beside() const { return folder.open(access::control); }
    std::unique_ptr<post_reader> reader() const { return folder.reader(); }

    // One job of each account/identifier, in a run of its own.
    claimed_job job(const std::string& account, const std::string& identifier)
    {
        run_request r;
        r.restart = true;
        run = engine->perform(begin_run{r, at_second(0)}).run;
        const job_spec spec{account, identifier, false};
        engine->perform(add_jobs{run, {spec}});
        auto c = claim(1);
        BOOST_REQUIRE(c.size() == 1u);
        return c.front();
    }
    std::vector<claimed_job> claim(std::size_t count, const std::string& account = {}, std::int64_t second = 0)
    {
        if (account.empty()) return claim_some(*engine, run, count, at_second(second));
        return engine->perform(claim_jobs{run, account, count, at_second(second)});
    }
    std::vector<std::string> exported(const post_filter& filter = {})
    {
        engine->commit();
        std::vector<std::string> ids;
        reader()->posts(filter, [&](const stored_post& p) {
            ids.emplace_back(p.id);
            return true;
        });
        std::sort(ids.begin(), ids.end());
        return ids;
    }
};

inline page_write one_post(std::int64_t l, std::string_view id, std::string_view json, std::int64_t second = 1)
{
    page_write p;
    p.job = l;
    p.posts.push_back({"LINKEDIN", id, {}, json});
    p.position = "p";
    p.now = at_second(second);
    return p;
}

}  // namespace unipile::store::test
