// A harvest whose accounts belong to it for a while only: what the store says about its share is the test's.
#include "durable/stored_harvest.hpp"
#include "support/printing.hpp"

#include <unipile/manual_clock.hpp>
#include <unipile/store/account_share.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using namespace unipile;
using namespace unipile::test;
using namespace std::chrono_literals;

namespace {

/// A share that the test changes. Called on the thread of the harvest and on that of the store.
class scripted_share final : public store::account_share {
public:
    bool may_send(std::string_view) const noexcept override { return may_send(); }
    bool may_send() const noexcept override { return sends; }
    bool may_lack_requests() const noexcept override { return lacks; }
    bool has_changed() const noexcept override
    {
        const std::lock_guard lock(mutex_);
        return !leaving_.empty();
    }
    std::uint64_t growth() const noexcept override
    {
        ++growth_asked;
        return grown;
    }
    wall_time now() const noexcept override { return wall_now(); }
    std::chrono::milliseconds take_over_after() const noexcept override { return 90s; }

    void take_away(const std::string& account)
    {
        const std::lock_guard lock(mutex_);
        leaving_.push_back(account);
    }
    /// An account that others have until it is shown.
    bool is_hidden(const std::string& account) const
    {
        const std::lock_guard lock(mutex_);
        return account == hidden;
    }
    void show()
    {
        const std::lock_guard lock(mutex_);
        hidden.clear();
    }
    std::vector<std::string> leaving()
    {
        const std::lock_guard lock(mutex_);
        return std::exchange(leaving_, {});
    }

    std::atomic<bool> sends = true, lacks = false;
    std::string hidden;  // see is_hidden
    std::atomic<std::uint64_t> grown = 0;
    mutable std::atomic<int> growth_asked = 0;
    std::atomic<int> held_claim = -1;  // claims before the one that waits for `go_on`
    std::atomic<bool> holds = false, go_on = false;
    std::atomic<int> refusals = 0;      // of ledgers
    std::atomic<int> others = 0;        // how often they have jobs
    std::atomic<std::size_t> left = 0;  // accounts
    std::string arriving;  // an account that others have until it is asked whether they have jobs; set before the start

private:
    mutable std::mutex mutex_;
    std::vector<std::string> leaving_;
};

/// The store with such a share.
class sharing_store final : public store::engine {
public:
    sharing_store(std::unique_ptr<store::engine> inner, scripted_share& share) : inner_(std::move(inner)), share_(share)
    {}

    std::vector<store::operation_result> apply(std::span<const store::operation> operations) override
    {
        const auto asks = [](const auto& op) { return std::holds_alternative<store::others_have_jobs>(op); };
        if (std::any_of(operations.begin(), operations.end(), asks)) share_.arriving.clear();
        std::vector<store::operation_result> results;
        for (const store::operation& op : operations) {
            if (std::holds_alternative<store::claim_jobs>(op) && share_.held_claim-- == 0) {
                share_.holds = true;
                share_.go_on.wait(false);
            }
            results.push_back(std::move(inner_->apply({&op, 1}).front()));
            if (std::holds_alternative<store::accounts_with_jobs>(op)) {
                auto& accounts = std::get<std::vector<std::string>>(results.back());
                std::erase(accounts, share_.arriving);
                std::erase_if(accounts, [&](const std::string& a) { return share_.is_hidden(a); });
            }
            if (std::holds_alternative<store::accounts_to_leave>(op)) results.back() = share_.leaving();
            if (const auto* claim = std::get_if<store::claim_jobs>(&op))
                for (const auto& job : std::get<std::vector<store::claimed_job>>(results.back()))
                    claimed_[claim->account].push_back(job.job);
            if (const auto* leave = std::get_if<store::leave_account>(&op)) {
                for (const std::int64_t job : std::exchange(claimed_[leave->account], {}))
                    inner_->perform(store::release_job{job, std::nullopt});
                ++share_.left;
            }
            if (std::holds_alternative<store::others_have_jobs>(op)) results.back() = share_.others-- > 0;
            if (std::holds_alternative<store::save_account>(op)) results.back() = share_.refusals-- <= 0;
        }
        return results;
    }
    void commit() override { inner_->commit(); }
    std::size_t uncommitted_bytes() const noexcept override { return inner_->uncommitted_bytes(); }
    bool in_transaction() const noexcept override { return inner_->in_transaction(); }
    const store::account_share* share() const noexcept override { return &share_; }

private:
    std::unique_ptr<store::engine> inner_;
    scripted_share& share_;
    std::map<std::string, std::vector<std::int64_t>> claimed_;
};

struct shared_world : stored_world {
    explicit shared_world(script s) : stored_world{std::move(s), {spec_of(0, "x"), spec_of(1, "y"), spec_of(1, "z")}}
    {
        wrap = [this](std::unique_ptr<store::engine> inner) {
            return std::make_unique<sharing_store>(std::move(inner), share);
        };
    }
    void check_whole() const
    {
        std::vector<std::string> all;
        for (const char* name : {"x", "y", "z"})
            for (std::string& id : ids_of(name, 25)) all.push_back(std::move(id));
        std::sort(all.begin(), all.end());
        BOOST_TEST(stored_ids() == all, boost::test_tools::per_element());
    }
    store::account_row row_of(const std::string& account) const
    {
        store::account_row found;
        reader()->accounts([&](const store::account_row& row, const store::account_summary&) {
            if (row.account == account) found = row;
            return true;
        });
        return found;
    }

    scripted_share share;
};

answer plain(std::size_t, const asked& r) { return listing_of(r, 25, 10); }

void run_until(stored_harvest& h, const std::function<bool()>& is_so)
{
    while (!is_so() && h.step()) {
    }
    BOOST_TEST_REQUIRE(is_so());
}

BOOST_AUTO_TEST_SUITE(durable_share)

BOOST_AUTO_TEST_CASE(a_request_that_waits_for_a_connection_is_broken_off_when_the_lease_ends)
{
    shared_world w([](std::size_t n, const asked& r) {
        answer a = plain(n, r);
        a.waits = n == 2;
        return a;
    });
    stored_harvest h(w);
    h.begin();
    run_until(h, [&] { return h.requests() > 2; });
    h.settle();
    BOOST_TEST(h.scripted.transport->alive == 1u);
    BOOST_TEST(!h.result.has_value());
    w.share.sends = false;
    run_until(h, [&] { return h.scripted.transport->alive == 0; });
    // Nothing is sent until there is a lease again.
    const std::size_t before = h.requests();
    const std::size_t left = w.share.left;
    run_until(h, [&] { return w.share.left > left + 2; });
    BOOST_TEST(h.requests() == before);
    w.share.sends = true;
    run_until(h, [&] { return h.result.has_value(); });
    BOOST_TEST(!*h.result);
    h.writer->close();
    w.check_whole();
    // The one that was broken off counts, as all do of which it is not known that nothing was sent.
    std::uint64_t counted = 0;
    for (const char* a : {"a0", "a1"}) counted += w.row_of(a).requests;
    BOOST_TEST(counted == h.requests());
}

BOOST_AUTO_TEST_CASE(a_clock_of_its_own_is_refused)
{
    shared_world w(plain);
    const stored_harvest h(w);
    store::harvester_options o;
    o.client.base_url = "https://api1.unipile.com:13111";
    o.client.api_key = "key";
    o.client.clock = std::make_shared<manual_clock>();
    BOOST_CHECK_EXCEPTION(
        store::harvester(h.scripted.executor, *h.writer, h.run_number, o), std::invalid_argument,
        [](const std::invalid_argument& e) {
            return std::string(e.what()) ==
                   "harvester_options: workers that share a store have its clock; leave client.clock empty";
        });
}

BOOST_AUTO_TEST_CASE(an_account_leaves_with_its_page_stored_and_may_come_back)
{
    shared_world w(plain);
    stored_harvest h(w);
    h.begin();
    run_until(h, [&] { return h.harvester->stats().pages > 0; });
    w.share.take_away("a1");
    w.share.take_away("unknown");
    run_until(h, [&] { return w.share.left >= 2; });
    run_until(h, [&] { return h.result.has_value(); });
    BOOST_TEST(!*h.result);
    BOOST_TEST(h.counts().done == 3u);
    h.writer->close();
    w.check_whole();
    BOOST_TEST(w.row_of("a1").requests + w.row_of("a0").requests == h.requests());
}

BOOST_AUTO_TEST_CASE(a_ledger_that_is_not_stored_admits_nothing)
{
    shared_world w(plain);
    w.share.refusals = 3;
    stored_harvest h(w);
    h.run();
    BOOST_TEST(!*h.result);
    BOOST_TEST(h.harvester->stats().jobs_left > 0u);
    BOOST_TEST(w.share.left >= 2u);
    h.writer->close();
    w.check_whole();
}

BOOST_AUTO_TEST_CASE(an_account_that_comes_behind_the_last_round_is_harvested)
{
    shared_world w(plain);
    w.share.arriving = "a1";
    stored_harvest h(w);
    h.run();
    BOOST_TEST(!*h.result);
    BOOST_TEST(h.counts().done == 3u);
    h.writer->close();
    w.check_whole();
}

/// The first account's jobs fill the queue, and its first request is not answered.
struct full_queue : shared_world {
    full_queue()
        : shared_world([](std::size_t n, const asked& r) {
              answer a = plain(n, r);
              a.waits = n == 0;
              return a;
          })
    {
        jobs.clear();
        for (int i = 0; i < 10; ++i) jobs.push_back(spec_of(0, "x" + std::to_string(i)));
        jobs.push_back(spec_of(1, "y"));
        share.hidden = "a1";
    }
    static store::harvester_options options()
    {
        store::harvester_options o = durably();
        o.harvest.max_queued = 4;
        return o;
    }
};

BOOST_AUTO_TEST_CASE(an_account_that_is_taken_over_does_not_wait_for_the_queue_of_others)
{
    full_queue w;
    stored_harvest h(w, full_queue::options());
    h.begin();
    run_until(h, [&] { return h.requests() == 1 && h.claimed() >= 4; });
    h.settle();
    BOOST_TEST(h.requests() == 1u);
    w.share.show();
    ++w.share.grown;
    run_until(h, [&] { return h.requests() > 1; });
    BOOST_TEST(h.scripted.transport->requests.back().account == "a1");
    h.harvester->cancel();
    run_until(h, [&] { return h.result.has_value(); });
}

// The last of these claims fills the queue.
BOOST_AUTO_TEST_CASE(an_account_that_is_taken_over_during_a_claim_does_not_wait_for_the_queue_of_others_either)
{
    for (const int claim : {3, 4}) {
        BOOST_TEST_CONTEXT("claim " << claim)
        {
            full_queue w;
            w.share.held_claim = claim;
            stored_harvest h(w, full_queue::options());
            h.begin();
            const auto go_on_until = [&h](const auto& is_so) {
                while (!is_so()) {
                    h.context.restart();
                    if (h.context.poll_one() == 0) h.context.run_one_for(1ms);
                }
            };
            go_on_until([&] { return w.share.holds.load(); });
            w.share.show();
            ++w.share.grown;
            const int asked = w.share.growth_asked;
            go_on_until([&] { return w.share.growth_asked > asked + 1; });
            w.share.go_on = true;
            w.share.go_on.notify_all();
            run_until(h, [&] { return h.requests() > 1 || w.share.growth_asked > asked + 300; });
            BOOST_TEST(h.requests() == 2u);
            BOOST_TEST(h.scripted.transport->requests.back().account == "a1");
            h.harvester->cancel();
            run_until(h, [&] { return h.result.has_value(); });
        }
    }
}

BOOST_AUTO_TEST_CASE(jobs_of_an_account_that_leaves_are_not_delivered_again)
{
    store::test::scratch folder;
    boost::asio::io_context context;
    store::store_writer writer(store::open_sqlite(folder.file()));
    const auto source = std::make_shared<durable::store_source>(context.get_executor(), writer, 1, posts_query(),
                                                                std::weak_ptr<durable::job_owner>());
    for (const std::size_t n : {0u, 1u}) {
        store::claimed_job job;
        job.job = static_cast<std::int64_t>(n) + 7;
        job.spec = spec_of(n, "x");
        source->again(job);
    }
    BOOST_TEST(source->take_back("a0") == (std::vector<std::uint64_t>{7}), boost::test_tools::per_element());
    BOOST_TEST(source->take_back("a0").empty());
    BOOST_TEST(source->take_back("a1").size() == 1u);
    BOOST_TEST(!source->has_waited());
    writer.close();
}

BOOST_AUTO_TEST_CASE(a_worker_without_jobs_waits_for_those_of_others)
{
    shared_world w(plain);
    w.share.others = 2;
    {
        stored_harvest h(w);
        h.run();
        BOOST_TEST(!*h.result);
        BOOST_TEST(w.share.others == -1);
    }
    // A stop ends that, too.
    w.share.others = 1'000'000;
    w.request.restart = true;
    stored_harvest again(w);
    again.begin();
    run_until(again, [&] { return w.share.others < 999'999; });
    again.harvester->stop();
    run_until(again, [&] { return again.result.has_value(); });
    BOOST_TEST(!*again.result);
}

BOOST_AUTO_TEST_CASE(a_request_counts_where_the_store_may_have_lost_one)
{
    shared_world w(plain);
    w.share.lacks = true;
    stored_harvest h(w);
    h.run();
    BOOST_TEST(!*h.result);
    h.writer->close();
    w.check_whole();
    BOOST_TEST(w.row_of("a0").requests == 3u);
    BOOST_TEST(w.row_of("a0").used_today == 4u);
    BOOST_TEST(w.row_of("a1").used_today == 7u);
}

BOOST_AUTO_TEST_CASE(a_store_that_fails_ends_the_harvest_wherever_accounts_leave)
{
    bool complete = false;
    for (std::size_t at = 0; !complete; ++at) {
        shared_world w(plain);
        stored_harvest h(w, durably(), at);
        h.begin();
        w.share.take_away("a1");
        run_until(h, [&] { return h.result.has_value(); });
        complete = !*h.result;
        if (!complete) BOOST_TEST(*h.result == store::store_errc::io_error);
        BOOST_TEST_REQUIRE(at < 1'000);
    }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
