#include "stream_core.hpp"

#include <unipile/post_stream.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <tuple>
#include <utility>

namespace unipile {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

/// What a handler's slot gets. The signal may come from the handler's own thread, hence the detour.
struct canceller {
    canceller(const std::shared_ptr<paging::stream_core>& c, asio::any_io_executor e, std::uint64_t t)
        : core(c), executor(std::move(e)), ticket(t)
    {}

    std::weak_ptr<paging::stream_core> core;
    asio::any_io_executor executor;
    std::uint64_t ticket;

    void operator()(asio::cancellation_type type) const
    {
        if (type == asio::cancellation_type::none) return;
        asio::dispatch(executor, [core = core, ticket = ticket] {
            if (const auto c = core.lock()) c->cancel_pull(ticket);
        });
    }
};

template <typename Handler>
void initiate(const asio::any_io_executor& executor, const std::shared_ptr<paging::stream_core>& core, Handler handler)
{
    auto slot = handler.get_cancellation_slot();
    paging::pull p(std::move(handler), executor);
    if (!core) {
        asio::post(executor, [p = std::move(p)]() mutable {
            std::move(p).finish({.code = errc::stream_moved_from, .one = {}, .all = {}});
        });
        return;
    }
    const auto ticket = core->new_ticket();
    if (slot.is_connected()) slot.template emplace<canceller>(core, executor, ticket);
    asio::dispatch(executor, [core, ticket, p = std::move(p)]() mutable { core->start(ticket, std::move(p)); });
}

}  // namespace

post_stream::post_stream(executor_type executor, std::shared_ptr<paging::stream_core> core) noexcept
    : executor_(std::move(executor)), core_(std::move(core))
{}

post_stream::post_stream(post_stream&& other) noexcept : executor_(other.executor_), core_(std::move(other.core_)) {}

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
    initiate(executor, core, std::move(handler));
}

void post_stream::initiate_batch::operator()(paging::batch_handler handler) const
{
    initiate(executor, core, std::move(handler));
}

asio::awaitable<std::optional<post>> post_stream::next()
{
    const auto core = core_;
    if (!core) throw failure(errc::stream_moved_from);
    if (core->pulled()) throw failure(errc::operation_in_progress);
    if (!core->ready()) {
        const auto wait = [this](paging::ready_handler handler) { initiate(executor_, core_, std::move(handler)); };
        auto token = asio::as_tuple(asio::use_awaitable);
        const std::tuple<error_code> result =
            co_await asio::async_initiate<decltype(token), void(error_code)>(wait, token);
        const auto code = std::get<0>(result);
        if (code) throw core->failure_of(code);
        // Whoever has given up in the meantime, `next() || timer` say, must not take a post with them.
        const auto cancellation = co_await asio::this_coro::cancellation_state;
        if (cancellation.cancelled() != asio::cancellation_type::none) throw failure(asio::error::operation_aborted);
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
