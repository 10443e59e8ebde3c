#include "client_core.hpp"
#include "errc_meaning.hpp"
#include "page_reader.hpp"

#include <unipile/failure.hpp>

#include <boost/system/errc.hpp>

#include <algorithm>
#include <new>
#include <utility>

namespace unipile::paging {

namespace {

[[noreturn]] void refuse(errc code, std::string note = {})
{
    failure::details d = details_of(code);
    d.note = std::move(note);
    throw failure(code, std::move(d));
}

/// Checks what the transport does not: it checks the texts itself.
void check_numbers(const posts_query& query)
{
    if (query.limit < 1 || query.limit > 100) refuse(errc::invalid_query, "limit is from 1 to 100");
    if (query.since_run < 1) refuse(errc::invalid_query, "since_run is at least 1");
    if (query.trust_cursor_for.count() < 0) refuse(errc::invalid_query, "trust_cursor_for must not be negative");
}

}  // namespace

client_core::client_core(client_options options, std::shared_ptr<http::transport> transport)
    : options_(std::move(options)),
      settings_(std::make_shared<const call_settings>(make_call_settings(options_, {}))),
      transport_(std::move(transport)),
      time_(options_.clock),
      registry_(keeper_registry::of(transport_->executor())),
      random_(seed_or_random(options_.retry.seed)),
      no_memory_(std::make_shared<const failure>(make_error_code(boost::system::errc::not_enough_memory)))
{
    options_.api_key.clear();  // the transport has copies of what it needs
    options_.proxy.clear();
    spare_.reserve(std::min<std::size_t>(options_.max_connections, 1024));
    registry_->add(*this);
}

client_core::~client_core() { registry_->remove(*this); }

std::shared_ptr<const call_settings> client_core::settings(const call_options& call) const
{
    const bool any = call.deadlines || call.retry || call.strict || !call.headers.empty() || !call.parameters.empty();
    return any ? std::make_shared<const call_settings>(make_call_settings(options_, call)) : settings_;
}

void client_core::check(const posts_query& query, const position& from) const
{
    if (closed_) refuse(errc::client_closed);
    check_numbers(query);
    if (!from.belongs_to(query)) refuse(errc::position_mismatch);
    (void)transport_->target(query.identifier, query.account_id, query.limit, query.is_company,
                             detail::access::parts(from).cursor);
}

void client_core::add(page_reader& s) noexcept { readers_.push_back(s); }

void client_core::add(std::weak_ptr<close_listener> l)
{
    std::erase_if(listeners_, [](const auto& other) { return other.expired(); });
    listeners_.push_back(std::move(l));
}

void client_core::close() noexcept
{
    if (std::exchange(closed_, true)) return;
    for (auto& s : readers_) s.client_closed();
    transport_->close();
    for (const auto& l : std::exchange(listeners_, {}))
        if (const auto listener = l.lock()) listener->client_closed();
}

void client_core::enqueue(page_reader& s)
{
    if (running_ < options_.max_connections) {
        ++running_;
        s.run_request();
    } else {
        s.gives_up_at = time_.now() + options_.deadlines.connection_wait;
        waiting_.push_back(s);
        if (options_.deadlines.connection_wait.count() > 0 && !queue_timer_) watch_queue();
    }
    if (!waiting_.empty() && !paused_.empty()) {
        auto& longest = paused_.front();
        paused_.pop_front();
        longest.read_on();
    }
}

void client_core::leave_queue(page_reader& s) noexcept
{
    s.held_hook::unlink();
    if (waiting_.empty()) queue_timer_.reset();
}

void client_core::request_over()
{
    --running_;
    if (waiting_.empty() || running_ >= options_.max_connections) return;
    auto& next = waiting_.front();
    leave_queue(next);
    ++running_;
    next.run_request();
}

// All wait equally long, so the first in the queue times out first.
void client_core::watch_queue() noexcept
try {
    queue_timer_ = std::make_unique<clock_timer>(executor(), time_);
    queue_timer_->expires_at(waiting_.front().gives_up_at);
    queue_timer_->async_wait([weak = weak_from_this(), number = ++queue_timers_](const boost::system::error_code&) {
        const auto self = weak.lock();
        if (self && self->queue_timer_ && self->queue_timers_ == number) self->queue_timer_fired();
    });
} catch (const std::bad_alloc&) {
    queue_timer_.reset();  // the next request that waits tries again
}

void client_core::queue_timer_fired()
{
    const handler_section here(&handlers_);
    const auto now = time_.now();
    while (!waiting_.empty() && waiting_.front().gives_up_at <= now) {
        auto& first = waiting_.front();
        leave_queue(first);
        ++running_;
        first.run_request(false);
    }
    if (waiting_.empty())
        queue_timer_.reset();
    else
        watch_queue();
}

bool client_core::may_pause(page_reader& s) noexcept
{
    if (!waiting_.empty()) return false;
    paused_.push_back(s);
    return true;
}

std::unique_ptr<workspace> client_core::lend()
{
    if (spare_.empty()) return std::make_unique<workspace>(options_);
    auto t = std::move(spare_.back());
    spare_.pop_back();
    return t;
}

void client_core::give_back(std::unique_ptr<workspace> w) noexcept
{
    w->exchange.reset();
    // More than one for each connection is of no use.
    if (spare_.size() == spare_.capacity()) return;
    w->clear();
    spare_.push_back(std::move(w));
}

double client_core::chance() noexcept { return random_.unit(); }

void client_core::abandon(std::vector<std::shared_ptr<void>>& out) noexcept
{
    for (auto& s : readers_) s.abandon(out);
}

}  // namespace unipile::paging
