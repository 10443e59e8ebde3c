#include "program/terminal/last_resort.hpp"

#include "program/command.hpp"

#include <array>
#include <atomic>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <exception>
#include <new>
#include <string_view>

#include <poll.h>
#include <signal.h>
#include <unistd.h>

namespace unipile::program {
namespace {

volatile std::sig_atomic_t code_at_deadline = exit_code::some_incomplete;

/// Prints nothing if that would block, as on a stopped terminal.
void say(std::string_view line) noexcept
{
    pollfd ready{STDERR_FILENO, POLLOUT, 0};
    if (::poll(&ready, 1, 0) == 1) static_cast<void>(!::write(STDERR_FILENO, line.data(), line.size()));
}

/// Runs once; other threads wait until the process has ended.
[[noreturn]] void leave_without_memory() noexcept
{
    static std::atomic_flag leaving;
    if (leaving.test_and_set())
        for (;;) ::pause();  // GCOVR_EXCL_LINE: a second thread that has no memory at the same time
    say("unipile: out of memory; allow it more, or give it less to do at a time (--connections); what was stored is "
        "intact, and the same command goes on\n");
    std::_Exit(exit_code::some_incomplete);
}

[[noreturn]] void terminate() noexcept
{
    try {
        if (const auto error = std::current_exception()) std::rethrow_exception(error);
    } catch (const std::bad_alloc&) {
        leave_without_memory();
    } catch (...) {
        // A defect, for which a core dump is useful.
    }
    std::abort();
}

extern "C" void leave_at_deadline(int)
{
    say("\nunipile: it could not be ended in order; what was stored is intact, and the same command goes on\n");
    std::_Exit(code_at_deadline);
}

/// If memory is limited, the stack of the main thread can't grow later.
void use_stack()
{
    std::array<char, std::size_t{256} * 1024> used;
    for (std::size_t i = 0; i < used.size(); i += 1024) static_cast<volatile char*>(used.data())[i] = 0;
}

}  // namespace

void end_without_memory()
{
    use_stack();
    std::set_new_handler(leave_without_memory);
    std::set_terminate(terminate);
}

void end_process_in(unsigned seconds, int code) noexcept
{
    static std::atomic_flag called;
    if (called.test_and_set()) return;
    code_at_deadline = code;
    struct sigaction action{};
    action.sa_handler = leave_at_deadline;
    ::sigaction(SIGALRM, &action, nullptr);
    ::alarm(seconds);
}

}  // namespace unipile::program
