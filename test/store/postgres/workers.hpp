// Workers of one store, as engines of this process.
#pragma once

#include "store/bucket_plan.hpp"
#include "store/harness.hpp"
#include "support/postgres_server.hpp"

#include <unipile/store/postgres.hpp>

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace unipile::store::test {

using namespace std::chrono_literals;

inline unipile::test::postgres_server& shared_server()
{
    unipile::test::postgres_server::skip_if_unavailable();
    static unipile::test::postgres_server one;
    return one;
}

/// The times of a store in which no worker is taken for dead that is not, and of one in which some shall be.
constexpr postgres::lease_times patient{50ms, 1'000ms, 3'000ms}, hasty{50ms, 500ms, 1'500ms};

/// A store with short times, in a database of its own.
class shared_store {
public:
    explicit shared_store(const postgres::lease_times& times = patient,
                          unipile::test::postgres_server& server = shared_server())
        : times_(times), server_(server)
    {
        static int made = 0;
        name_ = "shared" + std::to_string(++made);
        server_.sql("CREATE DATABASE " + name_);
    }

    postgres::postgres_options options(store::access a = store::access::shared) const
    {
        postgres::postgres_options o;
        o.access = a;
        o.patience = 60s;
        o.leases = times_;
        return o;
    }
    std::unique_ptr<engine> open(store::access a = store::access::shared) const
    {
        return postgres::open_postgres(address(), options(a));
    }
    std::string address() const { return server_.conninfo(name_); }
    std::string value(const std::string& statement) const { return server_.value(statement, name_); }
    std::vector<std::vector<std::string>> sql(const std::string& statement) const
    {
        return server_.sql(statement, name_);
    }
    /// How many buckets each live worker has, in ascending order.
    std::vector<int> shares() const
    {
        std::vector<int> n;
        for (const auto& row : sql("SELECT (SELECT count(*) FROM unipile.buckets WHERE owner = worker)::text FROM "
                                   "unipile.workers WHERE state = 0 ORDER BY 1"))
            n.push_back(std::stoi(row[0]));
        std::sort(n.begin(), n.end());
        return n;
    }
    /// The owner of each bucket.
    std::vector<std::string> owners() const
    {
        std::vector<std::string> all;
        for (const auto& row : sql("SELECT coalesce(owner::text, '') FROM unipile.buckets ORDER BY bucket"))
            all.push_back(row[0]);
        return all;
    }
    /// There are so many workers, and each bucket belongs to the one that it should.
    bool is_shared_as_planned(std::size_t workers) const
    {
        std::vector<worker_id> live;
        for (const auto& row : sql("SELECT worker::text FROM unipile.workers WHERE state = 0"))
            live.push_back(worker_id::parse(row[0]).value());
        const bucket_plan plan({}, live);
        const std::vector<std::string> all = owners();
        for (std::size_t b = 0; b < all.size(); ++b)
            if (all[b] != plan.rightful_owner(static_cast<bucket_number>(b)).text()) return false;
        return live.size() == workers;
    }
    /// Every change of an owner from now on is kept, with the state of the one before.
    void keep_history() const
    {
        sql("CREATE TABLE history (n bigserial, bucket int, before uuid, after uuid, epoch bigint, seq bigint, "
            "state int);"
            "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            "INSERT INTO history (bucket, before, after, epoch, seq, state) SELECT NEW.bucket, OLD.owner, NEW.owner, "
            "NEW.epoch, NEW.seq, (SELECT state FROM unipile.workers WHERE worker = OLD.owner); RETURN NEW; END $$;"
            "CREATE TRIGGER note AFTER UPDATE ON unipile.buckets FOR EACH ROW "
            "WHEN (OLD.owner IS DISTINCT FROM NEW.owner OR OLD.epoch <> NEW.epoch) EXECUTE FUNCTION note();");
    }
    /// No bucket went from one worker to another that was not known to have ended, and each change has a new epoch.
    void check_history() const
    {
        BOOST_TEST(value("SELECT count(*)::text FROM history WHERE before IS NOT NULL AND after IS NOT NULL "
                         "AND before <> after AND state = 0") == "0");
        BOOST_TEST(value("SELECT count(*)::text FROM (SELECT bucket, epoch FROM history GROUP BY bucket, epoch "
                         "HAVING count(*) > 1) x") == "0");
    }

private:
    postgres::lease_times times_;
    unipile::test::postgres_server& server_;
    std::string name_;
};

/// Waits for something that has to happen, however slow the machine is.
inline void wait_until(const std::function<bool()>& is_so, const char* what)
{
    const auto until = std::chrono::steady_clock::now() + 120s;
    while (!is_so()) {
        BOOST_REQUIRE_MESSAGE(std::chrono::steady_clock::now() < until, "in vain: " << what);
        std::this_thread::sleep_for(20ms);
    }
}

/// Does what a harvest does when accounts have to leave of which nothing is in flight.
inline void let_leave(engine& e)
{
    for (const std::string& account : e.perform(accounts_to_leave{100})) e.perform(leave_account{account});
}

}  // namespace unipile::store::test
