// The program against a plain nginx that serves files as pages.
#include "program/served.hpp"
#include "server_process.hpp"
#include "simulator/certificate.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/test/unit_test.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <unistd.h>

namespace {

using namespace unipile;
namespace asio = boost::asio;
namespace fs = std::filesystem;

constexpr std::uint32_t posts_a_page = 100;
constexpr std::uint32_t pages = 4;

unsigned short free_port()
{
    asio::io_context context;
    asio::ip::tcp::acceptor acceptor{context, {asio::ip::make_address("127.0.0.1"), 0}};
    return acceptor.local_endpoint().port();
}

void write(const fs::path& file, const std::string& text)
{
    fs::create_directories(file.parent_path());
    std::ofstream{file, std::ios::binary} << text;
}

/// nginx over a folder of pages: the first is `.json`, a later one `CURSOR.json`. Starts and stops as a daemon, whose
/// first process comes back once it listens.
class nginx {
public:
    explicit nginx(const std::string& listen_options, const std::string& more = {})
    {
        for (std::uint64_t page = 0; page < pages; ++page) {
            const std::string cursor = page == 0 ? std::string{} : std::to_string(page);
            const std::string next = page + 1 == pages ? std::string{} : std::to_string(page + 1);
            const std::uint64_t first = page * posts_a_page;
            write(folder / "pages" / "someone" / (cursor + ".json"),
                  simulator::generate_page(7, simulator::provider::linkedin, first, posts_a_page, next));
        }
        for (int attempt = 0; attempt < 20 && !running; ++attempt) {
            port = free_port();  // somebody else may be faster to take it
            write(folder / "nginx.conf", configuration(listen_options, more));
            running = control("") == 0;
        }
        BOOST_TEST_REQUIRE(running);
    }
    ~nginx()
    {
        if (running) control(" -s stop");
        while (fs::exists(folder / "nginx.pid")) ::usleep(1000);
        fs::remove_all(folder);
    }
    nginx(const nginx&) = delete;
    nginx& operator=(const nginx&) = delete;

    int control(const std::string& option) const
    {
        std::ostringstream command;
        command << '\'' << variable("NGINX_PROGRAM") << "' -p '" << folder.string() << "' -e error.log -c nginx.conf"
                << option << " 2>'" << (folder / "start.log").string() << '\'';
        return std::system(command.str().c_str());
    }

    const fs::path folder = fs::current_path() / ("nginx_" + std::to_string(::getpid()));
    unsigned short port = 0;
    bool running = false;

private:
    std::string configuration(const std::string& listen_options, const std::string& more) const
    {
        return std::string{::geteuid() == 0 ? "user root;\n" : ""} +
               "pid nginx.pid;\n"
               "worker_processes 1;\n"
               "events { worker_connections 64; }\n"
               "http {\n"
               "  access_log off;\n"
               "  client_body_temp_path t1; proxy_temp_path t2; fastcgi_temp_path t3; uwsgi_temp_path t4;\n"
               "  scgi_temp_path t5;\n"
               "  server {\n"
               "    listen 127.0.0.1:" +
               std::to_string(port) + listen_options + ";\n" + more +
               "    default_type application/json;\n"
               "    if ($http_x_api_key != \"the-key\") { return 401; }\n"
               "    location ~ ^/api/v1/users/(?<who>[a-z]+)/posts$ {\n"
               "      root pages;\n"
               "      try_files /$who/$arg_cursor.json =404;\n"
               "    }\n"
               "  }\n"
               "}\n";
    }
};

std::vector<std::string> truth()
{
    std::vector<std::string> lines;
    for (std::uint32_t i = 0; i < pages * posts_a_page; ++i) {
        lines.emplace_back();
        program::append_minified(lines.back(), simulator::generate_post(7, simulator::provider::linkedin, i));
    }
    return lines;
}

finished run(const std::string& url, const std::string& key, std::vector<std::string> more = {})
{
    std::vector<std::string> arguments{"posts", "someone", "--account", "acc1"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    process p{UNIPILE_PROGRAM, arguments, {{"UNIPILE_API_KEY", key}, {"UNIPILE_DSN", url}}};
    finished f = p.wait();
    BOOST_TEST(f.err.find(key) == std::string::npos);
    return f;
}

BOOST_AUTO_TEST_SUITE(nginx_test)

BOOST_AUTO_TEST_CASE(plain)
{
    for (const std::string more : {"", "gzip on; gzip_types application/json; gzip_min_length 1;\n"}) {
        const nginx server{"", more};
        const std::string url = "http://127.0.0.1:" + std::to_string(server.port);
        const finished f = run(url, "the-key");
        BOOST_TEST(f.code == 0, f.err);
        BOOST_TEST(same_lines(lines_of(f.out), truth()));
        // Its error pages are HTML, which the API never sends: they say nothing about the key.
        const finished refused = run(url, "another-key");
        BOOST_TEST(refused.code == 1);
        BOOST_TEST(refused.err.find("401") != std::string::npos, refused.err);
        BOOST_TEST(refused.err.find("base URL") != std::string::npos, refused.err);
    }
}

BOOST_AUTO_TEST_CASE(over_verified_tls)
{
    const fs::path folder = fs::current_path() / ("nginx_tls_" + std::to_string(::getpid()));
    const auto made = simulator::make_certificates({"localhost"});
    write(folder / "ca.pem", made.ca);
    write(folder / "chain.pem", made.chain);
    write(folder / "key.pem", made.key);
    {
        const nginx server{" ssl", "ssl_certificate " + (folder / "chain.pem").string() + "; ssl_certificate_key " +
                                       (folder / "key.pem").string() + ";\n"};
        const std::string port = std::to_string(server.port);
        const std::vector<std::string> trusting{"--ca-file", (folder / "ca.pem").string()};
        const finished f = run("https://localhost:" + port, "the-key", trusting);
        BOOST_TEST(f.code == 0, f.err);
        BOOST_TEST(same_lines(lines_of(f.out), truth()));
        // The certificate is for another name, or from nobody who is trusted.
        std::vector<std::string> hasty = trusting;
        hasty.insert(hasty.end(), {"--timeout", "2"});
        BOOST_TEST(run("https://127.0.0.1:" + port, "the-key", hasty).code == 1);
        BOOST_TEST(run("https://localhost:" + port, "the-key", {"--timeout", "2"}).code == 1);
    }
    fs::remove_all(folder);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
