#include "program/stored/usable_store.hpp"

#include "program/options/connection_options.hpp"

#include <stdexcept>

namespace unipile::program {

bool is_misconfigured(store::store_errc reason) noexcept
{
    using store::store_errc;
    switch (reason) {
        case store_errc::read_only:
        case store_errc::cannot_open:
        case store_errc::not_a_store:
        case store_errc::foreign_database:
        case store_errc::bad_address:
        case store_errc::newer_schema:
        case store_errc::older_schema:
        case store_errc::other_tenant:
        case store_errc::log_missing:
        case store_errc::already_there:
        case store_errc::nothing_stored:
        case store_errc::no_descriptors:
        case store_errc::not_upgraded:
        case store_errc::unknown_place:
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

void require_tenant(const std::string& bound, const std::string& base_url, const std::string& file)
{
    const std::string given = tenant_of(base_url);
    if (bound.empty() || given.empty() || bound == given) return;
    throw std::invalid_argument{"--store: " + file + ": it belongs to " + bound + ", and not to " + given +
                                ": check the base URL, or name another store"};
}

}  // namespace unipile::program
