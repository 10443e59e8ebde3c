// The writer of an engine that is durable when it has applied operations: transactions at once, and what they gather.
#include "store_work.hpp"
#include "support/printing.hpp"

#include "store/transaction_budget.hpp"

#include <boost/test/unit_test.hpp>

#include <condition_variable>
#include <future>
#include <mutex>
#include <queue>
#include <random>
#include <string>
#include <utility>
#include <vector>

using namespace unipile::store;
using namespace unipile::store::test;
using namespace std::chrono_literals;

namespace {

using clock = transaction_budget::clock;

// What an engine was given, by transaction, as the names of accounts.
class transactions {
public:
    // Each transaction ends when the test says so, if it says so.
    bool held = false;

    void add(std::span<const operation> operations)
    {
        std::string names;
        for (const operation& op : operations) names += std::get<save_account>(op).row.account;
        std::unique_lock lock(mutex_);
        all_.push_back(names);
        changed_.notify_all();
        changed_.wait(lock, [&] { return !held || ended_ >= all_.size(); });
        if (names == failing) throw store_error(store_errc::disk_full, "store");
    }
    void wait_for(std::size_t count)
    {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return all_.size() >= count; });
    }
    void end_one()
    {
        const std::lock_guard lock(mutex_);
        ++ended_;
        changed_.notify_all();
    }
    std::vector<std::string> all() const
    {
        const std::lock_guard lock(mutex_);
        return all_;
    }
    std::string failing = "none";

private:
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::string> all_;
    std::size_t ended_ = 0;
};

class fake_engine final : public engine {
public:
    explicit fake_engine(transactions& seen) : seen_(seen) {}
    std::vector<operation_result> apply(std::span<const operation> operations) override
    {
        seen_.add(operations);
        std::vector<operation_result> results;
        for (std::size_t i = 0; i < operations.size(); ++i) results.emplace_back(std::monostate());
        return results;
    }
    void commit() override {}
    std::size_t uncommitted_bytes() const noexcept override { return 0; }
    bool in_transaction() const noexcept override { return false; }
    bool is_durable_when_applied() const noexcept override { return true; }

private:
    transactions& seen_;
};

// No transaction but by what the test says.
writer_options rationed(std::size_t after, std::size_t at_once)
{
    writer_options o;
    o.transaction_every = 24h;
    o.transaction_after = after;
    o.transactions_at_once = at_once;
    return o;
}

struct fake_store {
    explicit fake_store(writer_options o = {}) : writer(std::make_unique<fake_engine>(seen), o) {}
    // Returns once it is durable.
    void save(const std::string& name)
    {
        std::promise<void> durable;
        writer.post(work_of(row_of_bytes(name, 1), [&](const std::exception_ptr&) { durable.set_value(); }));
        durable.get_future().wait();
    }

    transactions seen;
    store_writer writer;
};

// Requests of accounts in their paces come at random. Each is admitted, waits for its answer, and stores its page with
// what the account has used; the admission and the page wait for a transaction.
double transactions_a_request(double requests_a_second)
{
    transaction_budget budget({});
    std::mt19937_64 random(7);
    std::exponential_distribution<double> gap(requests_a_second);
    std::priority_queue<std::pair<double, int>, std::vector<std::pair<double, int>>, std::greater<>> events;
    double request = 0;
    constexpr int requests = 20'000;
    for (int i = 0; i < requests; ++i) {
        events.emplace(request += gap(random), 1);
        events.emplace(request + 0.3, 2);
    }
    const auto at = [](double seconds) {
        return clock::time_point(std::chrono::hours(1)) +
               std::chrono::duration_cast<clock::duration>(std::chrono::duration<double>(seconds));
    };
    int begun = 0, waiting = 0;
    double over = 0;  // the last transaction takes so long
    for (clock::time_point due; !events.empty() || waiting > 0;) {
        const bool another = !events.empty() && (waiting == 0 || at(events.top().first) <= std::max(due, at(over)));
        if (another) {
            for (int i = 0; i < events.top().second; ++i) budget.arrived();
            due = budget.next();
            if (waiting++ == 0) due = std::max(due, at(events.top().first));
            events.pop();
            continue;
        }
        const auto now = std::max(due, at(over));
        budget.began(now);
        over = std::chrono::duration<double>(now - at(0)).count() + 0.003;
        waiting = 0;
        ++begun;
    }
    return static_cast<double>(begun) / requests;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(writer_transactions)

BOOST_AUTO_TEST_CASE(work_that_comes_alone_is_applied_at_once)
{
    fake_store s(rationed(1000, 100));
    for (const char* name : {"a", "b", "c"}) s.save(name);
    BOOST_TEST(s.seen.all() == (std::vector<std::string>{"a", "b", "c"}), boost::test_tools::per_element());
    BOOST_TEST(s.writer.commits() == 3u);
    s.writer.close();
}

BOOST_AUTO_TEST_CASE(what_arrives_during_a_transaction_shares_the_next_one)
{
    fake_store s(rationed(1000, 100));
    s.seen.held = true;
    std::string durable;
    const auto save = [&](const std::string& name) {
        s.writer.post(work_of(row_of_bytes(name, 1), [&, name](const std::exception_ptr& e) {
            BOOST_TEST(!e);
            durable += name;
        }));
    };
    save("a");
    s.seen.wait_for(1);
    for (const char* name : {"b", "c", "d"}) save(name);
    s.seen.end_one();
    s.seen.wait_for(2);
    BOOST_TEST(durable == "a");
    s.seen.end_one();
    s.writer.close();
    BOOST_TEST(durable == "abcd");
    BOOST_TEST(s.seen.all() == (std::vector<std::string>{"a", "bcd"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(beyond_the_budget_work_is_gathered)
{
    // Three at once, and the fourth by the work of five.
    fake_store s(rationed(5, 2));
    s.save("a");
    s.save("b");
    s.save("c");
    const auto post = [&](const char* name) { s.writer.post(work_of(row_of_bytes(name, 1))); };
    post("d");
    post("e");
    s.save("f");
    BOOST_TEST(s.seen.all() == (std::vector<std::string>{"a", "b", "c", "def"}), boost::test_tools::per_element());
    // By a flush, and by the end.
    post("g");
    std::promise<void> flushed;
    s.writer.flush([&](const std::exception_ptr&) { flushed.set_value(); });
    flushed.get_future().wait();
    post("h");
    s.writer.close();
    BOOST_TEST(s.seen.all() == (std::vector<std::string>{"a", "b", "c", "def", "g", "h"}),
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(many_bytes_do_not_wait)
{
    writer_options o = rationed(1000, 0);
    o.group_bytes = 1000;
    fake_store s(o);
    s.save("first");  // the one that needs not wait
    s.writer.post(work_of(row_of_bytes("a", 400)));
    std::promise<void> durable;
    s.writer.post(work_of(row_of_bytes("b", 600), [&](const std::exception_ptr&) { durable.set_value(); }));
    durable.get_future().wait();
    BOOST_TEST(s.seen.all() == (std::vector<std::string>{"first", "ab"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_transaction_that_fails_fails_all_of_it)
{
    fake_store s(rationed(2, 0));
    s.seen.failing = "ab";
    s.save("first");
    int failed = 0;
    const auto count = [&](const std::exception_ptr& e) { failed += e ? 1 : 0; };
    s.writer.post(work_of(row_of_bytes("a", 1), count));
    s.writer.post(work_of(row_of_bytes("b", 1), count));
    BOOST_CHECK_THROW(s.writer.close(), store_error);
    BOOST_TEST(failed == 2);
}

BOOST_AUTO_TEST_CASE(a_budget_bounds_transactions_and_waits)
{
    writer_options o;
    o.transaction_every = 100ms;
    o.transaction_after = 10;
    o.transactions_at_once = 3;
    transaction_budget budget(o);
    clock::time_point now{1h};
    const auto at_once = [&] {
        int n = 0;
        for (; budget.next() <= now; ++n) budget.began(now);
        return n;
    };
    BOOST_TEST(at_once() == 4);
    BOOST_TEST((budget.next() == now + 100ms));
    // Those that can't wait don't put off the next one further.
    for (int i = 0; i < 10; ++i) budget.began(now);
    BOOST_TEST((budget.next() == now + 100ms));
    now += 100ms;
    BOOST_TEST(at_once() == 1);
    // Work earns some, too.
    for (int i = 0; i < 20; ++i) budget.arrived();
    BOOST_TEST(at_once() == 2);
    for (int i = 0; i < 1000; ++i) budget.arrived();
    BOOST_TEST(at_once() == 4);
    // A long time earns no more than that.
    now += 1h;
    BOOST_TEST(at_once() == 4);
}

BOOST_AUTO_TEST_CASE(any_options_make_a_budget)
{
    writer_options o;
    o.transaction_every = std::chrono::milliseconds::max();
    o.transaction_after = 0;
    o.transactions_at_once = static_cast<std::size_t>(-1);
    transaction_budget longest(o);
    longest.arrived();
    longest.began(clock::time_point(1h));
    BOOST_TEST((longest.next() <= clock::time_point(1h)));
    o.transaction_every = -1ms;
    transaction_budget none(o);
    for (int i = 0; i < 1000; ++i) none.began(clock::time_point(1h));
    BOOST_TEST((none.next() <= clock::time_point(1h)));
}

BOOST_AUTO_TEST_CASE(transactions_a_request_are_bounded)
{
    // A few transactions cost little, and none has to wait.
    BOOST_TEST(transactions_a_request(1) > 1.5);
    BOOST_TEST(transactions_a_request(20) <= 0.6);
    BOOST_TEST(transactions_a_request(200) <= 0.2);
}

BOOST_AUTO_TEST_SUITE_END()
