// What the settings of a store change about a harvest.
#pragma once

#include "program/watch/live_settings.hpp"

#include <unipile/store/harvester.hpp>
#include <unipile/store/operations.hpp>

#include <cstddef>
#include <string>
#include <vector>

namespace unipile::program {

class harvest_control {
public:
    /// `connections`: as typed.
    explicit harvest_control(std::size_t connections) : typed_(connections) {}

    /// Prepares the options of a harvester. This object has to outlive it.
    void prepare(store::harvester_options& options) const;
    /// A new harvester: does all that is set.
    void begin(store::harvester& harvester) const { apply(settings_.all(), harvester); }
    /// Takes the settings as they are now, and does what has changed; null: there is no harvester yet. Returns what has
    /// changed, a line each.
    std::vector<std::string> take(const store::settings& now, store::harvester* harvester);

    bool is_paused() const noexcept { return settings_.is_paused(); }
    std::size_t connections() const noexcept { return settings_.connections() > 0 ? settings_.connections() : typed_; }

private:
    void apply(const setting_changes& changes, store::harvester& harvester) const;

    std::size_t typed_;
    live_settings settings_;
};

}  // namespace unipile::program
