#include "connector.hpp"

#include "fail.hpp"

#include <boost/asio/error.hpp>

#include <algorithm>
#include <new>
#include <utility>

namespace unipile::http {
namespace {

namespace asio = boost::asio;
using clock = connection::clock;
using boost::system::error_code;

constexpr std::size_t longest_proxy_answer = 16 * 1024;
constexpr std::chrono::milliseconds next_address_after{250};

const char* why_not(const error_code& lookup) noexcept
{
    // The resolver may be of a program with an Asio of its own, whose category is another object of the same name.
    const auto is = [&lookup](asio::error::netdb_errors code) {
        const error_code ours = code;
        return lookup.value() == ours.value() && std::string_view{lookup.category().name()} == ours.category().name();
    };
    if (is(asio::error::host_not_found_try_again)) return ": the name service can't answer now; try again";
    if (is(asio::error::host_not_found)) return ": there is no such name, or it has no address";
    return ": the look-up failed";
}

bool lacks_descriptors(const error_code& error) noexcept
{
    return error == boost::system::errc::too_many_files_open ||
           error == boost::system::errc::too_many_files_open_in_system;
}

}  // namespace

asio::awaitable<std::unique_ptr<connection>> connector::connect()
{
    waits_.pause_request();  // the request's time starts with the sending
    co_await resolve();
    waits_.connected = true;
    waits_.awaits(access_.proxy ? "a connection to the proxy" : "a connection");
    co_await connect_any();
    if (access_.proxy) co_await open_tunnel();
    if (access_.tls) co_await handshake();
    waits_.owner().count_opened();
    co_return std::move(connection_);
}

void connector::abandon() noexcept
{
    looking_up_ = false;
    name_cache::waiter::unlink();
    if (race_) race_->give_up();
    race_.reset();
    connection_.reset();
}

void connector::addresses_found(error_code error, const addresses& found) noexcept
{
    looking_up_ = false;
    lookup_error_ = error;
    try {
        if (!error) addresses_ = found;
    } catch (const std::bad_alloc&) {
        lookup_error_ = asio::error::no_memory;
    }
    waits_.wake();
}

asio::awaitable<void> connector::resolve()
{
    const origin& peer = access_.peer();
    name_cache& names = waits_.owner().names();
    if (peer.host_is_address) {
        addresses_.assign(1, asio::ip::make_address(peer.host));
    } else if (const addresses* const known = names.known()) {
        addresses_ = *known;
    } else {
        waits_.start_phase(errc::resolve_timeout, waits_.deadlines().resolve);
        waits_.awaits("the name service");
        looking_up_ = true;
        names.look_up(*this);
        while (looking_up_) co_await waits_.wait_for_event();
        if (lacks_descriptors(lookup_error_)) fail(errc::out_of_descriptors, peer.host, lookup_error_);
        if (lookup_error_) fail(errc::resolve_failed, peer.host + why_not(lookup_error_), lookup_error_);
    }
    keep_loopback_only();
}

// A name that only looks like a loopback one must not get the key without encryption.
void connector::keep_loopback_only()
{
    if (access_.tls || access_.options.allow_plain_http) return;
    std::erase_if(addresses_, [](const asio::ip::address& a) {
        if (a.is_v6() && a.to_v6().is_v4_mapped())
            return !asio::ip::make_address_v4(asio::ip::v4_mapped, a.to_v6()).is_loopback();
        return !a.is_loopback();
    });
    if (addresses_.empty())
        fail(errc::connect_failed,
             access_.peer().host + ": not an address of this machine, and plain http is for it only");
}

// RFC 8305: if an address does not answer soon, the next one is tried in parallel, and the first to answer is used.
asio::awaitable<void> connector::connect_any()
{
    const auto allowed = waits_.deadlines().connect;
    const auto until = allowed.count() == 0 ? clock::time_point::max() : waits_.owner().time().now() + allowed;
    race_ = std::make_shared<connect_race>(waits_.owner().executor(), waits_.event());
    std::size_t next = 0;
    for (bool late = false;;) {
        connection_ = race_->take_winner();
        if (connection_) break;
        if (late && waits_.owner().time().now() >= until) fail_to_connect(asio::error::timed_out);
        const bool all = next == addresses_.size();
        if (!all && (late || race_->under_way() == 0)) {
            const asio::ip::tcp::endpoint to(addresses_[next++], access_.peer().port);
            race_->start(to);
            late = false;
            continue;
        }
        if (race_->under_way() == 0) fail_to_connect(race_->error());
        waits_.start_phase(errc::connect_timeout,
                           all ? until : std::min(until, waits_.owner().time().now() + next_address_after));
        late = co_await waits_.wait_for_event_or_end_of_phase();
    }
    waits_.owner().names().remember_working(race_->winners_address());
    race_->give_up();
    race_.reset();
    waits_.start_phase(errc::connect_timeout, until);
    error_code ignored;
    connection_->socket().set_option(asio::ip::tcp::no_delay(true), ignored);
}

void connector::fail_to_connect(error_code last)
{
    if (lacks_descriptors(last)) fail(errc::out_of_descriptors, access_.name(), last);
    waits_.owner().names().forget();
    const errc code = last == asio::error::timed_out ? errc::connect_timeout : errc::connect_failed;
    std::string note = (access_.proxy ? "the proxy " : "") + access_.peer().host_and_port();
    if (code == errc::connect_timeout) note.append(": waited for ").append(waits_.awaited());
    if (last == boost::system::errc::address_not_available)
        note += ": this machine has no free port or address for it; try again when connections have ended";
    fail(code, std::move(note), last);
}

asio::awaitable<void> connector::open_tunnel()
{
    // The phase, and so its deadline, is still that of connecting.
    const std::string target = access_.server.host_and_port();
    request_.assign("CONNECT ").append(target).append(" HTTP/1.1\r\nHost: ").append(target).append("\r\n");
    if (!access_.proxy->authorization.empty())
        request_.append("Proxy-Authorization: ").append(access_.proxy->authorization).append("\r\n");
    request_.append("\r\n");
    waits_.awaits("the proxy's answer");
    co_await waits_.write_all(*connection_, request_, false);
    answer_.emplace(longest_proxy_answer);
    received_.resize(longest_proxy_answer);
    for (std::size_t filled = 0;;) {
        const io_step step = connection_->read({received_.data() + filled, received_.size() - filled});
        filled += step.bytes;
        if (step.bytes != 0 && take_proxy_answer({received_.data(), filled})) break;
        if (step.state == progress::end || step.state == progress::failed)
            fail(errc::proxy_failed, access_.peer().host_and_port() + ": closed the connection", connection_->error());
        if (step.state != progress::done) co_await waits_.wait(*connection_, step.state);
    }
    received_ = {};
}

// Returns true if the proxy's answer is whole and successful.
bool connector::take_proxy_answer(std::string_view received)
{
    const std::string who = access_.peer().host_and_port();
    error_code error;
    const std::size_t size = answer_->read_header(received, error);
    if (error == errc::header_too_large) fail(errc::proxy_failed, who + ": endless answer");
    if (error) fail(errc::proxy_failed, who + ": the answer is not HTTP/1.1");
    if (size == 0) return false;
    const unsigned status = answer_->header().status;
    if (status == 407) fail(errc::proxy_credentials_refused, who + ": status 407");
    if (status < 200 || status > 299) fail(errc::proxy_failed, who + ": status " + std::to_string(status));
    // In TLS the client speaks first, so bytes behind the header are not the server's.
    if (received.size() != size) fail(errc::proxy_failed, who + ": bytes behind the answer");
    return true;
}

asio::awaitable<void> connector::handshake()
{
    connection_->use_tls(*access_.tls);
    waits_.start_phase(errc::handshake_timeout, waits_.deadlines().handshake);
    waits_.awaits("the TLS handshake");
    for (;;) {
        const io_step step = connection_->handshake();
        if (step.state == progress::done) co_return;
        if (step.state == progress::end || step.state == progress::failed) {
            const tls_fault fault = connection_->handshake_fault();
            fail(fault.code, access_.name() + ": " + fault.note, fault.cause);
        }
        co_await waits_.wait(*connection_, step.state);
    }
}

}  // namespace unipile::http
