// Shows: an observer that reports every request, retry and end; tighter deadlines and retries, for a client and for one
//        listing; a time limit for one pull, after which the stream can still be used; and the details of a failure.
// Needs: the variables and arguments that environment.hpp names.
#include "environment.hpp"

#include <unipile/client.hpp>
#include <unipile/observer.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <iostream>
#include <memory>
#include <optional>
#include <variant>

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

class narrator : public unipile::observer {
    void on_request(const unipile::request_event& e) override
    {
        std::cout << "page " << e.page << ", attempt " << e.attempt << '\n';
    }
    void on_answer(const unipile::answer_event& e) override { std::cout << "  status " << e.status << '\n'; }
    void on_retry(const unipile::retry_event& e) override
    {
        std::cout << "  " << e.failure.code().message() << "; again in " << e.delay.count() << " ms\n";
    }
    void on_end(const unipile::end_event& e) override
    {
        std::cout << "end: " << e.reason << " after " << e.stats.posts << " posts and " << e.stats.requests
                  << " requests\n";
    }
};

/// Returns the next post, or nothing if it does not arrive in time. No post is lost: the next pull continues.
asio::awaitable<std::optional<unipile::post>> next_within(unipile::post_stream& posts, std::chrono::milliseconds limit,
                                                          bool& in_time)
{
    using namespace asio::experimental::awaitable_operators;
    asio::steady_timer timer{posts.get_executor(), limit};
    auto pull = posts.next();
    auto wait = timer.async_wait(asio::use_awaitable);
    auto both = std::move(pull) || std::move(wait);
    auto first = co_await std::move(both);
    in_time = first.index() == 0;
    if (in_time) co_return std::get<0>(std::move(first));
    co_return std::nullopt;
}

asio::awaitable<void> list(unipile::posts_query query)
{
    auto options = example::options();
    options.deadlines.connect = 2s;
    options.deadlines.stall = 5s;
    options.observer = std::make_shared<narrator>();

    const auto executor = co_await asio::this_coro::executor;
    unipile::client client{executor, options};
    unipile::call_options own;  // of this listing, beside the client's
    own.retry = options.retry;
    own.retry->max_attempts = 3;
    own.retry->base_delay = 20ms;
    own.retry->total = 60s;
    own.headers.emplace_back("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
    auto posts = client.posts(query, own);
    try {
        for (;;) {
            bool in_time = false;
            auto post = co_await next_within(posts, 1s, in_time);
            if (!in_time)
                std::cout << "  still waiting\n";
            else if (!post)
                break;
        }
    } catch (const unipile::failure& f) {
        std::cout << "failed: " << f.code().message() << " (scope " << to_string(f.scope()) << ", " << f.attempts()
                  << " attempts)\n";
        if (const auto* said = f.api()) std::cout << "the server said: " << said->type << '\n';
    }
}

}  // namespace

int main(int argc, char** argv)
{
    return example::run([&] {
        asio::io_context context;
        asio::co_spawn(context, list(example::query(argc, argv)), example::rethrow);
        context.run();
    });
}
