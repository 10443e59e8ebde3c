// Lines on their way to the disk.
#include "program/output/group_sync.hpp"

#include "program/jobs_folder.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>

#include <exception>
#include <future>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using unipile::program::disk_sync;
using unipile::program::group_sync;

struct fixture {
    explicit fixture(group_sync::operation o) : sync(context.get_executor(), std::move(o)) {}

    void begin(std::size_t calls)
    {
        for (std::size_t i = 0; i < calls; ++i)
            asio::co_spawn(context, sync.sync(), [this](const std::exception_ptr& e, error_code ec) {
                BOOST_TEST(!e);
                results.push_back(ec);
            });
    }

    asio::io_context context;
    std::vector<error_code> results;
    group_sync sync;
};

BOOST_AUTO_TEST_SUITE(group_syncs)

BOOST_AUTO_TEST_CASE(those_that_wait_share_the_next_one)
{
    std::size_t syncs = 0;
    std::promise<void> let_go;
    auto wait = let_go.get_future();
    fixture f([&] {
        if (syncs++ == 0) wait.wait();
        return error_code();
    });
    f.begin(1);
    f.context.poll();
    f.begin(10);
    f.context.poll();
    BOOST_TEST(f.results.empty());
    let_go.set_value();
    f.context.restart();
    f.context.run();
    BOOST_TEST(f.results.size() == 11u);
    BOOST_TEST(syncs == 2u);
    f.begin(1);
    f.context.restart();
    f.context.run();
    BOOST_TEST(syncs == 3u);
    BOOST_TEST(f.results.size() == 12u);
}

BOOST_AUTO_TEST_CASE(an_error_stays)
{
    std::size_t syncs = 0;
    const error_code broken = asio::error::no_memory;
    fixture f([&] {
        ++syncs;
        return broken;
    });
    f.begin(5);
    f.context.run();
    f.begin(1);
    f.context.restart();
    f.context.run();
    BOOST_TEST(f.results.size() == 6u);
    for (const error_code& ec : f.results) BOOST_TEST(ec == broken);
    BOOST_TEST(syncs == 1u);
}

BOOST_AUTO_TEST_CASE(only_regular_files_are_synced)
{
    const jobs_folder folder;
    const std::string name = folder.file("lines");
    const int file = ::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    BOOST_REQUIRE(file >= 0);
    for (const std::string& path : {name, std::string("lines"), std::string("/no/such/folder/lines"), std::string()}) {
        auto sync = disk_sync(file, path);
        BOOST_REQUIRE(sync.has_value());
        BOOST_TEST(!(*sync)());
        BOOST_TEST(!(*sync)());
    }
    auto closed = disk_sync(file, name);
    ::close(file);
    BOOST_TEST((*closed)() == boost::system::errc::bad_file_descriptor);
    int ends[2];
    BOOST_REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    BOOST_TEST(!disk_sync(ends[1], {}).has_value());
    ::close(ends[0]);
    ::close(ends[1]);
    BOOST_TEST(!disk_sync(-1, {}).has_value());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
