#include "page_outcome.hpp"

namespace unipile::paging {

contact contact_of(const classification& meaning, unsigned status, bool heard, unsigned times_sent) noexcept
{
    const bool unusable = !heard || meaning.from_gateway || status >= 500;
    const bool may_pass = meaning.retries > 0 || meaning.from_gateway;
    if (!unusable || !may_pass || meaning.scope != failure_scope::passing)
        return heard ? contact::answered : contact::unknown;
    if (times_sent == 0) return contact::unreachable;
    if (!heard) return contact::silent;
    return meaning.from_gateway ? contact::foreign : contact::failing;
}

}  // namespace unipile::paging
