// Functions of the user that do something with the harvest which calls them: each action in the k-th call of each, for
// all k.
#include "harvest/gathering.hpp"
#include "support/printing.hpp"

#include <unipile/observer.hpp>

#include <boost/test/unit_test.hpp>

#include <functional>
#include <memory>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

using namespace unipile;
using namespace unipile::test;
using namespace std::chrono_literals;
namespace asio = boost::asio;

namespace {

enum class where { save_ledger, load_ledger, pace_of, admit, source, observed, visited };
enum class action { stop, cancel, unpark, set_pace, finish, destroy, fail };

constexpr where places[] = {where::save_ledger, where::load_ledger, where::pace_of, where::admit,
                            where::source,      where::observed,    where::visited};
constexpr action actions[] = {action::stop,   action::cancel,  action::unpark, action::set_pace,
                              action::finish, action::destroy, action::fail};

/// Two accounts with three jobs each; one account has to be unparked, and some requests are repeated.
answer answer_of(std::size_t n, const asked& r)
{
    if (n == 2) return refusal(401, "disconnected_account");
    if (n == 4) return refusal(500, "unexpected_error");
    if (n == 6) return {.no_answer = true};
    if (n == 8) return {.not_sent = errc::connect_failed};
    return plain_listing(r, 15, 10);
}

struct world;

struct seeing final : observer {
    explicit seeing(world& w) : all(w) {}
    void on_request(const request_event&) override;
    void on_answer(const answer_event&) override;
    void on_page(const page_event&) override;
    void on_retry(const retry_event&) override;
    void on_end(const end_event&) override;
    world& all;
};

struct handing final : job_source {
    explicit handing(world& w) : all(w) {}
    void async_pull(job_request request, handler done) override;
    world& all;
};

struct world {
    world(where p, action a, std::size_t k, bool whole_pages) : place(p), what(a), left(k)
    {
        auto client_options = impatient();
        client_options.observer = std::make_shared<seeing>(*this);
        scripted.emplace(context.get_executor(), answer_of, client_options);
        api.emplace(detail::access::make<client>(context.get_executor(), scripted->core));
        harvest_options o = quickly();
        o.whole_pages = o.confirm_pages = whole_pages;
        o.max_queued = 8;
        o.pace->windows = {{1'000, 24h}};
        o.save_ledger = [this](std::string_view, const account_ledger&) { call(where::save_ledger); };
        o.load_ledger = [this](std::string_view) {
            call(where::load_ledger);
            return std::optional<account_ledger>();
        };
        o.pace_of = [this](std::string_view) {
            call(where::pace_of);
            return std::optional<pacing>();
        };
        if (place == where::admit)
            o.admit = [this](const harvest_job&, const account_ledger&, harvest_options::admission go) {
                go({});
                call(where::admit);
            };
        stream.emplace(harvest::begin(*api, std::make_shared<handing>(*this), o, time));
    }

    void call(where w)
    {
        if (w != place || left == 0) return;
        --left;
        if (left > 0) return;
        done = true;
        switch (what) {
            case action::stop: stream->stop(); break;
            case action::cancel: stream->cancel(); break;
            case action::unpark: stream->unpark("a0"), stream->unpark("a1"); break;
            case action::set_pace:
                stream->set_pace("a0", parse_pacing("500/day")), stream->set_pace("a1", std::nullopt);
                break;
            case action::finish:
                for (std::uint64_t n = 0; n < 6; ++n) stream->finish(n);
                break;
            case action::destroy: stream.reset(); break;
            case action::fail:
                if (w != where::observed && w != where::visited) throw std::runtime_error("no such zone");
                break;
        }
    }

    void pull()
    {
        if (!stream) return;
        stream->async_next([this](boost::system::error_code code, std::optional<harvest_element> e) {
            if (code || !e) {
                over = true;
                if (code) error = code;
                return;
            }
            if (e->ended) ++ends[e->number];
            if (e->page_ends && stream) stream->go_on(e->number);
            if (stream) stream->accounts([this](const account_status&) { call(where::visited); });
            pull();
        });
    }

    void run()
    {
        pull();
        for (;;) {
            context.restart();
            while (context.poll() > 0) {
            }
            if (context.stopped() || !time->is_waited_for()) break;
            time->advance();
        }
        BOOST_TEST(context.stopped());
        if (stream) {
            BOOST_TEST(over);
            // Those that are handed over after `cancel` are not taken.
            if (what == action::cancel)
                given = stream->stats().jobs;
            else
                BOOST_TEST(stream->stats().jobs == given);
        }
    }

    where place;
    action what;
    std::size_t left;
    bool done = false, over = false;
    boost::system::error_code error;
    std::vector<int> ends = std::vector<int>(6);
    asio::io_context context;
    std::shared_ptr<manual_time> time = std::make_shared<manual_time>();
    std::optional<scripted_client> scripted;
    std::optional<client> api;
    std::size_t given = 0;
    std::optional<harvest_stream> stream;
};

void seeing::on_request(const request_event&) { all.call(where::observed); }
void seeing::on_answer(const answer_event&) { all.call(where::observed); }
void seeing::on_page(const page_event&) { all.call(where::observed); }
void seeing::on_retry(const retry_event&) { all.call(where::observed); }
void seeing::on_end(const end_event&) { all.call(where::observed); }

void handing::async_pull(job_request, handler done)
{
    std::vector<harvest_job> jobs;
    const auto n = all.given;
    if (n < 6) {
        jobs.emplace_back(query_of(n % 2, std::to_string(n)));
        jobs.emplace_back(query_of((n + 1) % 2, std::to_string(n + 1)));
    }
    world& w = all;
    // Before and after it has handed them over; it may be gone by then.
    w.call(where::source);
    w.given += jobs.size();
    std::move(done)(boost::system::error_code(), std::move(jobs));
    if (w.stream) w.call(where::source);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(reentrancy)

BOOST_AUTO_TEST_CASE(whatever_is_called_may_do_anything)
{
    for (const bool whole : {false, true})
        for (const auto place : places)
            for (const auto what : actions)
                for (std::size_t k = 1; k < 200; ++k) {
                    bool done = false;
                    BOOST_TEST_CONTEXT("place " << int(place) << " action " << int(what) << " call " << k << " whole "
                                                << whole)
                    {
                        world w(place, what, k, whole);
                        w.run();
                        done = w.done;
                        if (w.stream) {
                            for (std::size_t i = 0; i < w.ends.size(); ++i)
                                BOOST_TEST(w.ends[i] == (i < w.given ? 1 : 0));
                            const bool fails =
                                done && what == action::fail && place != where::observed && place != where::visited;
                            if (fails) BOOST_TEST(w.stream->last_failure().has_value());
                            if (fails && place != where::source)
                                BOOST_TEST(w.error == make_error_code(errc::callback_failed));
                            if (fails && w.stream->last_failure())
                                BOOST_TEST(std::string(w.stream->last_failure()->what()).find("no such zone") !=
                                           std::string::npos);
                        }
                    }
                    if (!done) {
                        BOOST_TEST(k > 1u);
                        break;
                    }
                }
}

BOOST_AUTO_TEST_CASE(whatever_a_function_throws_ends_the_harvest)
{
    enum kind { words, no_memory, number };
    for (const auto k : {words, no_memory, number})
        for (int function = 0; function != 3; ++function) {
            const auto fail = [k] {
                if (k == words) throw std::runtime_error("no such zone");
                if (k == no_memory) throw std::bad_alloc();
                throw 17;
            };
            harvest_options o = quickly();
            o.pace->windows = {{1'000, 24h}};
            if (function == 0) o.save_ledger = [&](std::string_view, const account_ledger&) { fail(); };
            if (function == 1)
                o.load_ledger = [&](std::string_view) {
                    fail();
                    return std::optional<account_ledger>();
                };
            if (function == 2)
                o.pace_of = [&](std::string_view) {
                    fail();
                    return std::optional<pacing>();
                };
            scripted_harvest h(answer_of, row(4), o);
            h.run();
            BOOST_TEST_REQUIRE(h.got.failed.has_value());
            const boost::system::error_code expected = k == no_memory
                                                           ? make_error_code(boost::system::errc::not_enough_memory)
                                                           : make_error_code(errc::callback_failed);
            BOOST_TEST(h.got.failed->code() == expected);
            const bool told = h.got.failed->all().note.find("no such zone") != std::string::npos;
            BOOST_TEST(told == (k == words));
            for (const auto& [name, j] : h.got.jobs) BOOST_TEST(j.ends == 1u);
            BOOST_TEST(h.requests() == 0u);
        }
}

BOOST_AUTO_TEST_SUITE_END()
