// The counters of a post, whichever provider it is of.
#pragma once

#include <unipile/store/post_reader.hpp>

#include <string_view>

namespace unipile::store {

/// Reads the counters in the JSON of a post. Those that it lacks, or that are no numbers, are empty.
post_counters counters_of(std::string_view json);

}  // namespace unipile::store
