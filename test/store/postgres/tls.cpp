// Servers behind TLS: which certificates do.
#include "store/postgres/served.hpp"

#include <openssl/ssl.h>

#include <array>
#include <memory>
#include <string>
#include <thread>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

using namespace unipile::store::postgres;
using namespace unipile::store::postgres::test;
using unipile::test::certificate_authority;
using unipile::test::certificate_request;

namespace {

/// A server with a certificate for one name, and connections to it by any name.
struct tls_server {
    static postgres_settings settings_of(const certificate_authority& authority)
    {
        certificate_request request;
        request.names = {"DNS:db.example"};
        postgres_settings settings;
        settings.tcp = true;
        settings.tls = authority.issue(request);
        settings.rules = {"local all all trust", "hostssl all all 127.0.0.1/32 trust"};
        return settings;
    }

    connection by_name(const std::string& name, const certificate_authority& trusted)
    {
        return connection(
            conninfo("host=" + name + " hostaddr=127.0.0.1 port=" + std::to_string(server.port()) +
                     " user=postgres dbname=postgres sslmode=verify-full sslrootcert=" + trusted.file().string()));
    }

    certificate_authority authority;
    postgres_server server{settings_of(authority)};
};

/// Speaks TLS for a server that does not, as proxies of hosted databases do. Its records are as long as they may be,
/// and hold several messages. Takes one connection.
class tls_front {
public:
    enum class manner { serve, hang_up };

    tls_front(const unipile::test::identity& shown, const postgres_server& server, manner how)
        : context_(SSL_CTX_new(TLS_server_method()), &SSL_CTX_free)
    {
        SSL_CTX_use_certificate(context_.get(), shown.certificate.get());
        SSL_CTX_use_PrivateKey(context_.get(), shown.key.get());
        acceptor_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof(address);
        auto* const any = reinterpret_cast<sockaddr*>(&address);
        BOOST_REQUIRE(::bind(acceptor_, any, size) == 0 && ::listen(acceptor_, 1) == 0);
        ::getsockname(acceptor_, any, &size);
        port_ = ntohs(address.sin_port);
        thread_ = std::thread([this, target = server.socket().string(), how] { take(target, how); });
    }
    ~tls_front()
    {
        thread_.join();
        ::close(acceptor_);
    }
    tls_front(const tls_front&) = delete;
    tls_front& operator=(const tls_front&) = delete;
    std::uint16_t port() const noexcept { return port_; }

private:
    void take(const std::string& target, manner how)
    {
        const int client = ::accept(acceptor_, nullptr, nullptr);
        std::array<char, 8> request{};
        if (::recv(client, request.data(), request.size(), MSG_WAITALL) == 8 && ::send(client, "S", 1, 0) == 1 &&
            how == manner::serve)
            serve(client, target);
        ::close(client);
    }

    void serve(int client, const std::string& target)
    {
        const int server = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        target.copy(address.sun_path, sizeof(address.sun_path) - 1);
        if (::connect(server, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0) {
            const std::unique_ptr<SSL, decltype(&SSL_free)> tls(SSL_new(context_.get()), &SSL_free);
            SSL_set_fd(tls.get(), client);
            if (SSL_accept(tls.get()) == 1)
                while (pass(tls.get(), client, server)) continue;
        }
        ::close(server);
    }

    bool pass(SSL* tls, int client, int server)
    {
        std::array<pollfd, 2> ready{pollfd{client, POLLIN, 0}, pollfd{server, POLLIN, 0}};
        if (SSL_pending(tls) == 0) ::poll(ready.data(), ready.size(), -1);
        if (SSL_pending(tls) > 0 || ready[0].revents != 0) {
            const int n = SSL_read(tls, buffer_.data(), static_cast<int>(buffer_.size()));
            if (n <= 0 || ::send(server, buffer_.data(), static_cast<std::size_t>(n), MSG_NOSIGNAL) != n) return false;
        }
        if (ready[1].revents != 0) {
            const auto n = ::recv(server, buffer_.data(), buffer_.size(), 0);
            if (n <= 0 || SSL_write(tls, buffer_.data(), static_cast<int>(n)) != n) return false;
        }
        return true;
    }

    std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
    std::array<char, 16384> buffer_{};
    int acceptor_ = -1;
    std::uint16_t port_ = 0;
    std::thread thread_;
};

/// The connection through such a front.
connection through(const tls_front& front, const certificate_authority& trusted)
{
    return connection(
        conninfo("host=localhost hostaddr=127.0.0.1 port=" + std::to_string(front.port()) +
                 " user=postgres dbname=postgres sslmode=verify-full sslrootcert=" + trusted.file().string()));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(postgres_tls)

BOOST_AUTO_TEST_CASE(records_longer_than_a_read_are_read_whole)
{
    const certificate_authority authority;
    const tls_front front(authority.issue(), shared_server(), tls_front::manner::serve);
    connection c = through(front, authority);
    for (const char* rows : {"100", "1000", "10000"}) {
        const auto got =
            c.run(query("SELECT n, repeat('x', n % 300) FROM generate_series(1, $1::text::int) n").add(rows));
        BOOST_TEST(got.count() == std::stoi(rows));
    }
}

BOOST_AUTO_TEST_CASE(a_connection_that_ends_within_the_handshake_is_lost)
{
    const certificate_authority authority;
    const tls_front front(authority.issue(), shared_server(), tls_front::manner::hang_up);
    connection c = through(front, authority);
    BOOST_TEST(outcome_of([&] { c.connect(); }).kind == error_kind::lost);
}

BOOST_FIXTURE_TEST_CASE(a_verified_server_is_spoken_to_and_no_other, tls_server)
{
    connection right = by_name("db.example", authority);
    const rows got = right.run(query("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"));
    BOOST_TEST(got.boolean(0, 0));
    const std::string large(3'000'000, 'x');
    BOOST_TEST(right.run(query("SELECT $1 || $1").add(large)).text(0, 0).size() == 6'000'000u);

    connection wrong_name = by_name("other.example", authority);
    const outcome name = outcome_of([&] { wrong_name.connect(1h); });
    BOOST_TEST(name.kind == error_kind::refused);
    BOOST_TEST((name.reason == unipile::store::store_errc::certificate_refused));
    BOOST_TEST(name.line.find("other.example") != std::string::npos);

    const certificate_authority stranger("another authority");
    connection wrong_authority = by_name("db.example", stranger);
    const outcome verified = outcome_of([&] { wrong_authority.connect(1h); });
    BOOST_TEST(verified.kind == error_kind::refused);
    BOOST_TEST(verified.line.find("certificate verify failed") != std::string::npos);

    const certificate_authority namesake;  // of the same name, with another key
    connection wrong_key = by_name("db.example", namesake);
    BOOST_TEST(outcome_of([&] { wrong_key.connect(1h); }).kind == error_kind::refused);
}

BOOST_AUTO_TEST_CASE(a_server_without_tls_is_refused_where_it_is_asked_for)
{
    postgres_settings settings;
    settings.tcp = true;
    postgres_server server(settings);
    const certificate_authority authority;
    connection c(
        conninfo("host=127.0.0.1 port=" + std::to_string(server.port()) +
                 " user=postgres dbname=postgres sslmode=verify-full sslrootcert=" + authority.file().string()));
    const outcome result = outcome_of([&] { c.connect(1h); });
    BOOST_TEST(result.kind == error_kind::refused);
    BOOST_TEST((result.reason == unipile::store::store_errc::tls_refused));
    connection plain(
        conninfo("host=127.0.0.1 port=" + std::to_string(server.port()) + " user=postgres dbname=postgres"));
    BOOST_TEST(plain.run(query("SELECT 1")).count() == 1);
}

BOOST_AUTO_TEST_SUITE_END()
