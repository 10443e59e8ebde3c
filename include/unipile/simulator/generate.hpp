// Generated posts.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#pragma GCC visibility push(default)
namespace unipile::simulator {

/// The provider of a generated post.
enum class provider { linkedin, instagram };

/// Returns post `index` of a profile of `provider`. Depends on the arguments alone. 1.5 to 3 KB.
std::string generate_post(std::uint64_t seed, provider provider, std::uint64_t index, unsigned deviations = 0);
/// Returns a page with `count` posts from `first` on. Empty `cursor`: null.
std::string generate_page(std::uint64_t seed, provider provider, std::uint64_t first, std::uint32_t count,
                          std::string_view cursor = {}, unsigned deviations = 0);

}  // namespace unipile::simulator
#pragma GCC visibility pop
