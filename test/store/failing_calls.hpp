// Calls of the system that fail when a test wants that. Linked into a test program, these replace the C library's.
#pragma once

namespace unipile::store::test {

/// The error number that each of them fails with; 0: it works.
struct failing_calls {
    int flock = 0, fsync = 0, link = 0;
};
extern failing_calls fail;

/// All work again at the end of a scope.
struct calls_work_again {
    ~calls_work_again() { fail = {}; }
};

}  // namespace unipile::store::test
