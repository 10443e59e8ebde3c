// Which network a post is from.
#pragma once

#include <iosfwd>

namespace unipile {

/// The network that a post is from. `unknown`: one that this library doesn't know yet; `post::provider_name()` has it.
enum class provider : unsigned char { unknown, linkedin, instagram };

/// `LINKEDIN`, `INSTAGRAM` or `UNKNOWN`; never null.
const char* to_string(provider p) noexcept;
std::ostream& operator<<(std::ostream& out, provider p);

}  // namespace unipile
