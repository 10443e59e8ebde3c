// Shows: the library in a program with an io_context and work of its own. Two listings share a client and its
//        connections on a strand of a context that several threads run, while a clock ticks on the same context.
// Needs: the variables and arguments that environment.hpp names.
#include "environment.hpp"

#include <unipile/client.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>

#include <atomic>
#include <chrono>
#include <exception>
#include <iostream>
#include <thread>
#include <vector>

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

/// The program's own work.
class ticker {
public:
    explicit ticker(asio::io_context& context) : timer_(asio::make_strand(context)) {}

    void start()
    {
        timer_.expires_after(1ms);
        timer_.async_wait([this](boost::system::error_code) {
            ++ticks_;
            if (!stopped_) start();
        });
    }
    void stop() { stopped_ = true; }
    unsigned ticks() const { return ticks_; }

private:
    asio::steady_timer timer_;
    std::atomic<unsigned> ticks_{0};
    std::atomic<bool> stopped_{false};
};

asio::awaitable<void> list(unipile::client& client, unipile::posts_query query, std::size_t& count)
{
    auto posts = client.posts(query);
    while (auto post = co_await posts.next()) ++count;
}

}  // namespace

int main(int argc, char** argv)
{
    return example::run([&] {
        asio::io_context context;
        ticker clock{context};
        clock.start();

        const auto strand = asio::make_strand(context);
        unipile::client client{strand, example::options()};
        std::size_t first = 0;
        std::size_t second = 0;
        unsigned running = 2;  // changes on the strand only
        std::exception_ptr error;
        const auto done = [&](std::exception_ptr e) {
            if (e) error = e;
            if (--running > 0) return;
            clock.stop();
            client.close();  // otherwise kept-alive connections keep the context running
        };
        asio::co_spawn(strand, list(client, example::query(argc, argv), first), done);
        asio::co_spawn(strand, list(client, example::query(argc, argv), second), done);

        std::vector<std::jthread> helpers;
        helpers.emplace_back([&context] { context.run(); });
        context.run();
        helpers.clear();
        example::rethrow(error);
        std::cout << first << " and " << second << " posts over " << client.connections().opened << " connections, "
                  << (clock.ticks() > 0 ? "and the clock ticked" : "but the clock stood still") << '\n';
    });
}
