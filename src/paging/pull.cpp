#include "pull.hpp"

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/prefer.hpp>

#include <new>
#include <utility>

namespace unipile::paging {

namespace asio = boost::asio;

namespace {

/// A handler with its arguments.
template <typename Handler>
struct bound {
    Handler handler;
    pull_result result;

    using allocator_type = typename Handler::allocator_type;
    allocator_type get_allocator() const noexcept { return handler.get_allocator(); }

    void operator()()
    {
        // From here on there is nothing to cancel.
        if (auto slot = handler.get_cancellation_slot(); slot.is_connected()) slot.clear();
        if constexpr (std::is_same_v<Handler, next_handler>)
            std::move(handler)(result.code, std::move(result.one));
        else if constexpr (std::is_same_v<Handler, batch_handler>)
            std::move(handler)(result.code, result.all);
        else
            std::move(handler)(result.code);
    }
};

}  // namespace

namespace {

/// Boost makes these without exceptions: an empty one says that there is no memory.
asio::any_completion_executor checked(asio::any_completion_executor e)
{
    if (!e) throw std::bad_alloc();
    return e;
}

}  // namespace

template <typename Handler>
pull::pull(Handler handler, const asio::any_io_executor& fallback)
    : handler_(std::in_place_type<Handler>, std::move(handler)),
      executor_(checked(asio::prefer(checked(asio::get_associated_executor(std::get<Handler>(handler_), fallback)),
                                     asio::execution::outstanding_work.tracked)))
{}

template pull::pull(next_handler, const asio::any_io_executor&);
template pull::pull(batch_handler, const asio::any_io_executor&);
template pull::pull(ready_handler, const asio::any_io_executor&);

void pull::finish(pull_result result) &&
{
    std::visit(
        [&]<typename Handler>(Handler& handler) {
            asio::dispatch(executor_, bound<Handler>{std::move(handler), std::move(result)});
        },
        handler_);
}

}  // namespace unipile::paging
