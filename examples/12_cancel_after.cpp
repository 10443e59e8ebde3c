// Shows: a pull that waits for ten seconds at most, with a token of today's Asio. No post is lost where it ends so: the
//        next pull continues.
// Needs: Boost 1.86 or newer; the variables and arguments that environment.hpp names.
#include "environment.hpp"

#include <unipile/client.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/cancel_after.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstdint>
#include <exception>
#include <iostream>
#include <tuple>

namespace asio = boost::asio;

namespace {

asio::awaitable<void> count(unipile::client& client, const unipile::posts_query& query)
{
    auto posts = client.posts(query);
    std::uint64_t n = 0;
    for (;;) {
        const auto pulled = co_await posts.async_next(asio::cancel_after(std::chrono::seconds{10}, asio::as_tuple));
        const auto& ec = std::get<0>(pulled);
        if (ec == asio::error::operation_aborted) {
            std::cout << "no post for ten seconds\n";
            continue;
        }
        if (ec) throw boost::system::system_error{ec};
        if (!std::get<1>(pulled)) break;
        ++n;
    }
    std::cout << n << " posts, " << posts.end_reason() << '\n';
}

}  // namespace

int main(int argc, char** argv)
{
    return example::run([&] {
        const auto query = example::query(argc, argv);
        asio::io_context context;
        unipile::client client{context, example::options()};
        asio::co_spawn(context, count(client, query), [&](const std::exception_ptr& error) {
            client.close();
            if (error) std::rethrow_exception(error);
        });
        context.run();
    });
}
