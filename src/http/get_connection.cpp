// How an exchange comes by its connection: lease, name, address, tunnel, handshake.
#include "fail.hpp"
#include "get_exchange.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <utility>

namespace unipile::http {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using boost::system::system_error;

constexpr std::size_t longest_proxy_answer = 16 * 1024;
constexpr std::chrono::milliseconds next_address_after{250};

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

// As RFC 8305 has it: an address that doesn't answer soon is joined by the next one, and the first to answer is taken.
asio::awaitable<void> get_exchange::connect_any()
{
    const auto allowed = pool_->options_.deadlines.connect;
    const auto until = allowed.count() == 0 ? clock::time_point::max() : clock::now() + allowed;
    if (!event_) event_.emplace(pool_->executor_);
    race_ = std::make_shared<connect_race>(pool_->executor_, *event_);
    std::size_t next = 0;
    for (bool late = false;;) {
        connection_ = race_->take_winner();
        if (connection_) break;
        if (late && clock::now() >= until) fail_to_connect(asio::error::timed_out);
        const bool all = next == addresses_.size();
        if (!all && (late || race_->under_way() == 0)) {
            const asio::ip::tcp::endpoint to(addresses_[next++], pool_->peer().port);
            race_->start(to);
            late = false;
            continue;
        }
        if (race_->under_way() == 0) fail_to_connect(race_->error());
        phase_error_ = errc::connect_timeout;
        phase_until_ = all ? until : std::min(until, clock::now() + next_address_after);
        late = co_await wait_for_attempt();
    }
    pool_->remember_working(race_->winners_address());
    race_->give_up();
    race_.reset();
    phase_until_ = until;
    error_code ignored;
    connection_->socket().set_option(asio::ip::tcp::no_delay(true), ignored);
}

// True if the phase is over.
asio::awaitable<bool> get_exchange::wait_for_attempt()
{
    event_->expires_at(asio::steady_timer::time_point::max());
    begin_wait();
    error_code woken;
    co_await event_->async_wait(asio::redirect_error(asio::use_awaitable, woken));
    end_wait();
    if (stopped_ == errc::connect_timeout) {
        stopped_.reset();
        co_return true;
    }
    throw_if_stopped();
    const asio::cancellation_state cancellation = co_await asio::this_coro::cancellation_state;
    if (cancellation.cancelled() != asio::cancellation_type::none) throw system_error(asio::error::operation_aborted);
    co_return false;
}

void get_exchange::fail_to_connect(error_code last)
{
    if (lacks_descriptors(last)) fail(errc::out_of_descriptors, where(), last);
    pool_->forget_addresses();
    const errc code = last == asio::error::timed_out ? errc::connect_timeout : errc::connect_failed;
    std::string note = (pool_->proxy_ ? "the proxy " : "") + pool_->peer().host_and_port();
    if (code == errc::connect_timeout) note.append(": waited for ").append(awaited_);
    if (last == boost::system::errc::address_not_available)
        note += ": this machine has no free port or address for it; try again when connections have ended";
    fail(code, std::move(note), last);
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
    answer_.emplace(longest_proxy_answer);
    do {
        const io_step step = co_await read_more(false);
        if (step.state != progress::done)
            fail(errc::proxy_failed, pool_->peer().host_and_port() + ": closed the connection", connection_->error());
    } while (!take_proxy_answer());
}

// True if the proxy's answer is whole and good.
bool get_exchange::take_proxy_answer()
{
    const std::string who = pool_->peer().host_and_port();
    error_code error;
    const std::size_t size = answer_->read_header({buffer_.bytes.get(), filled_}, error);
    if (error == errc::header_too_large) fail(errc::proxy_failed, who + ": endless answer");
    if (error) fail(errc::proxy_failed, who + ": the answer is not HTTP/1.1");
    if (size == 0) return false;
    const unsigned status = answer_->header().status;
    if (status == 407) fail(errc::proxy_credentials_refused, who + ": status 407");
    if (status < 200 || status > 299) fail(errc::proxy_failed, who + ": status " + std::to_string(status));
    // In TLS the client speaks first: bytes behind the header are none of the server's.
    if (filled_ != size) fail(errc::proxy_failed, who + ": bytes behind the answer");
    return true;
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
