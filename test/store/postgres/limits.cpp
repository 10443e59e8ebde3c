// Servers that have no more to give: connections, and space on their disk.
#include "store/opened_store.hpp"
#include "support/postgres_server.hpp"
#include "support/printing.hpp"

#include <unipile/store/postgres.hpp>

#include <boost/test/unit_test.hpp>

#include <libpq-fe.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <sys/mount.h>
#include <sys/stat.h>

using namespace unipile;
using namespace unipile::store;
using namespace unipile::store::test;
using namespace std::chrono_literals;
using unipile::test::postgres_server;

namespace {

postgres::postgres_options patient()
{
    postgres::postgres_options o;
    o.patience = 10min;
    o.leases = {1h, 3h, 9h};
    return o;
}

// Sessions of others, which take all connections that are left, and `least` of them. A session that was closed before
// may hold its connection for a while.
class crowd {
public:
    crowd(const postgres_server& server, std::size_t least)
    {
        for (;;) {
            sessions_.emplace_back(PQconnectdb((server.conninfo() + " user=guest").c_str()));
            if (PQstatus(sessions_.back().get()) == CONNECTION_OK) continue;
            sessions_.pop_back();
            if (sessions_.size() >= least) return;
            std::this_thread::sleep_for(5ms);
        }
    }

private:
    struct finisher {
        void operator()(PGconn* c) const noexcept { PQfinish(c); }
    };
    std::vector<std::unique_ptr<PGconn, finisher>> sessions_;
};

// A small disk, gone with the test.
class small_disk {
public:
    small_disk() : folder_(unipile::test::new_server_folder())
    {
        struct stat s{};
        ::stat(folder_.c_str(), &s);
        owner_ = ",mode=0700,uid=" + std::to_string(s.st_uid) + ",gid=" + std::to_string(s.st_gid);
        mounted_ = ::mount("tmpfs", folder_.c_str(), "tmpfs", 0, ("size=12m" + owner_).c_str()) == 0;
    }
    ~small_disk()
    {
        if (mounted_) ::umount2(folder_.c_str(), MNT_DETACH);
        std::error_code ignored;
        std::filesystem::remove_all(folder_, ignored);
    }
    small_disk(const small_disk&) = delete;
    small_disk& operator=(const small_disk&) = delete;

    bool is_there() const noexcept { return mounted_; }
    bool grow() const
    {
        return ::mount("tmpfs", folder_.c_str(), "tmpfs", MS_REMOUNT, ("size=200m" + owner_).c_str()) == 0;
    }
    const std::filesystem::path& folder() const noexcept { return folder_; }

private:
    std::filesystem::path folder_;
    std::string owner_;
    bool mounted_ = false;
};

// A page of posts that can't be compressed.
page_write page_of_noise(std::int64_t job, unsigned number)
{
    static std::vector<std::string> ids, bodies;
    ids.clear();
    bodies.clear();
    unsigned x = number * 7'919 + 1;
    for (unsigned i = 0; i < 100; ++i) {
        ids.push_back("post" + std::to_string(number) + "." + std::to_string(i));
        bodies.emplace_back();
        while (bodies.back().size() < 2'000)
            bodies.back() += static_cast<char>('a' + (x = x * 1'103'515'245 + 12'345) / 65'536 % 26);
    }
    page_write page;
    page.job = job;
    for (unsigned i = 0; i < 100; ++i) page.posts.push_back({"LINKEDIN", ids[i], {}, bodies[i]});
    page.position = "p";
    page.now = at_second(number);
    return page;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(postgres_limits)

BOOST_AUTO_TEST_CASE(connections_that_are_all_taken_are_waited_for)
{
    unipile::test::postgres_settings settings;
    settings.more = {"max_connections = 6", "superuser_reserved_connections = 2"};
    postgres_server server(settings);
    server.sql("CREATE ROLE guest LOGIN; CREATE ROLE harvester LOGIN");
    server.sql("CREATE DATABASE h OWNER harvester");
    const std::string address = server.conninfo("h") + " user=harvester";
    postgres::open_postgres(address, patient());
    auto everyone = std::make_unique<crowd>(server, 4u);
    auto hasty = patient();
    hasty.patience = 0ms;
    BOOST_TEST(reason_of([&] { postgres::open_postgres(address, hasty); }) == store_errc::too_many_connections);
    bool waited = false;
    auto options = patient();
    options.while_waiting = [&](const postgres::waiting&) {
        waited = true;
        everyone.reset();
        return true;
    };
    auto store = postgres::open_postgres(address, options);
    BOOST_TEST(waited);
    // One that has lost its connection waits the same way.
    server.sql(
        "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = 'h' AND application_name = "
        "'unipile'");
    waited = false;
    everyone = std::make_unique<crowd>(server, 0u);
    store->perform(begin_run{{}, at_second(0)});
}

BOOST_AUTO_TEST_CASE(a_server_that_goes_away_is_waited_for_longer_than_one_that_was_never_reached)
{
    postgres_server server;
    auto options = patient();
    options.first_patience = 400ms;
    std::set<postgres::waiting::reason> waited;
    bool starts = false;
    options.while_waiting = [&](const postgres::waiting& w) {
        waited.insert(w.what);
        if (starts && w.waited > 600ms) server.start();
        starts = starts && w.waited <= 600ms;
        return true;
    };
    server.kill();
    BOOST_TEST(reason_of([&] { postgres::open_postgres(server.conninfo(), options); }) ==
               store_errc::connection_refused);
    BOOST_TEST(reason_of([&] { postgres::open_postgres_reader(server.conninfo(), options); }) ==
               store_errc::connection_refused);
    BOOST_TEST((waited == std::set{postgres::waiting::reason::contact}));

    server.start();
    auto store = postgres::open_postgres(server.conninfo(), options);
    const auto reader = postgres::open_postgres_reader(server.conninfo(), options);
    for (const bool writes : {true, false}) {
        server.kill();
        waited.clear();
        starts = true;
        if (writes)
            store->perform(begin_run{{}, at_second(0)});
        else
            BOOST_TEST(reader->run_under_way().has_value() == false);
        BOOST_TEST((waited == std::set{postgres::waiting::reason::server}));
    }
}

// As while commits wait for a standby that is gone: the first heartbeat keeps its row, and those after it wait for
// that.
BOOST_AUTO_TEST_CASE(heartbeats_that_are_given_up_leave_no_sessions_behind)
{
    postgres_server server;
    auto options = patient();
    options.access = access::shared;
    options.leases = {50ms, 1'000ms, 3'000ms};
    const auto store = postgres::open_postgres(server.conninfo(), options);
    const std::unique_ptr<PGconn, decltype(&PQfinish)> holder(PQconnectdb(server.conninfo().c_str()), &PQfinish);
    PQclear(PQexec(holder.get(), "BEGIN"));
    PQclear(PQexec(holder.get(), "UPDATE unipile.workers SET at = at"));
    std::set<std::string> all;
    while (all.size() < 5) {
        const auto waiting = server.sql(
            "SELECT pid FROM pg_stat_activity WHERE application_name = 'unipile' AND wait_event_type = 'Lock'");
        BOOST_TEST_REQUIRE(waiting.size() <= 3u);
        for (const auto& row : waiting) all.insert(row[0]);
    }
    PQclear(PQexec(holder.get(), "ROLLBACK"));
    store->perform(begin_run{{}, at_second(0)});
}

BOOST_AUTO_TEST_CASE(a_full_disk_ends_the_harvest_and_costs_no_post)
{
    const small_disk disk;
    if (!disk.is_there()) {
        BOOST_TEST_MESSAGE("skipped: no small disk can be mounted here");
        return;
    }
    postgres_server server;
    server.sql("CREATE TABLESPACE small LOCATION '" + disk.folder().string() + "'");
    server.sql("CREATE DATABASE h TABLESPACE small");
    const std::string address = server.conninfo("h");
    std::uint64_t stored = 0;
    unsigned page = 0;
    {
        auto store = postgres::open_postgres(address, patient());
        const auto run = store->perform(begin_run{{}, at_second(0)}).run;
        store->perform(add_jobs{run, {{"a", "x", false}}});
        const auto job = store->perform(claim_jobs{run, "a", 1, at_second(0)}).front().job;
        BOOST_TEST(reason_of([&] {
                       for (;; stored += 100) store->perform(page_of_noise(job, ++page));
                   }) == store_errc::disk_full);
        BOOST_TEST(reason_of([&] { store->perform(read_tenant{}); }) == store_errc::closed);
    }
    BOOST_TEST(stored > 0u);
    BOOST_TEST(postgres::open_postgres_reader(address, patient())->summary().posts == stored);
    BOOST_TEST_REQUIRE(disk.grow());
    // Its buckets could not be given back, or they could.
    server.sql("UPDATE unipile.workers SET state = 1", "h");
    auto store = postgres::open_postgres(address, patient());
    const auto run = store->perform(begin_run{{}, at_second(1)});
    BOOST_TEST(run.resumed);
    const auto job = store->perform(claim_jobs{run.run, "a", 1, at_second(1)}).front().job;
    BOOST_TEST(store->perform(page_of_noise(job, page)).added == 100u);
    BOOST_TEST(postgres::open_postgres_reader(address, patient())->summary().posts == stored + 100);
}

BOOST_AUTO_TEST_SUITE_END()
