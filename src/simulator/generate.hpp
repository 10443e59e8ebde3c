// Generates the posts of a profile, each from its serial number alone.
#pragma once

#include "simulator/json_writer.hpp"
#include "simulator/people.hpp"

#include <cstdint>
#include <string>

namespace unipile::simulator {

/// The account that requests a post: permissions, likes and links depend on it.
struct viewer {
    std::uint64_t hash = 0;
    bool is_home = true;
};

struct post_request {
    const traits& owner;
    std::uint64_t serial = 0;
    std::uint64_t revision = 0;  ///< counters grow with it
    simulator::viewer viewer;
    std::int64_t now = 0;
    unsigned deviations = 0;
};

/// Returns the id of the post: `id` or `provider_id`.
std::string post_id(const traits& owner, std::uint64_t serial);

/// Appends the item, after a comma if needed.
void write_post(json_writer& out, const post_request& post);

void write_linkedin_post(json_writer& out, const post_request& post);
void write_instagram_post(json_writer& out, const post_request& post);

}  // namespace unipile::simulator
