#include "store/lease_options.hpp"

#include <stdexcept>
#include <string>

namespace unipile::store {

namespace {

[[noreturn]] void refuse(const char* what) { throw std::invalid_argument(std::string("lease_options: ") + what); }

}  // namespace

void check(const lease_options& options)
{
    // The longest comes first, so that no product below overflows.
    if (options.take_after > std::chrono::hours{24}) refuse("take_after must not exceed a day");
    if (options.hold_for > options.take_after / 3)
        refuse("take_after must be at least three times hold_for, or a live worker could be fenced while it sends");
    if (options.beat_every.count() <= 0) refuse("beat_every must be above zero");
    if (options.beat_every > options.hold_for / 3)
        refuse("hold_for must be at least three times beat_every, or one lost beat would stop a worker");
    if (options.hand_over_at_once == 0) refuse("hand_over_at_once must be at least 1");
}

}  // namespace unipile::store
