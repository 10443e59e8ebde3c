// Workers of one run on scripted answers, each with a harvest on a thread of its own.
#pragma once

#include "durable/stored_harvest.hpp"
#include "store/postgres/agreement.hpp"
#include "store/postgres/workers.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace unipile::test {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using store::test::hasty;
using store::test::shared_store;
using store::test::wait_until;

constexpr std::size_t accounts = 12, listings = 2, posts = 25, page_size = 10;
constexpr unsigned most = 3;
constexpr std::chrono::milliseconds window = 1'000ms;

/// Two listings of each of twelve accounts.
inline std::vector<store::job_spec> all_jobs()
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
    using clock = std::chrono::steady_clock;

    /// Called with each request before the API sees it, on the worker's thread.
    std::function<void(const asked& request)> before = {};

    answer operator()(const asked& request)
    {
        if (before) before(request);
        note(request.account, clock::now());
        return listing_of(request, posts, page_size);
    }
    void note(const std::string& account, clock::time_point at)
    {
        const std::lock_guard lock(mutex_);
        times_[account].push_back(at);
    }
    std::size_t requests()
    {
        const std::lock_guard lock(mutex_);
        std::size_t n = 0;
        for (const auto& [account, times] : times_) n += times.size();
        return n;
    }
    clock::time_point first_of(const std::string& account)
    {
        const std::lock_guard lock(mutex_);
        return times_.at(account).front();
    }
    /// Returns how many requests came too early. The clocks of two workers differ by what a round trip to the database
    /// hides.
    std::size_t excess(std::chrono::milliseconds clocks = 100ms)
    {
        const std::lock_guard lock(mutex_);
        std::size_t n = 0;
        for (auto& [account, times] : times_) {
            std::sort(times.begin(), times.end());
            for (std::size_t i = most; i < times.size(); ++i) n += times[i] - times[i - most] < window - clocks ? 1 : 0;
        }
        return n;
    }
    void check_windows()
    {
        BOOST_TEST(excess() == 0u);
        const std::lock_guard lock(mutex_);
        BOOST_TEST(times_.size() == accounts);
    }

private:
    std::mutex mutex_;
    std::map<std::string, std::vector<clock::time_point>> times_;
};

/// One worker with a harvest, on a thread of its own.
class working {
public:
    static constexpr std::chrono::milliseconds answer_time{500};

    working(const shared_store& store, witness& api) : working(store.open(), api) {}
    /// `at_once`: requests in flight; 0: any number.
    working(std::unique_ptr<store::engine> engine, witness& api, std::size_t at_once = 0)
        : writer_(std::move(engine), {})
    {
        run_ = writer_.perform(store::begin_run{{}, wall_now()}).run;
        writer_.perform(store::add_jobs{run_, all_jobs()});
        store::harvester_options options = durably();
        options.harvest.pace->windows = {{most, window}};
        options.harvest.pace->gap = {10ms, 30ms};
        options.client.deadlines.first_byte = answer_time;
        if (at_once > 0) options.harvest.max_connections = at_once;
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
        jobs_left_ = core_->stats().jobs_left;
        core_.reset();
        writer_.close();
    }
    bool ended() const { return ended_; }
    bool over() const { return over_; }
    /// Jobs that were returned to the store.
    std::uint64_t jobs_left() const { return jobs_left_; }

private:
    store::store_writer writer_;
    std::int64_t run_ = 0;
    asio::io_context context_;
    std::unique_ptr<scripted_client> scripted_;
    std::shared_ptr<durable::harvester_core> core_;
    std::atomic<bool> ended_ = false;
    bool over_ = false;
    std::uint64_t jobs_left_ = 0;
    boost::system::error_code result_;
    std::thread thread_;
};

inline void check_stored(const shared_store& store)
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
    BOOST_TEST(store.sql(disagreements).empty());
}

}  // namespace unipile::test
