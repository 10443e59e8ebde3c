// The ranges of the simulator's options, and the text form of its faults.
#include "support/printing.hpp"

#include <unipile/simulator.hpp>

#include <boost/test/unit_test.hpp>

#include <functional>
#include <stdexcept>
#include <string_view>
#include <vector>

namespace sim = unipile::simulator;
using std::chrono::milliseconds;
using std::chrono::seconds;

BOOST_AUTO_TEST_SUITE(simulator_options)

BOOST_AUTO_TEST_CASE(fault_specs)
{
    const auto spec = [](const char* text) { return sim::parse_fault(text); };
    const auto many = spec("429:every=50,burst=3,retry-after=2");
    BOOST_TEST(many.kind == sim::fault_kind::status);
    BOOST_TEST(many.status == 429u);
    BOOST_TEST(many.every == 50u);
    BOOST_TEST(many.burst == 3u);
    BOOST_TEST(many.retry_after.value() == 2u);
    BOOST_TEST(spec("500:rate=0.01").rate.value() == 0.01);
    BOOST_TEST(spec("500").burst == 1u);
    BOOST_TEST(spec("500:after=2").after == 2u);
    BOOST_TEST(spec("loop").burst == 0u);
    const auto reset = spec("reset:at=1000,rate=0.5,account=acc3");
    BOOST_TEST(reset.at == 1'000u);
    BOOST_TEST(reset.account == "acc3");
    BOOST_TEST(spec("close:at=25%").at_unit == sim::fault::position::percent);
    BOOST_TEST(spec("truncate:at=random").at_unit == sim::fault::position::random);
    BOOST_TEST(spec("truncate").at == 50u);
    BOOST_TEST(spec("stall:for=70").duration == milliseconds(70));
    BOOST_TEST(spec("chunk=odd").size == 0u);
    BOOST_TEST(spec("chunk=17").size == 17u);
    BOOST_TEST(spec("drip").size == 1u);
    BOOST_TEST(spec("endless=repeat").repeat);
    BOOST_TEST(
        (spec("drift=types,fields").deviations == (sim::number_strings | sim::integer_booleans | sim::odd_numbers |
                                                   sim::null_values | sim::unknown_fields | sim::missing_fields)));
    BOOST_TEST(spec("drift").deviations == sim::wild);
    BOOST_TEST(spec("drip=700").size == 700u);
    BOOST_TEST(spec("loop:count=3").count == 3u);
    BOOST_TEST(spec("301:location=https://a:1/b?c=d").location == "https://a:1/b?c=d");
    for (const auto* wrong : {"",
                              ":",
                              "=",
                              "foo",
                              "99",
                              "600",
                              "204",
                              "304",
                              "500:",
                              "500:rate",
                              "500:rate=",
                              "500:rate=2",
                              "500:rate=-1",
                              "500:rate=x",
                              "500:rate=0.5x",
                              "500:rate=nan",
                              "500:foo=1",
                              "500:at=1",
                              "500=x",
                              "reset:at=x",
                              "reset:at=101%",
                              "reset:at=%",
                              "reset:type=x",
                              "reset:rate=0.1,",
                              "chunk=",
                              "chunk=0",
                              "chunk=x",
                              "drip=0",
                              "drift=",
                              "drift=foo",
                              "drift:page=1",
                              "drift:burst=1",
                              "drift:after=1",
                              "drift:every=2",
                              "drift:request=2",
                              "500:after=-1",
                              "odd-cursor=x",
                              "endless=x",
                              "endless:page=2",
                              "endless:every=2",
                              "endless:request=2",
                              "500:for=7",
                              "500:count=7",
                              "loop=2",
                              "loop:count=0",
                              "stall:for=0",
                              "500:burst=-1",
                              "500:every=0",
                              "500:page=0",
                              "500:request=0",
                              "500:body=x",
                              "500:retry-after=99999999999"})
        BOOST_CHECK_EXCEPTION(sim::parse_fault(wrong), std::invalid_argument, [](const auto& e) {
            const std::string_view what = e.what();
            return what.find('\n') == what.npos && what.size() > 20;
        });
}

BOOST_AUTO_TEST_CASE(options_out_of_range)
{
    BOOST_CHECK_NO_THROW(sim::validate({}));
    const std::vector<std::function<void(sim::options&)>> wrong = {
        [](auto& o) { o.accounts = 0; },
        [](auto& o) { o.accounts = 1'000'001; },
        [](auto& o) { o.identifiers = 0; },
        [](auto& o) { o.identifiers = 100'000'001; },
        [](auto& o) { o.posts_min = 101; },
        [](auto& o) { o.posts_max = 2'000'000'000; },
        [](auto& o) { o.instagram_share = 1.1; },
        [](auto& o) { o.company_share = -0.1; },
        [](auto& o) { o.pinned_share = 0.0 / 0.0; },
        [](auto& o) { o.now = 0; },
        [](auto& o) { o.now = 2'100'000'000'001; },
        [](auto& o) { o.default_limit = 0; },
        [](auto& o) { o.default_limit = 101; },
        [](auto& o) { o.cursor_ttl = milliseconds(-1); },
        [](auto& o) { o.api_key.clear(); },
        [](auto& o) { o.api_key += " b"; },
        [](auto& o) { o.api_key += '\x7f'; },
        [](auto& o) { o.latency_min = milliseconds(-1); },
        [](auto& o) { o.latency_min = milliseconds(1); },
        [](auto& o) { o.latency_max = std::chrono::hours(2); },
        [](auto& o) { o.keep_alive = milliseconds(-1); },
        [](auto& o) { o.address += "x"; },
        [](auto& o) { o.ca_file += "x"; },
        [](auto& o) {
            o.tls = true;
            o.hosts.clear();
        },
        [](auto& o) { o.limits = {{0, seconds(1)}}; },
        [](auto& o) { o.limits = {{1, seconds(0)}}; },
        [](auto& o) { o.faults.emplace_back(); },
        [](auto& o) {
            o.faults = {sim::parse_fault("500")};
            o.faults[0].status = 600;
        },
        [](auto& o) {
            o.faults = {sim::parse_fault("500")};
            o.faults[0].status = 204;
        },
        [](auto& o) {
            o.faults = {sim::parse_fault("500")};
            o.faults[0].status = 304;
        },
        [](auto& o) {
            o.faults = {sim::parse_fault("500")};
            o.faults[0].rate = 1.5;
        },
        [](auto& o) {
            o.faults = {sim::parse_fault("drip")};
            o.faults[0].size = 0;
        },
        [](auto& o) {
            o.faults = {sim::parse_fault("301:location=x")};
            o.faults[0].location += "\r\nb";
        },
    };
    for (const auto& spoil : wrong) {
        sim::options options;
        spoil(options);
        BOOST_CHECK_THROW(sim::validate(options), std::invalid_argument);
    }
}

BOOST_AUTO_TEST_SUITE_END()
