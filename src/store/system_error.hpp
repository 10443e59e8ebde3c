// What the system says of a store's files.
#pragma once

#include <unipile/store/error.hpp>

namespace unipile::store {

/// The meaning of an `errno` that a call about a file has left.
store_errc meaning_of(int error) noexcept;

}  // namespace unipile::store
