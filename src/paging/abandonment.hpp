// Frees waiting handlers when their execution context shuts down.
#pragma once

#include <boost/asio/any_io_executor.hpp>

#include <memory>
#include <mutex>
#include <vector>

namespace unipile::paging {

/// An object that stores handlers outside of the execution context's queues.
///
/// Such a handler may own the coroutine that owns this object. That cycle would leak if the context were destroyed
/// meanwhile, so the context's shutdown breaks it.
class handler_keeper {
public:
    /// Moves all stored handlers to `out`, to be destroyed later.
    virtual void abandon(std::vector<std::shared_ptr<void>>& out) noexcept = 0;

protected:
    ~handler_keeper() = default;
};

/// The keepers of one execution context. May outlive the context.
class keeper_registry {
public:
    /// Returns the registry of the executor's context.
    static std::shared_ptr<keeper_registry> of(const boost::asio::any_io_executor& executor);

    void add(handler_keeper& k);
    void remove(handler_keeper& k) noexcept;
    void abandon_all() noexcept;

private:
    std::mutex mutex_;
    std::vector<handler_keeper*> keepers_;
};

}  // namespace unipile::paging
