// The fingerprint of a stored post, used to compare it.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#pragma GCC visibility push(default)
namespace unipile::store {

/// Four hashes of one post's JSON. The order of keys does not matter; numbers and strings are compared as written.
struct fingerprint {
    /// All fields except those that depend on the account (`permissions`, `has_liked`, `user_reacted`, the `rcm`
    /// parameter of `share_url`) or on the time of the request (relative `date`, signed URLs of media and profile
    /// pictures, their expiry), and except those of the other three hashes. Identifies a post without an id.
    std::array<std::uint64_t, 2> content{};
    /// Reactions, comments, reposts, likes; a poll's votes and whether it is open.
    std::uint64_t counters = 0;
    /// Fields that may be replaced although the post is the same: URLs of media and pictures, and their expiry.
    std::uint64_t links = 0;
    /// Fields that only the owner's account sees: impressions and analytics. 0: none of them is present.
    std::uint64_t own = 0;

    friend bool operator==(const fingerprint&, const fingerprint&) = default;
};

/// Returns the fingerprint of `json`, one valid JSON object. Other text gets a fingerprint, too, which does not
/// distinguish the kinds of fields.
fingerprint fingerprint_of(std::string_view json) noexcept;

/// Returns a hash of all bytes.
std::array<std::uint64_t, 2> hash_of_bytes(std::string_view bytes) noexcept;

}  // namespace unipile::store
#pragma GCC visibility pop
