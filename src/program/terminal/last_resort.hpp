// Ends the process when it can't end in order. Committed data stays intact whenever a process ends, so ending is better
// than to continue without memory or to wait without end.
#pragma once

namespace unipile::program {

/// From now on, if memory runs out, the process prints one line and ends with `exit_code::some_incomplete`: in `new`,
/// and if std::bad_alloc leaves a thread or a destructor. To be called before there are threads.
void end_without_memory();

/// Ends the process with `code` after `seconds` unless it has ended by then, whatever its threads do. Only the first
/// call has an effect. Allocates nothing; any thread.
void end_process_in(unsigned seconds, int code) noexcept;

}  // namespace unipile::program
