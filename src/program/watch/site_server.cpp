#include "program/watch/site_server.hpp"

#include "program/output/call_result.hpp"
#include "program/watch/site_connection.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <exception>
#include <stdexcept>
#include <utility>
#include <vector>

#include <fcntl.h>

namespace unipile::program {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::chrono::milliseconds between_tries{200};

/// Child processes would inherit the sockets that Asio opens.
void close_on_exec(int socket) noexcept { ::fcntl(socket, F_SETFD, FD_CLOEXEC); }

}  // namespace

struct site_server::impl : std::enable_shared_from_this<impl> {
    impl(asio::io_context& c, const listen_address& a, responder r)
        : context(c), where(a), respond(std::make_shared<responder>(std::move(r))), acceptor(c), pause(c)
    {}

    void listen()
    {
        const tcp::endpoint endpoint(where.address, where.port);
        try {
            acceptor.open(endpoint.protocol());
            close_on_exec(acceptor.native_handle());
            acceptor.set_option(asio::socket_base::reuse_address(true));
            acceptor.bind(endpoint);
            acceptor.listen();
            where.port = acceptor.local_endpoint().port();
        } catch (const boost::system::system_error& e) {
            throw std::invalid_argument{"--listen: " + to_string(where) + " can't be used: " + e.code().message() +
                                        "; give another port, or 0 for a free one"};
        }
    }

    bool is_full()
    {
        std::erase_if(connections, [](const auto& each) { return each.expired(); });
        return connections.size() >= most_connections;
    }

    static asio::awaitable<void> accept(std::shared_ptr<impl> self)
    {
        while (!self->stopped) {
            const bool full = self->is_full();
            error_code failed;
            if (!full) {
                tcp::socket socket(self->context);
                auto result = co_await self->acceptor.async_accept(socket, as_result);
                failed = std::get<0>(result);
                if (!failed) self->serve(std::move(socket));
            }
            if (!full && !failed) continue;
            // There are enough of them, or no descriptor is left.
            self->pause.expires_after(between_tries);
            co_await self->pause.async_wait(as_result);
        }
    }

    void serve(tcp::socket socket)
    {
        if (stopped) return;
        close_on_exec(socket.native_handle());
        const auto made = std::make_shared<site_connection>(std::move(socket), respond);
        connections.push_back(made);
        made->start();
    }

    void stop()
    {
        stopped = true;
        error_code ignored;
        acceptor.close(ignored);
        pause.cancel();
        for (const auto& each : connections)
            if (const auto c = each.lock()) c->stop();
    }

    asio::io_context& context;
    listen_address where;
    std::shared_ptr<responder> respond;
    tcp::acceptor acceptor;
    asio::steady_timer pause;
    std::vector<std::weak_ptr<site_connection>> connections;
    bool stopped = false;
};

site_server::site_server(asio::io_context& context, const listen_address& where, responder respond)
    : impl_(std::make_shared<impl>(context, where, std::move(respond)))
{
    impl_->listen();
    asio::co_spawn(context, impl::accept(impl_), [](const std::exception_ptr&) {
        // Without memory it accepts no more; the harvest goes on.
    });
}

site_server::~site_server() { impl_->stop(); }

const listen_address& site_server::where() const noexcept { return impl_->where; }

}  // namespace unipile::program
