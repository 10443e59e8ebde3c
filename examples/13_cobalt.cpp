// Shows: a listing as a generator of Boost.Cobalt.
// Needs: Boost 1.87 or newer with Cobalt; the variables and arguments that environment.hpp names.
#include "environment.hpp"

#include <unipile/client.hpp>

#include <boost/cobalt/generator.hpp>
#include <boost/cobalt/main.hpp>
#include <boost/cobalt/op.hpp>
#include <boost/cobalt/run.hpp>
#include <boost/cobalt/task.hpp>
#include <boost/cobalt/this_coro.hpp>

#include <cstdint>
#include <iostream>
#include <optional>
#include <utility>

namespace cobalt = boost::cobalt;

namespace {

cobalt::generator<std::optional<unipile::post>> each(unipile::client& client, unipile::posts_query query)
{
    auto posts = client.posts(query);
    while (auto post = co_await posts.async_next(cobalt::use_op)) co_yield std::move(post);
    co_return std::nullopt;
}

cobalt::task<std::uint64_t> count(const unipile::posts_query& query)
{
    unipile::client client{co_await cobalt::this_coro::executor, example::options()};
    auto posts = each(client, query);
    std::uint64_t n = 0;
    while (co_await posts) ++n;
    client.close();
    co_return n;
}

}  // namespace

int main(int argc, char** argv)
{
    return example::run([&] { std::cout << cobalt::run(count(example::query(argc, argv))) << " posts with Cobalt\n"; });
}
