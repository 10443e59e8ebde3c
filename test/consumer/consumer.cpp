// A user of the library: awaits a stream from a port where nobody listens, and looks at the failure.
#include <unipile/client.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/this_coro.hpp>

#include <iostream>

namespace asio = boost::asio;

#if defined(BOOST_ASIO_NO_DEPRECATED) || (defined(BOOST_ASIO_SEPARATE_COMPILATION) && !defined(OWN_ASIO))
#error "the library imposes definitions of Asio on its users"
#endif

namespace {

/// A port that was free a moment ago.
unsigned short free_port()
{
    asio::io_context context;
    asio::ip::tcp::acceptor acceptor{context, {asio::ip::make_address("127.0.0.1"), 0}};
    return acceptor.local_endpoint().port();
}

asio::awaitable<void> list(bool& as_expected)
{
    const auto executor = co_await asio::this_coro::executor;
    unipile::client_options options;
    options.base_url = "https://127.0.0.1:" + std::to_string(free_port());
    options.api_key = "key";
    options.retry.max_attempts = 1;
    unipile::client client{executor, options};
    unipile::posts_query query;
    query.account_id = "account";
    query.identifier = "identifier";
    auto posts = client.posts(query);
    try {
        while (auto post = co_await posts.next()) std::cout << post->json() << '\n';
    } catch (const unipile::failure& f) {
        std::cout << f.code().message() << '\n';
        as_expected = f.code() == unipile::errc::connect_failed;
    }
}

}  // namespace

int main()
{
    bool as_expected = false;
    asio::io_context context;
    asio::co_spawn(context, list(as_expected), [](std::exception_ptr) {});
#if BOOST_ASIO_VERSION < 103400
    context.post([] {});  // deprecated, and removed later
#endif
    context.run();
    return as_expected ? 0 : 1;
}
