// Generated posts.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace unipile::simulator {

enum class provider { linkedin, instagram };

/// Post `index` of a profile of `provider` that follows from `seed` alone. 1.5 to 3 KB.
std::string generate_post(std::uint64_t seed, provider provider, std::uint64_t index, unsigned deviations = 0);
/// A page with `count` posts from `first` on; `cursor` empty: null.
std::string generate_page(std::uint64_t seed, provider provider, std::uint64_t first, std::uint32_t count,
                          std::string_view cursor = {}, unsigned deviations = 0);

}  // namespace unipile::simulator
