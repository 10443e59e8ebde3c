// Which proxy, from the option or the environment, and for which hosts.
#include "http/proxy_settings.hpp"

#include <boost/test/unit_test.hpp>

#include <map>
#include <stdexcept>

using namespace unipile::http;

namespace {

using environment = std::map<std::string, std::string>;

std::optional<proxy_settings> chosen(const environment& env, const char* base_url)
{
    const auto lookup = [&env](const char* name) -> const char* {
        const auto it = env.find(name);
        return it == env.end() ? nullptr : it->second.c_str();
    };
    return proxy_from(lookup, parse_base_url(base_url));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(proxies)

BOOST_AUTO_TEST_CASE(reads_a_proxy)
{
    const auto with_port = parse_proxy("http://proxy.example:8080/", "proxy");
    BOOST_TEST(with_port.server.host_and_port() == "proxy.example:8080");
    BOOST_TEST(with_port.authorization.empty());
    BOOST_TEST(parse_proxy("proxy.example", "proxy").server.host_and_port() == "proxy.example:3128");
    BOOST_TEST(parse_proxy("[::1]:8", "proxy").server.host_and_port() == "[::1]:8");
    BOOST_TEST(parse_proxy("http://Aladdin:open%20sesame@p:1", "proxy").authorization ==
               "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    BOOST_TEST(parse_proxy("http://user@p:1", "proxy").authorization == "Basic dXNlcjo=");
}

BOOST_AUTO_TEST_CASE(refuses_what_is_no_proxy_without_repeating_it)
{
    for (const char* text : {"", "https://u:s3cret@p:1", "socks5://u:s3cret@p:1", "http://u:s3cret@p:0",
                             "http://u:s3cret@p:1/path", "http://u:s3cret@p:1?x", "http://u:s3cret@p:1#x",
                             "http://u:s3cret%0d%0a@p:1", "http://u:s3cret@", "http://u:s3cret@a b"}) {
        BOOST_TEST_CONTEXT(text)
        {
            try {
                parse_proxy(text, "proxy");
                BOOST_ERROR("accepted");
            } catch (const std::invalid_argument& error) {
                BOOST_TEST(std::string(error.what()).find("s3cret") == std::string::npos);
                BOOST_TEST(std::string(error.what()).starts_with("proxy: "));
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(base64_of_every_length)
{
    BOOST_TEST(base64("") == "");
    BOOST_TEST(base64("f") == "Zg==");
    BOOST_TEST(base64("fo") == "Zm8=");
    BOOST_TEST(base64("foo") == "Zm9v");
    BOOST_TEST(base64("foobar") == "Zm9vYmFy");
    BOOST_TEST(base64("\xff\xfe\xfd") == "//79");
}

BOOST_AUTO_TEST_CASE(no_proxy_names_hosts)
{
    const origin host = parse_base_url("https://api8.unipile.com:13851");
    for (const char* list :
         {"*", "unipile.com", ".unipile.com", "*.unipile.com", "API8.Unipile.com", "x,unipile.com", "x, unipile.com",
          "x unipile.com", "api8.unipile.com:13851", "unipile.com.", ",,, ,unipile.com,"})
        BOOST_TEST(is_exempt(list, host), list);
    for (const char* list : {"", ",", "com.unipile", "pile.com", "unipile.com:443", "api9.unipile.com", "10.0.0.0/8",
                             ":13851", "api8.unipile.com.evil.example", "/", "1.2.3.4", "::1", "[::1]:13851"})
        BOOST_TEST(!is_exempt(list, host), list);
}

BOOST_AUTO_TEST_CASE(no_proxy_names_addresses)
{
    const origin v4 = parse_base_url("https://10.1.2.3:8443");
    for (const char* list : {"10.1.2.3", "10.1.2.3:8443", "10.0.0.0/8", "10.1.2.3/32", "0.0.0.0/0"})
        BOOST_TEST(is_exempt(list, v4), list);
    for (const char* list : {"10.1.2.4", "10.1.2.3:443", "11.0.0.0/8", "10.1.2.0/30/1", "10.1.2.3/33", "2.3", ".2.3",
                             "2001:db8::/32", "10.0.0.0/"})
        BOOST_TEST(!is_exempt(list, v4), list);
    const origin v6 = parse_base_url("https://[2001:db8::7]:8443");
    for (const char* list : {"2001:db8::7", "[2001:db8::7]", "[2001:db8::7]:8443", "2001:DB8:0::7", "2001:db8::/32"})
        BOOST_TEST(is_exempt(list, v6), list);
    for (const char* list : {"2001:db8::8", "[2001:db8::7]:443", "2001:db9::/32", "10.0.0.0/8"})
        BOOST_TEST(!is_exempt(list, v6), list);
}

BOOST_AUTO_TEST_CASE(takes_the_environments_proxy)
{
    const char* const url = "https://api8.unipile.com:13851";
    BOOST_TEST(!chosen({}, url).has_value());
    BOOST_TEST(!chosen({{"http_proxy", "http://p:1"}, {"HTTP_PROXY", "http://p:1"}}, url).has_value());
    BOOST_TEST(chosen({{"https_proxy", "http://p:1"}}, url)->server.host == "p");
    BOOST_TEST(chosen({{"HTTPS_PROXY", "http://p:1"}}, url)->server.host == "p");
    BOOST_TEST(chosen({{"https_proxy", "http://a:1"}, {"HTTPS_PROXY", "http://b:1"}}, url)->server.host == "a");
    BOOST_TEST(chosen({{"https_proxy", ""}, {"HTTPS_PROXY", "http://b:1"}}, url)->server.host == "b");
    BOOST_TEST(!chosen({{"https_proxy", ""}}, url).has_value());
    BOOST_TEST(!chosen({{"https_proxy", "http://p:1"}, {"no_proxy", "unipile.com"}}, url).has_value());
    BOOST_TEST(!chosen({{"https_proxy", "http://p:1"}, {"NO_PROXY", "unipile.com"}}, url).has_value());
    BOOST_TEST(chosen({{"https_proxy", "http://p:1"}, {"no_proxy", "other"}}, url).has_value());
    BOOST_CHECK_THROW(chosen({{"https_proxy", "socks5://p:1"}}, url), std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(never_for_this_machine_or_plain_http)
{
    for (const char* url : {"https://localhost:1", "https://127.0.0.1:1", "https://[::1]:1", "http://example.com"})
        BOOST_TEST(!chosen({{"https_proxy", "http://p:1"}}, url).has_value(), url);
}

BOOST_AUTO_TEST_SUITE_END()
