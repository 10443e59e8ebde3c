// Messages while a store is waited for.
#pragma once

#include "program/stored/open_store.hpp"

#include <chrono>
#include <string>

namespace unipile::program {

/// Lines at growing intervals: short waits are usual, and long ones do not change. An upgrade has its progress to
/// report.
class store_watch {
public:
    /// Returns the line to print after this wait, mostly none. A shorter wait than before is another one.
    std::string line(const store_wait& wait);

private:
    std::chrono::milliseconds last_ = std::chrono::milliseconds::max();
    std::chrono::milliseconds next_{0};
};

/// For a command other than a harvest: writes the lines on the upgrade of a file to standard error, and waits for locks
/// without a word. Empty for a database, which is waited for by its own rules.
store_patience with_upgrade_lines(const std::string& store);

}  // namespace unipile::program
