#include "paging/pull_start.hpp"
#include "stream_core.hpp"

#include <unipile/post_stream.hpp>

#include <boost/asio/error.hpp>
#include <boost/asio/this_coro.hpp>

#include <utility>

namespace unipile {

namespace asio = boost::asio;
using boost::system::error_code;

post_stream::post_stream(executor_type executor, std::shared_ptr<paging::stream_core> core) noexcept
    : executor_(std::move(executor)), core_(std::move(core))
{}

post_stream::post_stream(post_stream&& other) noexcept
    // The moved-from stream keeps its executor for its `get_executor`.
    : executor_(other.executor_),  // NOLINT(performance-move-constructor-init)
      core_(std::move(other.core_))
{}

post_stream& post_stream::operator=(post_stream&& other) noexcept
{
    if (this == &other) return *this;
    if (core_) core_->stop();
    executor_ = other.executor_;
    core_ = std::move(other.core_);
    return *this;
}

post_stream::~post_stream()
{
    if (core_) core_->stop();
}

void post_stream::initiate_next::operator()(paging::next_handler handler) const
{
    paging::start_pull<paging::post_pull>(executor, core, std::move(handler));
}

void post_stream::initiate_batch::operator()(paging::batch_handler handler) const
{
    paging::start_pull<paging::post_pull>(executor, core, std::move(handler));
}

asio::awaitable<std::optional<post>> post_stream::next()
{
    const auto core = core_;
    if (!core) throw failure(errc::stream_moved_from);
    const auto mine = co_await asio::this_coro::executor;
    paging::require_same(mine, executor_);
    if (core->pulled()) throw failure(errc::operation_in_progress);
    if (!core->ready()) {
        const auto result = co_await paging::readiness<paging::post_pull>(executor_, core);
        const auto cancellation = co_await asio::this_coro::cancellation_state;
        paging::throw_unless_ready(*core, result, cancellation.cancelled());
    }
    co_return core->take_or_end();
}

std::optional<post> post_stream::try_next() noexcept
{
    if (!core_ || core_->pulled() || !core_->state().has_post()) return {};
    return core_->take();
}

unipile::position post_stream::position() const { return core_ ? core_->state().place() : unipile::position(); }

unipile::end_reason post_stream::end_reason() const noexcept
{
    return core_ ? core_->visible_end() : unipile::end_reason::none;
}

std::optional<failure> post_stream::last_failure() const
{
    const auto* f = core_ ? core_->last_failure() : nullptr;
    return f ? std::optional<failure>(*f) : std::nullopt;
}

const stream_stats& post_stream::stats() const noexcept
{
    static const stream_stats none;
    return core_ ? core_->state().stats : none;
}

const posts_query& post_stream::query() const noexcept
{
    static const posts_query none;
    return core_ ? core_->state().query() : none;
}

void post_stream::cancel() noexcept
{
    if (core_) core_->cancel(error_code(asio::error::operation_aborted));
}

}  // namespace unipile
