// Listens, accepts connections, and forwards calls to the responder.
#include "simulator/certificate.hpp"
#include "simulator/connection.hpp"
#include "simulator/responder.hpp"

#include <unipile/simulator/server.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <atomic>
#include <fstream>
#include <mutex>

#include <fcntl.h>

namespace unipile::simulator {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

std::shared_ptr<asio::ssl::context> make_context(const options& options, const certificates& certificates)
{
    auto context = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_server);
    context->set_options(asio::ssl::context::default_workarounds | asio::ssl::context::no_sslv2 |
                         asio::ssl::context::no_sslv3 | asio::ssl::context::no_tlsv1 | asio::ssl::context::no_tlsv1_1);
    context->use_certificate_chain(asio::buffer(certificates.chain));
    context->use_private_key(asio::buffer(certificates.key), asio::ssl::context::pem);
    auto* handle = context->native_handle();
    if (options.tls_1_2_only) SSL_CTX_set_max_proto_version(handle, TLS1_2_VERSION);
    static constexpr unsigned char name[] = "unipile";
    SSL_CTX_set_session_id_context(handle, name, sizeof name - 1);
    SSL_CTX_set_mode(handle, SSL_MODE_RELEASE_BUFFERS);
    return context;
}

void write_file(const std::string& path, const std::string& text)
{
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file << text;
    file.close();
    if (!file) {
        const error_code code(errno, boost::system::system_category());
        throw boost::system::system_error(code, path + " can't be written");
    }
}

// Asio opens and accepts sockets that child processes would inherit.
void close_on_exec(int socket) noexcept { ::fcntl(socket, F_SETFD, FD_CLOEXEC); }

options validated(options given)
{
    validate(given);
    return given;
}

}  // namespace

struct server::impl : std::enable_shared_from_this<impl> {
    impl(asio::any_io_executor executor_, options options)
        : executor(std::move(executor_)),
          responder(std::make_shared<simulator::responder>(std::move(options))),
          acceptor(asio::make_strand(executor)),
          retry(acceptor.get_executor())
    {
        const auto& settings = responder->settings();
        if (!settings.tls) return;
        const auto made = make_certificates(settings.hosts);
        ca_pem = made.ca;
        context = make_context(settings, made);
        if (!settings.ca_file.empty()) write_file(settings.ca_file, ca_pem);
    }

    void listen()
    {
        const auto& settings = responder->settings();
        const tcp::endpoint endpoint(asio::ip::make_address(settings.address), settings.port);
        acceptor.open(endpoint.protocol());
        close_on_exec(acceptor.native_handle());
        acceptor.set_option(asio::socket_base::reuse_address(true));
        acceptor.bind(endpoint);
        acceptor.listen();
        port = acceptor.local_endpoint().port();
    }

    static asio::awaitable<void> accept(std::shared_ptr<impl> self);
    void add(tcp::socket socket);
    void stop();

    asio::any_io_executor executor;
    std::shared_ptr<simulator::responder> responder;
    std::shared_ptr<asio::ssl::context> context;
    std::string ca_pem;
    tcp::acceptor acceptor;
    asio::steady_timer retry;
    std::atomic<std::uint16_t> port{0};

    std::mutex mutex;  // guards the following members
    bool stopped = false;
    std::vector<std::weak_ptr<connection>> connections;
    std::size_t tidy_at = 64;  ///< number of connections at which closed ones are dropped
};

void server::impl::add(tcp::socket socket)
{
    const auto added = std::make_shared<connection>(std::move(socket), context, responder);
    {
        const std::lock_guard lock(mutex);
        if (stopped) return;
        if (connections.size() >= tidy_at) {
            std::erase_if(connections, [](const auto& each) { return each.expired(); });
            tidy_at = 2 * connections.size() + 64;
        }
        connections.push_back(added);
    }
    added->start();
}

asio::awaitable<void> server::impl::accept(std::shared_ptr<impl> self)
{
    while (self->acceptor.is_open()) {
        tcp::socket socket(asio::make_strand(self->executor));
        error_code error;
        co_await self->acceptor.async_accept(socket, asio::redirect_error(asio::use_awaitable, error));
        if (!error) {
            close_on_exec(socket.native_handle());
            self->add(std::move(socket));
        } else if (self->acceptor.is_open()) {
            // Probably out of file descriptors: tries again when some may have been closed.
            self->retry.expires_after(std::chrono::milliseconds(20));
            co_await self->retry.async_wait(asio::redirect_error(asio::use_awaitable, error));
        }
    }
}

void server::impl::stop()
{
    std::vector<std::weak_ptr<connection>> open;
    {
        const std::lock_guard lock(mutex);
        if (stopped) return;
        stopped = true;
        open.swap(connections);
    }
    asio::post(acceptor.get_executor(), [self = shared_from_this()] {
        error_code ignored;
        self->acceptor.close(ignored);
        self->retry.cancel();
    });
    for (const auto& each : open)
        if (const auto connection = each.lock()) connection->stop();
}

server::server(asio::any_io_executor executor, options options)
    : impl_(std::make_shared<impl>(std::move(executor), validated(std::move(options))))
{}

server::~server() { stop(); }

void server::start()
{
    impl_->listen();
    asio::co_spawn(impl_->acceptor.get_executor(), impl::accept(impl_), asio::detached);
}

void server::stop() { impl_->stop(); }

std::uint16_t server::port() const { return impl_->port; }

std::string server::base_url() const
{
    return (impl_->context ? "https://localhost:" : "http://localhost:") + std::to_string(port());
}

const std::string& server::ca_pem() const { return impl_->ca_pem; }

std::vector<std::string> server::accounts() const
{
    std::vector<std::string> result;
    const auto& people = impl_->responder->everybody();
    result.reserve(people.accounts());
    for (std::uint32_t i = 0; i < people.accounts(); ++i) result.push_back(people.account_name(i));
    return result;
}

std::vector<profile> server::identifiers() const
{
    std::vector<profile> result;
    const auto& people = impl_->responder->everybody();
    for (std::uint32_t i = 0; i < people.profiles(); ++i) {
        auto t = people.profile(i);
        result.push_back({std::move(t.identifier), t.who.is_company,
                          t.provider == provider::linkedin ? "LINKEDIN" : "INSTAGRAM", people.account_name(t.home)});
    }
    return result;
}

std::vector<profile> server::identifiers(std::string_view account) const
{
    auto result = identifiers();
    std::erase_if(result, [&](const profile& each) { return each.account != account; });
    return result;
}

std::uint64_t server::post_count(std::string_view identifier) const { return impl_->responder->post_count(identifier); }
std::vector<std::string> server::posts(std::string_view identifier) const
{
    return impl_->responder->posts(identifier);
}
truth server::post_at(std::string_view identifier, std::uint64_t index, std::string_view account) const
{
    return impl_->responder->post_at(identifier, index, account);
}
statistics server::stats() const { return impl_->responder->stats(); }
std::uint64_t server::requests(std::string_view account) const { return impl_->responder->requests(account); }
std::uint64_t server::requests(std::string_view account, std::string_view identifier) const
{
    return impl_->responder->requests(account, identifier);
}
std::vector<page_requests> server::requests_by_page(std::string_view account, std::string_view identifier) const
{
    return impl_->responder->requests_by_page(account, identifier);
}
std::vector<logged_request> server::request_log() const { return impl_->responder->request_log(); }
void server::reset_counts() { impl_->responder->reset_counts(); }
void server::add_posts(std::string_view identifier, std::uint64_t count)
{
    impl_->responder->add_posts(identifier, count);
}
bool server::remove_post(std::string_view identifier, std::string_view id)
{
    return impl_->responder->remove_post(identifier, id);
}
void server::change_counters(std::string_view identifier) { impl_->responder->change_counters(identifier); }
void server::expire_cursors() { impl_->responder->expire_cursors(); }
void server::set_account_error(std::string_view account, std::optional<error_answer> error)
{
    impl_->responder->set_account_error(account, std::move(error));
}
void server::set_api_key(std::string key) { impl_->responder->set_api_key(std::move(key)); }
void server::set_faults(std::vector<fault> faults) { impl_->responder->set_faults(std::move(faults)); }

}  // namespace unipile::simulator
