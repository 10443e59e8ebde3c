// The program's harvest, whose server is out of reach for a while, or silent. Between them stands a door: what comes
// through it reaches the simulator. What finds it shut is hung up on before a request can be sent, or takes its request
// to somebody who never says a word.
#include "program/field_work.hpp"
#include "support/scripted_server.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace {

using strings = std::vector<std::string>;

/// A connection for each request, so that a request that isn't counted is one that nobody saw.
unipile::simulator::options one_request_a_connection(bool tls)
{
    unipile::simulator::options o = four_accounts();
    o.tls = tls;
    o.requests_per_connection = 1;
    return o;
}

constexpr std::size_t for_ever = std::numeric_limits<std::size_t>::max();
enum class shut { hangs_up, is_silent };

struct behind_a_door {
    /// Shut for connections from number `first` on, as long as there are fewer than `last`.
    explicit behind_a_door(std::size_t first, std::size_t last = for_ever, shut how = shut::hangs_up)
        : w{one_request_a_connection(how == shut::hangs_up)},
          scheme{how == shut::hangs_up ? "https" : "http"},
          door{[this, first, last, how](unipile::test::peer& p) {
              if (p.number() < first || p.number() >= last) return p.splice_to(w.world.server.port());
              if (how == shut::is_silent && !p.read_request().empty()) ++unanswered;
          }}
    {
        if (how == shut::hangs_up) write_file(authority, w.world.server.ca_pem());
    }
    finished harvest(const std::string& base_url, const strings& more) const
    {
        strings options{"--pace", "1000/day", "--limit", "20"};
        if (scheme == "https") options.insert(options.end(), {"--ca-file", authority});
        options.insert(options.end(), more.begin(), more.end());
        auto environment = w.world.environment();
        environment["UNIPILE_DSN"] = base_url;
        return process{UNIPILE_PROGRAM, w.command(options), environment}.wait();
    }
    finished through_the_door(const strings& more = {}) const
    {
        return harvest(scheme + "://127.0.0.1:" + std::to_string(door.port()), more);
    }
    finished past_it() const { return harvest(w.world.server.base_url(), {"--base-url-changed"}); }
    std::uint64_t seen() const { return w.world.server.stats().requests; }
    /// What all accounts together have spent, as the store has it.
    std::uint64_t counted() const
    {
        std::uint64_t sum = 0;
        const std::string name = "\"requests\":";
        for (const std::string& line : lines_of(w.world.run({"accounts", "--store", w.store, "--json"}).out))
            sum += std::stoull(line.substr(line.find(name) + name.size()));
        return sum;
    }
    void check_whole() const
    {
        BOOST_TEST(counted() == seen() + unanswered);
        BOOST_TEST(w.repeated_pages() == 0u);
        w.check_store();
    }

    field_work w;
    std::string scheme;
    std::atomic<std::uint64_t> unanswered{0};
    std::string authority = w.folder.file("ca.pem");
    unipile::test::scripted_server door;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(harvest_outage)

BOOST_AUTO_TEST_CASE(a_server_that_gives_the_key_back_puts_it_into_no_message_and_no_store)
{
    for (const std::string type : {"errors/invalid_parameters", "about:blank"}) {
        const field_work w{two_accounts()};
        const std::string& key = w.world.key;
        const unipile::test::scripted_server echo{[&](unipile::test::peer& p) {
            while (!p.read_request().empty()) {
                const std::string body = R"({"type":")" + type + R"(","title":"No )" + key +
                                         R"(","detail":"X-API-KEY: )" + key + R"(","instance":")" + key + "\"}";
                p.send("HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nContent-Length: " +
                       std::to_string(body.size()) + "\r\n\r\n" + body);
            }
        }};
        auto environment = w.world.environment();
        environment["UNIPILE_DSN"] = "http://127.0.0.1:" + std::to_string(echo.port());
        const strings posts = w.world.arguments({w.world.first()}, {"--summary", "json"});
        for (const strings& command : {posts, w.command()}) {
            const finished f = process{UNIPILE_PROGRAM, command, environment}.wait();
            BOOST_TEST(f.code != 0);
            BOOST_TEST(has(f.err, "400"), f.err);
            BOOST_TEST(!has(f.err, key), f.err);
        }
        BOOST_TEST(!has(w.world.run({"status", "--store", w.store, "--jobs"}).out, key));
    }
}

BOOST_AUTO_TEST_CASE(an_outage_in_the_middle_costs_no_job_and_no_budget)
{
    const behind_a_door d{20, 25};
    const finished f = d.through_the_door();
    BOOST_TEST(f.code == 0, f.err);
    BOOST_TEST(has(f.err, "all 40 jobs are done"), f.err);
    BOOST_TEST(has(f.err, " requests, 0 retries, "), f.err);
    d.check_whole();
}

BOOST_AUTO_TEST_CASE(a_server_that_does_not_come_back_ends_it_with_all_that_arrived)
{
    const behind_a_door d{20};
    const finished f = d.through_the_door({"--outage-patience", "100ms"});
    BOOST_TEST(f.code == 4);
    BOOST_TEST(has(f.err, " 0 failed, "), f.err);
    BOOST_TEST(has(f.err, "unipile: stopped by an outage: the TLS handshake failed; "), f.err);
    BOOST_TEST(has(f.err, "; no answer for "), f.err);
    BOOST_TEST(has(f.err, "; nothing is lost: the same command goes on\n"), f.err);
    BOOST_TEST(d.seen() == 20u);
    BOOST_TEST(d.counted() == 20u);
    const finished status = d.w.world.run({"status", "--store", d.w.store});
    BOOST_TEST(has(status.out, " 0 failed\n"), status.out);
    BOOST_TEST(d.past_it().code == 0);
    d.check_whole();
}

BOOST_AUTO_TEST_CASE(silence_in_the_middle_fails_no_job_and_is_paid_for)
{
    const behind_a_door d{20, 26, shut::is_silent};
    const finished f = d.through_the_door();
    BOOST_TEST(f.code == 0, f.err);
    BOOST_TEST(has(f.err, "all 40 jobs are done"), f.err);
    BOOST_TEST(has(f.err, " requests, 6 retries, "), f.err);
    BOOST_TEST(d.unanswered == 6u);
    d.check_whole();
}

BOOST_AUTO_TEST_CASE(a_server_that_stays_silent_ends_it_with_all_that_arrived)
{
    for (const std::size_t first : {0u, 20u}) {
        const behind_a_door d{first, for_ever, shut::is_silent};
        const finished f = d.through_the_door({"--outage-patience", "100ms"});
        BOOST_TEST(f.code == 4);
        BOOST_TEST(has(f.err, " 0 failed, "), f.err);
        BOOST_TEST(
            has(f.err, "unipile: stopped by an outage: the connection was lost before the answer was complete; "),
            f.err);
        BOOST_TEST(has(f.err, first > 0 ? "; no answer for " : "; no request was ever answered"), f.err);
        BOOST_TEST(has(f.err, "; nothing is lost: the same command goes on\n"), f.err);
        BOOST_TEST(d.seen() == first);
        // A row of as many as there are accounts, those under way beside it, and a few that looked.
        BOOST_TEST(d.unanswered >= 5u);
        BOOST_TEST(d.unanswered <= 12u);
        BOOST_TEST(d.counted() == first + d.unanswered);
        const finished status = d.w.world.run({"status", "--store", d.w.store});
        BOOST_TEST(has(status.out, " 0 failed\n"), status.out);
        BOOST_TEST(d.past_it().code == 0);
        d.check_whole();
    }
}

BOOST_AUTO_TEST_CASE(patience_is_a_duration)
{
    const field_work w{two_accounts()};
    for (const char* wrong : {"soon", "-1s", "15"}) {
        const finished f = w.harvest({"--outage-patience", wrong});
        BOOST_TEST(f.code == 2, f.err);
        BOOST_TEST(lines_of(f.err).size() == 1u, f.err);
    }
    BOOST_TEST(w.harvest({"--outage-patience", "0"}).code == 0);
    w.check_store();
}

BOOST_AUTO_TEST_SUITE_END()
