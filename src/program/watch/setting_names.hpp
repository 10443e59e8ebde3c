// The names of the settings that a store has for its harvests.
#pragma once

#include <string>
#include <string_view>

namespace unipile::program {

inline constexpr std::string_view paused_setting = "paused";            ///< the time of the pause
inline constexpr std::string_view connections_setting = "connections";  ///< a number
inline constexpr std::string_view pace_prefix = "pace ";                ///< and an account: its rules
inline constexpr std::string_view parked_prefix = "parked ";            ///< and an account: when it was parked

inline constexpr std::string_view terms_setting = "terms";  ///< of the last harvest: `run_request::terms`

/// Why an account is parked then.
inline constexpr std::string_view parked_by_control = "by unipile control";

inline std::string pace_setting(std::string_view account) { return std::string(pace_prefix) += account; }
inline std::string parked_setting(std::string_view account) { return std::string(parked_prefix) += account; }

}  // namespace unipile::program
