// The start of a pull, and its cancellation by the handler's slot. For all kinds of streams.
#pragma once

#include "paging/pull.hpp"
#include "paging/serial_executor.hpp"

#include <unipile/failure.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cstdint>
#include <memory>
#include <tuple>
#include <utility>

namespace unipile::paging {

/// The slot's handler. The signal may be emitted on another thread, so the cancellation is posted.
template <class Core>
struct pull_canceller {
    pull_canceller(const std::shared_ptr<Core>& c, boost::asio::any_io_executor e, std::uint64_t t)
        : core(c), executor(std::move(e)), ticket(t)
    {}

    std::weak_ptr<Core> core;
    boost::asio::any_io_executor executor;
    std::uint64_t ticket;

    void operator()(boost::asio::cancellation_type type) const
    {
        if (type == boost::asio::cancellation_type::none) return;
        boost::asio::dispatch(executor, [core = core, ticket = ticket] {
            if (const auto c = core.lock()) c->cancel_pull(ticket);
        });
    }
};

/// Makes a `Pull` of a handler and starts it. Any thread; without a core, the stream was moved from.
template <class Pull, class Core, class Handler>
void start_pull(const boost::asio::any_io_executor& executor, const std::shared_ptr<Core>& core, Handler handler)
{
    auto slot = handler.get_cancellation_slot();
    Pull p(std::move(handler), executor);
    if (!core) {
        boost::asio::post(executor, [p = std::move(p)]() mutable { std::move(p).fail(errc::stream_moved_from); });
        return;
    }
    const auto ticket = core->new_ticket();
    if (slot.is_connected()) slot.template emplace<pull_canceller<Core>>(core, executor, ticket);
    boost::asio::dispatch(executor, [core, ticket, p = std::move(p)]() mutable { core->start(ticket, std::move(p)); });
}

/// Throws unless a coroutine on `mine` may await a stream whose client is on `executor`.
inline void require_same(const boost::asio::any_io_executor& mine, const boost::asio::any_io_executor& executor)
{
    if (mine != executor && is_elsewhere(executor)) throw failure(errc::wrong_executor);
}

/// Completes when there is something to take, at the end, or with an error.
template <class Pull, class Core>
boost::asio::awaitable<std::tuple<boost::system::error_code>> readiness(const boost::asio::any_io_executor& executor,
                                                                        const std::shared_ptr<Core>& core)
{
    namespace asio = boost::asio;
    auto wait = [executor, core](ready_handler handler) { start_pull<Pull>(executor, core, std::move(handler)); };
    auto token = asio::as_tuple(asio::use_awaitable);
    return asio::async_initiate<decltype(token), void(boost::system::error_code)>(std::move(wait), token);
}

/// Continues after `readiness`: throws its error, and throws if the awaiting coroutine was cancelled.
template <class Core>
void throw_unless_ready(const Core& core, const std::tuple<boost::system::error_code>& readiness,
                        boost::asio::cancellation_type cancelled)
{
    const auto code = std::get<0>(readiness);
    if (code) throw core.failure_of(code);
    // A coroutine that was cancelled meanwhile, as in `next() || timer`, must not take a post.
    if (cancelled != boost::asio::cancellation_type::none) throw failure(boost::asio::error::operation_aborted);
}

}  // namespace unipile::paging
