#include "program/posts/arguments.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

namespace {

using namespace unipile;
using namespace unipile::program;

struct environment {
    environment()
    {
        ::unsetenv("UNIPILE_API_KEY");
        ::unsetenv("UNIPILE_DSN");
    }
    ~environment() { std::filesystem::remove(key_file); }

    std::string write_key(const std::string& text) const
    {
        std::ofstream{key_file, std::ios::binary} << text;
        return key_file;
    }

    std::string key_file = "posts_options.key";
};

posts_options sound()
{
    posts_options o;
    o.identifiers = {"ACoAAA"};
    o.account = "acc1";
    o.connection.base_url = "https://api8.unipile.com:13851";
    return o;
}

std::string refusal(const posts_options& o)
{
    try {
        make_plan(o);
    } catch (const std::invalid_argument& e) {
        return e.what();
    }
    return {};
}

BOOST_FIXTURE_TEST_SUITE(posts_options_test, environment)

BOOST_AUTO_TEST_CASE(the_key_comes_from_a_file_or_the_environment)
{
    posts_options o = sound();
    BOOST_TEST(refusal(o).starts_with("there is no API key"));
    ::setenv("UNIPILE_API_KEY", "from-environment", 1);
    BOOST_TEST(make_plan(o).client.api_key == "from-environment");
    o.connection.api_key_file = write_key("from-file \r\n\n");
    BOOST_TEST(make_plan(o).client.api_key == "from-file");
    o.connection.api_key_file = write_key(" \n");
    BOOST_TEST(refusal(o) == "--api-key-file: posts_options.key is empty");
    o.connection.api_key_file = write_key(std::string(1'000'000, 'k'));
    BOOST_TEST(refusal(o) == "--api-key-file: posts_options.key is too long for a key");
    for (const std::string no_file : {"no/such/file", "/", "."}) {
        o.connection.api_key_file = no_file;
        BOOST_TEST(refusal(o) == "--api-key-file: " + no_file + " can't be read");
    }
}

BOOST_AUTO_TEST_CASE(the_base_url_comes_from_an_option_or_the_environment)
{
    ::setenv("UNIPILE_API_KEY", "k", 1);
    posts_options o = sound();
    o.connection.base_url.clear();
    BOOST_TEST(refusal(o).starts_with("there is no base URL"));
    ::setenv("UNIPILE_DSN", "api1.unipile.com:1", 1);
    BOOST_TEST(make_plan(o).client.base_url == "api1.unipile.com:1");
    o.connection.base_url = "api2.unipile.com:2";
    BOOST_TEST(make_plan(o).client.base_url == "api2.unipile.com:2");
}

BOOST_AUTO_TEST_CASE(every_option_arrives)
{
    ::setenv("UNIPILE_API_KEY", "k", 1);
    posts_options o = sound();
    o.identifiers.emplace_back("other");
    o.company = true;
    o.limit = 7;
    o.max_posts = 8;
    o.max_pages = 9;
    o.since = "1970-01-02";
    o.connection.strict = true;
    o.connection.ca_file = "ca.pem";
    o.connection.crl_file = "crl.pem";
    o.connection.certificate_file = "own.pem";
    o.connection.certificate_key_file = "key.pem";
    o.connection.proxy = "http://proxy:3128";
    o.connection.connections = 3;
    o.connection.timeout = 1.5;
    const posts_plan plan = make_plan(o);
    BOOST_TEST(plan.queries.size() == 2u);
    const posts_query& q = plan.queries.back();
    BOOST_TEST(q.identifier == "other");
    BOOST_TEST(q.account_id == "acc1");
    BOOST_TEST(q.is_company);
    BOOST_TEST(q.limit == 7);
    BOOST_TEST(q.max_posts == 8u);
    BOOST_TEST(q.max_pages == 9u);
    BOOST_TEST(q.since.value().time_since_epoch().count() == 86'400'000);
    BOOST_TEST(plan.client.strict);
    BOOST_TEST(plan.client.ca_file == "ca.pem");
    BOOST_TEST(plan.client.crl_file == "crl.pem");
    BOOST_TEST(plan.client.certificate_file == "own.pem");
    BOOST_TEST(plan.client.certificate_key_file == "key.pem");
    BOOST_TEST(plan.client.proxy == "http://proxy:3128");
    BOOST_TEST(plan.client.max_connections == 3u);
    BOOST_TEST(plan.client.retry.total.count() == 1500);
    BOOST_TEST(!plan.from.has_value());
}

BOOST_AUTO_TEST_CASE(values_that_make_no_sense_are_refused)
{
    ::setenv("UNIPILE_API_KEY", "k", 1);
    posts_options o = sound();
    o.since = "tomorrow";
    BOOST_TEST(refusal(o).starts_with("--since: "));
    o = sound();
    o.resume = "nonsense";
    BOOST_TEST(refusal(o).starts_with("--resume: "));
    o.identifiers.emplace_back("other");
    BOOST_TEST(refusal(o).starts_with("--resume goes with one identifier"));
    o = sound();
    o.identifiers.emplace_back("https://www.linkedin.com/in/someone");
    BOOST_TEST(refusal(o).starts_with("https://www.linkedin.com/in/someone: this is an address, not an identifier; "));
    o.identifiers.back() = "ACoAAone,ACoAAtwo";
    BOOST_TEST(refusal(o) == "ACoAAone,ACoAAtwo: an identifier has no blanks, commas, semicolons or quotes");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
