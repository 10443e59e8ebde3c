// Where the jobs of a harvest come from, and what is refused before the first.
#include "harvest/gathering.hpp"
#include "support/printing.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <functional>
#include <iterator>
#include <list>
#include <memory>
#include <new>
#include <optional>
#include <ranges>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

namespace asio = boost::asio;
using namespace unipile;
using namespace unipile::test;
using namespace std::chrono_literals;

namespace {

BOOST_AUTO_TEST_SUITE(harvest_sources)

BOOST_AUTO_TEST_CASE(ranges)
{
    std::vector<posts_query> kept = row(7);
    check_jobs(scripted_harvest(plain_listing(3, 10), kept).run(), 7, 3);
    const std::list<harvest_job> constant(kept.begin(), kept.end());
    check_jobs(scripted_harvest(plain_listing(3, 10), constant).run(), 7, 3);
    check_jobs(scripted_harvest(plain_listing(3, 10), row(7)).run(), 7, 3);
    auto made = std::views::iota(0, 7) | std::views::transform([](int i) { return query_of(0, std::to_string(i)); });
    check_jobs(scripted_harvest(plain_listing(3, 10), made).run(), 7, 3);
}

BOOST_AUTO_TEST_CASE(functions)
{
    for (std::size_t n : {0u, 1u, 255u, 256u, 257u}) {
        std::size_t i = 0;
        auto next = [&]() -> std::optional<posts_query> {
            if (i == n) return {};
            const auto n_th = i++;
            return query_of(n_th % 3, std::to_string(n_th));
        };
        scripted_harvest h(plain_listing(1, 10), next);
        BOOST_TEST(i == 0u);
        check_jobs(h.run(), n, 1);
    }
    auto boxed = [jobs = std::make_unique<int>(3)]() mutable {
        std::optional<harvest_job> j;
        if ((*jobs)-- > 0) j.emplace(query_of(0, std::to_string(*jobs)));
        return j;
    };
    check_jobs(scripted_harvest(plain_listing(3, 10), std::move(boxed)).run(), 3, 3);
}

BOOST_AUTO_TEST_CASE(coroutines)
{
    auto next = [left = 5]() mutable -> asio::awaitable<std::optional<posts_query>> {
        asio::steady_timer soon(co_await asio::this_coro::executor, 1ms);
        co_await soon.async_wait(asio::use_awaitable);
        std::optional<posts_query> q;
        if (left-- > 0) q = query_of(0, std::to_string(left));
        co_return q;
    };
    check_jobs(scripted_harvest(plain_listing(3, 10), next).run(), 5, 3);
}

BOOST_AUTO_TEST_CASE(a_coroutine_that_waits_is_cancelled_when_the_harvest_stops)
{
    bool cancelled = false;
    auto next = [&cancelled, left = 1]() mutable -> asio::awaitable<std::optional<posts_query>> {
        std::optional<posts_query> q;
        if (left-- > 0) {
            q = query_of(0, "0");
            co_return q;
        }
        asio::steady_timer never(co_await asio::this_coro::executor, asio::steady_timer::time_point::max());
        auto token = asio::as_tuple(asio::use_awaitable);
        const auto ended = co_await never.async_wait(token);
        cancelled = std::get<0>(ended) == asio::error::operation_aborted;
        co_return q;
    };
    scripted_harvest h(plain_listing(3, 10), next);
    h.begin();
    h.poll();
    BOOST_TEST(h.got.at("a0/0").ends == 1u);
    BOOST_TEST(!h.got.over);
    h.stream.stop();
    h.poll();
    BOOST_TEST(cancelled);
    BOOST_TEST(h.got.over);
}

struct threaded_source final : job_source {
    explicit threaded_source(std::size_t n) : left(n) {}
    ~threaded_source() override
    {
        for (auto& t : threads) t.join();
    }
    void async_pull(job_request request, handler done) override
    {
        BOOST_TEST(request.count >= 1u);
        BOOST_TEST(!!request.has_enough);
        std::vector<harvest_job> jobs;
        for (; left > 0 && jobs.size() < std::min<std::size_t>(request.count, 3); --left)
            jobs.emplace_back(query_of(left % 2, std::to_string(left)));
        threads.emplace_back([d = std::move(done), j = std::move(jobs)]() mutable {
            std::move(d)(boost::system::error_code(), std::move(j));
        });
    }
    std::size_t left;
    std::vector<std::thread> threads;
};

BOOST_AUTO_TEST_CASE(sources_of_ones_own_on_other_threads)
{
    std::unique_ptr<job_source> source = std::make_unique<threaded_source>(10);
    check_jobs(scripted_harvest(plain_listing(3, 10), std::move(source)).run(), 10, 3);
}

void throw_one(std::size_t kind)
{
    switch (kind) {
        case 0: throw std::runtime_error("no more");
        case 1: throw failure(errc::target_refused);
        case 2: throw boost::system::system_error(asio::error::eof);
        case 3: throw std::system_error(std::make_error_code(std::errc::no_link));
        case 4: throw std::bad_alloc();
        default: throw 17;
    }
}
const boost::system::error_code codes_of_kinds[] = {errc::job_source_failed,
                                                    errc::target_refused,
                                                    asio::error::eof,
                                                    std::make_error_code(std::errc::no_link),
                                                    make_error_code(boost::system::errc::not_enough_memory),
                                                    errc::job_source_failed};

BOOST_AUTO_TEST_CASE(a_coroutine_that_fails_ends_the_harvest)
{
    for (std::size_t kind = 0; kind != std::size(codes_of_kinds); ++kind) {
        auto next = [kind, left = 3]() mutable -> asio::awaitable<std::optional<posts_query>> {
            if (left-- == 0) throw_one(kind);
            co_return query_of(0, std::to_string(left));
        };
        scripted_harvest h(plain_listing(1, 10), next);
        h.run();
        BOOST_TEST_REQUIRE(h.got.failed.has_value());
        BOOST_TEST(h.got.failed->code() == codes_of_kinds[kind]);
        BOOST_TEST(h.got.jobs.size() == 3u);
    }
}

BOOST_AUTO_TEST_CASE(a_source_that_fails_ends_the_harvest)
{
    for (std::size_t kind = 0; kind != std::size(codes_of_kinds); ++kind) {
        int i = 0;
        auto next = [&]() -> std::optional<posts_query> {
            if (i == 300) throw_one(kind);
            return query_of(0, std::to_string(i++));
        };
        scripted_harvest h(plain_listing(1, 10), next);
        h.run();
        BOOST_REQUIRE(h.got.failed);
        BOOST_TEST(h.got.failed->code() == codes_of_kinds[kind]);
        if (kind == 0) BOOST_TEST(h.got.failed->all().note == "no more");
        if (kind == 5) BOOST_TEST(!h.got.failed->all().note.empty());
        for (const auto& [name, j] : h.got.jobs) BOOST_TEST(j.ends == 1u);
        BOOST_TEST(h.got.jobs.size() == 256u + 44u);
    }
}

BOOST_AUTO_TEST_CASE(a_million_jobs_take_no_memory_before_their_turn)
{
    std::size_t taken = 0, ended = 0, most = 0;
    auto next = [&]() -> std::optional<posts_query> {
        if (taken == 1'000'000) return {};
        ++taken;
        return query_of(taken % 5, std::to_string(taken));
    };
    auto options = quickly();
    options.max_queued = 1'000;
    scripted_harvest h(plain_listing(1, 10), next, options);
    auto consume = [&]() -> asio::awaitable<void> {
        while (ended < 5'000) {
            auto e = co_await h.stream.next();
            BOOST_REQUIRE(e);
            ended += e->ended;
            most = std::max(most, taken - ended);
        }
        h.stream.cancel();
        while (auto e = co_await h.stream.next()) {
        }
    };
    asio::co_spawn(h.context, consume(), rethrow);
    h.run_all();
    // Queued, running, and what waits for the consumer.
    BOOST_TEST(most <= 1'000u + 8u + 1'024u + 8u);
}

BOOST_AUTO_TEST_CASE(says_which_accounts_have_enough)
{
    struct source final : job_source {
        explicit source(std::vector<std::string>& a) : asked(a) {}
        void async_pull(job_request request, handler done) override
        {
            std::vector<harvest_job> jobs;
            for (std::size_t a = 0; a < 3; ++a) {
                const auto name = query_of(a, "").account_id;
                if (request.has_enough(name)) asked.push_back(name);
            }
            for (; i < 100 && jobs.size() < 10; ++i) jobs.emplace_back(query_of(i < 90 ? 0 : 1, std::to_string(i)));
            std::move(done)(boost::system::error_code(), std::move(jobs));
        }
        std::vector<std::string>& asked;
        std::size_t i = 0;
    };
    std::vector<std::string> enough;
    auto options = quickly();
    options.max_queued = 80;
    options.max_queued_per_account = 20;
    scripted_harvest h(plain_listing(1, 10), std::unique_ptr<job_source>(std::make_unique<source>(enough)), options);
    check_jobs(h.run(), 100, 1);
    BOOST_TEST(!enough.empty());
    for (const auto& name : enough) BOOST_TEST(name == "a0");
}

BOOST_AUTO_TEST_CASE(a_source_that_has_urgent_jobs_while_it_is_asked_is_asked_again)
{
    struct source final : job_source {
        void async_pull(job_request, handler done) override { asked.push_back(std::move(done)); }
        std::vector<handler> asked;
    };
    auto options = quickly();
    options.max_queued = 4;
    auto owned = std::make_unique<source>();
    source& jobs = *owned;
    scripted_harvest h([](std::size_t, const asked&) { return answer{.waits = true}; },
                       std::unique_ptr<job_source>(std::move(owned)), options);
    h.begin();
    h.poll();
    BOOST_TEST_REQUIRE(jobs.asked.size() == 1u);
    h.stream.pull();
    h.poll();
    BOOST_TEST(jobs.asked.size() == 1u);
    // These fill the queue.
    const std::vector<posts_query> more = grid(1, 5);
    std::move(jobs.asked[0])(boost::system::error_code(), std::vector<harvest_job>(more.begin(), more.end()));
    h.poll();
    BOOST_TEST_REQUIRE(jobs.asked.size() == 2u);
    std::move(jobs.asked[1])(boost::system::error_code(), std::vector{harvest_job(query_of(1, "urgent"))});
    h.poll();
    BOOST_TEST(jobs.asked.size() == 2u);
    BOOST_TEST(h.scripted.transport->requests.back().account == "a1");
    h.stream.cancel();
    h.run_all();
}

BOOST_AUTO_TEST_CASE(refuses_options_that_make_no_sense)
{
    asio::io_context context;
    scripted_client scripted(context.get_executor(), plain_listing(1, 1));
    auto c = detail::access::make<client>(context.get_executor(), scripted.core);
    const std::function<void(harvest_options&)> faults[] = {[](auto& o) { o.max_in_flight = 0; },
                                                            [](auto& o) { o.turn_pages = 0; },
                                                            [](auto& o) { o.max_buffered_bytes = 0; },
                                                            [](auto& o) { o.max_queued = 0; },
                                                            [](auto& o) { o.max_queued_per_account = 0; },
                                                            [](auto& o) { o.outage_patience = -1ms; },
                                                            [](auto& o) { o.pace.emplace().windows = {{0, 1s}}; }};
    for (const auto& spoil : faults) {
        harvest_options o;
        spoil(o);
        BOOST_CHECK_THROW(c.harvest(row(1), o), std::invalid_argument);
    }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
