#include <unipile/harvest.hpp>

#include "harvest/harvest_core.hpp"
#include "paging/pull_start.hpp"

#include <boost/asio/this_coro.hpp>

#include <stdexcept>
#include <utility>

namespace unipile {

namespace asio = boost::asio;

namespace {

[[noreturn]] void refuse(const char* what) { throw std::invalid_argument(std::string("harvest_options: ") + what); }

void check(const harvest_options& options)
{
    if (options.max_in_flight < 1) refuse("max_in_flight is at least 1");
    if (options.turn_pages < 1) refuse("turn_pages is at least 1");
    if (options.max_buffered_bytes < 1) refuse("max_buffered_bytes is at least 1");
    if (options.max_queued < 1) refuse("max_queued is at least 1");
    if (options.max_queued_per_account < 1) refuse("max_queued_per_account is at least 1");
    if (options.outage_patience.count() < 0) refuse("outage_patience is at least 0");
    if (options.pace) options.pace->check();
}

}  // namespace

harvest_stream detail::begin_harvest(const client& c, std::unique_ptr<job_source> source, harvest_options options)
{
    auto time = harvest::system_time(c.get_executor(), detail::access::core(c)->time(), options.clock);
    return harvest::begin(c, std::move(source), std::move(options), std::move(time));
}

harvest_stream harvest::begin(const client& c, std::shared_ptr<job_source> source, harvest_options options,
                              std::shared_ptr<harvest_clock> time)
{
    check(options);
    if (detail::access::core(c)->closed()) throw failure(errc::client_closed);
    auto core = std::make_shared<harvest_core>(c, std::move(source), std::move(options), std::move(time));
    detail::access::core(c)->add(std::weak_ptr<paging::close_listener>(core));
    return detail::access::make<harvest_stream>(c.get_executor(), std::move(core));
}

harvest_stream::harvest_stream(executor_type executor, std::shared_ptr<harvest::harvest_core> core) noexcept
    : executor_(std::move(executor)), core_(std::move(core))
{}

harvest_stream::harvest_stream(harvest_stream&& other) noexcept
    // The moved-from stream keeps its executor for its `get_executor`.
    : executor_(other.executor_),  // NOLINT(performance-move-constructor-init)
      core_(std::move(other.core_))
{}

harvest_stream& harvest_stream::operator=(harvest_stream&& other) noexcept
{
    if (this == &other) return *this;
    if (core_) core_->close();
    executor_ = other.executor_;
    core_ = std::move(other.core_);
    return *this;
}

harvest_stream::~harvest_stream()
{
    if (core_) core_->close();
}

void harvest_stream::initiate_next::operator()(harvest::next_handler handler) const
{
    paging::start_pull<harvest::element_pull>(executor, core, std::move(handler));
}

asio::awaitable<std::optional<harvest_element>> harvest_stream::next()
{
    const auto core = core_;
    if (!core) throw failure(errc::stream_moved_from);
    const auto mine = co_await asio::this_coro::executor;
    paging::require_same(mine, executor_);
    if (core->pulled()) throw failure(errc::operation_in_progress);
    if (!core->ready()) {
        const auto result = co_await paging::readiness<harvest::element_pull>(executor_, core);
        const auto cancellation = co_await asio::this_coro::cancellation_state;
        paging::throw_unless_ready(*core, result, cancellation.cancelled());
    }
    co_return core->take();
}

std::optional<harvest_element> harvest_stream::try_next()
{
    if (!core_ || core_->pulled() || !core_->has_element()) return {};
    return core_->take();
}

// User functions that are called while the core runs may release it from this handle.

bool harvest_stream::go_on(std::uint64_t number)
{
    const auto core = core_;
    return core && core->guarded([&] { return core->go_on(number); });
}

bool harvest_stream::jump(std::uint64_t number, const position& to, wall_time trusted_until, const position& overlap)
{
    const auto core = core_;
    return core && core->guarded([&] { return core->jump(number, to, trusted_until, overlap); });
}

bool harvest_stream::finish(std::uint64_t number)
{
    const auto core = core_;
    return core && core->guarded([&] { return core->finish(number); });
}

void harvest_stream::stop()
{
    const auto core = core_;
    if (core) core->guarded([&] { return core->stop(), true; });
}

void harvest_stream::cancel()
{
    const auto core = core_;
    if (core) core->guarded([&] { return core->cancel(), true; });
}

void harvest_stream::pull()
{
    const auto core = core_;
    if (core) core->guarded([&] { return core->pull(), true; });
}

void harvest_stream::pause()
{
    const auto core = core_;
    if (core) core->guarded([&] { return core->set_paused(true), true; });
}

void harvest_stream::resume()
{
    const auto core = core_;
    if (core) core->guarded([&] { return core->set_paused(false), true; });
}

void harvest_stream::set_max_connections(std::size_t n)
{
    const auto core = core_;
    if (core) core->guarded([&] { return core->set_max_connections(n), true; });
}

bool harvest_stream::park(std::string_view account, std::string reason)
{
    const auto core = core_;
    return core && core->guarded([&] { return core->park(account, std::move(reason)); });
}

bool harvest_stream::unpark(std::string_view account)
{
    const auto core = core_;
    return core && core->guarded([&] { return core->unpark(account); });
}

bool harvest_stream::set_pace(std::string_view account, std::optional<pacing> rules)
{
    const auto core = core_;
    return core && core->guarded([&] { return core->set_pace(account, std::move(rules)); });
}

bool harvest_stream::leave(std::string_view account)
{
    const auto core = core_;
    return core && core->guarded([&] { return core->leave(account); });
}

bool harvest_stream::forget(std::string_view account)
{
    const auto core = core_;
    return !core || core->forget(account);
}

bool harvest_stream::account(std::string_view account, const std::function<void(const account_status&)>& visit) const
{
    const auto core = core_;
    return core && core->account(account, visit);
}

void harvest_stream::accounts(const std::function<void(const account_status&)>& visit) const
{
    const auto core = core_;
    if (core) core->accounts(visit);
}

harvest_stats harvest_stream::stats() const { return core_ ? core_->stats() : harvest_stats(); }

std::optional<harvest_outage> harvest_stream::outage() const { return core_ ? core_->outage() : std::nullopt; }

std::optional<failure> harvest_stream::last_failure() const { return core_ ? core_->last_failure() : std::nullopt; }

}  // namespace unipile
