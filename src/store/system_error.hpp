// The system's errors on a store's files.
#pragma once

#include <unipile/store/error.hpp>

namespace unipile::store {

/// Returns the meaning of the `errno` of a call on a file.
store_errc meaning_of(int error) noexcept;

}  // namespace unipile::store
