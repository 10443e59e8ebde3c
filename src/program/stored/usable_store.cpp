#include "program/stored/usable_store.hpp"

#include <stdexcept>
#include <string>

namespace unipile::program {

bool is_misconfigured(store::store_errc reason) noexcept
{
    using store::store_errc;
    switch (reason) {
        case store_errc::read_only:
        case store_errc::cannot_open:
        case store_errc::not_a_store:
        case store_errc::foreign_database:
        case store_errc::newer_schema:
        case store_errc::other_tenant:
        case store_errc::log_missing:
        case store_errc::already_there:
        case store_errc::unsupported: return true;
        default: return false;
    }
}

void open_usable(const std::function<void()>& open)
{
    try {
        open();
    } catch (const store::store_error& e) {
        if (!is_misconfigured(e.reason())) throw;
        throw std::invalid_argument{std::string{"--store: "} + e.what()};
    }
}

}  // namespace unipile::program
