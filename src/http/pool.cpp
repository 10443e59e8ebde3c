#include "pool.hpp"

#include "durations.hpp"
#include "fail.hpp"
#include "get_exchange.hpp"
#include "request_target.hpp"

#include <boost/asio/error.hpp>

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <stdexcept>
#include <utility>

namespace unipile::http {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t read_size = 64 * 1024;
constexpr auto longest_sleep = 1s;
constexpr unsigned most_lookups = 4;
constexpr auto never = pool::clock::time_point::max();

[[noreturn]] void refuse(const char* option, std::string_view why)
{
    throw std::invalid_argument(std::string(option) + ": " + std::string(why));
}

void check_options(const client_options& o)
{
    if (const auto fault = fault_of_key(o.api_key); !fault.empty()) refuse("api_key", fault);
    if (has_control_character(o.user_agent)) refuse("user_agent", "must not hold control characters");
    if (o.max_connections == 0) refuse("max_connections", "must be at least 1");
    if (o.limits.header < 8 * 1024) refuse("limits.header", "must be at least 8 KiB");
}

void check_plain_http(const client_options& o, const origin& server)
{
    if (server.tls) return;
    if (!server.loopback && !o.allow_plain_http)
        refuse("base_url", "plain http would show the key to the network; use https");
    if (!o.proxy.empty()) refuse("proxy", "plain http through a proxy would show it the key; use https");
}

std::optional<proxy_settings> choose_proxy(const client_options& o, const origin& server)
{
    if (!o.proxy.empty()) return parse_proxy(o.proxy, "proxy");
    if (!o.proxy_from_environment) return {};
    return proxy_from([](const char* name) -> const char* { return std::getenv(name); }, server);
}

std::string make_request_tail(const client_options& o, const origin& server)
{
    std::string tail = " HTTP/1.1\r\nHost: " + server.authority() + "\r\n";
    if (!o.user_agent.empty()) tail += "User-Agent: " + o.user_agent + "\r\n";
    tail += "Accept: application/json\r\nAccept-Encoding: ";
    tail += o.compression ? "gzip" : "identity";
    tail += "\r\nX-API-KEY: " + o.api_key + "\r\n\r\n";
    return tail;
}

client_options without_secrets(client_options o)
{
    o.api_key.clear();
    o.proxy.clear();
    bound_durations(o);
    return o;
}

}  // namespace

std::shared_ptr<transport> transport::create(boost::asio::any_io_executor executor, const client_options& options)
{
    return std::make_shared<pool>(std::move(executor), options);
}

pool::pool(boost::asio::any_io_executor executor, const client_options& options)
    : executor_(std::move(executor)), options_(without_secrets(options)), timer_(executor_)
{
    check_options(options);
    origin_ = parse_base_url(options.base_url);
    check_plain_http(options, origin_);
    proxy_ = choose_proxy(options, origin_);
    if (origin_.tls) tls_.emplace(origin_.host, origin_.host_is_address, options.ca_file, options.crl_file);
    request_tail_ = make_request_tail(options, origin_);
    resolver_ = options.resolver ? options.resolver : std::make_shared<system_resolver>();
    gate_ = std::make_shared<lookup_gate>(
        executor_, [this](std::uint64_t number, boost::system::error_code error, addresses found) {
            on_lookup(number, error, std::move(found));
        });
}

pool::~pool() { gate_->close(); }

std::string pool::target(std::string_view identifier, std::string_view account_id, int limit, bool is_company,
                         std::string_view cursor) const
{
    return listing_target(origin_, identifier, account_id, limit, is_company, cursor);
}

std::unique_ptr<exchange> pool::open()
{
    return std::make_unique<get_exchange>(std::static_pointer_cast<pool>(shared_from_this()));
}

bool pool::reveals_key(std::string_view text) const noexcept
{
    constexpr std::string_view before = "X-API-KEY: ", after = "\r\n\r\n";
    constexpr std::size_t enough = 12;
    std::string_view key = request_tail_;
    key.remove_prefix(key.rfind(before) + before.size());
    key.remove_suffix(after.size());
    if (key.size() <= enough) return text.find(key) != std::string_view::npos;
    const auto [shorter, longer] = text.size() < key.size() ? std::pair(text, key) : std::pair(key, text);
    for (std::size_t i = 0; i + enough <= shorter.size(); ++i)
        if (longer.find(shorter.substr(i, enough)) != std::string_view::npos) return true;
    return false;
}

// A server may give back what it was sent.
void pool::hide_key(answer_fields& fields) const noexcept
{
    for (std::string* text : {&fields.request_id, &fields.date, &fields.retry_after})
        if (reveals_key(*text)) text->clear();
    std::erase_if(fields.rate_limits,
                  [this](const auto& limit) { return reveals_key(limit.first) || reveals_key(limit.second); });
}

pool_stats pool::stats() const noexcept
{
    pool_stats s;
    s.idle = idle_.size();
    s.open = s.idle;
    for (const auto& e : running_) s.open += e.has_connection() ? 1 : 0;
    s.waiting = waiting_count_;
    s.opened = opened_;
    s.reused = reused_;
    s.replayed = replayed_;
    return s;
}

void pool::close()
{
    if (closed_) return;
    closed_ = true;
    gate_->close();
    while (!waiting_.empty()) waiting_.front().stop(errc::client_closed);
    for (auto it = running_.begin(); it != running_.end();) (it++)->stop(errc::client_closed);
    drop_idle();
    rest_if_quiet();
}

// Leases

bool pool::try_lease(get_exchange& to)
{
    if (closed_ || leases_ >= options_.max_connections || !waiting_.empty()) return false;
    ++leases_;
    running_.push_back(to);
    return true;
}

void pool::queue(get_exchange& waiter)
{
    waiting_.push_back(waiter);
    ++waiting_count_;
}

void pool::leave_queue(get_exchange& waiter) noexcept
{
    waiter.unlink();
    --waiting_count_;
}

void pool::end_lease(get_exchange& of) noexcept
{
    of.unlink();
    --leases_;
    grant_next();
    rest_if_quiet();
}

void pool::grant_next() noexcept
{
    while (!closed_ && !waiting_.empty() && leases_ < options_.max_connections) {
        get_exchange& next = waiting_.front();
        leave_queue(next);
        ++leases_;
        running_.push_back(next);
        next.grant();
    }
}

// Idle connections

std::unique_ptr<connection> pool::take_idle()
{
    const auto now = clock::now();
    while (!idle_.empty()) {
        std::unique_ptr<connection> last = std::move(idle_.back());
        idle_.pop_back();
        if (now < last->expires_at && last->is_fit()) {
            ++reused_;
            return last;
        }
    }
    return nullptr;
}

void pool::give_back(std::unique_ptr<connection> c, std::optional<std::chrono::seconds> server_keeps_it) noexcept
{
    // A second less than the server's own time, for the way there.
    clock::duration keep = options_.idle_timeout;
    if (server_keeps_it) keep = std::min<clock::duration>(keep, *server_keeps_it - 1s);
    if (closed_ || keep <= clock::duration::zero()) {
        c->close_politely();
        return;
    }
    try {
        const auto now = clock::now();
        c->used = true;
        c->expires_at = now + keep;
        idle_.push_back(std::move(c));
        watch(idle_.back()->expires_at, now);
    } catch (...) {
        // No memory to keep it: it closes.
    }
}

void pool::drop_idle() noexcept
{
    for (const auto& c : idle_) c->close_politely();
    idle_.clear();
}

read_buffer pool::lend_buffer()
{
    read_buffer buffer;
    if (!spare_buffers_.empty()) {
        buffer = std::move(spare_buffers_.back());
        spare_buffers_.pop_back();
    } else {
        buffer.size = std::max(read_size, options_.limits.header);
        buffer.bytes = std::make_unique_for_overwrite<char[]>(buffer.size);
    }
    return buffer;
}

void pool::return_buffer(read_buffer buffer) noexcept
{
    if (!buffer.bytes || spare_buffers_.size() >= options_.max_connections) return;
    try {
        spare_buffers_.push_back(std::move(buffer));
    } catch (...) {
        // It is freed instead.
    }
}

// Names

bool pool::find_addresses(addresses& to)
{
    if (peer().host_is_address) {
        to.assign(1, boost::asio::ip::make_address(peer().host));
        return true;
    }
    if (known_.empty() || clock::now() >= known_until_) return false;
    to = known_;
    return true;
}

void pool::start_lookup()
{
    // One look-up at a time serves all who wait. One that didn't answer in time must not block those after it for
    // ever, and a name service that hangs must not be asked without end.
    if (lookups_ != 0 && (!lookup_is_stale_ || lookups_ >= most_lookups)) return;
    ++lookups_;
    lookup_is_stale_ = false;
    try {
        resolver_->async_resolve(executor_, peer().host, gate_->make_handler(++lookup_number_));
    } catch (...) {
        // The handler, dropped, has reported it.
    }
}

void pool::on_lookup(std::uint64_t number, boost::system::error_code error, addresses found)
{
    if (lookups_ != 0) --lookups_;
    if (!error && found.empty()) error = boost::asio::error::host_not_found;
    if (error && number != lookup_number_) {
        // What a look-up found serves everybody, however late; how it failed is for those that it was started for,
        // and they have given up. It may have kept the others from a look-up of their own, though.
        for (const auto& e : running_) {
            if (!e.looking_up()) continue;
            start_lookup();
            break;
        }
        return;
    }
    if (!error) {
        known_ = interleaved(found);
        known_until_ = clock::now() + options_.dns_ttl;
        const auto last = working_ ? std::find(known_.begin(), known_.end(), *working_) : known_.end();
        if (last != known_.end()) std::rotate(known_.begin(), last, last + 1);
    }
    for (auto& e : running_) e.addresses_found(error, known_);
}

void pool::remember_working(const boost::asio::ip::address& address)
{
    working_ = address;
    const auto place = std::find(known_.begin(), known_.end(), address);
    if (place != known_.end()) std::rotate(known_.begin(), place, place + 1);
}

// Time

void pool::watch(clock::time_point deadline, clock::time_point now)
{
    if (deadline < armed_) arm(deadline, now);
}

void pool::arm(clock::time_point at, clock::time_point now)
{
    at = std::min<clock::time_point>(at, now + longest_sleep);
    if (at >= armed_) return;
    armed_ = at;
    const auto turn = ++timer_turn_;
    timer_.expires_at(at);
    timer_.async_wait([weak = weak_from_this(), turn](const boost::system::error_code&) {
        const auto self = std::static_pointer_cast<pool>(weak.lock());
        if (self && self->timer_turn_ == turn) self->on_timer();
    });
}

void pool::on_timer()
{
    const auto now = clock::now();
    armed_ = never;
    const auto next = sweep(now);
    if (next == never) return;
    try {
        arm(next, now);
    } catch (...) {
        // Without memory the deadlines can't be watched any more, so what has one ends now.
        while (!waiting_.empty() && waiting_.front().deadline() != never) waiting_.front().stop_if_due(never);
        for (auto it = running_.begin(); it != running_.end();)
            if (get_exchange& e = *it++; e.deadline() != never) e.stop_if_due(never);
    }
}

pool::clock::time_point pool::sweep(clock::time_point now)
{
    auto next = never;
    // All wait equally long, so the first in the queue is the first to give up.
    while (!waiting_.empty() && waiting_.front().deadline() <= now) waiting_.front().stop_if_due(now);
    if (!waiting_.empty()) next = std::min(next, waiting_.front().deadline());
    for (auto it = running_.begin(); it != running_.end();) {
        get_exchange& e = *it++;
        e.stop_if_due(now);
        next = std::min(next, e.deadline());
    }
    std::erase_if(idle_, [now](const std::unique_ptr<connection>& c) {
        if (now < c->expires_at) return false;
        c->close_politely();
        return true;
    });
    for (const auto& c : idle_) next = std::min(next, c->expires_at);
    return next;
}

void pool::rest_if_quiet() noexcept
{
    if (leases_ != 0 || waiting_count_ != 0 || !idle_.empty() || armed_ == never) return;
    armed_ = never;
    ++timer_turn_;
    try {
        timer_.cancel();
    } catch (...) {
        // It fires once for nothing.
    }
}

}  // namespace unipile::http
