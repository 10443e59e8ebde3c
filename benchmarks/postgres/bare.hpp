// What a user would write instead: the same rows of posts, without a harvest around them.
#pragma once

#include "../corpus/stored_posts.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace benchmark {

/// Posts in one transaction.
constexpr std::size_t group_size = 3'200;

/// Seconds for the upserts of posts, sightings and changes that a harvest makes, into empty tables of the same columns,
/// keys and settings.
double bare_upserts(const std::string& address, const std::vector<post_text>& posts);
/// Seconds for COPY into an empty table such as that of posts.
double bare_copy(const std::string& address, const std::vector<post_text>& posts);

}  // namespace benchmark
