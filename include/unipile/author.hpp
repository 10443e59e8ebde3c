// The author of a LinkedIn post.
#pragma once

#include <optional>
#include <string_view>

#pragma GCC visibility push(default)
namespace unipile {

/// A LinkedIn author, of a post or of a reposted one. Views are valid as long as the post or a copy of it.
struct author {
    std::optional<std::string_view> public_identifier;  ///< the name in the profile's URL
    std::optional<std::string_view> id;                 ///< person: `ACo…`, company: a number
    std::optional<std::string_view> name;
    std::optional<bool> is_company;
    std::optional<std::string_view> headline;
    std::optional<std::string_view> profile_picture_url;  ///< not in the contract; seen in answers
};

}  // namespace unipile
#pragma GCC visibility pop
