// What the observer of a listing and a failure are given: events, answers, items that are no posts.
#include "one_listing.hpp"
#include "support/printing.hpp"

#include <unipile/observer.hpp>

#include <boost/test/unit_test.hpp>

#include <memory>
#include <sstream>
#include <string>
#include <vector>

using namespace unipile;
using namespace unipile::test;

BOOST_AUTO_TEST_SUITE(observed)

BOOST_AUTO_TEST_CASE(quarantine)
{
    struct watch final : observer {
        void on_anomaly(const anomaly_event& e) override
        {
            if (e.anomaly) return;
            raw.emplace_back(e.quarantined);
            BOOST_TEST(e.item == 1);
            BOOST_TEST(!e.why.empty());
            BOOST_TEST(!e.post);
        }
        std::vector<std::string> raw;
    };
    auto options = impatient();
    const auto seen = std::make_shared<watch>();
    options.observer = seen;
    const std::string bad = R"({"id":tru})";
    const whole_listing r(
        [&](std::size_t n, const asked&) -> answer {
            answer a{.body = page({item(1), bad, item(2)}, "null")};
            // The second time the item has been seen.
            if (n == 0) a.break_at = a.body.size() - 10;
            return a;
        },
        {}, options);
    const std::vector<std::string> expected{"1", "2"};
    BOOST_TEST(r.got.ids == expected, boost::test_tools::per_element());
    BOOST_REQUIRE(seen->raw.size() == 1u);
    BOOST_TEST(seen->raw.front() == bad);
    BOOST_TEST(r.stream.stats().quarantined == 1u);
}

BOOST_AUTO_TEST_CASE(strict)
{
    auto options = impatient();
    options.strict = true;
    const whole_listing r(plain_listing(5, 10), {}, options);
    BOOST_TEST(r.failed_with(errc::contract_violated));
    BOOST_TEST(r.requests() == 1u);
}

BOOST_AUTO_TEST_CASE(what_the_header_says_reaches_the_failure_and_the_observer)
{
    struct watch final : observer {
        void on_answer(const answer_event& e) override { log += e.fields.request_id + ' '; }
        std::string log;
    };
    auto options = impatient();
    const auto seen = std::make_shared<watch>();
    options.observer = seen;
    const auto answered = [](std::size_t n, const asked& a) {
        auto answer = n == 0 ? plain_listing(a, 12, 10) : refusal(422, "invalid_recipient");
        answer.request_id = "r" + std::to_string(n);
        answer.retry_after = "3";
        return answer;
    };
    const whole_listing refused([&](std::size_t n, const asked& a) { return answered(n + 1, a); }, {}, options);
    BOOST_TEST(seen->log == "r1 ");
    BOOST_REQUIRE(refused.got.failed);
    BOOST_TEST(refused.got.failed->fields().request_id == "r1");
    BOOST_TEST(refused.got.failed->fields().retry_after == "3");

    const whole_listing broken(
        [&](std::size_t n, const asked& a) {
            auto answer = answered(0, a);
            answer.request_id += std::to_string(n);
            answer.break_at = 10;
            return answer;
        },
        {}, options);
    BOOST_TEST(broken.failed_with(errc::connection_lost));
    BOOST_TEST(broken.got.failed->fields().request_id == "r0" + std::to_string(broken.requests() - 1));

    const whole_listing silent([](std::size_t, const asked&) { return answer{.no_answer = true}; }, {}, options);
    BOOST_TEST(silent.failed_with(errc::connection_lost));
    BOOST_TEST(silent.got.failed->fields() == answer_fields());
}

BOOST_AUTO_TEST_CASE(the_observer_is_told)
{
    struct watch final : observer {
        void on_request(const request_event& e) override
        {
            log << "request " << e.page << '.' << e.attempt << ' ' << e.target << '\n';
        }
        void on_answer(const answer_event& e) override
        {
            log << "answer " << e.page << '.' << e.attempt << ' ' << e.status << ' ' << (e.error ? e.error->type : "")
                << '\n';
        }
        void on_page(const page_event& e) override { log << "page " << e.page << ' ' << e.items << '\n'; }
        void on_retry(const retry_event& e) override
        {
            log << "retry " << e.page << '.' << e.attempt << ' ' << e.failure.code().value() << '\n';
        }
        void on_end(const end_event& e) override { log << "end " << e.reason << ' ' << e.stats.posts << '\n'; }
        std::ostringstream log;
    };
    auto options = impatient();
    const auto seen = std::make_shared<watch>();
    options.observer = seen;
    {
        const whole_listing r(
            [](std::size_t n, const asked& a) {
                return n == 1 ? refusal(500, "unexpected_error") : plain_listing(a, 12, 10);
            },
            {}, options);
    }
    const auto unavailable = std::to_string(static_cast<int>(errc::api_unavailable));
    BOOST_TEST(seen->log.str() ==
               "request 0.1 id|acc|100|\nanswer 0.1 200 \npage 0 10\n"
               "request 1.1 id|acc|100|c1\nanswer 1.1 500 errors/unexpected_error\nretry 1.1 " +
                   unavailable + "\nrequest 1.2 id|acc|100|c1\nanswer 1.2 200 \npage 1 2\nend null_cursor 12\n");
}

BOOST_AUTO_TEST_CASE(an_answer_that_repeats_the_key_is_not_quoted)
{
    struct watch final : observer {
        void on_answer(const answer_event& e) override
        {
            if (e.error) log += e.error->type + e.error->title + e.error->detail + e.error->instance + ' ';
        }
        std::string log;
    };
    const std::string key = "k3y-0f-s0me0ne";
    const answer answers[] = {{.status = 404, .body = "<p>no route for " + key + "</p>"},
                              {.status = 404,
                               .body = R"({"type":"errors/resource_not_found","title":"T )" + key + R"(","detail":")" +
                                       key + R"(","instance":"/posts"})"}};
    for (const auto& a : answers) {
        auto options = impatient();
        const auto seen = std::make_shared<watch>();
        options.observer = seen;
        one_listing f([&](std::size_t, const asked&) { return a; }, {}, options);
        f.client.transport->key = key;
        f.finish();
        BOOST_TEST_REQUIRE(f.got.failed.has_value());
        BOOST_TEST(seen->log.find(key) == std::string::npos);
        BOOST_TEST(std::string(f.got.failed->what()).find(key) == std::string::npos);
        BOOST_TEST(f.got.failed->all().note.find(key) == std::string::npos);
        BOOST_TEST(f.got.failed->api()->title.empty());
    }
}

BOOST_AUTO_TEST_SUITE_END()
