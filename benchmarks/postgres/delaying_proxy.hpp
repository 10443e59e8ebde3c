// Latency for connections to a server on the same machine.
#pragma once

#include <chrono>
#include <string>
#include <thread>

namespace benchmark {

/// Listens on `FOLDER/.s.PGSQL.5432`, and passes on what it reads to another socket after a delay, in both directions,
/// however much is under way. Lives as long as the process.
void begin_delaying(const std::string& folder, const std::string& server, std::chrono::microseconds delay);

}  // namespace benchmark
