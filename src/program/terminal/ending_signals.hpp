// The signals that end a run in order.
#pragma once

#include <boost/asio/signal_set.hpp>

namespace unipile::program {

/// Adds SIGINT, SIGTERM and SIGHUP, but for those that are ignored: `nohup` and shells that start background jobs ask
/// for that.
void add_ending_signals(boost::asio::signal_set& signals);

}  // namespace unipile::program
