#include "harvest/element_pull.hpp"

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/prefer.hpp>

#include <new>
#include <type_traits>
#include <utility>

namespace unipile::harvest {

namespace asio = boost::asio;

namespace {

template <typename Handler>
struct bound {
    Handler handler;
    boost::system::error_code code;
    std::optional<harvest_element> element;

    using allocator_type = typename Handler::allocator_type;
    allocator_type get_allocator() const noexcept { return handler.get_allocator(); }

    void operator()()
    {
        // From here on there is nothing to cancel.
        if (auto slot = handler.get_cancellation_slot(); slot.is_connected()) slot.clear();
        if constexpr (std::is_same_v<Handler, next_handler>)
            std::move(handler)(code, std::move(element));
        else
            std::move(handler)(code);
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
element_pull::element_pull(Handler handler, const asio::any_io_executor& fallback)
    : handler_(std::in_place_type<Handler>, std::move(handler)),
      executor_(checked(asio::prefer(checked(asio::get_associated_executor(std::get<Handler>(handler_), fallback)),
                                     asio::execution::outstanding_work.tracked)))
{}

template element_pull::element_pull(next_handler, const asio::any_io_executor&);
template element_pull::element_pull(paging::ready_handler, const asio::any_io_executor&);

void element_pull::finish(boost::system::error_code code, std::optional<harvest_element> element) &&
{
    std::visit(
        [&]<typename Handler>(Handler& handler) {
            asio::dispatch(executor_, bound<Handler>{std::move(handler), code, std::move(element)});
        },
        handler_);
}

}  // namespace unipile::harvest
