// Time as an input: what std::chrono::steady_clock says in this test program.
#pragma once

#include <boost/asio/io_context.hpp>

#include <chrono>

namespace unipile::test {

/// So much time goes by at once, and all timers of the loop that are due then fire. The loop can be run again then.
void let_time_pass(boost::asio::io_context& loop, std::chrono::steady_clock::duration length);

}  // namespace unipile::test
