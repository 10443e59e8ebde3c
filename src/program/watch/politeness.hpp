// How well accounts have kept to their pace. Pure.
#pragma once

#include <unipile/window_use.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace unipile::program {

/// Returns `97 of 100 requests in 1d, until 2026-11-30T10:00:00Z`.
std::string use_text(const window_use& use);

/// Returns an array of objects.
std::string windows_json(const std::vector<window_use>& uses);

/// Sums up many accounts.
class politeness {
public:
    void add(std::string_view account, const std::vector<window_use>& uses);
    /// Returns a line for each of the first accounts that have exceeded a window, or else one that names the account
    /// that came nearest; none without windows.
    std::vector<std::string> lines() const;

private:
    struct entry {
        std::string account;
        window_use use;
    };

    std::vector<entry> exceeded_;  ///< the first ones
    std::size_t exceeding_ = 0;
    entry nearest_;
};

}  // namespace unipile::program
