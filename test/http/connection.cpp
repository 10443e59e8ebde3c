// One connection by itself, with the other end in the same thread.
#include "http/connection.hpp"
#include "http/tls_context.hpp"
#include "support/certificates.hpp"
#include "support/printing.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <string>

using namespace unipile::http;
using namespace unipile::test;

namespace {

/// A server's end whose session tickets are of 8 KB.
class talkative_server {
public:
    talkative_server(int fd, const identity& shown) : fd_(fd), context_(SSL_CTX_new(TLS_server_method()))
    {
        ::fcntl(fd_, F_SETFL, O_NONBLOCK);
        SSL_CTX_use_certificate(context_.get(), shown.certificate.get());
        SSL_CTX_use_PrivateKey(context_.get(), shown.key.get());
        SSL_CTX_set_num_tickets(context_.get(), 0);
        SSL_CTX_set_session_ticket_cb(context_.get(), &talkative_server::fill_ticket, nullptr, nullptr);
        ssl_.reset(SSL_new(context_.get()));
        SSL_set_fd(ssl_.get(), fd_);
        SSL_set_accept_state(ssl_.get());
    }
    ~talkative_server() { ::close(fd_); }
    talkative_server(const talkative_server&) = delete;
    talkative_server& operator=(const talkative_server&) = delete;

    bool handshake() { return SSL_do_handshake(ssl_.get()) == 1; }
    /// False if it doesn't get rid of it.
    bool send_ticket() { return SSL_new_session_ticket(ssl_.get()) == 1 && SSL_do_handshake(ssl_.get()) == 1; }

private:
    static int fill_ticket(SSL* ssl, void*)
    {
        static const std::string much(8000, 'x');
        return SSL_SESSION_set1_ticket_appdata(SSL_get_session(ssl), much.data(), much.size());
    }

    struct release {
        void operator()(SSL_CTX* p) const noexcept { SSL_CTX_free(p); }
        void operator()(SSL* p) const noexcept { SSL_free(p); }
    };
    int fd_;
    std::unique_ptr<SSL_CTX, release> context_;
    std::unique_ptr<SSL, release> ssl_;
};

unipile::client_options trusting(const certificate_authority& authority)
{
    unipile::client_options o;
    o.ca_file = authority.file();
    return o;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(one_connection)

// A peer that says nothing but that keeps OpenSSL busy inside of one call, in which no deadline can pass.
BOOST_AUTO_TEST_CASE(a_step_ends_although_tickets_do_not)
{
    std::array<int, 2> ends{};
    BOOST_REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
    const certificate_authority authority;
    talkative_server server(ends[1], authority.issue());
    boost::asio::io_context context;
    tls_context tls("localhost", false, trusting(authority));
    connection client(context.get_executor());
    client.socket().assign(boost::asio::ip::tcp::v4(), ends[0]);
    client.socket().non_blocking(true);
    client.use_tls(tls);
    bool here = false, there = false;
    for (int i = 0; i < 10 && !(here && there); ++i) {
        here = here || client.handshake().state == progress::done;
        there = there || server.handshake();
    }
    BOOST_TEST_REQUIRE(here);
    BOOST_TEST_REQUIRE(there);

    int tickets = 0;
    while (server.send_ticket()) ++tickets;
    BOOST_TEST(tickets > 20);
    std::array<char, 100> to{};
    std::size_t left = client.socket().available();
    for (int steps = 0; left != 0; ++steps) {
        BOOST_REQUIRE(steps < 100);
        const io_step step = client.read(to);
        BOOST_TEST(step.state == progress::want_read);
        BOOST_TEST(step.bytes == 0u);
        const std::size_t now = client.socket().available();
        BOOST_TEST(now < left);
        if (steps == 0) BOOST_TEST(now != 0u);
        left = now;
    }
    BOOST_TEST(client.is_fit());
    ERR_clear_error();
}

BOOST_AUTO_TEST_CASE(a_write_that_does_not_fit_waits)
{
    const certificate_authority authority;
    const std::string much(1024 * 1024, 'x');
    for (const bool tls : {false, true}) {
        std::array<int, 2> ends{};
        BOOST_REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
        talkative_server server(ends[1], authority.issue());
        boost::asio::io_context context;
        tls_context trust("localhost", false, trusting(authority));
        connection client(context.get_executor());
        client.socket().assign(boost::asio::ip::tcp::v4(), ends[0]);
        client.socket().non_blocking(true);
        if (tls) client.use_tls(trust);
        for (int i = 0; tls && i < 10; ++i) {
            client.handshake();
            server.handshake();
        }
        io_step step{progress::done};
        std::size_t written = 0;
        while (step.state == progress::done && written < 64 * much.size()) {
            step = client.write(much);
            written += step.bytes;
        }
        BOOST_TEST(step.state == progress::want_write);
        BOOST_TEST(step.bytes == 0u);
        ERR_clear_error();
    }
}

BOOST_AUTO_TEST_SUITE_END()
