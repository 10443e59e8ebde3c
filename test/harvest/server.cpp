// Whole harvests over real connections: many accounts, faults of every kind, compared with what the server holds.
#include <unipile/client.hpp>
#include <unipile/harvest.hpp>
#include <unipile/simulator.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <exception>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <unistd.h>

namespace asio = boost::asio;
using namespace unipile;
using namespace std::chrono_literals;

namespace {

pacing quick()
{
    pacing p;
    p.on_throttle.gap = 1ms;
    p.on_throttle.first_rest = p.on_throttle.long_rest = 5ms;
    p.on_throttle.longest_rest = 20ms;
    p.on_throttle.park_after = 0;
    return p;
}

client_options fast(const simulator::server& server, const std::string& ca_file)
{
    client_options o;
    o.base_url = server.base_url();
    o.api_key = "simulated-key";
    o.ca_file = ca_file;
    o.proxy_from_environment = false;
    o.retry.base_delay = o.retry.max_delay = o.retry.slow_delay = 1ms;
    o.retry.max_attempts = 8;
    o.retry.budget = 1'000;
    return o;
}

std::vector<harvest_job> jobs_of(const simulator::server& server)
{
    std::vector<harvest_job> jobs;
    for (const auto& profile : server.identifiers()) {
        posts_query q;
        q.account_id = profile.account;
        q.identifier = profile.identifier;
        q.is_company = profile.is_company;
        q.limit = 20;
        jobs.emplace_back(q);
    }
    return jobs;
}

using listings = std::map<std::string, std::vector<std::string>>;

/// Harvests `jobs` until `enough` elements came, and keeps the places.
asio::awaitable<void> harvest(client& c, std::vector<harvest_job>& jobs, listings& got, std::size_t enough, bool& over)
{
    harvest_options options;
    options.pace = quick();
    options.max_in_flight = 2;
    options.seed = 1;
    std::vector<harvest_job> open;
    for (std::size_t i = 0; i < jobs.size(); ++i)
        if (jobs[i].from.ended() == end_reason::none) open.emplace_back(jobs[i].query, jobs[i].from, i);
    auto stream = c.harvest(std::move(open), options);
    while (auto e = co_await stream.next()) {
        auto& ids = got[e->job->query.identifier];
        for (const auto& p : e->posts) ids.emplace_back(p.id());
        jobs[e->job->tag].from = e->position;
        if (e->failure) BOOST_TEST_INFO(e->failure->what());
        if (e->ended) BOOST_TEST((is_complete(e->end_reason) || is_inferred(e->end_reason)));
        if (--enough == 0) co_return;
    }
    over = true;
}

struct scene {
    explicit scene(simulator::options options)
        : ca_file(options.tls ? "harvest-ca-" + std::to_string(::getpid()) + ".pem" : ""),
          server(context.get_executor(), filled(std::move(options), ca_file))
    {
        server.start();
    }
    static simulator::options filled(simulator::options options, const std::string& ca_file)
    {
        options.accounts = 12;
        options.identifiers = 60;
        options.posts_min = 0;
        options.posts_max = 120;
        options.instagram_share = 0.3;
        options.ca_file = ca_file;
        return options;
    }
    ~scene()
    {
        if (!ca_file.empty()) std::filesystem::remove(ca_file);
    }
    /// Runs until the coroutine has ended.
    void harvest_some(std::size_t enough)
    {
        client c(context, fast(server, ca_file));
        asio::co_spawn(context, harvest(c, jobs, got, enough, over), [&](std::exception_ptr e) {
            context.stop();
            if (e) std::rethrow_exception(e);
        });
        context.restart();
        context.run();
        c.close();
    }
    void check()
    {
        BOOST_TEST(over);
        for (const auto& job : jobs) {
            const auto& id = job.query.identifier;
            BOOST_TEST(got[id] == server.posts(id), boost::test_tools::per_element());
        }
    }

    asio::io_context context{1};
    std::string ca_file;
    simulator::server server;
    std::vector<harvest_job> jobs = jobs_of(server);
    listings got;
    bool over = false;
};

std::vector<simulator::fault> faults(std::initializer_list<std::string_view> specs)
{
    std::vector<simulator::fault> f;
    for (auto spec : specs) f.push_back(simulator::parse_fault(spec));
    return f;
}

BOOST_AUTO_TEST_SUITE(harvest_from_a_server)

BOOST_AUTO_TEST_CASE(undisturbed)
{
    simulator::options options;
    options.end = simulator::end_style::mixed;
    scene s{options};
    s.harvest_some(0);
    s.check();
    const auto stats = s.server.stats();
    BOOST_TEST(stats.open_connections <= 8u);
    // Not one request more than there are pages, but for a refused follow-up: that and the page before it come twice.
    std::size_t confirmed = 0;
    for (const auto& job : s.jobs) {
        const auto pages = s.server.requests_by_page(job.query.account_id, job.query.identifier);
        BOOST_REQUIRE(!pages.empty());
        const bool refused = pages.back().requests == 2;
        confirmed += refused;
        for (std::size_t i = 0; i != pages.size(); ++i)
            BOOST_TEST(pages[i].requests == (refused && i + 2 >= pages.size() ? 2u : 1u));
    }
    BOOST_TEST(confirmed > 0u);
    BOOST_TEST(confirmed < s.jobs.size());
}

BOOST_AUTO_TEST_CASE(over_tls_with_faults_and_throttling)
{
    simulator::options options;
    options.tls = true;
    options.end = simulator::end_style::mixed;
    options.faults = faults({"429:rate=0.05,retry-after=0", "429:rate=0.03", "500:rate=0.03,type=provider_error",
                             "503:rate=0.05", "reset:rate=0.03,at=random", "truncate:rate=0.03", "hang-up:rate=0.05"});
    scene s{options};
    s.harvest_some(0);
    s.check();
    BOOST_TEST(s.server.stats().faults > 0u);
}

BOOST_AUTO_TEST_CASE(interrupted_again_and_again)
{
    simulator::options options;
    // A cursor that is refused right after a resumption may be dead rather than at the end: not for a library to say.
    options.end = simulator::end_style::empty_page;
    options.faults = faults({"429:rate=0.03", "close:rate=0.05,at=random", "chunk=odd:rate=0.3"});
    scene s{options};
    for (int i = 0; i < 2'000 && !s.over; ++i) s.harvest_some(1 + static_cast<std::size_t>(i) % 17);
    s.check();
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
