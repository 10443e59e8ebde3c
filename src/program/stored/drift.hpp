// How the posts of a store deviate from what this program knows of the API.
#pragma once

#include <unipile/store/post_reader.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace unipile::program {

/// The kind of fields that this program does not know; the other kinds are those of anomalies.
inline constexpr std::string_view unknown_kind = "unknown_field";

/// One deviation, in one or more posts of a provider.
struct deviation {
    std::string provider, kind;
    std::string field;        ///< `author.badge`, `attachments[].alt`
    std::uint64_t posts = 0;  ///< in so many
    std::string id;           ///< of the first post that has it
    std::string sample;       ///< the beginning of the value there, as JSON; empty if there is none to show
};

struct drift {
    std::map<std::string, std::uint64_t> posts;  ///< that were read, by provider
    std::vector<deviation> all;                  ///< by provider and kind, the most frequent first
    std::uint64_t untold = 0;                    ///< deviations in posts beyond a thousand different ones
};

/// Reads the matching posts.
drift read_drift(store::post_reader& reader, const store::post_filter& filter);

/// Returns lines for people.
std::string drift_text(const drift& d);
/// Returns an object a line for each deviation.
std::string drift_json(const drift& d);

}  // namespace unipile::program
