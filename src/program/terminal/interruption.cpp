#include "program/terminal/interruption.hpp"

#include "program/command.hpp"
#include "program/terminal/last_resort.hpp"

#include <boost/system/error_code.hpp>

#include <csignal>
#include <utility>

#include <signal.h>

namespace unipile::program {

using boost::system::error_code;

interruption::interruption(boost::asio::io_context& context, steps what)
    : signals_(context), patience_(context), steps_(std::move(what))
{
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
        struct sigaction action{};
        if (::sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN) continue;
        signals_.add(signal);
    }
}

void interruption::listen()
{
    signals_.async_wait([this](error_code ec, int) {
        if (!ec) signalled();
    });
}

void interruption::signalled()
{
    if (++signals_seen_ == 1) {
        end_run(exit_code::interrupted);
        listen();
        return;
    }
    error_code ignored;
    signals_.clear(ignored);
    steps_.end_at_once();
}

void interruption::end_run(int code)
{
    end_process_in(deadline, code);
    steps_.stop();
    patience_.expires_after(steps_.patience);
    patience_.async_wait([this](error_code ec) {
        if (!ec) steps_.give_up();
    });
}

}  // namespace unipile::program
