#include "name_cache.hpp"

#include <boost/asio/error.hpp>

#include <algorithm>
#include <new>
#include <utility>

namespace unipile::http {
namespace {

// Bounds the threads of a name service that hangs.
constexpr unsigned most_lookups = 4;

}  // namespace

name_cache::name_cache(boost::asio::any_io_executor executor, std::string host, std::shared_ptr<resolver> how,
                       std::chrono::milliseconds ttl, time_source time)
    : executor_(std::move(executor)),
      host_(std::move(host)),
      resolver_(std::move(how)),
      ttl_(ttl),
      time_(std::move(time))
{
    gate_ = std::make_shared<lookup_gate>(
        executor_, [this](std::uint64_t number, boost::system::error_code error, addresses found) {
            answered(number, error, std::move(found));
        });
}

void name_cache::close() { gate_->close(); }

const addresses* name_cache::known() const noexcept
{
    return known_.empty() || time_.now() >= known_until_ ? nullptr : &known_;
}

void name_cache::look_up(waiter& who)
{
    waiting_.push_back(who);
    if (under_way_ == 0 || (stale_ && under_way_ < most_lookups)) start();
}

void name_cache::start()
{
    ++under_way_;
    stale_ = false;
    try {
        resolver_->async_resolve(executor_, host_, gate_->make_handler(++newest_));
    } catch (...) {
        // The destroyed handler has reported it.
    }
}

void name_cache::answered(std::uint64_t number, boost::system::error_code error, addresses found)
{
    --under_way_;
    if (!error && found.empty()) error = boost::asio::error::host_not_found;
    if (error && number != newest_) {
        // The result of a look-up serves all, however late. Its failure concerns those that it was started for, and
        // they have timed out. It may have kept the others from a look-up of their own, though.
        if (!waiting_.empty() && (under_way_ == 0 || stale_)) start();
        return;
    }
    if (!error) error = keep(found);
    while (!waiting_.empty()) {
        waiter& next = waiting_.front();
        waiting_.pop_front();
        next.addresses_found(error, known_);
    }
}

boost::system::error_code name_cache::keep(const addresses& found) noexcept
try {
    known_ = interleaved(found);
    known_until_ = time_.now() + ttl_;
    prefer_working();
    return {};
} catch (const std::bad_alloc&) {
    return boost::asio::error::no_memory;
}

void name_cache::remember_working(const boost::asio::ip::address& address)
{
    working_ = address;
    prefer_working();
}

void name_cache::prefer_working()
{
    const auto place = working_ ? std::find(known_.begin(), known_.end(), *working_) : known_.end();
    if (place != known_.end()) std::rotate(known_.begin(), place, place + 1);
}

}  // namespace unipile::http
