// Shows: the same stream without coroutines: with a callback that takes whole batches, and with a future for a program
//        that is not asynchronous itself.
// Needs: the variables and arguments that environment.hpp names.
#include "environment.hpp"

#include <unipile/client.hpp>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include <cstdint>
#include <iostream>
#include <memory>
#include <span>
#include <thread>

namespace asio = boost::asio;

namespace {

/// Counts the posts of a stream in batches: each call has all posts decoded so far.
class counter {
public:
    counter(unipile::client& client, const unipile::posts_query& query) : client_(client), posts_(client.posts(query))
    {}

    void start()
    {
        posts_.async_next_batch([this](boost::system::error_code ec, std::span<const unipile::post> batch) {
            if (ec) throw boost::system::system_error{ec};  // leaves io_context::run()
            // Otherwise kept-alive connections keep the loop running until they expire.
            if (batch.empty()) return client_.close();
            count_ += batch.size();
            start();
        });
    }

    std::uint64_t count() const { return count_; }

private:
    unipile::client& client_;
    unipile::post_stream posts_;
    std::uint64_t count_ = 0;
};

std::uint64_t with_callbacks(const unipile::posts_query& query)
{
    asio::io_context context;
    unipile::client client{context, example::options()};
    counter c{client, query};
    c.start();
    context.run();
    return c.count();
}

std::uint64_t with_futures(const unipile::posts_query& query)
{
    asio::io_context context;
    unipile::client client{context, example::options()};
    auto posts = client.posts(query);
    const auto work = asio::make_work_guard(context);
    // The loop's thread is joined before `posts` and `client` are destroyed, so that their executor is idle then.
    const std::jthread loop{[&context] { context.run(); }};
    const auto stop = std::unique_ptr<asio::io_context, void (*)(asio::io_context*)>{
        &context, [](asio::io_context* c) { c->stop(); }};
    std::uint64_t count = 0;
    // Only pulls may be started on a thread other than the loop's, as here.
    while (posts.async_next(asio::use_future).get()) ++count;
    return count;
}

}  // namespace

int main(int argc, char** argv)
{
    return example::run([&] {
        const auto query = example::query(argc, argv);
        const auto first = with_callbacks(query);
        const auto second = with_futures(query);
        std::cout << first << " posts with callbacks, " << second << " with futures\n";
    });
}
