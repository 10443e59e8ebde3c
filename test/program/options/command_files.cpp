#include "program/options/command_files.hpp"

#include "program/jobs_folder.hpp"

#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

#include <fcntl.h>
#include <unistd.h>

namespace {

namespace fs = std::filesystem;
using unipile::program::command_files;

std::string refusal(const command_files& files)
{
    try {
        files.check();
    } catch (const std::invalid_argument& e) {
        return e.what();
    }
    return {};
}

/// What is said where one option's file is read, or written, and another's is written.
std::string refusal(const std::string& one, const std::string& other, bool both_written)
{
    command_files files;
    if (both_written)
        files.writes("--one", one);
    else
        files.reads("--one", one);
    files.writes("--other", other);
    return refusal(files);
}

struct some_files : jobs_folder {
    some_files() { std::ofstream{there} << "content"; }

    std::string there = file("there"), not_yet = file("not_yet"), link = file("link");
};

BOOST_FIXTURE_TEST_SUITE(command_files_test, some_files)

BOOST_AUTO_TEST_CASE(one_file_is_not_written_twice_nor_read_and_written)
{
    for (const std::string& name : {there, not_yet})
        for (const bool both_written : {false, true})
            BOOST_TEST(refusal(name, name, both_written) ==
                       "--other: this file belongs to --one too; give each a file of its own");
    BOOST_TEST(refusal(there, not_yet, true).empty());
}

BOOST_AUTO_TEST_CASE(two_may_read_one_file)
{
    command_files files;
    files.reads("--one", there);
    files.reads("--other", there);
    BOOST_TEST(refusal(files).empty());
}

BOOST_AUTO_TEST_CASE(links_and_other_spellings_hide_nothing)
{
    fs::create_symlink(there, link);
    fs::create_hard_link(there, file("hard"));
    fs::create_symlink("not_yet", file("dangling"));
    fs::create_symlink(file("dangling"), file("twice"));
    fs::create_symlink("circle", file("circle"));
    for (const std::string& name : {link, file("hard"), file("./there"), file("no/../there")})
        BOOST_TEST(!refusal(there, name, false).empty(), name);
    for (const std::string& name : {file("dangling"), file("twice"), fs::proximate(not_yet).string()})
        BOOST_TEST(!refusal(not_yet, name, false).empty(), name);
    BOOST_TEST(refusal(there, file("circle"), true).empty());
}

BOOST_AUTO_TEST_CASE(devices_are_no_files)
{
    BOOST_TEST(refusal("/dev/null", "/dev/null", true).empty());
    BOOST_TEST(refusal("", "", true).empty());
}

BOOST_AUTO_TEST_CASE(a_dash_is_a_standard_stream)
{
    // Standard output is a file here, which is opened again by its name.
    const int kept = ::dup(STDOUT_FILENO), opened = ::open(there.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
    ::dup2(opened, STDOUT_FILENO);
    for (const std::string name : {"", "-"}) {
        command_files files;
        files.reads("--one", there);
        files.writes_lines("--other", name);
        BOOST_TEST(refusal(files) == (name.empty() ? "standard output" : "--other") +
                                         std::string{": this file belongs to --one too; give each a file of its own"});
    }
    ::dup2(kept, STDOUT_FILENO);
    ::close(kept);
    ::close(opened);
}

BOOST_AUTO_TEST_CASE(a_store_is_more_than_its_file)
{
    fs::create_symlink(there, link);
    for (const std::string& name : {there, link})
        for (const char* companion : {"", "-wal", "-shm", "-journal", ".lock"}) {
            command_files files;
            files.reads("--one", there + companion);
            files.opens_store("--store", name);
            BOOST_TEST(refusal(files) == "--store: this file belongs to --one too; give each a file of its own");
        }
    command_files alone;
    alone.opens_store("--store", there);
    alone.writes("--other", not_yet);
    BOOST_TEST(refusal(alone).empty());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
