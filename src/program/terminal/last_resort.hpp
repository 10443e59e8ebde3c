// How the process ends where it can't end in order. What was committed stays intact whenever a process ends, so ending
// is always better than going on without memory or waiting for something that never comes.
#pragma once

namespace unipile::program {

/// From now on the process says so in one line and ends with `exit_code::some_incomplete` where memory runs out: in
/// `new`, and where std::bad_alloc is thrown out of a thread or a destructor. Call before there are threads.
void end_without_memory();

/// The process ends with `code` after `seconds`, unless it has ended by then, whatever its threads do. The first call
/// counts. Allocates nothing; any thread.
void end_process_in(unsigned seconds, int code) noexcept;

}  // namespace unipile::program
