// `unipile backup`: what a terminal shows of it, and its ends.
#include "program/stored/made_store.hpp"

#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>

namespace {

namespace fs = std::filesystem;

struct backing_up : made_store {
    backing_up()
    {
        add_post("acc1", "a", "LINKEDIN", "1", R"({"object":"Post","provider":"LINKEDIN","id":"1"})");
        close();
        fs::create_directory(folder.file("to"));
    }
    strings command() const { return {"backup", "--store", folder.file(), to}; }
    /// The files in its folder.
    std::size_t files_made() const
    {
        std::size_t n = 0;
        for ([[maybe_unused]] const auto& entry : fs::directory_iterator(folder.file("to"))) ++n;
        return n;
    }

    std::string to = folder.file("to/copy.db");
};

BOOST_FIXTURE_TEST_SUITE(stored_backup, backing_up)

BOOST_AUTO_TEST_CASE(progress_is_shown_on_a_terminal)
{
    const finished f = process{UNIPILE_PROGRAM, command(), {}, process::error_to::terminal}.wait();
    BOOST_TEST(f.code == 0);
    BOOST_TEST(has(f.err, "100% copied"), f.err);
    BOOST_TEST(has(f.err, to + " holds the store, "), f.err);
}

BOOST_AUTO_TEST_CASE(an_interruption_leaves_no_file)
{
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
        process p{UNIPILE_PROGRAM, command(), {}, process::error_to::held_terminal};
        // It copies, and then waits for the terminal.
        while (files_made() == 0) {
        }
        p.send(signal);
        p.release_terminal();
        const finished f = p.wait();
        BOOST_TEST(f.code == 130, f.err);
        BOOST_TEST(has(f.err, "unipile: interrupted: no backup was made"), f.err);
        BOOST_TEST(files_made() == 0u);
    }
}

BOOST_AUTO_TEST_CASE(a_signal_that_is_ignored_ends_nothing)
{
    strings all{"-c", "trap '' INT; exec \"$0\" \"$@\"", UNIPILE_PROGRAM};
    const strings own = command();
    all.insert(all.end(), own.begin(), own.end());
    process p{"/bin/sh", all, {}, process::error_to::held_terminal};
    while (files_made() == 0) {
    }
    p.send(SIGINT);
    p.release_terminal();
    BOOST_TEST(p.wait().code == 0);
    BOOST_TEST(fs::exists(to));
}

BOOST_AUTO_TEST_CASE(what_is_wrong_is_said_in_a_line)
{
    std::ofstream{folder.file("other")} << "no store, but long enough for one: " << std::string(2'000, 'x');
    const auto said = [](const strings& options) {
        strings all{"backup"};
        all.insert(all.end(), options.begin(), options.end());
        const finished f = process{UNIPILE_PROGRAM, all, {}}.wait();
        BOOST_TEST(f.code == 2);
        BOOST_TEST(lines_of(f.err).size() == 1u, f.err);
        return f.err;
    };
    BOOST_TEST(said({"--store", folder.file("other"), to}).starts_with("unipile: --store: " + folder.file("other")));
    BOOST_TEST(said({"--store", folder.file(), folder.file("none/copy")}).starts_with("unipile: TO: "));
    BOOST_TEST(said({"--store", folder.file(), folder.file()}) ==
               "unipile: TO: this file belongs to --store too; give each a file of its own\n");
}

BOOST_AUTO_TEST_CASE(a_copy_that_has_no_room_is_no_matter_of_usage)
{
    strings all{"-c", "ulimit -f 128; exec \"$0\" \"$@\"", UNIPILE_PROGRAM};
    const strings own = command();
    all.insert(all.end(), own.begin(), own.end());
    const finished f = process{"/bin/sh", all, without_counters({})}.wait();
    BOOST_TEST(f.code == 1);
    BOOST_TEST(f.err.starts_with("unipile: " + to + ": the disk is full, or a limit on the size of files is reached"),
               f.err);
    BOOST_TEST(!has(f.err, "not an error"), f.err);
    BOOST_TEST(lines_of(f.err).size() == 1u, f.err);
    BOOST_TEST(files_made() == 0u);
}

BOOST_AUTO_TEST_CASE(a_damaged_store_is_not_copied)
{
    std::fstream out{folder.file(), std::ios::binary | std::ios::in | std::ios::out};
    out.seekp(32'768) << std::string(8'000, 'x');
    out.close();
    const finished f = process{UNIPILE_PROGRAM, command(), {}}.wait();
    BOOST_TEST(f.code == 1);
    BOOST_TEST(lines_of(f.err).size() == 1u, f.err);
    BOOST_TEST(f.err.starts_with("unipile: " + folder.file() + ": the file is damaged: "), f.err);
    BOOST_TEST(files_made() == 0u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
