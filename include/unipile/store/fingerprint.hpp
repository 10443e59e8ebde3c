// What a stored post is compared by.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace unipile::store {

/// Four views of one post's JSON. Keys may come in any order; numbers and strings are compared as they are written.
struct fingerprint {
    /// Everything but what depends on the account (`permissions`, `has_liked`, `user_reacted`, the `rcm` parameter of
    /// `share_url`), on the time of asking (relative `date`, signed URLs of media and profile pictures, their expiry),
    /// and the other three. Good enough to name a post that has no id.
    std::array<std::uint64_t, 2> content{};
    /// Reactions, comments, reposts, likes; a poll's votes and whether it is open.
    std::uint64_t counters = 0;
    /// What a later look may replace although the post is the same: URLs of media and pictures, and when they expire.
    std::uint64_t links = 0;
    /// What only the owner's account sees: impressions and analytics. 0: nothing of it is there.
    std::uint64_t own = 0;

    friend bool operator==(const fingerprint&, const fingerprint&) = default;
};

/// `json` is one valid JSON object. Whatever else it is, it gets a fingerprint too, without any of the distinctions.
fingerprint fingerprint_of(std::string_view json) noexcept;

/// Of any bytes, all of which count.
std::array<std::uint64_t, 2> hash_of_bytes(std::string_view bytes) noexcept;

}  // namespace unipile::store
