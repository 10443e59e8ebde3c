#include "pool.hpp"

#include "get_exchange.hpp"
#include "request_target.hpp"

#include <algorithm>
#include <new>
#include <utility>

namespace unipile::http {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t read_size = 64 * 1024;
constexpr auto longest_sleep = 1s;
constexpr auto never = pool::clock::time_point::max();

}  // namespace

std::shared_ptr<transport> transport::create(boost::asio::any_io_executor executor, const client_options& options)
{
    return std::make_shared<pool>(std::move(executor), options);
}

pool::pool(boost::asio::any_io_executor executor, const client_options& options)
    : executor_(std::move(executor)),
      time_(options.clock),
      access_(options),
      settings_(std::make_shared<const request_settings>(
          request_settings{.deadlines = access_.options.deadlines, .fields = {}, .parameters = {}})),
      names_(executor_, access_.peer().host, options.resolver ? options.resolver : std::make_shared<system_resolver>(),
             access_.options.dns_ttl, time_),
      timer_(executor_, time_)
{}

std::string pool::target(std::string_view identifier, std::string_view account_id, int limit, bool is_company,
                         std::string_view cursor) const
{
    return listing_target(access_.server, identifier, account_id, limit, is_company, cursor);
}

std::unique_ptr<exchange> pool::open(std::shared_ptr<const request_settings> settings)
{
    return std::make_unique<get_exchange>(std::static_pointer_cast<pool>(shared_from_this()),
                                          settings ? std::move(settings) : settings_);
}

pool_stats pool::stats() const noexcept
{
    pool_stats s;
    s.idle = idle_.size();
    s.open = s.idle;
    for (const auto& user : running_) s.open += user.connected ? 1 : 0;
    s.opened = opened_;
    s.reused = reused_;
    s.replayed = replayed_;
    return s;
}

void pool::close()
{
    if (closed_) return;
    closed_ = true;
    names_.close();
    for (auto it = running_.begin(); it != running_.end();) (it++)->stop(errc::client_closed);
    drop_idle();
    rest_if_quiet();
}

// Leases

bool pool::lease(pool_user& user) noexcept
{
    if (leases_ >= access_.options.max_connections) return false;
    running_.push_back(user);
    user.leased = true;
    ++leases_;
    return true;
}

void pool::end_lease(pool_user& user) noexcept
{
    if (!std::exchange(user.leased, false)) return;
    user.unlink();
    --leases_;
    rest_if_quiet();
}

// Idle connections

std::unique_ptr<connection> pool::take_idle()
{
    const auto now = time_.now();
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
    // One second less than the server's own time, for the transfer.
    clock::duration keep = access_.options.idle_timeout;
    if (server_keeps_it) keep = std::min<clock::duration>(keep, *server_keeps_it - 1s);
    if (closed_ || keep <= clock::duration::zero()) {
        c->close_politely();
        return;
    }
    try {
        const auto now = time_.now();
        c->used = true;
        c->expires_at = now + keep;
        idle_.push_back(std::move(c));
        if (idle_.back()->expires_at < armed_) arm(idle_.back()->expires_at, now);
    } catch (...) {
        // There is no memory to keep it, so it is closed.
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
        buffer.size = std::max(read_size, access_.options.limits.header);
        buffer.bytes = std::make_unique_for_overwrite<char[]>(buffer.size);
    }
    return buffer;
}

void pool::return_buffer(read_buffer buffer) noexcept
{
    if (!buffer.bytes || spare_buffers_.size() >= access_.options.max_connections) return;
    try {
        spare_buffers_.push_back(std::move(buffer));
    } catch (...) {
        // It is freed instead.
    }
}

// Time

void pool::watch(const pool_user& user, clock::time_point now)
{
    if (user.deadline < armed_) arm(user.deadline, now);
}

void pool::arm(clock::time_point at, clock::time_point now)
{
    at = std::min<clock::time_point>(at, now + longest_sleep);
    if (at >= armed_) return;
    armed_ = never;  // until the wait is set
    const auto generation = ++timer_generation_;
    timer_.expires_at(at);
    timer_.async_wait([weak = weak_from_this(), generation](const boost::system::error_code&) {
        const auto self = std::static_pointer_cast<pool>(weak.lock());
        if (self && self->timer_generation_ == generation) self->on_timer();
    });
    armed_ = at;
}

void pool::on_timer()
{
    const auto now = time_.now();
    armed_ = never;
    const auto next = sweep(now);
    if (next == never) return;
    try {
        arm(next, now);
        // GCOVR_EXCL_START: Asio reuses the memory of the wait that has just ended
    } catch (const std::bad_alloc&) {
        // The deadlines can't be watched any more, so operations with a deadline end now.
        for (auto it = running_.begin(); it != running_.end();)
            if (pool_user& user = *it++; user.deadline != never) user.stop(user.overdue);
    }
    // GCOVR_EXCL_STOP
}

pool::clock::time_point pool::sweep(clock::time_point now)
{
    auto next = never;
    for (auto it = running_.begin(); it != running_.end();) {
        pool_user& user = *it++;
        if (user.deadline <= now)
            user.stop(user.overdue);
        else
            next = std::min(next, user.deadline);
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
    if (leases_ != 0 || !idle_.empty() || armed_ == never) return;
    armed_ = never;
    ++timer_generation_;
    timer_.cancel();
}

}  // namespace unipile::http
