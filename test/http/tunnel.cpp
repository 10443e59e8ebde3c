// Tunnels through a proxy: the key stays inside TLS, the credentials stay with the proxy.
#include "fetching.hpp"
#include "support/printing.hpp"
#include "support/scripted_server.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdlib>
#include <mutex>

using namespace unipile;
using namespace unipile::test;

namespace {

struct tunnel_test {
    certificate_authority authority;
    std::mutex mutex;
    std::string seen;  // the first thing the proxy heard

    client_options options(const scripted_server& server, const std::string& proxy) const
    {
        auto o = options_for(server.url());
        o.ca_file = authority.file();
        o.proxy = proxy;
        return o;
    }

    scripted_server::script answering(std::string answer)
    {
        return [this, answer = std::move(answer)](peer& p) {
            const std::string request = p.read_request();
            {
                const std::lock_guard lock(mutex);
                seen = request;
            }
            p.send(answer);
        };
    }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(tunnels, tunnel_test)

BOOST_AUTO_TEST_CASE(a_tunnel_carries_tls)
{
    const scripted_server server(scripted_server::answer_always(ok_answer(small_body)), tls_by(&authority));
    const scripted_server proxy([&](peer& p) {
        const std::string request = p.read_request();
        {
            const std::lock_guard lock(mutex);
            seen = request;
        }
        p.send("HTTP/1.1 200 Connection established\r\nX: y\r\n\r\n");
        p.splice_to(server.port());
    });
    fetching client(options(server, "http://us%20er:s3cret@127.0.0.1:" + std::to_string(proxy.port())));
    for (int i = 0; i < 3; ++i) {
        const outcome o = client.get();
        BOOST_TEST((o.ok() && o.body == small_body), describe(o));
        BOOST_TEST(o.head.reused_connection == (i != 0));
    }
    BOOST_TEST(proxy.accepted() == 1u);
    const std::string where = "127.0.0.1:" + std::to_string(server.port());
    const std::lock_guard lock(mutex);
    BOOST_TEST(seen == "CONNECT " + where + " HTTP/1.1\r\nHost: " + where +
                           "\r\nProxy-Authorization: Basic dXMgZXI6czNjcmV0\r\n\r\n");
}

BOOST_AUTO_TEST_CASE(the_certificate_is_the_servers_not_the_proxys)
{
    certificate_request request;
    request.names = {"DNS:proxy.example"};
    tls_settings settings;
    settings.shown = authority.issue(request);
    const scripted_server server(scripted_server::answer_always(ok_answer(small_body)), settings);
    const scripted_server proxy([&](peer& p) {
        p.read_request();
        p.send("HTTP/1.0 200 OK\r\n\r\n");
        p.splice_to(server.port());
    });
    BOOST_TEST(fetching(options(server, proxy.url())).get().error == errc::certificate_rejected);
}

BOOST_AUTO_TEST_CASE(refusals_and_nonsense)
{
    const scripted_server server(scripted_server::answer_always(ok_answer(small_body)), tls_by(&authority));
    for (const std::string& answer :
         {std::string("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"),
          std::string("HTTP/1.1 403 Forbidden\r\n\r\n"), std::string("HTTP/1.1 502 Bad Gateway\r\n\r\n"),
          std::string("HTTP/1.1 302 Found\r\nLocation: http://evil.example/\r\n\r\n"),
          std::string("HTTP/1.1 100 Continue\r\n\r\n"), std::string("SSH-2.0-x\r\n\r\n"), std::string(),
          std::string("HTTP/1.1 200 OK\r\n"), std::string("HTTP/1.1 200 OK\r\n\r\nbytes of whom?"),
          "HTTP/1.1 200 OK\r\nX: " + std::string(20'000, 'x')}) {
        BOOST_TEST_CONTEXT(answer.substr(0, 60))
        {
            const scripted_server proxy(answering(answer));
            fetching client(options(server, "http://user:s3cret@127.0.0.1:" + std::to_string(proxy.port())));
            const outcome o = client.get();
            const bool refused = answer.starts_with("HTTP/1.1 407");
            BOOST_TEST(o.error == (refused ? errc::proxy_credentials_refused : errc::proxy_failed), describe(o));
            if (refused)
                BOOST_TEST(o.text.find("the proxy requires credentials, or refused") != std::string::npos, o.text);
            BOOST_TEST(!o.sent);
            BOOST_TEST(o.text.find("s3cret") == std::string::npos);
            BOOST_TEST(o.text.find("dXNlcj") == std::string::npos);
            BOOST_TEST(client.stats().open == 0u);
            const std::lock_guard lock(mutex);
            BOOST_TEST(seen.starts_with("CONNECT "));
            BOOST_TEST(seen.find(test_key) == std::string::npos);
        }
    }
    BOOST_TEST(server.accepted() == 0u);
}

BOOST_AUTO_TEST_CASE(a_proxy_that_is_not_there)
{
    const scripted_server server(scripted_server::answer_always(ok_answer(small_body)), tls_by(&authority));
    const outcome o = fetching(options(server, "127.0.0.1:" + std::to_string(closed_port()))).get();
    BOOST_TEST(o.error == errc::connect_failed, describe(o));
    BOOST_TEST(o.text.find("the proxy 127.0.0.1:") != std::string::npos, o.text);
}

BOOST_AUTO_TEST_CASE(the_environments_proxy_is_for_others)
{
    const scripted_server server(scripted_server::answer_always(ok_answer(small_body)), tls_by(&authority));
    const scripted_server proxy(answering("HTTP/1.1 403 Forbidden\r\n\r\n"));
    ::setenv("https_proxy", proxy.url().c_str(), 1);
    ::unsetenv("no_proxy");
    ::unsetenv("NO_PROXY");
    auto o = options(server, "");
    o.proxy_from_environment = true;
    BOOST_TEST(fetching(o).get().ok());
    BOOST_TEST(proxy.accepted() == 0u);
    o.base_url = "https://api.example";
    BOOST_TEST(fetching(o).get().error == errc::proxy_failed);
    BOOST_TEST(proxy.accepted() == 1u);
    ::unsetenv("https_proxy");
}

BOOST_AUTO_TEST_SUITE_END()
