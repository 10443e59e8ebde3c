// A steady load while another session's transaction keeps old versions of rows from being removed.
// UNIPILE_HELD_SECONDS=1800 for half an hour; not run otherwise, since it measures. UNIPILE_HELD_RATE=20 for so many
// jobs a second instead of as many as possible: only then a row has few enough updates meanwhile for the goals.
#include "store/harness.hpp"
#include "support/postgres_server.hpp"

#include <unipile/store/postgres.hpp>

#include <boost/test/unit_test.hpp>

#include <libpq-fe.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <iomanip>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace unipile::store::test {

namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;
using unipile::test::postgres_server;

// Updates of all jobs, again and again, ten at a time, each with a page that has one new post.
class steady_load {
public:
    explicit steady_load(const std::string& address) : store_(postgres::open_postgres(address, options()))
    {
        for (std::uint64_t i = 0; i < 1'000; ++i)
            jobs_.push_back({"acc" + std::to_string(i % 200), "id" + std::to_string(i), false});
    }

    /// `rate`: jobs a second; null: as many as possible. Returns how long each batch took, in ascending order.
    std::vector<double> run_for(std::chrono::seconds time, const char* rate = nullptr)
    {
        std::vector<double> took;
        const auto pause = rate == nullptr ? 0ms : 10'000ms / std::max(1L, std::strtol(rate, nullptr, 10));
        auto next_one = steady_clock::now();
        for (const auto until = next_one + time; steady_clock::now() < until; next_one += pause) {
            std::this_thread::sleep_until(next_one);
            if (open_.empty()) begin();
            const std::vector<operation> work = next();
            const auto began = steady_clock::now();
            store_->apply(work);
            took.push_back(std::chrono::duration<double, std::milli>(steady_clock::now() - began).count());
        }
        std::sort(took.begin(), took.end());
        return took;
    }

private:
    static postgres::postgres_options options()
    {
        postgres::postgres_options o;
        o.leases = {1h, 3h, 9h};
        return o;
    }
    void begin()
    {
        if (run_ != 0) store_->perform(end_run{run_, "done", at_second(second_)});
        run_ = store_->perform(begin_run{{}, at_second(++second_)}).run;
        store_->perform(add_jobs{run_, jobs_});
        open_ = claim_some(*store_, run_, jobs_.size(), at_second(second_));
        ++walk_;
    }
    std::vector<operation> next()
    {
        std::vector<operation> work;
        for (int i = 0; i < 10 && !open_.empty(); ++i) {
            const claimed_job job = std::move(open_.back());
            open_.pop_back();
            ++second_;
            save_account save;
            save.row.account = job.spec.account;
            save.row.ledger = "v1 t" + std::to_string(second_) + std::string(700, ' ');
            save.row.updated = at_second(second_);
            work.emplace_back(save);
            std::vector<std::uint64_t> ids;
            for (std::uint64_t id = walk_ + 20; id-- > walk_;) ids.push_back(id);
            work.emplace_back(page_of(job.job, job.spec.identifier, ids, {}, at_second(second_)));
            work.emplace_back(job_end{job.job, end_reason::null_cursor, {}, {}, false, {}, 1, at_second(second_)});
        }
        return work;
    }

    std::unique_ptr<engine> store_;
    std::vector<job_spec> jobs_;
    std::vector<claimed_job> open_;
    std::int64_t run_ = 0, second_ = 0;
    std::uint64_t walk_ = 0;
};

struct updates {
    std::int64_t all = 0, hot = 0;
};

std::map<std::string, updates> updates_of(const postgres_server& server)
{
    std::map<std::string, updates> found;
    for (const auto& row : server.sql("SELECT relname, n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE "
                                      "schemaname = 'unipile'"))
        found[row[0]] = {std::stoll(row[1]), std::stoll(row[2])};
    return found;
}

// Returns the sizes of the indexes of the tables that are as large as there are jobs and accounts.
std::map<std::string, double> control_indexes(const postgres_server& server)
{
    std::map<std::string, double> found;
    for (const auto& row : server.sql("SELECT c.relname, pg_indexes_size(c.oid) FROM pg_class c JOIN pg_namespace n "
                                      "ON n.oid = c.relnamespace WHERE n.nspname = 'unipile' AND c.relkind = 'r' AND "
                                      "c.relname NOT IN ('posts', 'sightings', 'changes', 'quarantined')"))
        found[row[0]] = std::stod(row[1]);
    return found;
}

// Prints how many times their size they have; returns that of all.
double print_growth(const std::map<std::string, double>& before, const std::map<std::string, double>& after)
{
    double was = 0, is = 0;
    std::cout << "  indexes:" << std::setprecision(2);
    for (const auto& [table, size] : after) {
        was += before.at(table);
        is += size;
        if (size > before.at(table))
            std::cout << ' ' << table << ' ' << size / before.at(table) << " times of " << before.at(table) / 1024
                      << " KB;";
    }
    std::cout << " all " << is / was << " times" << std::setprecision(1) << std::endl;
    return is / was;
}

double at(const std::vector<double>& sorted, double share)
{
    return sorted[std::min(sorted.size() - 1, static_cast<std::size_t>(share * static_cast<double>(sorted.size())))];
}

// Prints the share of the updates between two moments that wrote no index entry, by table; returns that of all.
double print_shares(const std::map<std::string, updates>& before, const std::map<std::string, updates>& after)
{
    updates sum;
    for (const auto& [table, now] : after) {
        const auto then = before.find(table);
        const updates d{now.all - (then == before.end() ? 0 : then->second.all),
                        now.hot - (then == before.end() ? 0 : then->second.hot)};
        sum.all += d.all;
        sum.hot += d.hot;
        if (d.all > 0) std::cout << "  " << table << ": " << d.all << " updates, " << 100 * d.hot / d.all << " % HOT\n";
    }
    return sum.all == 0 ? 0 : 100 * static_cast<double>(sum.hot) / static_cast<double>(sum.all);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(postgres_held)

BOOST_AUTO_TEST_CASE(a_transaction_that_stays_open_slows_nothing_down)
{
    const char* const text = std::getenv("UNIPILE_HELD_SECONDS");
    if (text == nullptr) {
        std::cout << "a held transaction: only with UNIPILE_HELD_SECONDS" << std::endl;
        return;
    }
    const std::chrono::seconds each(std::max(1L, std::strtol(text, nullptr, 10) / 2));
    postgres_server server;
    steady_load load(server.conninfo());
    const char* const rate = std::getenv("UNIPILE_HELD_RATE");
    load.run_for(each / 10);  // the first walk
    std::cout << std::fixed << std::setprecision(1);
    std::map<std::string, updates> counted = updates_of(server);
    const auto indexes = control_indexes(server);
    double base = 0;
    std::unique_ptr<PGconn, decltype(&PQfinish)> holder(nullptr, &PQfinish);
    for (const bool held : {false, true}) {
        if (held) {
            holder.reset(PQconnectdb(server.conninfo().c_str()));
            PQclear(PQexec(holder.get(), "BEGIN ISOLATION LEVEL REPEATABLE READ"));
            PQclear(PQexec(holder.get(), "SELECT count(*) FROM unipile.posts"));
        }
        const std::vector<double> took = load.run_for(each, rate);
        std::cout << (held ? "held" : "base") << ": " << took.size() << " batches of 10 jobs, p50 " << at(took, 0.5)
                  << " ms, p99 " << at(took, 0.99) << " ms\n";
        const auto now = updates_of(server);
        const double hot = print_shares(std::exchange(counted, now), now);
        std::cout << "  in all " << hot << " % HOT\n";
        const double grown = print_growth(indexes, control_indexes(server));
        if (!held) base = at(took, 0.99);
        if (held && rate == nullptr) continue;
        BOOST_TEST(hot >= 95);
        BOOST_TEST(grown <= 1.2);
        if (held) BOOST_TEST(at(took, 0.99) <= 2 * base);
    }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace unipile::store::test
