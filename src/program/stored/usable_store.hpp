// Opening the store that a command line names.
#pragma once

#include <unipile/store/error.hpp>

#include <functional>
#include <string>

namespace unipile::program {

/// Whether another file has to be named, or this one's permissions or place changed, before trying again makes sense.
bool is_misconfigured(store::store_errc reason) noexcept;

/// Runs `open`. A `store_error` of a store that is misconfigured becomes std::invalid_argument that names `--store`;
/// one that is damaged, busy or out of disk space stays what it is.
void open_usable(const std::function<void()>& open);

/// Refuses a store that is bound to another server than `base_url`: throws std::invalid_argument that names `--store`.
void require_tenant(const std::string& bound, const std::string& base_url, const std::string& file);

}  // namespace unipile::program
