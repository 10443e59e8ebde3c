// A user of the simulator: lists a generated profile over TLS, in one event loop with the server.
#include <unipile/client.hpp>
#include <unipile/simulator.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/this_coro.hpp>

#include <filesystem>
#include <string>

#include <unistd.h>

namespace asio = boost::asio;

namespace {

asio::awaitable<void> list(unipile::simulator::server& server, const std::string& ca_file, std::size_t& count)
{
    const auto executor = co_await asio::this_coro::executor;
    const auto profile = server.identifiers().front();
    unipile::client_options options;
    options.base_url = server.base_url();
    options.api_key = "simulated-key";
    options.ca_file = ca_file;
    unipile::client client{executor, options};
    unipile::posts_query query;
    query.account_id = profile.account;
    query.identifier = profile.identifier;
    query.is_company = profile.is_company;
    auto posts = client.posts(query);
    while (auto post = co_await posts.next()) ++count;
    server.stop();
}

}  // namespace

int main()
{
    const auto file =
        std::filesystem::temp_directory_path() / ("unipile-consumer-" + std::to_string(::getpid()) + ".pem");
    asio::io_context context;
    unipile::simulator::options options;
    options.tls = true;
    options.ca_file = file.string();
    unipile::simulator::server server{context.get_executor(), options};
    server.start();
    std::size_t count = 0;
    bool failed = false;
    asio::co_spawn(context, list(server, options.ca_file, count), [&](std::exception_ptr error) {
        failed = error != nullptr;
        if (failed) server.stop();
    });
    context.run();
    std::filesystem::remove(file);
    return !failed && count == 100 ? 0 : 1;
}
