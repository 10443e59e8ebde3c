#include "program/output/block_writer.hpp"
#include "support/printing.hpp"

#include <boost/test/unit_test.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <system_error>

#include <signal.h>
#include <sys/resource.h>

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

/// Files of this process can't grow beyond a size.
struct file_size_limit {
    explicit file_size_limit(rlim_t bytes)
    {
        ::getrlimit(RLIMIT_FSIZE, &before);
        rlimit now = before;
        now.rlim_cur = bytes;
        ::setrlimit(RLIMIT_FSIZE, &now);
        ::signal(SIGXFSZ, SIG_IGN);
    }
    ~file_size_limit() { ::setrlimit(RLIMIT_FSIZE, &before); }
    rlimit before{};
};

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

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
