// Shows: a test of a program of your own, without an account and without waiting. The simulator stands in for the API,
//        with what goes wrong there, and the test turns the clock: days of pace take less than a second. The same seeds
//        make the same requests at the same times.
// Needs: nothing. Links unipile::simulator.
#include <unipile/client.hpp>
#include <unipile/harvest.hpp>
#include <unipile/manual_clock.hpp>
#include <unipile/simulator.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <exception>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace asio = boost::asio;

namespace {

// The program: counts the posts of each identifier.

using counts = std::map<std::string, std::size_t>;

asio::awaitable<void> count(unipile::client& client, std::vector<unipile::posts_query> jobs,
                            unipile::harvest_options options, counts& posts)
{
    auto stream = client.harvest(std::move(jobs), std::move(options));
    while (auto e = co_await stream.next()) posts[e->job->query.identifier] += e->posts.size();
}

// Its test.

int failures = 0;

void check(bool ok, const char* what)
{
    if (ok) return;
    ++failures;
    std::cerr << "failed: " << what << '\n';
}

void test()
{
    const auto clock = std::make_shared<unipile::manual_clock>();  // Monday, 0 o'clock
    asio::io_context context;

    unipile::simulator::options world;
    world.clock = clock;
    world.accounts = 2;
    world.identifiers = 8;
    world.posts_min = world.posts_max = 1'000;
    world.limits = {{30, std::chrono::hours(24)}};  // more requests a day are answered with 429
    world.faults = {unipile::simulator::parse_fault("503:every=7"), unipile::simulator::parse_fault("reset:rate=0.05")};
    unipile::simulator::server server{context.get_executor(), world};
    server.start();

    unipile::client_options options;
    options.clock = clock;
    options.base_url = server.base_url();
    options.api_key = world.api_key;
    unipile::client client{context, options};

    unipile::harvest_options how;
    how.pace = unipile::parse_pacing("30/day, gap 5s-20s, hours mon-fri 09:00-18:00");
    std::vector<unipile::posts_query> jobs;
    for (const auto& p : server.identifiers()) {
        unipile::posts_query& query = jobs.emplace_back();
        query.account_id = p.account;
        query.identifier = p.identifier;
        query.is_company = p.is_company;
    }

    counts posts;
    asio::co_spawn(context, count(client, jobs, how, posts), [&](std::exception_ptr error) {
        check(!error, "the harvest ends without an error");
        client.close();
        server.stop();  // nothing is left, so that run() returns
    });
    clock->run_for(context, std::chrono::hours(8));
    check(posts.empty(), "no request at night");
    clock->run_for(context, std::chrono::hours(16));
    check(server.requests("acc1") == 30, "thirty requests of an account on Monday");
    clock->run(context);

    check(posts.size() == 8, "all identifiers");
    for (const auto& [identifier, n] : posts) check(n == server.post_count(identifier), "all posts");
    std::cout << server.stats().pages << " pages in " << std::chrono::ceil<std::chrono::days>(clock->passed()).count()
              << " days, " << (failures == 0 ? "passed" : "failed") << '\n';
}

}  // namespace

int main()
{
    test();
    return failures == 0 ? 0 : 1;
}
