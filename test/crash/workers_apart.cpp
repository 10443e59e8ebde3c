// Several workers on one store in PostgreSQL, while networks fail and clocks are wrong. The long form:
// UNIPILE_FLEET_RUNS=20.
#include "crash/api_tunnel.hpp"
#include "crash/fleet.hpp"
#include "support/cutting_proxy.hpp"
#include "support/sanitized.hpp"

#include <filesystem>

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

namespace {

using std::chrono::milliseconds;
using unipile::test::cutting_proxy;
using unipile::test::postgres_server;
using unipile::test::proxy_plan;

BOOST_AUTO_TEST_SUITE(crash_workers_apart)

BOOST_AUTO_TEST_CASE(the_database_is_out_of_reach_of_one_worker)
{
    std::array<std::unique_ptr<cutting_proxy>, fleet::size> proxies;
    const auto prepare = [&](fleet& f) {
        for (std::size_t n = 0; n < fleet::size; ++n) {
            proxies[n] = std::make_unique<cutting_proxy>(f.database.socket());
            f.addresses[n] = proxies[n]->url();
        }
    };
    // In both directions, and in one.
    std::size_t next = 0;
    run_fleets(
        "a worker without the database", 3,
        [&](fleet& f) {
            cutting_proxy& p = *proxies[f.any()];
            const std::size_t way = next++ % 3;
            proxy_plan plan;
            if (way != 1) plan.blackhole_to_server = 0;
            if (way != 2) plan.blackhole_to_client = 0;
            f.await(5);
            p.set_now(plan);
            f.wait(2 * fleet::take_after);
            p.set_now({});
            p.cut_now();
        },
        prepare);
}

BOOST_AUTO_TEST_CASE(the_api_is_out_of_reach_of_one_worker)
{
    std::array<std::unique_ptr<api_tunnel>, fleet::size> tunnels;
    const auto prepare = [&](fleet& f) {
        for (std::size_t n = 0; n < fleet::size; ++n) {
            tunnels[n] = std::make_unique<api_tunnel>();
            f.environments[n]["https_proxy"] = tunnels[n]->url();
        }
    };
    run_fleets(
        "a worker without the API", 1,
        [&](fleet& f) {
            api_tunnel& t = *tunnels[f.any()];
            f.await(5);
            t.close();
            f.wait(2 * fleet::take_after);
            t.open();
        },
        prepare);
}

/// A synchronous standby, whose way to the primary can be cut.
struct standby {
    explicit standby(const postgres_server& primary) : primary_(primary), server_(settings_of(primary))
    {
        way_ = server_.value("SHOW primary_conninfo");
        await("streaming");
        primary_.sql("ALTER SYSTEM SET synchronous_standby_names = '*'");
        primary_.sql("SELECT pg_reload_conf()");
    }
    const std::filesystem::path& folder() const { return server_.folder(); }
    void cut_off() { follow(""); }
    void heal()
    {
        follow(way_);
        await("streaming");
    }

private:
    static unipile::test::postgres_settings settings_of(const postgres_server& primary)
    {
        unipile::test::postgres_settings settings;
        settings.standby_of = &primary;
        return settings;
    }
    void follow(std::string way)
    {
        for (std::size_t at = 0; (at = way.find('\'', at)) != way.npos; at += 2) way.insert(at, 1, '\'');
        server_.sql("ALTER SYSTEM SET primary_conninfo = '" + way + "'");
        server_.sql("SELECT pg_reload_conf()");
    }
    void await(const std::string& state) const
    {
        while (primary_.value("SELECT count(*) FROM pg_stat_replication WHERE state = '" + state + "'") != "1")
            std::this_thread::sleep_for(milliseconds(5));
    }

    const postgres_server& primary_;
    postgres_server server_;
    std::string way_;
};

/// Commits wait as long as the standby is cut off from the primary. A worker that reaches the standby, and not the
/// primary, writes nothing.
BOOST_AUTO_TEST_CASE(a_standby_is_cut_off)
{
    if (only_in_long_form("networks with a standby")) return;
    if (!postgres_server::can_stand_by()) return;
    std::array<std::unique_ptr<cutting_proxy>, fleet::size> proxies;
    std::unique_ptr<standby> second;
    std::size_t next = 0;
    const auto prepare = [&](fleet& f) {
        second.reset();
        second = std::make_unique<standby>(f.database);
        for (std::size_t n = 0; n < fleet::size; ++n) {
            proxies[n] = std::make_unique<cutting_proxy>(f.database.socket());
            std::string way = proxies[n]->conninfo();
            f.addresses[n] = way.insert(way.find(' '), "," + second->folder().string());
        }
        f.at_the_end = [&] { second.reset(); };
    };
    run_fleets(
        "a network with a standby", 3,
        [&](fleet& f) {
            const std::size_t way = next++ % 3;
            const std::size_t one = f.any();
            proxy_plan nothing_passes;
            nothing_passes.blackhole_to_server = nothing_passes.blackhole_to_client = 0;
            f.await(5);
            if (way == 0) second->cut_off();
            for (std::size_t n = 0; n < fleet::size; ++n)
                if (way == 2 || (way == 1 && n == one)) proxies[n]->set_now(nothing_passes);
            f.wait(2 * fleet::take_after);
            if (way == 0) return second->heal();
            for (auto& p : proxies) {
                p->set_now({});
                p->cut_now();
            }
        },
        prepare);
}

/// How long a worker's machine has slept.
class sleep_file {
public:
    sleep_file() : file_(folder_.file("slept")) { write(); }
    void add(std::chrono::nanoseconds time)
    {
        slept_ += time.count();
        write();
    }
    std::map<std::string, std::string> environment() const
    {
        return {{"LD_PRELOAD", SLEEPING_CLOCK}, {"SLEEPING_CLOCK", file_}};
    }

private:
    // In place, since the worker has mapped it.
    void write() const
    {
        const int file = ::open(file_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
        BOOST_TEST_REQUIRE(::pwrite(file, &slept_, sizeof slept_, 0) == static_cast<ssize_t>(sizeof slept_));
        ::close(file);
    }

    jobs_folder folder_;
    std::string file_;
    std::int64_t slept_ = 0;
};

BOOST_AUTO_TEST_CASE(the_machines_of_workers_sleep)
{
    if (only_in_long_form("machines that sleep")) return;
    std::array<std::unique_ptr<sleep_file>, fleet::size> files;
    std::size_t next = 0;
    run_fleets(
        "a machine that sleeps", fleet::size,
        [&](fleet& f) {
            const std::size_t n = next++ % fleet::size;
            f.await(5);
            if (f.is_done()) return;
            const auto began = std::chrono::steady_clock::now();
            f.worker(n).send(SIGSTOP);
            std::this_thread::sleep_for(f.dice() % 3 == 0 ? fleet::take_after / 2 : 2 * fleet::take_after);
            files[n]->add(std::chrono::steady_clock::now() - began);
            f.worker(n).send(SIGCONT);
        },
        [&](fleet& f) {
            for (std::size_t n = 0; n < fleet::size; ++n) {
                files[n] = std::make_unique<sleep_file>();
                f.environments[n].merge(files[n]->environment());
            }
        });
}

/// Debian's package faketime.
const char* const fake_time = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1";

bool can_fake_time()
{
    if (!unipile::test::sanitized && std::filesystem::exists(fake_time)) return true;
    std::cout << "skipped: wrong clocks need Debian's package faketime, and no sanitizer" << std::endl;
    return false;
}

std::map<std::string, std::string> clock_off_by(const char* offset)
{
    return {
        {"LD_PRELOAD", fake_time}, {"FAKETIME", offset}, {"DONT_FAKE_MONOTONIC", "1"}, {"FAKETIME_DONT_RESET", "1"}};
}

const std::array<const char*, 4> offsets{"+1h", "-1h", "+3d", "-3d"};

BOOST_AUTO_TEST_CASE(the_clocks_of_workers_are_wrong)
{
    if (!can_fake_time()) return;
    std::size_t next = 0;
    run_fleets(
        "a worker with a wrong clock killed", 1,
        [&](fleet& f) {
            f.await(10);
            const std::size_t n = f.any();
            if (f.is_done()) return;
            f.kill(n);
            f.start(n);
        },
        [&](fleet& f) {
            for (auto& e : f.environments) e.merge(clock_off_by(offsets[next++ % offsets.size()]));
        },
        false);  // certificates are of today
}

/// The server's clock is what workers share.
BOOST_AUTO_TEST_CASE(the_clock_of_the_server_is_set)
{
    if (!can_fake_time()) return;
    std::size_t next = 0;
    run_fleets("the server's clock set", 1, [&](fleet& f) {
        f.await(10);
        f.database.kill();
        for (const auto& [name, value] : clock_off_by(offsets[next++ % offsets.size()]))
            ::setenv(name.c_str(), value.c_str(), 1);
        f.database.start();
        for (const auto& [name, value] : clock_off_by("")) ::unsetenv(name.c_str());
    });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
