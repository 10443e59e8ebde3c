// Shows: a program that does its own paging: one request a call, the page as a value, and where it goes on.
// Needs: the variables and arguments that environment.hpp names, and optionally, as third argument, the position that
//        an earlier run printed.
#include "environment.hpp"

#include <unipile/client.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cstddef>
#include <iostream>
#include <string>

namespace asio = boost::asio;

namespace {

constexpr std::size_t pages_a_run = 2;

void print(const unipile::posts_page& page)
{
    std::cout << page.items << " items, " << page.posts.size() << " posts, page_count ";
    if (page.page_count)
        std::cout << *page.page_count;
    else
        std::cout << "not sent";
    std::cout << ", end: " << page.end << '\n';
    for (const auto& item : page.quarantined) std::cerr << "quarantined: " << item.why << '\n';
}

asio::awaitable<void> list(unipile::posts_query query, unipile::position from)
{
    const auto executor = co_await asio::this_coro::executor;
    unipile::client client{executor, example::options()};
    for (std::size_t i = 0; i < pages_a_run; ++i) {
        // With the error as a value, the page is available, too: the posts before the failure, and its reason.
        auto result = co_await client.async_page(query, from, asio::as_tuple(asio::use_awaitable));
        const auto& [error, page] = result;
        print(page);
        from = page.position;
        if (error) {
            std::cerr << (page.failure ? page.failure->what() : error.message()) << '\n';
            break;
        }
        if (page.end != unipile::end_reason::none) co_return;
    }
    std::cout << "go on at " << from << '\n';
}

}  // namespace

int main(int argc, char** argv)
{
    return example::run([&] {
        const auto from = argc > 3 ? unipile::position::parse(argv[3]) : unipile::position{};
        asio::io_context context;
        asio::co_spawn(context, list(example::query(argc, argv), from), example::rethrow);
        context.run();
    });
}
