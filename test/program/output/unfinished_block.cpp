#include "program/output/unfinished_block.hpp"

#include "program/jobs_folder.hpp"
#include "program/limits.hpp"
#include "support/printing.hpp"

#include <boost/test/unit_test.hpp>

#include <cerrno>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include <fcntl.h>
#include <unistd.h>

namespace {

using unipile::program::discard_content;
using unipile::program::end_last_line;
using unipile::program::unfinished_block;

/// A file that was opened in some way, and what it holds.
class opened : jobs_folder {
public:
    explicit opened(const std::string& content, int flags = 0)
    {
        std::ofstream{name_} << content;
        descriptor = ::open(name_.c_str(), O_WRONLY | O_CLOEXEC | flags);
        BOOST_TEST_REQUIRE(descriptor >= 0);
    }
    ~opened() { ::close(descriptor); }

    std::string content() const
    {
        std::ifstream in{name_, std::ios::binary};
        return {std::istreambuf_iterator<char>{in}, {}};
    }
    /// As another process does that appends.
    void append_elsewhere(const std::string& text) const { std::ofstream{name_, std::ios::app} << text; }
    void write(unfinished_block& block, std::string_view text) const
    {
        const ssize_t n = ::write(descriptor, text.data(), text.size());
        BOOST_TEST_REQUIRE(n == static_cast<ssize_t>(text.size()));
        block.grew(n);
    }

    int descriptor = -1;

private:
    std::string name_ = file("out");
};

BOOST_AUTO_TEST_SUITE(unfinished_block_test)

BOOST_AUTO_TEST_CASE(the_file_ends_where_the_block_began)
{
    for (const int flags : {O_TRUNC, O_APPEND}) {
        const opened f{"old\n", flags};
        const std::string before = flags == O_APPEND ? "old\n" : "";
        unfinished_block first{f.descriptor}, second{f.descriptor};
        f.write(first, "one\n");
        f.write(second, "tw");
        f.write(second, "o");
        second.take_back();
        BOOST_TEST(f.content() == before + "one\n");
        // What follows leaves no gap.
        unfinished_block third{f.descriptor};
        f.write(third, "three\n");
        BOOST_TEST(f.content() == before + "one\nthree\n");
    }
}

BOOST_AUTO_TEST_CASE(what_others_wrote_stays)
{
    const opened behind{"", O_APPEND};
    unfinished_block first{behind.descriptor};
    behind.write(first, "one");
    behind.append_elsewhere("theirs");
    first.take_back();
    BOOST_TEST(behind.content() == "onetheirs");

    const opened between{"", O_APPEND};
    unfinished_block second{between.descriptor};
    between.write(second, "on");
    between.append_elsewhere("theirs");
    between.write(second, "e");
    second.take_back();
    BOOST_TEST(between.content() == "ontheirse");

    const opened within{"a long old content"};
    unfinished_block third{within.descriptor};
    within.write(third, "one");
    third.take_back();
    BOOST_TEST(within.content() == "oneong old content");
}

BOOST_AUTO_TEST_CASE(nothing_written_is_nothing_to_take_back)
{
    const opened f{"old"};
    unfinished_block block{f.descriptor};
    block.take_back();
    block.grew(0);
    block.take_back();
    BOOST_TEST(f.content() == "old");
}

BOOST_AUTO_TEST_CASE(a_file_is_emptied_and_a_device_is_left)
{
    const opened f{"old"};
    BOOST_TEST(discard_content(f.descriptor));
    BOOST_TEST(f.content().empty());
    const int device = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
    BOOST_TEST(discard_content(device));
    ::close(device);
    BOOST_TEST(!discard_content(-1));
}

BOOST_AUTO_TEST_CASE(half_a_line_is_cut_back_wherever_it_was_cut)
{
    const std::string line = R"({"object":"Post","text":"a\"}{ b","n":[1,{}]})";
    for (const std::string& before : {std::string{}, std::string{"{\"before\":1}\n"}, std::string(200'000, '\n')})
        for (std::size_t size = 0; size <= line.size(); ++size) {
            const opened f{before + line.substr(0, size), O_APPEND};
            BOOST_TEST(end_last_line(f.descriptor));
            // A whole line only lacks its end.
            std::string expected = before;
            if (size == line.size()) (expected += line) += '\n';
            BOOST_TEST(f.content() == expected, size);
        }
}

BOOST_AUTO_TEST_CASE(only_what_is_appended_to_is_cut)
{
    const std::string half = "one\n{\"two";
    for (const int flags : {0, O_TRUNC}) {
        const opened f{half, flags};
        BOOST_TEST(end_last_line(f.descriptor));
        BOOST_TEST(f.content() == (flags == O_TRUNC ? "" : half));
    }
    // What is no line of ours is ended, and nothing of it lost.
    for (const std::string other : {"notes", "[1,2", "one\ntwo", "{}"}) {
        const opened f{other, O_APPEND};
        BOOST_TEST(end_last_line(f.descriptor));
        BOOST_TEST(f.content() == other + "\n");
    }
    const std::string long_line = "{" + std::string(300'000, 'x');
    const opened f{"one\n" + long_line, O_APPEND};
    BOOST_TEST(end_last_line(f.descriptor));
    BOOST_TEST(f.content() == "one\n");
    BOOST_TEST(!end_last_line(-1));
}

BOOST_AUTO_TEST_CASE(a_line_that_is_too_long_for_a_post_stays)
{
    const opened f{"{", O_APPEND};
    constexpr off_t size = off_t{64} * 1024 * 1024 + 70'000;
    BOOST_TEST_REQUIRE(::ftruncate(f.descriptor, size) == 0);
    BOOST_TEST(end_last_line(f.descriptor));
    BOOST_TEST(::lseek(f.descriptor, 0, SEEK_END) == size);
}

BOOST_AUTO_TEST_CASE(a_file_that_can_not_be_opened_to_read_stays)
{
    const opened f{"{\"half", O_APPEND};
    {
        const descriptor_limit none{0};
        BOOST_TEST(end_last_line(f.descriptor));
    }
    BOOST_TEST(f.content() == "{\"half");
}

BOOST_AUTO_TEST_CASE(a_line_end_that_does_not_fit_is_an_error)
{
    const opened f{"notes", O_APPEND};
    {
        const file_size_limit bound{5};
        BOOST_TEST(!end_last_line(f.descriptor));
        BOOST_TEST(errno == EFBIG);
    }
    BOOST_TEST(f.content() == "notes");
}

BOOST_AUTO_TEST_CASE(what_went_into_a_pipe_is_not_taken_back)
{
    int ends[2];
    BOOST_TEST_REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    unfinished_block block{ends[1]};
    BOOST_TEST_REQUIRE(::write(ends[1], "one", 3) == 3);
    block.grew(3);
    block.take_back();
    BOOST_TEST(end_last_line(ends[1]));
    BOOST_TEST(discard_content(ends[1]));
    ::close(ends[1]);
    char got[8];
    BOOST_TEST(::read(ends[0], got, sizeof got) == 3);
    ::close(ends[0]);
}

BOOST_AUTO_TEST_CASE(a_file_that_was_closed_stays_as_it_is)
{
    const opened f{"", O_APPEND};
    const int copy = ::fcntl(f.descriptor, F_DUPFD_CLOEXEC, 0);
    unfinished_block block{copy};
    f.write(block, "one");
    ::close(copy);
    block.take_back();
    BOOST_TEST(f.content() == "one");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
