// `unipile simulate`, the program itself.
#include "program/process.hpp"

#include <unipile/simulator.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include <unistd.h>

namespace fs = std::filesystem;
namespace sim = unipile::simulator;

namespace {

process simulate(std::vector<std::string> arguments)
{
    arguments.insert(arguments.begin(), "simulate");
    return process{UNIPILE_PROGRAM, arguments, {}};
}

std::vector<std::string> words(const std::string& line)
{
    std::istringstream in(line);
    return {std::istream_iterator<std::string>(in), {}};
}

std::string content(const fs::path& file)
{
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

/// A folder of this test's own.
struct folder {
    folder() : path(fs::temp_directory_path() / ("unipile-simulate-test-" + std::to_string(::getpid())))
    {
        fs::create_directories(path);
    }
    ~folder() { fs::remove_all(path); }
    std::string operator/(const char* name) const { return (path / name).string(); }
    fs::path path;
};

void check_quiet_end(process& p, int signal)
{
    p.send(signal);
    const auto end = p.wait();
    BOOST_TEST(end.code == 0);
    BOOST_TEST(end.out.empty());
    BOOST_TEST(end.err.empty());
}

unsigned status_of(unsigned short port, const std::string& key)
{
    boost::asio::io_context context;
    boost::asio::ip::tcp::socket socket(context);
    socket.connect({boost::asio::ip::make_address("127.0.0.1"), port});
    const auto request =
        "GET /api/v1/users/nobody/posts?account_id=acc1 HTTP/1.1\r\nConnection: close\r\nX-API-KEY: " + key +
        "\r\n\r\n";
    boost::asio::write(socket, boost::asio::buffer(request));
    std::string answer;
    boost::system::error_code end;
    boost::asio::read(socket, boost::asio::dynamic_buffer(answer), end);
    return static_cast<unsigned>(std::stoul(answer.substr(9, 3)));
}

unsigned short port_of(const std::string& url)
{
    return static_cast<unsigned short>(std::stoul(url.substr(url.rfind(':') + 1)));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(simulate_program)

BOOST_AUTO_TEST_CASE(says_where_it_listens_and_ends_quietly)
{
    for (const int signal : {SIGINT, SIGTERM}) {
        auto p = simulate({});
        const auto line = words(p.read_line());
        BOOST_REQUIRE(line.size() == 5u);
        BOOST_TEST(line[0] + ' ' + line[1] == "listening on");
        BOOST_TEST(line[2].starts_with("http://localhost:"));
        BOOST_TEST(line[3] + ' ' + line[4] == "key simulated-key");
        BOOST_TEST(status_of(port_of(line[2]), "simulated-key") == 422u);
        BOOST_TEST(status_of(port_of(line[2]), "other") == 401u);
        check_quiet_end(p, signal);
    }
}

BOOST_AUTO_TEST_CASE(the_ca_is_in_a_file_for_as_long_as_it_runs)
{
    folder f;
    auto p = simulate({"--tls"});
    const auto line = words(p.read_line());
    BOOST_REQUIRE(line.size() == 7u);
    BOOST_TEST(line[2].starts_with("https://localhost:"));
    BOOST_TEST(line[3] == "ca");
    BOOST_TEST(content(line[4]).starts_with("-----BEGIN CERTIFICATE-----"));
    check_quiet_end(p, SIGINT);
    BOOST_TEST(!fs::exists(fs::path(line[4]).parent_path()));

    auto named = simulate({"--tls", "--ca-file", f / "ca.pem"});
    BOOST_TEST(words(named.read_line()).at(4) == f / "ca.pem");
    check_quiet_end(named, SIGINT);
    BOOST_TEST(fs::exists(f / "ca.pem"));
}

BOOST_AUTO_TEST_CASE(a_key_of_ones_own_is_not_shown)
{
    folder f;
    std::ofstream(f / "key") << "secret-1234\n";
    fs::permissions(f / "key", fs::perms::owner_read | fs::perms::owner_write);
    auto p = simulate({"--api-key-file", f / "key"});
    const auto line = words(p.read_line());
    BOOST_REQUIRE(line.size() == 3u);
    BOOST_TEST(status_of(port_of(line[2]), "secret-1234") == 422u);
    BOOST_TEST(status_of(port_of(line[2]), "simulated-key") == 401u);
    check_quiet_end(p, SIGINT);
}

BOOST_AUTO_TEST_CASE(jobs_and_truth_are_those_of_the_library)
{
    folder f;
    auto p = simulate({"--accounts", "3", "--identifiers", "7", "--posts", "0-20", "--seed", "5", "--instagram-share",
                       "0.4", "--pinned-share", "0.5", "--new-posts", "2", "--write-jobs", f / "jobs.csv",
                       "--write-truth", f / "truth.csv"});
    p.read_line();
    check_quiet_end(p, SIGINT);

    sim::options options;
    options.accounts = 3;
    options.identifiers = 7;
    options.posts_min = 0;
    options.posts_max = 20;
    options.seed = 5;
    options.instagram_share = 0.4;
    options.pinned_share = 0.5;
    boost::asio::io_context context;
    sim::server server(context.get_executor(), options);
    std::string jobs = "account,identifier,is_company\n", truth = "account,identifier,provider,id\n";
    for (const auto& each : server.identifiers()) {
        server.add_posts(each.identifier, 2);
        jobs += each.account + ',' + each.identifier + (each.is_company ? ",true\n" : ",false\n");
        for (const auto& id : server.posts(each.identifier))
            truth += each.account + ',' + each.identifier + ',' + each.provider + ',' + id + '\n';
    }
    BOOST_TEST(content(f / "jobs.csv") == jobs);
    BOOST_TEST(content(f / "truth.csv") == truth);
}

BOOST_AUTO_TEST_CASE(requests_are_written_at_the_end)
{
    folder f;
    auto p = simulate({"--write-requests", f / "requests.csv"});
    const auto port = port_of(words(p.read_line()).at(2));
    BOOST_TEST(content(f / "requests.csv").empty());
    BOOST_TEST(status_of(port, "simulated-key") == 422u);
    check_quiet_end(p, SIGTERM);
    BOOST_TEST(content(f / "requests.csv") == "milliseconds,account,identifier,status\n0,acc1,nobody,422\n");
}

BOOST_AUTO_TEST_CASE(every_option_is_taken)
{
    auto p = simulate({"--address",
                       "127.0.0.1",
                       "--port",
                       "0",
                       "--latency",
                       "0-2",
                       "--bandwidth",
                       "10M",
                       "--cache",
                       "1M",
                       "--framing",
                       "length",
                       "--no-gzip",
                       "--keep-alive",
                       "100",
                       "--requests-per-connection",
                       "3",
                       "--threads",
                       "2",
                       "--account-limit",
                       "100/86400",
                       "--account-limit",
                       "10/3600",
                       "--wild",
                       "--end",
                       "mixed",
                       "--cursors",
                       "offset",
                       "--company-share",
                       "1",
                       "--fault",
                       "429:every=50,retry-after=2",
                       "--fault",
                       "drift=types,fields"});
    BOOST_TEST(words(p.read_line()).size() == 5u);
    check_quiet_end(p, SIGTERM);
}

BOOST_AUTO_TEST_CASE(bad_options_are_one_clear_line_and_code_2)
{
    const std::vector<std::vector<std::string>> wrong = {
        {"--fault", "nonsense"},
        {"--fault", "429:every=0"},
        {"--posts", "x"},
        {"--posts", "5-1"},
        {"--latency", "1-"},
        {"--bandwidth", "10x"},
        {"--account-limit", "5"},
        {"--account-limit", "0/5"},
        {"--account-limit", "5/"},
        {"--accounts", "0"},
        {"--instagram-share", "2"},
        {"--address", "localhost"},
        {"--address", "203.0.113.1"},
        {"--ca-file", "/tmp/x"},
        {"--tls", "--ca-file", "/there/is/no/such/folder/ca.pem"},
        {"--api-key-file", "/there/is/no/such/file"},
        {"--write-jobs", "/there/is/no/such/folder/jobs"},
        {"--write-requests", "/there/is/no/such/folder/requests"},
    };
    for (const auto& arguments : wrong) {
        auto p = simulate(arguments);
        const auto end = p.wait();
        BOOST_TEST(end.code == 2, arguments.back());
        BOOST_TEST(end.out.empty());
        BOOST_TEST(end.err.starts_with("unipile: "));
        BOOST_TEST(std::count(end.err.begin(), end.err.end(), '\n') == 1);
    }
    for (const std::vector<std::string>& arguments :
         {std::vector<std::string>{"--port", "99999"}, {"--end", "never"}, {"--framing", "x"}, {"--nonsense"}}) {
        auto p = simulate(arguments);
        BOOST_TEST(p.wait().code == 2);
    }
}

BOOST_AUTO_TEST_SUITE_END()
