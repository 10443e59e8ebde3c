#include "program/output/block_writer.hpp"
#include "program/limits.hpp"
#include "support/printing.hpp"

#include <boost/test/unit_test.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <system_error>
#include <thread>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using unipile::program::block_writer;

const std::string path = "block_writer.out";

std::string content()
{
    std::ifstream in{path, std::ios::binary};
    return {std::istreambuf_iterator<char>{in}, {}};
}

error_code write(asio::io_context& context, block_writer& writer, std::string_view block)
{
    error_code result;
    const auto task = [&]() -> asio::awaitable<void> { result = co_await writer.write(block); };
    asio::co_spawn(context, task, [](std::exception_ptr) {});
    context.restart();
    context.run();
    return result;
}

/// Standard output is another descriptor for as long as this lives, which is closed.
class standard_output {
public:
    explicit standard_output(int descriptor) : kept_(::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0))
    {
        ::dup2(descriptor, STDOUT_FILENO);
        ::close(descriptor);
    }
    ~standard_output()
    {
        ::dup2(kept_, STDOUT_FILENO);
        ::close(kept_);
    }
    standard_output(const standard_output&) = delete;
    standard_output& operator=(const standard_output&) = delete;

private:
    int kept_;
};

/// The end of a pipe that is read from.
class reading_end {
public:
    explicit reading_end(int descriptor) : descriptor_(descriptor) {}
    ~reading_end() { close(); }
    reading_end(const reading_end&) = delete;
    reading_end& operator=(const reading_end&) = delete;

    std::string read(std::size_t bytes) const
    {
        std::string all(bytes, '\0');
        std::size_t got = 0;
        while (got < bytes) {
            const ssize_t n = ::read(descriptor_, all.data() + got, bytes - got);
            if (n <= 0) break;
            got += static_cast<std::size_t>(n);
        }
        all.resize(got);
        return all;
    }
    void close()
    {
        if (descriptor_ >= 0) ::close(descriptor_);
        descriptor_ = -1;
    }

private:
    int descriptor_;
};

BOOST_AUTO_TEST_SUITE(block_writer_test)

BOOST_AUTO_TEST_CASE(a_file_begins_anew_or_is_appended_to)
{
    asio::io_context context;
    for (const bool append : {false, true, false}) {
        const std::string before = append ? content() : "";
        block_writer writer{context.get_executor(), path, append};
        BOOST_TEST(!write(context, writer, "one\n"));
        BOOST_TEST(!write(context, writer, "two\n"));
        BOOST_TEST(!writer.close());
        BOOST_TEST(content() == before + "one\ntwo\n");
    }
    BOOST_CHECK_THROW((block_writer{context.get_executor(), "no/such/folder/file", false}), std::system_error);
    std::filesystem::remove(path);
}

BOOST_AUTO_TEST_CASE(a_named_pipe_blocks_the_thread_as_little_as_standard_output)
{
    BOOST_TEST_REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
    reading_end reader(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    asio::io_context context;
    block_writer writer{context.get_executor(), path, true};
    bool gone = false;
    writer.on_reader_gone([&gone] { gone = true; });
    std::optional<error_code> result;
    const std::string more_than_it_holds(1'000'000, 'x');
    const auto task = [&]() -> asio::awaitable<void> { result = co_await writer.write(more_than_it_holds); };
    asio::co_spawn(context, task, [](std::exception_ptr) {});
    context.poll();
    BOOST_TEST(!result);
    writer.abandon();
    context.restart();
    context.run();
    BOOST_TEST_REQUIRE(result.has_value());
    BOOST_TEST(*result == error_code(asio::error::operation_aborted));
    BOOST_TEST(!gone);
    BOOST_TEST(!writer.close());
    // Its reader sees the end at once.
    std::string rest = reader.read(2 * more_than_it_holds.size());
    BOOST_TEST(!rest.empty());
    BOOST_TEST(rest.size() < more_than_it_holds.size());
    std::filesystem::remove(path);
}

BOOST_AUTO_TEST_CASE(what_a_file_held_stays_until_there_is_something_new)
{
    asio::io_context context;
    for (const bool with_block : {false, true}) {
        std::ofstream{path} << "something old\n";
        {
            const block_writer unused{context.get_executor(), path, false};
            BOOST_TEST(unused.holds_old_content());
        }
        BOOST_TEST(content() == "something old\n");
        block_writer writer{context.get_executor(), path, false};
        BOOST_TEST(!(with_block ? write(context, writer, "new\n") : writer.begin()));
        BOOST_TEST(!writer.holds_old_content());
        BOOST_TEST(content() == (with_block ? "new\n" : ""));
        BOOST_TEST(!writer.begin());
        BOOST_TEST(!write(context, writer, "more\n"));
        BOOST_TEST(content() == (with_block ? "new\nmore\n" : "more\n"));
    }
    std::filesystem::remove(path);
}

BOOST_AUTO_TEST_CASE(after_abandoning_nothing_is_written)
{
    asio::io_context context;
    block_writer writer{context.get_executor(), path, false};
    BOOST_TEST(!write(context, writer, "one\n"));
    writer.abandon();
    BOOST_TEST(write(context, writer, "two\n") == asio::error::operation_aborted);
    BOOST_TEST(content() == "one\n");
    std::filesystem::remove(path);
}

BOOST_AUTO_TEST_CASE(a_file_that_can_grow_no_more_ends_with_a_whole_block)
{
    asio::io_context context;
    block_writer writer{context.get_executor(), path, false};
    const std::string block(1000, 'x');
    for (rlim_t limit = 2000; limit <= 3001; limit += 143) {
        const file_size_limit bound{limit};
        block_writer bounded{context.get_executor(), path, false};
        BOOST_TEST(!write(context, bounded, block));
        BOOST_TEST(!write(context, bounded, block));
        const bool fits = limit >= 3000;
        BOOST_TEST((write(context, bounded, block) == error_code{}) == fits);
        BOOST_TEST(std::filesystem::file_size(path) == (fits ? 3000u : 2000u));
        if (!fits) BOOST_TEST(write(context, bounded, "x") != error_code{});
    }
    std::filesystem::remove(path);
}

BOOST_AUTO_TEST_CASE(an_end_of_line_that_does_not_fit_breaks_it)
{
    asio::io_context context;
    std::ofstream{path} << "notes";
    block_writer writer{context.get_executor(), path, true};
    {
        const file_size_limit bound{5};
        BOOST_TEST(writer.begin() == boost::system::errc::file_too_large);
        BOOST_TEST(writer.begin() == boost::system::errc::file_too_large);
        BOOST_TEST(write(context, writer, "one\n") == boost::system::errc::file_too_large);
    }
    BOOST_TEST(write(context, writer, "one\n") == boost::system::errc::file_too_large);
    BOOST_TEST(content() == "notes");
    std::filesystem::remove(path);
}

BOOST_AUTO_TEST_CASE(a_slow_reader_gets_whole_blocks_in_turn)
{
    for (const bool is_socket : {false, true}) {
        int ends[2];
        BOOST_TEST_REQUIRE(
            (is_socket ? ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) : ::pipe2(ends, O_CLOEXEC)) == 0);
        const reading_end reader{ends[0]};
        const standard_output pipe{ends[1]};
        asio::io_context context;
        block_writer writer{context.get_executor()};
        BOOST_TEST(!writer.is_terminal());
        BOOST_TEST(!writer.holds_old_content());
        std::string written;
        const auto task = [&](char c) -> asio::awaitable<void> {
            for (int i = 0; i < 3; ++i) {
                const std::string block(200'000, c);
                const error_code ec = co_await writer.write(block);
                BOOST_TEST(!ec);
                written += block;
            }
        };
        for (const char c : {'a', 'b', 'c'}) asio::co_spawn(context, task(c), [](std::exception_ptr) {});
        std::thread thread{[&context] { context.run(); }};
        const std::string got = reader.read(9 * 200'000);
        thread.join();
        BOOST_TEST((got == written), got.size() << " and " << written.size() << " bytes");
        BOOST_TEST(!writer.close());
    }
}

BOOST_AUTO_TEST_CASE(a_reader_that_goes_away_is_a_broken_pipe)
{
    std::signal(SIGPIPE, SIG_IGN);
    int ends[2];
    BOOST_TEST_REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    reading_end reader{ends[0]};
    const standard_output pipe{ends[1]};
    asio::io_context context;
    block_writer writer{context.get_executor()};
    int gone = 0;
    writer.on_reader_gone([&gone] { ++gone; });
    reader.close();
    context.run();
    BOOST_TEST(gone == 1);
    BOOST_TEST(write(context, writer, "one\n") == asio::error::broken_pipe);
    BOOST_TEST(write(context, writer, "two\n") == asio::error::broken_pipe);
    std::signal(SIGPIPE, SIG_DFL);
}

BOOST_AUTO_TEST_CASE(a_write_that_waits_for_its_reader_is_given_up)
{
    int ends[2];
    BOOST_TEST_REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    const reading_end reader{ends[0]};
    const standard_output pipe{ends[1]};
    asio::io_context context;
    block_writer writer{context.get_executor()};
    int gone = 0;
    writer.on_reader_gone([&gone] { ++gone; });
    error_code first, second;
    const std::string block(1'000'000, 'x');
    const auto task = [&](error_code& result) -> asio::awaitable<void> { result = co_await writer.write(block); };
    for (error_code* result : {&first, &second}) asio::co_spawn(context, task(*result), [](std::exception_ptr) {});
    while (context.poll() > 0) continue;
    writer.abandon();
    writer.abandon();
    context.run();
    BOOST_TEST(first == asio::error::operation_aborted);
    BOOST_TEST(second == asio::error::operation_aborted);
    BOOST_TEST(gone == 0);
}

BOOST_AUTO_TEST_CASE(a_device_a_file_and_nothing_at_all)
{
    asio::io_context context;
    {
        const standard_output device{::open("/dev/full", O_WRONLY | O_CLOEXEC)};
        block_writer writer{context.get_executor()};
        BOOST_TEST(write(context, writer, "one\n") == boost::system::errc::no_space_on_device);
    }
    {
        const standard_output file{::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600)};
        block_writer writer{context.get_executor()};
        writer.on_reader_gone([] {});
        BOOST_TEST(!write(context, writer, "one\n"));
        BOOST_TEST(!writer.close());
        writer.abandon();
        BOOST_TEST(content() == "one\n");
    }
    std::filesystem::remove(path);
    const standard_output unwritable{::open("/dev/null", O_RDONLY | O_CLOEXEC)};
    ::close(STDOUT_FILENO);
    block_writer writer{context.get_executor()};
    BOOST_TEST(write(context, writer, "one\n") == boost::system::errc::bad_file_descriptor);
}

BOOST_AUTO_TEST_CASE(without_another_descriptor_a_pipe_is_written_all_the_same)
{
    int ends[2];
    BOOST_TEST_REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    const reading_end reader{ends[0]};
    const standard_output pipe{ends[1]};
    asio::io_context context;
    std::optional<block_writer> writer{std::in_place, context.get_executor()};  // Asio has its own descriptors now
    {
        const descriptor_limit none{0};
        writer.emplace(context.get_executor());
    }
    BOOST_TEST(!write(context, *writer, "one\n"));
    BOOST_TEST(reader.read(4) == "one\n");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
