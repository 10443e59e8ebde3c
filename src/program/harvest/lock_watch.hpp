// What to say while another process has the store locked.
#pragma once

#include <chrono>
#include <string>

namespace unipile::program {

/// Lines that get rarer: short waits are usual, and long ones don't change.
class lock_watch {
public:
    /// The line to say now that so much time was waited, mostly none. 0 begins another wait.
    std::string line(std::chrono::milliseconds waited);

private:
    std::chrono::milliseconds next_{0};
};

}  // namespace unipile::program
