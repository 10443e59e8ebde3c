// The settings of a store's harvests, and what changes when they do. Pure.
#pragma once

#include <unipile/pacing.hpp>
#include <unipile/store/operations.hpp>
#include <unipile/wall_time.hpp>

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace unipile::program {

/// What a harvest has to do.
struct setting_changes {
    std::optional<bool> paused;
    std::optional<std::size_t> connections;                            ///< 0: as at the start
    std::vector<std::pair<std::string, std::optional<pacing>>> paces;  ///< empty: the harvest's own
    std::vector<std::string> park, unpark;

    bool empty() const noexcept { return !paused && !connections && paces.empty() && park.empty() && unpark.empty(); }
};

class live_settings {
public:
    /// Takes the settings as they are now. Returns what has changed. Values that can't be read, from another version of
    /// the program, are left out.
    setting_changes take(const store::settings& now);
    /// Returns all that differs from a harvest without settings, for a new harvester.
    setting_changes all() const;

    bool is_paused() const noexcept { return paused_; }
    std::size_t connections() const noexcept { return connections_; }
    bool is_parked(std::string_view account) const { return parked_.contains(account); }
    const std::map<std::string, std::string>& paces() const noexcept { return paces_; }
    std::vector<std::string> parked() const;
    /// Returns when the account was parked; empty: unknown.
    std::optional<wall_time> parked_since(std::string_view account) const;

private:
    bool paused_ = false;
    std::size_t connections_ = 0;
    std::map<std::string, std::string> paces_;                             ///< rules that can be read
    std::map<std::string, std::optional<wall_time>, std::less<>> parked_;  ///< and since when
};

/// Returns what changes, a line each.
std::vector<std::string> lines_on(const setting_changes& changes);

}  // namespace unipile::program
