#include "abandonment.hpp"

#include <boost/asio/execution/context.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/query.hpp>

#include <algorithm>

namespace unipile::paging {

namespace asio = boost::asio;

namespace {

/// Notified when the context shuts down, before its queues are emptied.
class shutdown_service final : public asio::execution_context::service {
public:
    static inline asio::execution_context::id id;

    explicit shutdown_service(asio::execution_context& context) : service(context) {}
    const std::shared_ptr<keeper_registry>& registry() const noexcept { return registry_; }

private:
    void shutdown() override { registry_->abandon_all(); }

    std::shared_ptr<keeper_registry> registry_ = std::make_shared<keeper_registry>();
};

}  // namespace

std::shared_ptr<keeper_registry> keeper_registry::of(const asio::any_io_executor& executor)
{
    asio::execution_context& context = asio::query(executor, asio::execution::context);
    return asio::use_service<shutdown_service>(context).registry();
}

void keeper_registry::add(handler_keeper& k)
{
    const std::lock_guard lock(mutex_);
    keepers_.push_back(&k);
}

void keeper_registry::remove(handler_keeper& k) noexcept
{
    const std::lock_guard lock(mutex_);
    std::erase(keepers_, &k);
}

void keeper_registry::abandon_all() noexcept
{
    std::vector<std::shared_ptr<void>> handlers;
    {
        const std::lock_guard lock(mutex_);
        for (auto* k : keepers_) k->abandon(handlers);
    }
    // Destroying the handlers may remove keepers, so this happens outside of the lock.
    handlers.clear();
}

}  // namespace unipile::paging
