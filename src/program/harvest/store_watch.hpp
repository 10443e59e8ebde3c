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

}  // namespace unipile::program
