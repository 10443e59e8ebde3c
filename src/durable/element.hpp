// The elements of a harvest, as a store takes them.
#pragma once

#include <unipile/harvest.hpp>
#include <unipile/store/records.hpp>

#include <cstddef>

namespace unipile::durable {

/// Returns true if the element has something to be stored.
bool has_page(const harvest_element& element);

/// Returns the bytes of JSON.
std::size_t bytes_of(const harvest_element& element);

/// Returns the element's batch, without its job, requests and time.
store::page_write page_in(const harvest_element& element);

}  // namespace unipile::durable
