// Follow-ups that are refused or have aged: the last page is read once more.
#include "one_listing.hpp"
#include "support/printing.hpp"

#include <unipile/observer.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>

#include <functional>
#include <sstream>
#include <vector>

namespace asio = boost::asio;
using namespace unipile;
using namespace unipile::test;

namespace {

answer refused() { return refusal(422, "unprocessable_entity"); }

/// Answers in this order; the last one again and again.
script in_order(std::vector<answer> answers)
{
    return [answers = std::move(answers)](std::size_t n, const asked&) {
        return answers[std::min(n, answers.size() - 1)];
    };
}

answer first_page() { return {.body = page(0, 3, "\"c1\"")}; }
answer second_page(std::string_view cursor = "\"c2\"") { return {.body = page(3, 6, cursor)}; }

}  // namespace

BOOST_AUTO_TEST_SUITE(confirmation)

BOOST_AUTO_TEST_CASE(refused_and_refused_again)
{
    const whole_listing r(in_order({first_page(), second_page(), refused(), second_page("\"d2\""), refused()}));
    BOOST_TEST(r.got.ids == numbers(0, 6), boost::test_tools::per_element());
    BOOST_TEST(r.got.reason == end_reason::exhausted_cursor);
    BOOST_TEST(!r.got.failed);
    BOOST_TEST(r.cursors() == (texts{"", "c1", "c2", "c1", "d2"}), boost::test_tools::per_element());
    BOOST_TEST(r.stream.position().ended() == end_reason::exhausted_cursor);
    BOOST_TEST(r.stream.stats().requests == 5u);
    BOOST_TEST(r.stream.stats().retries == 0u);
    BOOST_TEST(r.stream.stats().pages == 2u);
    BOOST_TEST(r.stream.stats().rereads == 1u);
    BOOST_TEST(r.stream.stats().repeated == 3u);
    BOOST_TEST(r.client.transport->alive == 0u);
}

BOOST_AUTO_TEST_CASE(behind_the_first_page)
{
    const whole_listing r(in_order({first_page(), refused(), first_page(), refused()}));
    BOOST_TEST(r.got.reason == end_reason::exhausted_cursor);
    BOOST_TEST(r.cursors() == (texts{"", "c1", "", "c1"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(refused_and_then_a_good_page)
{
    // The same cursor comes again: that is no circle.
    for (const char* again : {"\"c1\"", "\"d1\""}) {
        const whole_listing r(in_order({first_page(), refused(), {.body = page(0, 3, again)}, second_page("null")}));
        BOOST_TEST(r.got.ids == numbers(0, 6), boost::test_tools::per_element());
        BOOST_TEST(r.got.reason == end_reason::null_cursor);
        BOOST_TEST(r.stream.stats().pages == 2u);
    }
}

BOOST_AUTO_TEST_CASE(a_circle_behind_a_confirmation_is_found)
{
    const whole_listing r(in_order({first_page(), refused(), first_page(), {.body = page(3, 6, "\"c1\"")}}));
    BOOST_TEST(r.got.reason == end_reason::cursor_loop);
}

BOOST_AUTO_TEST_CASE(the_last_page_is_refused_as_well)
{
    const whole_listing r(in_order({first_page(), second_page(), refused(), refused()}));
    BOOST_TEST(r.got.ids == numbers(0, 6), boost::test_tools::per_element());
    BOOST_TEST(r.got.reason == end_reason::refused_cursor);
    BOOST_TEST(!r.got.failed);
    const auto place = r.stream.position();
    BOOST_TEST(place.ended() == end_reason::none);
    BOOST_TEST(detail::access::parts(place).cursor == "c1");

    // Whoever resumes looks at the last page first, and gets nothing twice.
    const whole_listing later(in_order({second_page("\"d2\""), {.body = page(6, 8, "null")}}), {}, impatient(),
                              position::parse(place.text()));
    BOOST_TEST(later.got.ids == numbers(6, 8), boost::test_tools::per_element());
    BOOST_TEST(later.cursors() == (texts{"c1", "d2"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(the_last_page_is_the_last_now)
{
    const whole_listing null(in_order({first_page(), refused(), {.body = page(0, 3, "null")}}));
    BOOST_TEST(null.got.reason == end_reason::null_cursor);
    BOOST_TEST(null.got.ids.size() == 3u);
    const whole_listing missing(in_order({first_page(), refused(), {.body = page(0, 3, "\"\"")}}));
    BOOST_TEST(missing.got.reason == end_reason::missing_cursor);
}

BOOST_AUTO_TEST_CASE(the_last_page_has_changed)
{
    // New posts are delivered, and what they have pushed down is left out below.
    const whole_listing pushed(in_order({first_page(),
                                         refused(),
                                         {.body = page({item("x"), item("0"), item("1")}, "\"c1\"")},
                                         {.body = page({item("2"), item("3")}, "null")}}));
    BOOST_TEST(pushed.got.ids == (texts{"0", "1", "2", "x", "3"}), boost::test_tools::per_element());

    // Nothing of what it had: that confirms nothing.
    const whole_listing other(in_order({first_page(), refused(), {.body = page(3, 6, "\"c1\"")}, refused()}));
    BOOST_TEST(other.got.ids == numbers(0, 6), boost::test_tools::per_element());
    BOOST_TEST(other.got.reason == end_reason::refused_cursor);

    // Nothing at all, which needs no further request.
    const whole_listing empty(in_order({first_page(), refused(), {.body = page(0, 0, "\"c1\"")}, refused()}));
    BOOST_TEST(empty.got.reason == end_reason::refused_cursor);
    BOOST_TEST(empty.cursors().size() == 3u);
    BOOST_TEST(empty.stream.position().ended() == end_reason::none);
    BOOST_TEST(detail::access::parts(empty.stream.position()).cursor.empty());
}

BOOST_AUTO_TEST_CASE(a_last_page_that_was_empty_before)
{
    const whole_listing r(
        in_order({first_page(), {.body = page(0, 0, "\"c2\"")}, refused(), {.body = page(0, 0, "\"c2\"")}, refused()}),
        {.empty_page_tolerance = 1});
    BOOST_TEST(r.got.reason == end_reason::exhausted_cursor);
}

BOOST_AUTO_TEST_CASE(bounds_meet_a_confirmation)
{
    const auto script = in_order({first_page(),
                                  refused(),
                                  {.body = page({item("x"), item("y"), item("0")}, "\"c1\"")},
                                  second_page(),
                                  {.body = page(6, 9, "\"c3\"")},
                                  refused()});
    const whole_listing posts(script, {.max_posts = 4});
    BOOST_TEST(posts.got.ids == (texts{"0", "1", "2", "x"}), boost::test_tools::per_element());
    BOOST_TEST(posts.got.reason == end_reason::max_posts);
    BOOST_TEST(posts.cursors().size() == 3u);

    // The page that is read again is not another one.
    const whole_listing pages(script, {.max_pages = 2});
    BOOST_TEST(pages.got.reason == end_reason::max_pages);
    BOOST_TEST(pages.cursors().size() == 4u);
    BOOST_TEST(pages.stream.stats().pages == 2u);

    const auto dated = [](int first) {
        texts items;
        for (int i = first; i != first + 3; ++i) items.push_back(item(std::to_string(i), 60 * i));
        return items;
    };
    using namespace std::chrono_literals;
    const auto noon = std::chrono::sys_days(std::chrono::year(2025) / 6 / 1) + 12h;
    const whole_listing since(in_order({{.body = page(dated(1), "\"c1\"")},
                                        refused(),
                                        {.body = page(dated(1), "\"c1\"")},
                                        {.body = page(dated(4), "\"c2\"")}}),
                              {.since = noon - 4h - 30min, .since_run = 2});
    BOOST_TEST(since.got.ids == (texts{"1", "2", "3", "4"}), boost::test_tools::per_element());
    BOOST_TEST(since.got.reason == end_reason::since_reached);
}

BOOST_AUTO_TEST_CASE(prefetch)
{
    // The refusal comes while the last page's posts wait.
    for (const unsigned ahead : {1u, 3u}) {
        const whole_listing r(in_order({first_page(), second_page(), refused(), second_page("\"d2\""), refused()}),
                              {.prefetch_pages = ahead});
        BOOST_TEST(r.got.ids == numbers(0, 6), boost::test_tools::per_element());
        BOOST_TEST(r.got.reason == end_reason::exhausted_cursor);
        BOOST_TEST(r.cursors().size() == 5u);
    }
}

BOOST_AUTO_TEST_CASE(a_connection_breaks_at_each_step)
{
    // Every request is lost once: before its answer, and at every byte of it.
    const std::vector<answer> answers{first_page(), second_page(), refused(), second_page("\"d2\""), refused()};
    for (std::size_t broken = 0; broken != answers.size(); ++broken)
        for (std::size_t at = 0; at <= answers[broken].body.size() && answers[broken].status == 200; at += 7) {
            const whole_listing r([&](std::size_t n, const asked&) {
                answer a = answers[n > broken ? n - 1 : n];
                if (n == broken) a.break_at = at;
                if (n == broken && at == 0) a.no_answer = true;
                return a;
            });
            BOOST_REQUIRE(r.got.ids == numbers(0, 6));
            BOOST_REQUIRE(r.got.reason == end_reason::exhausted_cursor);
            BOOST_REQUIRE(r.stream.stats().requests == 6u);
            BOOST_REQUIRE(r.stream.stats().retries == 1u);
        }
}

BOOST_AUTO_TEST_CASE(a_confirmation_that_fails_can_be_resumed)
{
    auto options = impatient();
    options.retry.max_attempts = 2;
    const std::vector<answer> answers{first_page(), second_page(), refused(), second_page("\"d2\""), refused()};
    for (std::size_t lost = 2; lost != 5; ++lost) {
        const whole_listing r(
            [&](std::size_t n, const asked&) { return n < lost ? answers[n] : answer{.no_answer = true}; }, {},
            options);
        BOOST_TEST(r.got.reason == end_reason::failed);
        BOOST_TEST(r.got.failed->code() == errc::connection_lost);
        const auto place = position::parse(r.stream.position().text());
        BOOST_TEST(place.ended() == end_reason::none);
        const whole_listing later(
            [](std::size_t, const asked& a) -> answer {
                if (a.cursor == "c1") return second_page("\"d2\"");
                if (a.cursor == "c2" || a.cursor == "d2") return {.body = page(6, 9, "null")};
                return refused();
            },
            {}, options, place);
        BOOST_TEST(later.got.ids == numbers(6, 9), boost::test_tools::per_element());
    }
}

BOOST_AUTO_TEST_CASE(cancelled_at_each_step)
{
    for (std::size_t step = 0; step != 5; ++step) {
        asio::io_context context;
        post_stream* cancelled = nullptr;
        const auto answers = in_order({first_page(), second_page(), refused(), second_page("\"d2\""), refused()});
        scripted_client client(
            context.get_executor(),
            [&](std::size_t n, const asked& a) {
                if (n == step) cancelled->cancel();
                return answers(n, a);
            },
            impatient());
        auto stream = client.posts();
        cancelled = &stream;
        outcome got;
        asio::co_spawn(context, drain(stream, got), asio::detached);
        context.run();
        BOOST_TEST(got.ids == numbers(0, std::min<std::size_t>(3 * step, 6)), boost::test_tools::per_element());
        BOOST_TEST(got.reason == end_reason::cancelled);
        BOOST_TEST(client.transport->alive == 0u);
        BOOST_TEST(detail::access::parts(stream.position()).cursor == (texts{"", "c1", "c2", "c1", "d2"})[step]);
        BOOST_TEST(position::parse(stream.position().text()).ended() == end_reason::none);
    }
}

BOOST_AUTO_TEST_CASE(cancelled_by_the_observer)
{
    // In each of its calls, and at each of them; by the stream or by its client.
    struct watch final : observer {
        void on_request(const request_event&) override { look(); }
        void on_answer(const answer_event&) override { look(); }
        void on_page(const page_event&) override { look(); }
        void on_anomaly(const anomaly_event&) override { look(); }
        void on_retry(const retry_event&) override { look(); }
        void look()
        {
            if (calls++ == at) cancel();
        }
        std::size_t at = 0, calls = 0;
        std::function<void()> cancel;
    };
    const std::vector<answer> answers{{.body = page({"{}", item(0), item(1)}, "\"c1\"")},
                                      {.status = 503, .body = R"({"type":"errors/no_channel"})"},
                                      refused(),
                                      {.body = page({"{}", item(0), item(1)}, "\"c1\"")},
                                      refused()};
    for (const bool by_client : {false, true}) {
        bool reached = true;
        for (std::size_t at = 0; reached; ++at) {
            const auto seen = std::make_shared<watch>();
            auto options = impatient();
            options.observer = seen;
            seen->at = at;
            asio::io_context context;
            scripted_client client(context.get_executor(), in_order(answers), options);
            auto stream = client.posts();
            seen->cancel = [&] { by_client ? client.close() : stream.cancel(); };
            outcome got;
            asio::co_spawn(context, drain(stream, got), asio::detached);
            context.run();
            reached = seen->calls > at;
            BOOST_TEST(got.reason == (reached ? end_reason::cancelled : end_reason::exhausted_cursor));
            BOOST_TEST(bool(got.failed) == reached);
            if (reached) {
                const boost::system::error_code why =
                    by_client ? make_error_code(errc::client_closed) : asio::error::operation_aborted;
                BOOST_TEST(got.failed->code() == why);
            }
            BOOST_TEST(client.transport->alive == 0u);
            BOOST_REQUIRE(at < 100u);
        }
    }
}

BOOST_AUTO_TEST_CASE(refused_at_once_where_a_position_led)
{
    const whole_listing first(in_order({first_page(), {.no_answer = true}}), {}, [] {
        auto o = impatient();
        o.retry.max_attempts = 1;
        return o;
    }());
    const whole_listing r(in_order({refused()}), {}, impatient(), first.stream.position());
    BOOST_TEST(r.got.reason == end_reason::failed);
    BOOST_TEST(r.got.failed->code() == errc::target_refused);
    BOOST_TEST(r.cursors().size() == 1u);
}

BOOST_AUTO_TEST_CASE(other_refusals_are_failures)
{
    const answer account = refusal(422, "invalid_account");
    for (std::size_t at = 1; at != 4; ++at) {
        std::vector<answer> answers{first_page(), refused(), first_page(), refused()};
        answers[at] = account;
        const whole_listing r(in_order(answers));
        BOOST_TEST(r.got.reason == end_reason::failed);
        BOOST_TEST(r.got.failed->code() == errc::account_refused);
    }
}

BOOST_AUTO_TEST_CASE(the_observer_sees_what_is_read_again)
{
    struct watch final : observer {
        void on_request(const request_event& e) override
        {
            log << "r" << e.page << '.' << e.attempt << (e.again ? "a " : " ");
        }
        void on_answer(const answer_event& e) override { log << e.page << ":" << e.status << ' '; }
        void on_page(const page_event& e) override { log << "p" << e.page << (e.again ? "a " : " "); }
        void on_retry(const retry_event&) override { log << "retry "; }
        void on_end(const end_event& e) override { log << e.reason; }
        std::ostringstream log;
    };
    auto options = impatient();
    const auto seen = std::make_shared<watch>();
    options.observer = seen;
    const whole_listing r(in_order({first_page(), refused(), first_page(), refused()}), {}, options);
    BOOST_TEST(seen->log.str() == "r0.1 0:200 p0 r1.1 1:422 r0.1a 0:200 p0a r1.1 1:422 exhausted_cursor");
}

BOOST_AUTO_TEST_SUITE_END()
