// How an exchange comes by its connection: lease, name, address, tunnel, handshake.
#include "fail.hpp"
#include "get_exchange.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <utility>

#include <fcntl.h>

namespace unipile::http {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using boost::system::system_error;

constexpr std::size_t longest_proxy_answer = 16 * 1024;

const char* why_not(const error_code& lookup) noexcept
{
    if (lookup == asio::error::host_not_found_try_again) return ": the name service can't answer now; try again";
    if (lookup == asio::error::host_not_found) return ": there is no such name, or it has no address";
    return ": the look-up failed";
}

bool lacks_descriptors(const error_code& error) noexcept
{
    return error == boost::system::errc::too_many_files_open ||
           error == boost::system::errc::too_many_files_open_in_system;
}

}  // namespace

asio::awaitable<void> get_exchange::acquire()
{
    if (pool_->closed()) fail(errc::client_closed, where());
    leased_ = pool_->try_lease(*this);
    if (leased_) co_return;
    start_phase(errc::connection_wait_timeout, pool_->options_.deadlines.connection_wait);
    awaited_ = "a free connection";
    event_.emplace(pool_->executor_);
    pool_->queue(*this);
    queued_ = true;
    while (!leased_) co_await wait_for_event();
}

asio::awaitable<void> get_exchange::connect()
{
    request_runs_ = false;  // the request's clock starts with the sending
    ending_ = io_step{progress::done};
    co_await resolve();
    awaited_ = pool_->proxy_ ? "a connection to the proxy" : "a connection";
    co_await connect_any();
    if (pool_->proxy_) co_await open_tunnel();
    if (pool_->tls_) co_await handshake();
    ++pool_->opened_;
}

asio::awaitable<void> get_exchange::resolve()
{
    if (!pool_->find_addresses(addresses_)) {
        start_phase(errc::resolve_timeout, pool_->options_.deadlines.resolve);
        awaited_ = "the name service";
        looking_up_ = true;
        pool_->start_lookup();
        while (looking_up_) co_await wait_for_event();
        if (lacks_descriptors(lookup_error_)) fail(errc::out_of_descriptors, pool_->peer().host, lookup_error_);
        if (lookup_error_) fail(errc::resolve_failed, pool_->peer().host + why_not(lookup_error_), lookup_error_);
    }
    keep_loopback_only();
}

// A name that only looks like this machine's must not get the key in the clear.
void get_exchange::keep_loopback_only()
{
    if (pool_->tls_ || pool_->options_.allow_plain_http) return;
    std::erase_if(addresses_, [](const asio::ip::address& a) {
        if (a.is_v6() && a.to_v6().is_v4_mapped())
            return !asio::ip::make_address_v4(asio::ip::v4_mapped, a.to_v6()).is_loopback();
        return !a.is_loopback();
    });
    if (addresses_.empty())
        fail(errc::connect_failed,
             pool_->peer().host + ": not an address of this machine, and plain http is for it only");
}

asio::awaitable<void> get_exchange::connect_any()
{
    using namespace std::chrono;
    const milliseconds allowed = pool_->options_.deadlines.connect;
    const auto until = clock::now() + allowed;
    error_code last;
    for (std::size_t i = 0; i < addresses_.size(); ++i) {
        start_phase(errc::connect_timeout, allowed);
        // An address that doesn't answer leaves the others their share.
        if (allowed.count() != 0) {
            const auto now = clock::now();
            phase_until_ = now + (until - now) / static_cast<clock::rep>(addresses_.size() - i);
        }
        const asio::ip::address address = addresses_[i];
        last = co_await connect_to(address);
        if (!last) {
            pool_->remember_working(address);
            phase_until_ = allowed.count() != 0 ? until : clock::time_point::max();
            co_return;
        }
        connection_.reset();
    }
    pool_->forget_addresses();
    const errc code = last == asio::error::timed_out ? errc::connect_timeout : errc::connect_failed;
    std::string note = (pool_->proxy_ ? "the proxy " : "") + pool_->peer().host_and_port();
    if (code == errc::connect_timeout) note.append(": waited for ").append(awaited_);
    if (last == boost::system::errc::address_not_available)
        note += ": this machine has no free port or address for it; try again when connections have ended";
    fail(code, std::move(note), last);
}

asio::awaitable<error_code> get_exchange::connect_to(asio::ip::address address)
{
    error_code error = open_socket(address);
    if (error) co_return error;
    const asio::ip::tcp::endpoint endpoint(address, pool_->peer().port);
    begin_wait();
    co_await connection_->socket().async_connect(endpoint, asio::redirect_error(asio::use_awaitable, error));
    end_wait();
    if (stopped_ == errc::connect_timeout) {
        stopped_.reset();
        co_return asio::error::timed_out;
    }
    throw_if_stopped();
    const asio::cancellation_state cancellation = co_await asio::this_coro::cancellation_state;
    if (cancellation.cancelled() != asio::cancellation_type::none) throw system_error(asio::error::operation_aborted);
    error_code ignored;
    connection_->socket().set_option(asio::ip::tcp::no_delay(true), ignored);
    co_return error;
}

error_code get_exchange::open_socket(const asio::ip::address& address)
{
    const auto protocol = address.is_v6() ? asio::ip::tcp::v6() : asio::ip::tcp::v4();
    connection_ = std::make_unique<connection>(pool_->executor_);
    error_code error;
    connection_->socket().open(protocol, error);
    if (lacks_descriptors(error)) fail(errc::out_of_descriptors, where(), error);
    if (error) return error;
    // Asio opens sockets that programs started by this one would inherit.
    ::fcntl(connection_->socket().native_handle(), F_SETFD, FD_CLOEXEC);
    connection_->socket().non_blocking(true, error);
    return error;
}

asio::awaitable<void> get_exchange::open_tunnel()
{
    // The phase, and so the deadline, is still that of connecting.
    const std::string target = pool_->origin_.host_and_port();
    request_.assign("CONNECT ").append(target).append(" HTTP/1.1\r\nHost: ").append(target).append("\r\n");
    if (!pool_->proxy_->authorization.empty())
        request_.append("Proxy-Authorization: ").append(pool_->proxy_->authorization).append("\r\n");
    request_.append("\r\n");
    filled_ = 0;
    awaited_ = "the proxy's answer";
    co_await send(false);
    std::size_t end = std::string_view::npos;
    while (end == std::string_view::npos) {
        const io_step step = co_await read_more(false);
        if (step.state != progress::done)
            fail(errc::proxy_failed, pool_->peer().host_and_port() + ": closed the connection", connection_->error());
        end = std::string_view(buffer_.bytes.get(), filled_).find("\r\n\r\n");
        if (end == std::string_view::npos && filled_ > longest_proxy_answer)
            fail(errc::proxy_failed, pool_->peer().host_and_port() + ": endless answer");
    }
    read_proxy_answer(std::string_view(buffer_.bytes.get(), end + 4));
}

void get_exchange::read_proxy_answer(std::string_view block)
{
    const std::string who = pool_->peer().host_and_port();
    answer_header answer;
    if (parse_answer_header(block, answer)) fail(errc::proxy_failed, who + ": the answer is not HTTP/1.1");
    if (answer.status == 407) fail(errc::proxy_credentials_refused, who + ": status 407");
    if (answer.status < 200 || answer.status > 299)
        fail(errc::proxy_failed, who + ": status " + std::to_string(answer.status));
    // In TLS the client speaks first: bytes behind the header are none of the server's.
    if (filled_ != block.size()) fail(errc::proxy_failed, who + ": bytes behind the answer");
}

asio::awaitable<void> get_exchange::handshake()
{
    connection_->use_tls(*pool_->tls_);
    start_phase(errc::handshake_timeout, pool_->options_.deadlines.handshake);
    awaited_ = "the TLS handshake";
    for (;;) {
        const io_step step = connection_->handshake();
        if (step.state == progress::done) co_return;
        if (step.state == progress::end || step.state == progress::failed) {
            const tls_fault fault = connection_->handshake_fault();
            fail(fault.code, where() + ": " + fault.note, fault.cause);
        }
        co_await wait(step.state == progress::want_read ? direction::read : direction::write);
    }
}

}  // namespace unipile::http
