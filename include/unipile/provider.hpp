// The network of a post.
#pragma once

#include <iosfwd>

#pragma GCC visibility push(default)
namespace unipile {

/// The network that a post is from. `unknown`: one that this library does not know; see `post::provider_name()`.
enum class provider : unsigned char { unknown, linkedin, instagram };

/// Returns `LINKEDIN`, `INSTAGRAM` or `UNKNOWN`; never null.
const char* to_string(provider p) noexcept;
std::ostream& operator<<(std::ostream& out, provider p);

}  // namespace unipile
#pragma GCC visibility pop
