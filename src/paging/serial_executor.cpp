#include "serial_executor.hpp"

#include <boost/asio/execution/blocking.hpp>
#include <boost/asio/execution/relationship.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/system_executor.hpp>
#include <boost/asio/thread_pool.hpp>

#include <memory>
#include <stdexcept>
#include <utility>

namespace unipile::paging {

namespace asio = boost::asio;

namespace {

/// The pool's executor has a type of its own for each combination of the properties that it was required to have.
template <unsigned... Bits>
bool is_pool(const asio::any_io_executor& e, std::integer_sequence<unsigned, Bits...>)
{
    using allocator = std::allocator<void>;
    return ((e.target<asio::thread_pool::basic_executor_type<allocator, Bits>>() != nullptr) || ...);
}

template <typename... Blocking>
bool is_system(const asio::any_io_executor& e)
{
    using allocator = std::allocator<void>;
    using asio::execution::relationship_t;
    return ((e.target<asio::basic_system_executor<Blocking, relationship_t::fork_t, allocator>>() ||
             e.target<asio::basic_system_executor<Blocking, relationship_t::continuation_t, allocator>>()) ||
            ...);
}

bool is_system(const asio::any_io_executor& e)
{
    using asio::execution::blocking_t;
    return is_system<blocking_t::possibly_t, blocking_t::always_t, blocking_t::never_t>(e);
}

template <typename... Executors>
bool is_idle_here(const asio::any_io_executor& e) noexcept
{
    const auto idle = [](const auto* target) { return target && !target->running_in_this_thread(); };
    return (idle(e.target<Executors>()) || ...);
}

}  // namespace

bool is_elsewhere(const asio::any_io_executor& e) noexcept
{
    return is_idle_here<asio::io_context::executor_type, asio::strand<asio::io_context::executor_type>,
                        asio::strand<asio::thread_pool::executor_type>, asio::strand<asio::any_io_executor>>(e);
}

void require_serial(const asio::any_io_executor& executor)
{
    if (!executor) throw std::invalid_argument("executor: it is empty; pass that of an io_context or a strand");
    if (is_pool(executor, std::make_integer_sequence<unsigned, 16>()) || is_system(executor))
        throw std::invalid_argument(
            "executor: it runs handlers at the same time; pass boost::asio::make_strand(executor) instead");
}

}  // namespace unipile::paging
