#include "scripted_server.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <utility>

#include <openssl/err.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>

namespace unipile::test {
namespace {

// OpenSSL writes to sockets without MSG_NOSIGNAL. Blocked for the server's threads alone: the client's must do without.
void block_sigpipe()
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

sockaddr_in loopback(std::uint16_t port, unsigned host = 1)
{
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl((127u << 24) + host);
    return address;
}

int listen_on_loopback(std::uint16_t& port, bool listening)
{
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    if (fd < 0 || ::bind(fd, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
        (listening && ::listen(fd, 128) != 0) || ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0)
        throw std::runtime_error("test server: can't listen");
    port = ntohs(address.sin_port);
    return fd;
}

SSL_CTX* make_context(const tls_settings& s)
{
    SSL_CTX* const context = SSL_CTX_new(TLS_server_method());
    SSL_CTX_set_security_level(context, s.oldest < TLS1_2_VERSION ? 0 : s.security_level);
    SSL_CTX_set_min_proto_version(context, s.oldest);
    SSL_CTX_set_max_proto_version(context, s.newest);
    if (!s.only_suite.empty())
        (s.newest < TLS1_3_VERSION ? SSL_CTX_set_cipher_list : SSL_CTX_set_ciphersuites)(context, s.only_suite.c_str());
    SSL_CTX_use_certificate(context, s.shown.certificate.get());
    SSL_CTX_use_PrivateKey(context, s.shown.key.get());
    for (const x509_ptr& each : s.chain) SSL_CTX_add1_chain_cert(context, each.get());
    if (s.chain.empty()) SSL_CTX_set_mode(context, SSL_MODE_NO_AUTO_CHAIN);
    SSL_CTX_set_num_tickets(context, s.tickets);
    const unsigned char id[] = "scripted";
    SSL_CTX_set_session_id_context(context, id, sizeof id - 1);
    if (s.ask_for_client_certificate || s.demand_client_certificate)
        SSL_CTX_set_verify(
            context, SSL_VERIFY_PEER | (s.demand_client_certificate ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0), nullptr);
    if (s.issuer_of_clients) X509_STORE_add_cert(SSL_CTX_get_cert_store(context), s.issuer_of_clients.get());
    return context;
}

}  // namespace

std::string peer::read_some()
{
    if (!unread_.empty()) return std::exchange(unread_, {});
    std::array<char, 16384> bytes;
    const long n = ssl_ ? SSL_read(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()))
                        : ::recv(fd_, bytes.data(), bytes.size(), 0);
    ERR_clear_error();
    return n > 0 ? std::string(bytes.data(), static_cast<std::size_t>(n)) : std::string();
}

std::string peer::read_request()
{
    std::string text;
    for (;;) {
        const auto end = text.find("\r\n\r\n");
        if (end != text.npos) {
            unread_ = text.substr(end + 4);
            text.resize(end + 4);
            return text;
        }
        const std::string more = read_some();
        if (more.empty()) return {};
        text += more;
    }
}

bool peer::send(std::string_view bytes)
{
    while (!bytes.empty()) {
        const long n = ssl_ ? SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()))
                            : ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        ERR_clear_error();
        if (n <= 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
}

bool peer::send_in_pieces(std::string_view bytes, std::size_t size)
{
    for (; !bytes.empty(); bytes.remove_prefix(std::min(size, bytes.size())))
        if (!send(bytes.substr(0, size))) return false;
    return true;
}

void peer::fall_silent()
{
    while (!read_some().empty()) {
    }
}

void peer::send_close_notify()
{
    if (ssl_) SSL_shutdown(ssl_.get());
    ERR_clear_error();
}

void peer::close()
{
    if (fd_ >= 0 && ssl_ && SSL_is_init_finished(ssl_.get())) send_close_notify();
    hang_up();
}

void peer::hang_up()
{
    const std::lock_guard lock(mutex_);
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
}

void peer::reset()
{
    const std::lock_guard lock(mutex_);
    const linger at_once{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    ::close(fd_);
    fd_ = -1;
}

void peer::splice_to(std::uint16_t port)
{
    const int other = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in address = loopback(port);
    std::array<char, 16384> bytes;
    bool going = ::connect(other, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    while (going) {
        std::array<pollfd, 2> both{{{fd_, POLLIN, 0}, {other, POLLIN, 0}}};
        ::poll(both.data(), both.size(), -1);
        for (std::size_t i = 0; i < 2; ++i) {
            if (both[i].revents == 0) continue;
            const long n = ::recv(both[i].fd, bytes.data(), bytes.size(), 0);
            going =
                going && n > 0 && ::send(both[1 - i].fd, bytes.data(), static_cast<std::size_t>(n), MSG_NOSIGNAL) == n;
        }
    }
    ::close(other);
}

bool peer::start_tls()
{
    ssl_.reset(SSL_new(context_));
    SSL_set_fd(ssl_.get(), fd_);
    const bool ok = SSL_accept(ssl_.get()) == 1;
    ERR_clear_error();
    return ok;
}

std::string peer::server_name() const
{
    const char* const name = ssl_ ? SSL_get_servername(ssl_.get(), TLSEXT_NAMETYPE_host_name) : nullptr;
    return name != nullptr ? name : "";
}

bool peer::session_was_resumed() const { return ssl_ && SSL_session_reused(ssl_.get()) == 1; }

void peer::send_ticket()
{
    SSL_new_session_ticket(ssl_.get());
    SSL_do_handshake(ssl_.get());
    ERR_clear_error();
}

void peer::wake()
{
    const std::lock_guard lock(mutex_);
    if (fd_ >= 0) ::shutdown(fd_, SHUT_RDWR);
}

std::optional<tls_settings> tls_by(const certificate_authority* authority)
{
    if (authority == nullptr) return {};
    tls_settings settings;
    settings.shown = authority->issue();
    return settings;
}

scripted_server::scripted_server(script each, std::optional<tls_settings> tls)
    : script_(std::move(each)), tls_(tls.has_value())
{
    if (tls) context_.reset(make_context(*tls));
    listener_ = listen_on_loopback(port_, true);
    acceptor_ = std::thread([this] { accept(); });
}

scripted_server::~scripted_server()
{
    stopping_ = true;
    ::shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    {
        const std::lock_guard lock(mutex_);
        for (const auto& p : peers_) p->wake();
    }
    for (auto& t : threads_) t.join();
    ::close(listener_);
}

std::string scripted_server::url() const
{
    return (tls_ ? "https://127.0.0.1:" : "http://127.0.0.1:") + std::to_string(port_);
}

void scripted_server::accept()
{
    block_sigpipe();
    while (!stopping_) {
        const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        if (fd < 0) continue;
        const int on = 1;
        ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        const std::lock_guard lock(mutex_);
        peers_.push_back(std::unique_ptr<peer>(new peer(fd, accepted_++, context_.get())));
        threads_.emplace_back([this, p = peers_.back().get()] {
            if (!tls_ || p->start_tls()) script_(*p);
            p->close();
        });
    }
}

scripted_server::script scripted_server::answer_always(std::string answer)
{
    return [answer = std::move(answer)](peer& p) {
        while (!p.read_request().empty() && p.send(answer)) {
        }
    };
}

std::string ok_answer(std::string_view body, std::string_view more_fields)
{
    std::string answer = "HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: ";
    answer += std::to_string(body.size());
    answer += "\r\n";
    answer += more_fields;
    answer += "\r\n";
    answer += body;
    return answer;
}

std::string chunked_answer(std::string_view body, std::size_t size)
{
    std::string answer = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (; !body.empty(); body.remove_prefix(std::min(size, body.size()))) {
        const auto chunk = body.substr(0, size);
        std::array<char, 20> line;
        std::snprintf(line.data(), line.size(), "%zx\r\n", chunk.size());
        answer.append(line.data()).append(chunk).append("\r\n");
    }
    return answer + "0\r\n\r\n";
}

std::string gzipped(std::string_view text)
{
    z_stream stream{};
    deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
    std::string out(deflateBound(&stream, static_cast<uLong>(text.size())) + 32, '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream.avail_in = static_cast<uInt>(text.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    deflate(&stream, Z_FINISH);
    out.resize(stream.total_out);
    deflateEnd(&stream);
    return out;
}

std::uint16_t closed_port()
{
    // Bound but not listening: refused, and nobody else gets it while the tests run.
    static std::uint16_t port = 0;
    static const int fd = listen_on_loopback(port, false);
    (void)fd;
    return port;
}

deaf_listener::deaf_listener(unsigned host, std::uint16_t port)
{
    sockaddr_in address = loopback(port, host);
    socklen_t size = sizeof address;
    auto* const where = reinterpret_cast<sockaddr*>(&address);
    sockets_.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (::bind(sockets_[0], where, size) != 0 || ::listen(sockets_[0], 0) != 0 ||
        ::getsockname(sockets_[0], where, &size) != 0)
        throw std::runtime_error("deaf listener: can't listen");
    port_ = ntohs(address.sin_port);
    // Its queue has room for one. These were before anybody else, so it is full once one of them is connected.
    std::vector<pollfd> first;
    for (int i = 0; i < 16; ++i) {
        const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        sockets_.push_back(fd);
        static_cast<void>(::connect(fd, where, size));
        first.push_back({fd, POLLOUT, 0});
    }
    ::poll(first.data(), first.size(), -1);
}

deaf_listener::~deaf_listener()
{
    for (const int fd : sockets_) ::close(fd);
}

}  // namespace unipile::test
