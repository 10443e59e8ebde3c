#include "harvest/gathering.hpp"

#include "support/printing.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/test/unit_test.hpp>

#include <exception>
#include <utility>

namespace unipile::test {

namespace asio = boost::asio;
using namespace std::chrono_literals;

void gathered::add(const harvest_element& e)
{
    ++elements;
    auto& j = jobs[std::string(e.job->query.account_id).append("/").append(e.job->query.identifier)];
    BOOST_TEST(j.ends == 0u);  // nothing comes behind the end
    for (const auto& p : e.posts) j.ids.emplace_back(p.id());
    ++j.elements;
    j.page_ends += e.page_ends;
    j.ends += e.ended;
    j.position = e.position;
    j.reason = e.end_reason;
    if (e.failure) j.failed = e.failure;
    j.stats = e.stats;
    BOOST_TEST(e.ended == (e.end_reason != end_reason::none));
    BOOST_TEST((e.ended || !e.failure));
}

asio::awaitable<void> gather(harvest_stream& stream, gathered& out, std::function<bool(const harvest_element&)> enough)
{
    try {
        while (auto e = co_await stream.next()) {
            out.add(*e);
            if (enough && enough(*e)) co_return;
        }
        out.over = true;
    } catch (const failure& f) {
        out.failed = f;
    }
}

pacing quick()
{
    pacing p;
    p.on_throttle.gap = 0ms;
    p.on_throttle.first_rest = p.on_throttle.longest_rest = p.on_throttle.long_rest = 1ms;
    return p;
}

harvest_options quickly()
{
    harvest_options options;
    options.pace = quick();
    options.seed = 1;
    return options;
}

posts_query query_of(std::size_t account, std::string identifier)
{
    posts_query q;
    q.account_id = std::string(1, 'a');
    q.account_id += std::to_string(account);
    q.identifier = std::move(identifier);
    return q;
}

std::vector<posts_query> row(std::size_t listings, std::size_t accounts)
{
    std::vector<posts_query> jobs;
    jobs.reserve(listings);
    for (std::size_t i = 0; i < listings; ++i) jobs.push_back(query_of(i % accounts, std::to_string(i)));
    return jobs;
}

std::vector<posts_query> grid(std::size_t accounts, std::size_t each)
{
    std::vector<posts_query> jobs;
    for (std::size_t a = 0; a < accounts; ++a)
        for (std::size_t i = 0; i < each; ++i) jobs.push_back(query_of(a, std::to_string(i)));
    return jobs;
}

void check_jobs(const gathered& got, std::size_t jobs, std::size_t posts)
{
    BOOST_TEST(got.over);
    BOOST_TEST(got.jobs.size() == jobs);
    for (const auto& [name, j] : got.jobs) BOOST_TEST_CONTEXT(name)
        {
            BOOST_TEST(j.ids == numbers(0, posts), boost::test_tools::per_element());
            BOOST_TEST(j.ends == 1u);
        }
}

void check_complete(const gathered& got, std::size_t jobs, std::size_t posts)
{
    check_jobs(got, jobs, posts);
    BOOST_TEST(!got.failed);
    for (const auto& [name, j] : got.jobs) BOOST_TEST_CONTEXT(name)
        {
            BOOST_TEST(j.reason == end_reason::null_cursor);
            BOOST_TEST(!j.failed);
            BOOST_TEST(j.stats.posts == posts);
            BOOST_TEST(j.position.ended() == end_reason::null_cursor);
        }
}

void rethrow(std::exception_ptr e)
{
    if (e) std::rethrow_exception(e);
}

void scripted_harvest::begin() { asio::co_spawn(context, gather(stream, got), rethrow); }

void scripted_harvest::poll()
{
    context.restart();
    while (context.poll() > 0) {
    }
}

void scripted_harvest::run_for(std::chrono::milliseconds until)
{
    const auto end = until > std::chrono::milliseconds::max() - time->passed() ? std::chrono::milliseconds::max()
                                                                               : time->passed() + until;
    for (;;) {
        poll();
        if (context.stopped()) return;
        if (time->is_waited_for() && time->due() <= end)
            time->advance();
        else if (time->is_waited_for())
            return time->pass(end - time->passed());
        else
            context.run_one();  // something outside of the harvest
    }
}

gathered& scripted_harvest::run()
{
    begin();
    run_all();
    return got;
}

}  // namespace unipile::test
