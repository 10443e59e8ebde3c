// Connections that end: at every byte of an answer, in order or with a reset, idle or in use.
#include "fetching.hpp"
#include "support/printing.hpp"
#include "support/scripted_server.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <latch>

using namespace unipile;
using namespace unipile::test;

namespace {

enum class ending { close, hang_up, reset };

void end(peer& p, ending how)
{
    if (how == ending::close) p.close();
    if (how == ending::hang_up) p.hang_up();
    if (how == ending::reset) p.reset();
}

// The k-th connection sends k times `step` bytes and ends.
void check_every_cut(const std::string& answer, ending how, std::size_t step, const certificate_authority* authority)
{
    const auto cut = [&](peer& p) {
        p.read_request();
        p.send(std::string_view(answer).substr(0, p.number() * step));
        end(p, how);
    };
    const scripted_server server(cut, tls_by(authority));
    auto options = options_for(server.url());
    if (authority != nullptr) options.ca_file = authority->file();
    fetching client(options);
    const std::size_t header = answer.find("\r\n\r\n") + 4;
    for (std::size_t k = 0; k * step < answer.size(); ++k) {
        const outcome o = client.get();
        const bool in_body = k * step >= header;
        const errc expected = in_body && how != ending::reset ? errc::body_truncated : errc::connection_lost;
        BOOST_TEST(o.error == expected, "cut at " << k * step << ": " << describe(o));
        BOOST_TEST(o.cause.failed());
        BOOST_TEST(o.sent == 1u);
        // A reset may overtake the bytes before it.
        BOOST_TEST((o.heard == (k > 0) || how == ending::reset));
        BOOST_TEST(server.accepted() == k + 1);
        BOOST_TEST(client.stats().open == 0u);
    }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(closing)

BOOST_AUTO_TEST_CASE(at_every_byte)
{
    check_every_cut(ok_answer(empty_page), ending::close, 1, nullptr);
    check_every_cut(chunked_answer(empty_page, 13), ending::close, 1, nullptr);
    check_every_cut(ok_answer(gzipped(empty_page), "Content-Encoding: gzip\r\n"), ending::close, 1, nullptr);
}

BOOST_AUTO_TEST_CASE(with_a_reset_at_every_byte)
{
    check_every_cut(ok_answer(empty_page), ending::reset, 1, nullptr);
    check_every_cut(chunked_answer(empty_page, 13), ending::reset, 1, nullptr);
}

BOOST_AUTO_TEST_CASE(in_tls)
{
    const certificate_authority authority;
    check_every_cut(ok_answer(empty_page), ending::close, 23, &authority);
    check_every_cut(chunked_answer(empty_page, 13), ending::hang_up, 23, &authority);
    check_every_cut(ok_answer(empty_page), ending::reset, 23, &authority);
}

BOOST_AUTO_TEST_CASE(where_tls_is_spoken_plain_http_is_told_so)
{
    const auto hinted = [](const outcome& o) {
        return o.text.find("the base URL begins with https://") != std::string::npos;
    };
    const certificate_authority authority;
    const scripted_server secure(scripted_server::answer_always(ok_answer(empty_page)), tls_by(&authority));
    fetching client(options_for("http://127.0.0.1:" + std::to_string(secure.port())));
    const outcome refused = client.get();
    BOOST_TEST(!refused.ok());
    BOOST_TEST(hinted(refused), describe(refused));

    const scripted_server alert([](peer& p) { p.send("\x15\x03\x03"); });
    const outcome alerted = fetching(options_for(alert.url())).get();
    BOOST_TEST(alerted.error == errc::tls_required, describe(alerted));

    const scripted_server plain([](peer& p) {
        p.read_request();
        if (p.number() == 0) p.send(ok_answer(empty_page, "Connection: close\r\n"));
    });
    fetching answered(options_for(plain.url()));
    BOOST_TEST(answered.get().ok());
    const outcome lost = answered.get();
    BOOST_TEST(lost.error == errc::connection_lost);
    BOOST_TEST(!hinted(lost), describe(lost));
}

BOOST_AUTO_TEST_CASE(behind_an_interim_answer)
{
    const scripted_server server([](peer& p) {
        p.read_request();
        p.send("HTTP/1.1 100 Continue\r\n\r\n");
    });
    fetching client(options_for(server.url()));
    const outcome o = client.get();
    BOOST_TEST(o.error == errc::connection_lost);
    BOOST_TEST(o.heard);
    BOOST_TEST(server.accepted() == 1u);
}

BOOST_AUTO_TEST_CASE(while_idle_is_seen_before_the_next_request)
{
    const certificate_authority authority;
    for (const bool tls : {false, true}) {
        for (const ending how : {ending::close, ending::hang_up, ending::reset}) {
            std::latch ended(1);
            const auto script = [&](peer& p) {
                p.read_request();
                p.send(ok_answer(empty_page));
                if (p.number() == 0) {
                    end(p, how);
                    ended.count_down();
                } else {
                    p.fall_silent();
                }
            };
            const scripted_server server(script, tls_by(tls ? &authority : nullptr));
            fetching client(options_for(server.url(), authority));
            // A reset may overtake the answer itself; then the second request is the first one that counts.
            const outcome first = client.get();
            BOOST_TEST((first.ok() || how == ending::reset), describe(first));
            ended.wait();
            const outcome second = client.get();
            BOOST_TEST(second.ok(), describe(second));
            BOOST_TEST(!second.head.reused_connection);
            BOOST_TEST(second.sent == 1u);
            BOOST_TEST(client.stats().replayed == 0u);
            BOOST_TEST(server.accepted() == 2u);
        }
    }
}

BOOST_AUTO_TEST_CASE(unasked_bytes_while_idle_end_the_connection)
{
    const certificate_authority authority;
    for (const bool tls : {false, true}) {
        std::latch first_done(1), said(1);
        const auto script = [&](peer& p) {
            p.read_request();
            p.send(ok_answer(empty_page));
            if (p.number() == 0) {
                first_done.wait();
                p.send("HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n");
                said.count_down();
            }
            p.fall_silent();
        };
        const scripted_server server(script, tls_by(tls ? &authority : nullptr));
        fetching client(options_for(server.url(), authority));
        BOOST_TEST(client.get().ok());
        BOOST_TEST(client.stats().idle == 1u);
        first_done.count_down();
        said.wait();
        const outcome second = client.get();
        BOOST_TEST((second.ok() && second.head.status == 200u), describe(second));
        BOOST_TEST(server.accepted() == 2u);
    }
}

BOOST_AUTO_TEST_CASE(bytes_right_behind_a_body_end_the_connection)
{
    const certificate_authority authority;
    for (const bool tls : {false, true}) {
        for (const std::size_t size : {10u, 16'384u, 65'536u, 200'000u}) {
            const std::string long_body(size, 'x');
            const auto script = [&](peer& p) {
                p.read_request();
                p.send(ok_answer(long_body) + (p.number() == 0 ? "HTTP/1.1 200 OK\r\n" : ""));
                p.fall_silent();
            };
            const scripted_server server(script, tls_by(tls ? &authority : nullptr));
            fetching client(options_for(server.url(), authority));
            const outcome first = client.get();
            BOOST_TEST((first.ok() && first.body == long_body), describe(first));
            const outcome second = client.get();
            BOOST_TEST((second.ok() && second.body == long_body), describe(second));
            BOOST_TEST(!second.head.reused_connection);
            BOOST_TEST(server.accepted() == 2u);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_late_session_ticket_does_no_harm)
{
    const certificate_authority authority;
    std::latch first_done(1), sent(1);
    const auto script = [&](peer& p) {
        p.read_request();
        p.send(ok_answer(empty_page));
        first_done.wait();
        p.send_ticket();
        sent.count_down();
        p.read_request();
        p.send(ok_answer(empty_page));
        p.fall_silent();
    };
    tls_settings settings = *tls_by(&authority);
    settings.tickets = 0;
    const scripted_server server(script, settings);
    fetching client(options_for(server.url(), authority));
    BOOST_TEST(client.get().ok());
    first_done.count_down();
    sent.wait();
    const outcome second = client.get();
    BOOST_TEST((second.ok() && second.head.reused_connection), describe(second));
    BOOST_TEST(server.accepted() == 1u);
}

BOOST_AUTO_TEST_CASE(a_reused_connection_is_replaced_once)
{
    const certificate_authority authority;
    for (const bool tls : {false, true}) {
        for (const ending how : {ending::close, ending::hang_up, ending::reset}) {
            std::atomic<unsigned> seen = 0;
            const auto script = [&](peer& p) {
                p.read_request();
                ++seen;
                p.send(ok_answer(empty_page));
                if (!p.read_request().empty()) ++seen;
                end(p, how);
            };
            const scripted_server server(script, tls_by(tls ? &authority : nullptr));
            fetching client(options_for(server.url(), authority));
            unsigned told = 0;
            for (unsigned i = 0; i < 4; ++i) {
                const outcome o = client.get();
                told += o.sent;
                BOOST_TEST(o.sent == (i == 0 ? 1u : 2u));
                BOOST_TEST(seen == told);
                BOOST_TEST(o.heard);
                BOOST_TEST(o.ok(), describe(o));
                BOOST_TEST(!o.head.reused_connection);
                BOOST_TEST(client.stats().replayed == i);
                BOOST_TEST(server.accepted() == i + 1);
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(a_replay_that_fails_is_the_end)
{
    const scripted_server server([](peer& p) {
        p.read_request();
        if (p.number() != 0) return;
        p.send(ok_answer(empty_page));
        p.read_request();
    });
    fetching client(options_for(server.url()));
    BOOST_TEST(client.get().ok());
    const outcome o = client.get();
    BOOST_TEST(o.error == errc::connection_lost);
    BOOST_TEST(o.sent == 2u);
    BOOST_TEST(!o.heard);
    BOOST_TEST(client.stats().replayed == 1u);
    BOOST_TEST(server.accepted() == 2u);
}

/// What fails in the end looks as if nothing had been sent.
BOOST_AUTO_TEST_CASE(a_replay_that_gets_no_connection_was_sent_all_the_same)
{
    const certificate_authority authority;
    const auto once = [](peer& p) {
        p.read_request();
        p.send(ok_answer(empty_page));
        p.read_request();
    };
    const scripted_server server(once, tls_by(&authority));
    const scripted_server door([&](peer& p) {
        if (p.number() == 0) p.splice_to(server.port());
    });
    fetching client(options_for("https://127.0.0.1:" + std::to_string(door.port()), authority));
    BOOST_TEST(client.get().ok());
    const outcome o = client.get();
    BOOST_TEST(o.error == errc::handshake_failed, describe(o));
    BOOST_TEST(client.stats().replayed == 1u);
    BOOST_TEST(o.sent == 1u);
    BOOST_TEST(!o.heard);
}

BOOST_AUTO_TEST_CASE(no_replay_after_the_first_byte_or_on_a_fresh_connection)
{
    const scripted_server begun([](peer& p) {
        p.read_request();
        p.send(ok_answer(empty_page));
        p.read_request();
        p.send("H");
    });
    fetching client(options_for(begun.url()));
    BOOST_TEST(client.get().ok());
    BOOST_TEST(client.get().error == errc::connection_lost);
    BOOST_TEST(client.stats().replayed == 0u);
    BOOST_TEST(begun.accepted() == 1u);

    const scripted_server mute([](peer& p) { p.read_request(); });
    fetching other(options_for(mute.url()));
    BOOST_TEST(other.get().error == errc::connection_lost);
    BOOST_TEST(other.stats().replayed == 0u);
    BOOST_TEST(mute.accepted() == 1u);
}

BOOST_AUTO_TEST_CASE(nobody_listens)
{
    fetching client(options_for("http://127.0.0.1:" + std::to_string(closed_port())));
    const outcome o = client.get();
    BOOST_TEST(o.error == errc::connect_failed, describe(o));
    BOOST_TEST(!o.sent);
    BOOST_TEST(o.cause == boost::system::errc::connection_refused, o.cause.message());
}

BOOST_AUTO_TEST_SUITE_END()
