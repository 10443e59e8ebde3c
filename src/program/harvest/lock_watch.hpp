// Messages while another process has the store locked.
#pragma once

#include <chrono>
#include <string>

namespace unipile::program {

/// Lines at growing intervals: short waits are usual, and long ones do not change.
class lock_watch {
public:
    /// Returns the line to print after this wait, mostly none. 0 starts another wait.
    std::string line(std::chrono::milliseconds waited);

private:
    std::chrono::milliseconds next_{0};
};

}  // namespace unipile::program
