// Every form in which users paste the API's address.
#include "http/base_url.hpp"

#include <unipile/client_options.hpp>

#include <boost/test/unit_test.hpp>

#include <stdexcept>

using unipile::http::origin;
using unipile::http::parse_base_url;

namespace {

struct example {
    const char* text;
    bool tls;
    const char* host;
    unsigned port;
    const char* prefix;
    const char* routed_port;
    const char* authority;
};

const example accepted[] = {
    {"https://api8.unipile.com:13851", true, "api8.unipile.com", 13851, "", "", "api8.unipile.com:13851"},
    {"api8.unipile.com:13851", true, "api8.unipile.com", 13851, "", "", "api8.unipile.com:13851"},
    {"api8.unipile.com", true, "api8.unipile.com", 443, "", "", "api8.unipile.com"},
    {"https://api8.unipile.com:13851/", true, "api8.unipile.com", 13851, "", "", "api8.unipile.com:13851"},
    {"https://api8.unipile.com:13851///", true, "api8.unipile.com", 13851, "", "", "api8.unipile.com:13851"},
    {"https://api8.unipile.com:13851/api/v1", true, "api8.unipile.com", 13851, "", "", "api8.unipile.com:13851"},
    {"api8.unipile.com:13851/api/v1/", true, "api8.unipile.com", 13851, "", "", "api8.unipile.com:13851"},
    {"HTTPS://API8.Unipile.COM:13851/api/v1//", true, "api8.unipile.com", 13851, "", "", "api8.unipile.com:13851"},
    {"https://api8.unipile.com/?port=13851", true, "api8.unipile.com", 443, "", "13851", "api8.unipile.com"},
    {"https://api8.unipile.com?port=13851", true, "api8.unipile.com", 443, "", "13851", "api8.unipile.com"},
    {"api8.unipile.com/api/v1?port=13851", true, "api8.unipile.com", 443, "", "13851", "api8.unipile.com"},
    {"https://api8.unipile.com:443/api/v1/?port=013", true, "api8.unipile.com", 443, "", "13", "api8.unipile.com"},
    {"http://127.0.0.1:3114", false, "127.0.0.1", 3114, "", "", "127.0.0.1:3114"},
    {"http://127.0.0.1", false, "127.0.0.1", 80, "", "", "127.0.0.1"},
    {"http://localhost:80/", false, "localhost", 80, "", "", "localhost"},
    {"https://[::1]:8443/api/v1", true, "::1", 8443, "", "", "[::1]:8443"},
    {"[::1]:8443", true, "::1", 8443, "", "", "[::1]:8443"},
    {"https://[2001:DB8:0:0::7]", true, "2001:db8::7", 443, "", "", "[2001:db8::7]"},
    {"https://gate.example/unipile", true, "gate.example", 443, "/unipile", "", "gate.example"},
    {"https://gate.example/x/y%20z/api/v1/", true, "gate.example", 443, "/x/y%20z", "", "gate.example"},
    {"  https://api8.unipile.com:13851\r\n", true, "api8.unipile.com", 13851, "", "", "api8.unipile.com:13851"},
    {"https://api8.unipile.com.:13851", true, "api8.unipile.com", 13851, "", "", "api8.unipile.com:13851"},
    {"https://10gateway:8443", true, "10gateway", 8443, "", "", "10gateway:8443"},
    {"3scale", true, "3scale", 443, "", "", "3scale"},
    {"gate.1und1", true, "gate.1und1", 443, "", "", "gate.1und1"},
    {"https://api8.unipile.com:", true, "api8.unipile.com", 443, "", "", "api8.unipile.com"},
};

const char* const refused[] = {
    "",
    "   ",
    "https://",
    "https://:443",
    "https://tp..",
    "https://user@api8.unipile.com",
    "https://user:s3cret@api8.unipile.com",
    "user:s3cret@api8.unipile.com",
    "https://api8.unipile.com/#top",
    "https://api8.unipile.com#",
    "https://api8.unipile.com:0",
    "https://api8.unipile.com:65536",
    "https://api8.unipile.com:99999999999999999999",
    "https://api8.unipile.com:port",
    "https://api8.unipile.com:12x/api/v1",
    "https://api8.unipile.com/?port=",
    "https://api8.unipile.com/?port=0",
    "https://api8.unipile.com/?port=65536",
    "https://api8.unipile.com/?port=1&port=2",
    "https://api8.unipile.com/?port",
    "https://api8.unipile.com/?limit=3",
    "https://api8.unipile.com/?port=1&limit=3",
    "ftp://api8.unipile.com",
    "unix:///tmp/socket",
    "https://api8.unipile.com/api/v1/users",
    "https://api8.unipile.com/a/../b",
    "https://api8.unipile.com/a/./b",
    "https://api8.unipile.com/a//b",
    "https://api8.unipile.com/a/%2e%2E/b",
    "https://api8 unipile.com",
    "https://api8.unipile.com/a b",
    "https://api8.unipile.com\r\nX: y",
    "https://api8.unipile.com/\x01",
    "https://ex%61mple.com",
    ("https://b\xc3\xbc"
     "cher.example"),
    "https://a..b",
    "https://.a",
    "https://-a.example",
    "https://127.1",
    "https://0x7f000001",
    "https://2130706433",
    "https://[::1",
    "https://[fe80::1%25eth0]",
    "https://[v7.host]",
    "https://api8.unipile.com\\@evil.example",
};

}  // namespace

BOOST_AUTO_TEST_SUITE(base_url)

BOOST_AUTO_TEST_CASE(takes_every_form)
{
    for (const example& e : accepted) {
        BOOST_TEST_CONTEXT(e.text)
        {
            const origin o = parse_base_url(e.text);
            BOOST_TEST(o.tls == e.tls);
            BOOST_TEST(o.host == e.host);
            BOOST_TEST(o.port == e.port);
            BOOST_TEST(o.prefix == e.prefix);
            BOOST_TEST(o.routed_port == e.routed_port);
            BOOST_TEST(o.authority() == e.authority);
        }
    }
}

BOOST_AUTO_TEST_CASE(refuses_the_rest_without_repeating_it)
{
    for (const char* text : refused) {
        BOOST_TEST_CONTEXT(text)
        {
            try {
                parse_base_url(text);
                BOOST_ERROR("accepted");
            } catch (const std::invalid_argument& error) {
                const std::string line = error.what();
                BOOST_TEST(line.starts_with("base_url: "));
                BOOST_TEST(line.find("s3cret") == line.npos);
                BOOST_TEST(line.find('\n') == line.npos);
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(knows_this_machine)
{
    for (const char* text : {"http://127.0.0.1", "http://127.9.9.9:1", "http://[::1]", "http://localhost",
                             "http://LOCALHOST.", "http://api.localhost", "http://[::ffff:127.0.0.1]"})
        BOOST_TEST(parse_base_url(text).loopback, text);
    for (const char* text : {"http://128.0.0.1", "http://[::2]", "http://localhost.example", "http://notlocalhost",
                             "http://0.0.0.0", "http://[::]", "http://[::ffff:10.0.0.1]"})
        BOOST_TEST(!parse_base_url(text).loopback, text);
}

BOOST_AUTO_TEST_CASE(knows_addresses_from_names)
{
    BOOST_TEST(parse_base_url("https://10.0.0.1").host_is_address);
    BOOST_TEST(parse_base_url("https://[2001:db8::1]").host_is_address);
    BOOST_TEST(!parse_base_url("https://a10.example").host_is_address);
}

BOOST_AUTO_TEST_CASE(tells_tenants_apart)
{
    for (const char* text : {"api8.unipile.com:13851", "https://API8.unipile.com:13851/api/v1/",
                             "https://api8.unipile.com?port=13851", "https://api8.unipile.com:443/?port=13851"})
        BOOST_TEST(unipile::tenant_of(text) == "api8.unipile.com:13851", text);
    BOOST_TEST(unipile::tenant_of("https://[2001:db8::1]") == "[2001:db8::1]:443");
    BOOST_CHECK_THROW(unipile::tenant_of("ftp://localhost"), std::invalid_argument);
    BOOST_CHECK_THROW(unipile::tenant_of("https://localhost?port=0"), std::invalid_argument);
}

BOOST_AUTO_TEST_SUITE_END()
