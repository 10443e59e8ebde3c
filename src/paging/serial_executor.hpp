// Executors that run handlers at the same time can't run a client.
#pragma once

#include <boost/asio/any_io_executor.hpp>

namespace unipile::paging {

/// Throws std::invalid_argument, with one line that says what to do, for the bare executor of a thread pool or of the
/// system. A strand of either is fine. An `io_context` that several threads run can't be told from one that one runs.
void require_serial(const boost::asio::any_io_executor& executor);

/// True if no handler of `executor` runs on this thread. False as well where the executor is of a kind that can't tell:
/// an `io_context` and the usual strands can.
bool is_elsewhere(const boost::asio::any_io_executor& executor) noexcept;

}  // namespace unipile::paging
