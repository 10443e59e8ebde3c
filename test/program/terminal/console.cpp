#include "program/terminal/console.hpp"

#include "program/child.hpp"
#include "support/printing.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <cstdlib>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include <pty.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace {

using unipile::program::console;

/// What the terminal of a child shows that does this, which gets the terminal's other end too; the terminal has that
/// size.
std::string shown_by(unsigned short columns, unsigned short rows, const std::function<void(console&, int)>& body)
{
    const auto [code, said] = end_of([&] {
        const int out = ::dup(STDERR_FILENO);
        winsize size{};
        size.ws_col = columns;
        size.ws_row = rows;
        int terminal = -1, end = -1;
        if (::openpty(&terminal, &end, nullptr, nullptr, &size) != 0) std::_Exit(1);
        ::dup2(end, STDERR_FILENO);
        {
            console c{true};
            body(c, terminal);
        }
        // What was written comes in pieces of any size; this mark is its end.
        if (::write(end, "~", 1) != 1) std::_Exit(1);
        char c = 0;
        while (::read(terminal, &c, 1) == 1 && c != '~') static_cast<void>(!::write(out, &c, 1));
    });
    BOOST_TEST(code == 99);
    return said;
}

BOOST_AUTO_TEST_SUITE(console_test)

BOOST_AUTO_TEST_CASE(without_a_terminal_there_are_lines_only)
{
    const auto [code, said] = end_of([] {
        console c{true};
        c.live({"live"});
        c.progress("progress");
        c.say("a line");
        if (c.shows_progress() || c.width() != 79) std::_Exit(1);
    });
    BOOST_TEST(code == 99);
    BOOST_TEST(said == "a line\n");
}

BOOST_AUTO_TEST_CASE(what_changes_is_erased_at_the_end)
{
    const std::string said = shown_by(100, 24, [](console& c, int) {
        c.progress("working");
        c.say("a line");
    });
    BOOST_TEST(said.find("working") != std::string::npos, said);
    BOOST_TEST(said.find("a line\r\n") != std::string::npos, said);
    BOOST_TEST(said.ends_with("\r\x1b[K"));
}

BOOST_AUTO_TEST_CASE(nothing_shown_is_nothing_to_erase)
{
    BOOST_TEST(shown_by(100, 24, [](console& c, int) {
                   c.progress("");
                   c.say("a line");
               }) == "a line\r\n");
}

BOOST_AUTO_TEST_CASE(a_line_is_as_wide_as_the_terminal_allows)
{
    for (const auto& [columns, width] : std::vector<std::pair<unsigned short, std::size_t>>{{100, 99}, {1, 1}, {0, 79}})
        BOOST_TEST(shown_by(columns, 0, [](console& c, int) { c.say(std::to_string(c.width())); }) ==
                   std::to_string(width) + "\r\n");
}

BOOST_AUTO_TEST_CASE(a_stopped_terminal_is_not_waited_for)
{
    const std::string said = shown_by(100, 24, [](console& c, int terminal) {
        c.live({"before"});
        hold(terminal);
        c.live({"first"});
        c.say("one");
        c.live({"second"});
        c.say("two");
        release(terminal);
        c.wait();
        c.live({"third"});
    });
    std::size_t at = 0;
    for (const char* shown : {"before", "first", "one\r\n", "two\r\n", "third"}) {
        at = said.find(shown, at);
        BOOST_TEST(at != std::string::npos, shown << " in " << said);
    }
    BOOST_TEST(said.find("second") == std::string::npos, said);
    BOOST_TEST(said.ends_with("third\r\x1b[K"), said);
}

BOOST_AUTO_TEST_CASE(a_block_on_a_stopped_terminal_is_erased_all_the_same)
{
    const std::string said = shown_by(100, 24, [](console& c, int terminal) {
        hold(terminal);
        c.live({"first"});
        c.live({});
        c.live({"second"});
        release(terminal);
    });
    BOOST_TEST(said == "\r\x1b[Kfirst\r\x1b[K");
}

BOOST_AUTO_TEST_CASE(no_line_is_lost_however_many_a_terminal_does_not_take)
{
    const std::string line(999, 'x');
    constexpr std::size_t lines = console::most_pending / 1000 + 200;
    const auto [code, said] = end_of([&] {
        int terminal = -1, end = -1;
        if (::openpty(&terminal, &end, nullptr, nullptr, nullptr) != 0) std::_Exit(1);
        ::dup2(end, STDERR_FILENO);
        hold(terminal);
        std::atomic<std::size_t> kept = 0;
        std::thread reader{[&] {
            while (kept < console::most_pending / 1000) std::this_thread::yield();
            release(terminal);
            std::size_t ends = 0;
            char part[4096];
            while (ends < lines) {
                const ssize_t n = ::read(terminal, part, sizeof part);
                if (n <= 0) std::_Exit(1);
                for (ssize_t i = 0; i < n; ++i) ends += part[i] == '\n' ? 1u : 0u;
            }
        }};
        {
            console c{false};
            for (std::size_t i = 0; i < lines; ++i) {
                c.say(line);
                ++kept;
            }
        }
        reader.join();
    });
    BOOST_TEST(code == 99);
    BOOST_TEST(said.empty());
}

BOOST_AUTO_TEST_CASE(on_a_closed_stream_nothing_is_shown)
{
    const auto [code, said] = end_of([] {
        ::close(STDERR_FILENO);
        console c{true};
        c.say("a line");
    });
    BOOST_TEST(code == 99);
    BOOST_TEST(said == "");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
