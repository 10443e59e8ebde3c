// Refuses executors that run handlers at the same time.
#pragma once

#include <boost/asio/any_io_executor.hpp>

namespace unipile::paging {

/// Throws std::invalid_argument, with one line that says what to do, for the bare executor of a thread pool or of the
/// system. A strand of either is accepted. The number of threads that run an `io_context` can't be detected.
void require_serial(const boost::asio::any_io_executor& executor);

/// Returns true if no handler of `executor` runs on this thread. Returns false for executors that can't detect it; an
/// `io_context` and the usual strands can.
bool is_elsewhere(const boost::asio::any_io_executor& executor) noexcept;

}  // namespace unipile::paging
