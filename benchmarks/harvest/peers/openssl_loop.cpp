// The limit of the transport: a bare OpenSSL read loop on epoll. Nothing is parsed beyond the answer's length and the
// cursor near the page's end.
#include "../../common/report.hpp"
#include "../../common/task.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

namespace {

using benchmark::seen;
using benchmark::task;

[[noreturn]] void fail(const char* what)
{
    ERR_print_errors_fp(stderr);
    throw std::runtime_error(what);
}

struct connection {
    int fd = -1;
    SSL* ssl = nullptr;
    std::string identifier;
    std::string header;  // until its end was found
    bool in_body = false;
    std::size_t missing = 0;  // of the body
    std::string tail;         // the last bytes of the body
};

class loop {
public:
    loop(const task& t, seen& s) : task_(t), seen_(s), buffer_(64 * 1024)
    {
        context_ = SSL_CTX_new(TLS_client_method());
        SSL_CTX_set_verify(context_, SSL_VERIFY_PEER, nullptr);
        if (SSL_CTX_load_verify_locations(context_, t.ca_file.c_str(), nullptr) != 1) fail("CA file");
        SSL_CTX_set_read_ahead(context_, 1);
        SSL_CTX_set_default_read_buffer_len(context_, 64 * 1024);
        epoll_ = epoll_create1(0);
    }

    void run()
    {
        std::vector<std::unique_ptr<connection>> connections;
        for (std::size_t i = 0; i < std::min(task_.connections, task_.identifiers.size()); ++i) {
            connections.push_back(std::make_unique<connection>());
            open(*connections.back());
        }
        epoll_event events[64];
        while (active_ > 0) {
            const int n = epoll_wait(epoll_, events, 64, -1);
            for (int i = 0; i < n; ++i) pump(*static_cast<connection*>(events[i].data.ptr));
        }
        for (auto& c : connections) {
            SSL_free(c->ssl);
            ::close(c->fd);
        }
    }

private:
    void open(connection& c)
    {
        c.fd = ::socket(AF_INET, SOCK_STREAM, 0);
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(static_cast<std::uint16_t>(std::stoul(task_.port)));
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (::connect(c.fd, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) fail("connect");
        const int on = 1;
        setsockopt(c.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        c.ssl = SSL_new(context_);
        SSL_set_tlsext_host_name(c.ssl, "localhost");
        SSL_set1_host(c.ssl, "localhost");
        SSL_set_fd(c.ssl, c.fd);
        if (SSL_connect(c.ssl) != 1) fail("handshake");
        if (::fcntl(c.fd, F_SETFL, O_NONBLOCK) != 0) fail("fcntl");
        epoll_event event{};
        event.events = EPOLLIN | EPOLLET;
        event.data.ptr = &c;
        epoll_ctl(epoll_, EPOLL_CTL_ADD, c.fd, &event);
        ++active_;
        next_listing(c);
    }

    void next_listing(connection& c)
    {
        if (next_ == task_.identifiers.size()) {
            --active_;
            return;
        }
        c.identifier = task_.identifiers[next_++];
        send(c, {});
    }

    void send(connection& c, const std::string& cursor)
    {
        const std::string request = "GET " + benchmark::target(c.identifier, cursor) +
                                    " HTTP/1.1\r\nHost: localhost:" + task_.port + "\r\nX-API-KEY: " + task_.api_key +
                                    "\r\nAccept: application/json\r\n\r\n";
        c.header.clear();
        c.tail.clear();
        c.in_body = false;
        if (SSL_write(c.ssl, request.data(), static_cast<int>(request.size())) <= 0) fail("write");
    }

    void pump(connection& c)
    {
        for (;;) {
            const int n = SSL_read(c.ssl, buffer_.data(), static_cast<int>(buffer_.size()));
            if (n > 0) {
                consume(c, std::string_view(buffer_.data(), static_cast<std::size_t>(n)));
                continue;
            }
            if (SSL_get_error(c.ssl, n) == SSL_ERROR_WANT_READ) return;
            fail("read");
        }
    }

    void consume(connection& c, std::string_view bytes)
    {
        if (!c.in_body) {
            c.header.append(bytes);
            const auto end = c.header.find("\r\n\r\n");
            if (end == std::string::npos) return;
            const auto length = c.header.find("Content-Length: ");
            if (c.header.compare(0, 12, "HTTP/1.1 200") != 0 || length > end) fail("answer");
            c.missing = std::stoul(c.header.substr(length + 16));
            c.in_body = true;
            bytes.remove_prefix(bytes.size() - (c.header.size() - end - 4));
        }
        c.missing -= bytes.size();
        if (c.missing < keep) c.tail.append(bytes.substr(bytes.size() - std::min(bytes.size(), keep)));
        if (c.missing == 0) finish(c);
    }

    void finish(connection& c)
    {
        ++seen_.pages;
        const auto at = c.tail.rfind("\"cursor\":");
        if (at == std::string::npos) fail("no cursor");
        if (c.tail[at + 9] != '"') return next_listing(c);
        send(c, c.tail.substr(at + 10, c.tail.find('"', at + 10) - at - 10));
    }

    static constexpr std::size_t keep = 512;
    const task& task_;
    seen& seen_;
    std::vector<char> buffer_;
    SSL_CTX* context_ = nullptr;
    int epoll_ = -1;
    std::size_t next_ = 0, active_ = 0;
};

}  // namespace

int main()
{
    const benchmark::stopwatch watch;
    const task t = benchmark::task_from_environment();
    seen s;
    loop(t, s).run();
    benchmark::report(s, watch);
}
