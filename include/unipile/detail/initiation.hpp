// What all initiations of the library share. Implementation detail; not part of the public API.
#pragma once

#include <boost/asio/any_io_executor.hpp>

#include <memory>
#include <utility>

#pragma GCC visibility push(default)
namespace unipile::detail {

/// Starts an operation of `Core`. Tokens that need an executor of their own, such as those with a timer, find the
/// handle's here.
template <class Core>
struct initiation {
    using executor_type = boost::asio::any_io_executor;

    initiation(executor_type e, std::shared_ptr<Core> c) noexcept : executor(std::move(e)), core(std::move(c)) {}
    const executor_type& get_executor() const noexcept { return executor; }

    executor_type executor;
    std::shared_ptr<Core> core;
};

}  // namespace unipile::detail
#pragma GCC visibility pop
