#include "program/terminal/ending_signals.hpp"

#include <csignal>

#include <signal.h>

namespace unipile::program {

void add_ending_signals(boost::asio::signal_set& signals)
{
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
        struct sigaction action{};
        if (::sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN) continue;
        signals.add(signal);
    }
}

}  // namespace unipile::program
