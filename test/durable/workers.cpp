// Several workers harvest one run: what they store, and how often each account sends.
#include "store/postgres/workers.hpp"
#include "durable/stored_harvest.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <thread>

namespace unipile::test {

namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using store::test::shared_store;
using store::test::wait_until;

constexpr std::size_t accounts = 12, listings = 2, posts = 25, page_size = 10;
constexpr unsigned most = 3;
constexpr std::chrono::milliseconds window = 1'500ms;

std::vector<store::job_spec> all_jobs()
{
    std::vector<store::job_spec> jobs;
    for (std::size_t a = 0; a < accounts; ++a)
        for (std::size_t l = 0; l < listings; ++l)
            jobs.push_back(spec_of(a, "i" + std::to_string(a) + "x" + std::to_string(l)));
    return jobs;
}

/// What the API sees.
class witness {
public:
    answer operator()(const asked& request)
    {
        {
            const std::lock_guard lock(mutex_);
            times_[request.account].push_back(std::chrono::steady_clock::now());
        }
        return listing_of(request, posts, page_size);
    }
    std::size_t requests()
    {
        const std::lock_guard lock(mutex_);
        std::size_t n = 0;
        for (const auto& [account, times] : times_) n += times.size();
        return n;
    }
    std::chrono::steady_clock::time_point first_of(const std::string& account)
    {
        const std::lock_guard lock(mutex_);
        return times_.at(account).front();
    }
    /// The clocks of two workers differ by what a round trip to the database hides.
    void check_windows(std::chrono::milliseconds clocks = 100ms)
    {
        const std::lock_guard lock(mutex_);
        BOOST_TEST(times_.size() == accounts);
        for (const auto& [account, times] : times_)
            for (std::size_t i = most; i < times.size(); ++i)
                BOOST_TEST((times[i] - times[i - most] >= window - clocks));
    }

private:
    std::mutex mutex_;
    std::map<std::string, std::vector<std::chrono::steady_clock::time_point>> times_;
};

/// One worker with a harvest, on a thread of its own.
class working {
public:
    static constexpr std::chrono::milliseconds answer_time{1'000};

    working(const shared_store& store, witness& api) : writer_(store.open(), {})
    {
        run_ = writer_.perform(store::begin_run{{}, wall_now()}).run;
        writer_.perform(store::add_jobs{run_, all_jobs()});
        store::harvester_options options = durably();
        options.harvest.pace->windows = {{most, window}};
        options.harvest.pace->gap = {10ms, 30ms};
        options.client.deadlines.first_byte = answer_time;
        scripted_ = std::make_unique<scripted_client>(
            context_.get_executor(), [&api](std::size_t, const asked& r) { return api(r); }, impatient());
        auto client = detail::access::make<unipile::client>(context_.get_executor(), scripted_->core);
        const auto begin = [](unipile::client& c, std::unique_ptr<job_source> source, harvest_options o) {
            return c.harvest(std::move(source), std::move(o));
        };
        core_ = durable::harvester_core::make(std::move(client), writer_, run_, std::move(options), begin);
        core_->start([this](boost::system::error_code code) { result_ = code, ended_ = true; },
                     asio::any_completion_executor(context_.get_executor()));
        thread_ = std::thread([this] { context_.run(); });
    }
    ~working() { finish(); }
    working(const working&) = delete;
    working& operator=(const working&) = delete;

    void stop()
    {
        asio::post(context_, [this] { core_->stop(); });
    }
    void finish()
    {
        if (!thread_.joinable()) return;
        thread_.join();
        BOOST_TEST(result_ == boost::system::error_code());
        over_ = writer_.perform(store::end_run{run_, "complete", wall_now()});
        core_.reset();
        writer_.close();
    }
    bool ended() const { return ended_; }
    bool over() const { return over_; }
    std::uint64_t jobs_done() const { return core_->stats().jobs_done; }

private:
    store::store_writer writer_;
    std::int64_t run_ = 0;
    asio::io_context context_;
    std::unique_ptr<scripted_client> scripted_;
    std::shared_ptr<durable::harvester_core> core_;
    std::atomic<bool> ended_ = false;
    bool over_ = false;
    boost::system::error_code result_;
    std::thread thread_;
};

void check_stored(const shared_store& store)
{
    std::vector<std::string> expected, got;
    for (const store::job_spec& job : all_jobs())
        for (const std::string& id : ids_of(job.identifier, posts)) expected.push_back(id);
    for (const auto& row : store.sql("SELECT id FROM unipile.posts")) got.push_back(row[0]);
    std::sort(expected.begin(), expected.end());
    std::sort(got.begin(), got.end());
    BOOST_TEST(got == expected, boost::test_tools::per_element());
    BOOST_TEST(store.value("SELECT count(*)::text FROM unipile.jobs WHERE state <> 3") == "0");
    BOOST_TEST(store.value("SELECT count(*)::text FROM unipile.runs WHERE ended IS NULL") == "0");
    BOOST_TEST(store.value("SELECT count(*)::text FROM (SELECT 1 FROM unipile.changes WHERE kind = 1 "
                           "GROUP BY id HAVING count(*) > 1) x") == "0");
}

BOOST_AUTO_TEST_SUITE(durable_workers)

BOOST_AUTO_TEST_CASE(three_workers_share_a_run)
{
    const shared_store store;
    witness api;
    std::vector<std::unique_ptr<working>> all;
    for (int i = 0; i < 3; ++i) {
        all.push_back(std::make_unique<working>(store, api));
        if (i == 0) store.keep_history();
    }
    bool over = true;
    for (auto& w : all) {
        w->finish();
        over = over && w->over();
    }
    BOOST_TEST(over);
    all.clear();
    check_stored(store);
    api.check_windows();
    store.check_history();
}

BOOST_AUTO_TEST_CASE(workers_that_leave_join_and_are_taken_for_dead_lose_nothing)
{
    const shared_store store;
    witness api;
    auto first = std::make_unique<working>(store, api);
    store.keep_history();
    auto second = std::make_unique<working>(store, api);
    wait_until([&] { return store.shares().size() == 2 && store.shares()[0] > 100; }, "a share");
    // The oldest is taken for dead, while it works.
    store.sql(
        "UPDATE unipile.workers SET state = 1 WHERE started = (SELECT min(started) FROM unipile.workers "
        "WHERE state = 0)");
    wait_until([&] { return store.shares().size() == 2; }, "another life");
    second->stop();
    second.reset();
    auto third = std::make_unique<working>(store, api);
    third->finish();
    first->finish();
    third.reset();
    first.reset();
    check_stored(store);
    api.check_windows();
    // The one that was taken for dead by hand had not ended.
    BOOST_TEST(store.value("SELECT count(*)::text FROM unipile.buckets WHERE owner IS NOT NULL") == "0");
}

BOOST_AUTO_TEST_CASE(an_outage_of_the_database_is_waited_for)
{
    postgres_server server;
    const shared_store store(server);
    witness api;
    auto first = std::make_unique<working>(store, api);
    auto second = std::make_unique<working>(store, api);
    wait_until([&] { return api.requests() > 5; }, "requests");
    server.kill();
    // Both leases end, and so does every request.
    std::this_thread::sleep_for(2 * shared_store::options().leases.hold_for);
    const std::size_t before = api.requests();
    std::this_thread::sleep_for(300ms);
    BOOST_TEST(api.requests() == before);
    server.start();
    first->finish();
    second->finish();
    BOOST_TEST(store.value("SELECT count(*)::text FROM unipile.workers WHERE state = 1") == "0");
    first.reset();
    second.reset();
    check_stored(store);
    api.check_windows();
}

BOOST_AUTO_TEST_CASE(a_request_of_the_owner_before_is_waited_for)
{
    const shared_store store;
    witness api;
    {
        auto before = store.open();
        store::account_row row;
        row.account = "a3";
        row.ledger = "v1 t1 i1";
        BOOST_TEST(before->perform(store::save_account{row}));
    }
    const auto began = std::chrono::steady_clock::now();
    auto worker = std::make_unique<working>(store, api);
    worker->finish();
    worker.reset();
    check_stored(store);
    BOOST_TEST((api.first_of("a3") - began >= working::answer_time));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace

}  // namespace unipile::test
