// Frees what still waits when its execution context goes down.
#pragma once

#include <boost/asio/any_io_executor.hpp>

#include <memory>
#include <mutex>
#include <vector>

namespace unipile::paging {

/// Something that keeps handlers of its own, outside of the execution context's queues.
///
/// Such a handler may own the coroutine that owns the thing that keeps the handler: a ring that nobody would free if
/// the context were destroyed in the meantime. So the context's end breaks it.
class handler_keeper {
public:
    /// Moves all kept handlers to `out`, to be destroyed later.
    virtual void abandon(std::vector<std::shared_ptr<void>>& out) noexcept = 0;

protected:
    ~handler_keeper() = default;
};

/// The keepers of one execution context. Outlives the context if need be.
class keeper_registry {
public:
    /// The registry of the executor's context.
    static std::shared_ptr<keeper_registry> of(const boost::asio::any_io_executor& executor);

    void add(handler_keeper& k);
    void remove(handler_keeper& k) noexcept;
    void abandon_all() noexcept;

private:
    std::mutex mutex_;
    std::vector<handler_keeper*> keepers_;
};

}  // namespace unipile::paging
