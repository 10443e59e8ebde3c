// A server on loopback that does to each connection exactly what a script says.
#pragma once

#include "certificates.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <openssl/ssl.h>

namespace unipile::test {

/// One accepted connection, as its script sees it. Calls block, in a thread of the connection's own; once the server
/// is being destroyed they return at once.
class peer {
public:
    /// Up to and with the empty line; empty: the other side closed, or broke off.
    std::string read_request();
    /// Whatever comes, one byte at least; empty at the end.
    std::string read_some();
    /// False if the other side is gone.
    bool send(std::string_view bytes);
    /// In pieces of `size` bytes, each in a packet of its own as far as the system lets it.
    bool send_in_pieces(std::string_view bytes, std::size_t size);
    /// Waits until the other side closes: a server that has fallen silent.
    void fall_silent();
    /// A goodbye in TLS, without closing.
    void send_close_notify();
    /// Closes for good, in TLS with a goodbye.
    void close();
    /// Closes without one: in TLS nothing tells this from an attack that cuts an answer short.
    void hang_up();
    /// Closes with a reset.
    void reset();
    /// Passes bytes in both directions between here and a port of loopback, until one side ends.
    void splice_to(std::uint16_t port);
    /// TLS from here on, as the server's `tls_settings` say. False: the handshake failed.
    bool start_tls();
    /// What the client named as its server in TLS; empty: nothing.
    std::string server_name() const;
    bool session_was_resumed() const;
    /// A TLS 1.3 session ticket, out of turn.
    void send_ticket();

    /// The how-manieth connection of the server this is, from 0.
    std::size_t number() const noexcept { return number_; }

private:
    friend class scripted_server;
    peer(int fd, std::size_t number, SSL_CTX* context) : fd_(fd), number_(number), context_(context) {}
    void wake();

    std::mutex mutex_;  // guards fd_ against wake()
    int fd_;
    std::size_t number_;
    SSL_CTX* context_;
    std::unique_ptr<SSL, void (*)(SSL*)> ssl_{nullptr, &SSL_free};
    std::string unread_;
};

struct tls_settings {
    identity shown;
    int newest = TLS1_3_VERSION;
    int oldest = TLS1_2_VERSION;
    bool demand_client_certificate = false;
    bool ask_for_client_certificate = false;
    x509_ptr issuer_of_clients{};  ///< the root of the client certificates that it accepts
    std::size_t tickets = 2;
    std::string only_suite{};       ///< by OpenSSL's name; empty: what it has
    std::vector<x509_ptr> chain{};  ///< certificates that are sent behind its own
    int security_level = 1;         ///< OpenSSL's, of what it may show itself
};

/// TLS with a certificate of this authority; null: none, plain.
std::optional<tls_settings> tls_by(const certificate_authority* authority);

/// Listens on a port of its own. The script runs in a thread for each connection, which closes when it returns.
class scripted_server {
public:
    using script = std::function<void(peer&)>;

    explicit scripted_server(script each, std::optional<tls_settings> tls = {});
    ~scripted_server();
    scripted_server(const scripted_server&) = delete;
    scripted_server& operator=(const scripted_server&) = delete;

    std::uint16_t port() const noexcept { return port_; }
    /// `http://127.0.0.1:port` or `https://…`
    std::string url() const;
    std::size_t accepted() const noexcept { return accepted_; }

    /// Scripts that are often wanted.
    static script answer_always(std::string answer);

private:
    void accept();

    script script_;
    bool tls_;
    std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context_{nullptr, &SSL_CTX_free};
    int listener_ = -1;
    std::uint16_t port_ = 0;
    std::atomic<std::size_t> accepted_{0};
    std::atomic<bool> stopping_{false};
    std::mutex mutex_;
    std::list<std::unique_ptr<peer>> peers_;
    std::vector<std::thread> threads_;
    std::thread acceptor_;
};

/// `HTTP/1.1 200 OK` with `body` as JSON and its length.
std::string ok_answer(std::string_view body, std::string_view more_fields = {});
/// The same in chunks of `size` bytes.
std::string chunked_answer(std::string_view body, std::size_t size);
/// One gzip member.
std::string gzipped(std::string_view text);

/// A port of loopback that nobody listens on.
std::uint16_t closed_port();

/// Listens on 127.0.0.`host`, and will never accept: whoever connects waits.
class deaf_listener {
public:
    explicit deaf_listener(unsigned host = 1, std::uint16_t port = 0);
    ~deaf_listener();
    deaf_listener(const deaf_listener&) = delete;
    deaf_listener& operator=(const deaf_listener&) = delete;
    std::uint16_t port() const noexcept { return port_; }

private:
    std::vector<int> sockets_;
    std::uint16_t port_ = 0;
};

}  // namespace unipile::test
