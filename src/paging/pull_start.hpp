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

/// Marks the pull that is being initiated on this thread, as long as it exists.
class initiation_mark {
public:
    struct pull_id {
        const void* core = nullptr;
        std::uint64_t ticket = 0;

        friend bool operator==(const pull_id&, const pull_id&) = default;
    };

    explicit initiation_mark(pull_id id) noexcept : outer_(std::exchange(current(), id)) {}
    initiation_mark(const initiation_mark&) = delete;
    initiation_mark& operator=(const initiation_mark&) = delete;
    ~initiation_mark() { current() = outer_; }

    static bool is_set_for(pull_id id) noexcept { return current() == id; }

private:
    static pull_id& current() noexcept
    {
        thread_local pull_id id;
        return id;
    }

    pull_id outer_;
};

/// Makes a `Pull` of a handler and starts it. Any thread; without a core, the stream was moved from.
template <class Pull, class Core, class Handler>
void start_pull(const boost::asio::any_io_executor& executor, const std::shared_ptr<Core>& core, Handler handler)
{
    auto slot = handler.get_cancellation_slot();
    Pull p(std::move(handler), executor);
    if (!core) {
        p.starts_within_initiation();
        return std::move(p).fail_start(executor, errc::stream_moved_from);
    }
    const auto ticket = core->new_ticket();
    if (slot.is_connected()) slot.template emplace<pull_canceller<Core>>(core, executor, ticket);
    const initiation_mark::pull_id id{core.get(), ticket};
    const initiation_mark mark(id);
    boost::asio::dispatch(executor, [core, id, p = std::move(p)]() mutable {
        if (initiation_mark::is_set_for(id)) p.starts_within_initiation();
        core->start(id.ticket, std::move(p));
    });
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
