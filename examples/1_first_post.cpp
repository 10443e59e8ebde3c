// Shows: every post of an identifier, each printed while its page is still arriving.
// Needs: the variables and arguments that environment.hpp names.
#include "environment.hpp"

#include <unipile/client.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/this_coro.hpp>

#include <iostream>

namespace asio = boost::asio;

static asio::awaitable<void> list(unipile::posts_query query)
{
    const auto executor = co_await asio::this_coro::executor;
    unipile::client client{executor, example::options()};
    auto posts = client.posts(query);  // sends nothing yet
    while (auto post = co_await posts.next()) std::cout << post->json() << '\n';
    std::cerr << posts.end_reason() << '\n';
}

int main(int argc, char** argv)
{
    return example::run([&] {
        asio::io_context context;
        asio::co_spawn(context, list(example::query(argc, argv)), example::rethrow);
        context.run();
    });
}
