// Opens the store of a command line.
#pragma once

#include <unipile/store/error.hpp>

#include <functional>
#include <string>

namespace unipile::program {

/// Returns true if another file has to be given, or this one's permissions or place changed, before another attempt.
bool is_misconfigured(store::store_errc reason) noexcept;

/// Calls `open`. A `store_error` of a wrong file or permissions becomes std::invalid_argument that names `--store`; one
/// of a damaged or busy store, or a full disk, is passed on.
void open_usable(const std::function<void()>& open);

/// Refuses a store that is bound to another server than `base_url`: throws std::invalid_argument that names `--store`.
void require_tenant(const std::string& bound, const std::string& base_url, const std::string& file);

}  // namespace unipile::program
