#include "program/doctor/probe.hpp"

#include <unipile/client.hpp>
#include <unipile/posts_page.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <ctime>
#include <utility>

namespace unipile::program {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using std::chrono::milliseconds;

milliseconds since(std::chrono::steady_clock::time_point began)
{
    return std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - began);
}

std::string name_in(X509_NAME* name)
{
    std::array<char, 256> text{};
    for (const int part : {NID_commonName, NID_organizationName})
        if (X509_NAME_get_text_by_NID(name, part, text.data(), text.size()) > 0) return text.data();
    return "(no name)";
}

wall_time time_of(const ASN1_TIME* time)
{
    std::tm parts{};
    if (ASN1_TIME_to_tm(time, &parts) != 1) return {};
    return wall_time{std::chrono::seconds{::timegm(&parts)}};
}

/// Where the handshakes of a context put what they have seen.
int index_of_facts()
{
    static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
    return index;
}

/// Called at each step of a handshake; its end, or the alert that ends it, comes after the certificates.
void look_at_handshake(const SSL* ssl, int where, int)
{
    if ((where & (SSL_CB_HANDSHAKE_DONE | SSL_CB_ALERT | SSL_CB_EXIT)) == 0) return;
    auto* facts = static_cast<std::optional<tls_facts>*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), index_of_facts()));
    const STACK_OF(X509)* chain = SSL_get_peer_cert_chain(ssl);
    if (facts == nullptr || chain == nullptr || sk_X509_num(chain) == 0) return;
    tls_facts seen;
    seen.version = SSL_get_version(ssl);
    for (int i = 0; i < sk_X509_num(chain); ++i) {
        const X509* one = sk_X509_value(chain, i);
        seen.chain.push_back({name_in(X509_get_subject_name(one)), name_in(X509_get_issuer_name(one)),
                              time_of(X509_get0_notAfter(one))});
    }
    *facts = std::move(seen);
}

}  // namespace

endpoint_name endpoint_of(const std::string& text)
{
    const std::size_t colon = std::min(text.rfind(':'), text.size());
    std::string host = text.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    return {host, colon < text.size() ? text.substr(colon + 1) : std::string{}};
}

lookup_facts look_up(const endpoint_name& who)
{
    asio::io_context context{1};
    tcp::resolver resolver{context};
    lookup_facts facts;
    facts.host = who.host;
    const auto began = std::chrono::steady_clock::now();
    error_code error;
    const auto found = resolver.resolve(who.host, who.port, error);
    facts.took = since(began);
    if (error) facts.error = error.message();
    for (const auto& entry : found) {
        std::string address = entry.endpoint().address().to_string();
        if (std::find(facts.addresses.begin(), facts.addresses.end(), address) == facts.addresses.end())
            facts.addresses.push_back(std::move(address));
    }
    return facts;
}

std::vector<connect_facts> connect_to(const std::vector<std::string>& addresses, const std::string& port)
{
    constexpr std::size_t most = 4;
    constexpr std::chrono::seconds patience{3};
    std::vector<connect_facts> all;
    for (std::size_t i = 0; i < std::min(addresses.size(), most); ++i) {
        asio::io_context context{1};
        tcp::socket socket{context};
        asio::steady_timer timer{context, patience};
        connect_facts facts;
        facts.address = addresses[i];
        const auto began = std::chrono::steady_clock::now();
        error_code result = asio::error::timed_out;
        socket.async_connect({asio::ip::make_address(addresses[i]), static_cast<std::uint16_t>(std::stoul(port))},
                             [&](error_code code) {
                                 if (code != asio::error::operation_aborted) result = code;
                                 timer.cancel();
                             });
        timer.async_wait([&](error_code code) {
            error_code ignored;
            if (!code) socket.close(ignored);
        });
        context.run();
        facts.took = since(began);
        if (result) facts.error = result.message();
        all.push_back(std::move(facts));
    }
    return all;
}

contact_facts ask_api(client_options options)
{
    contact_facts facts;
    options.tls_setup = [&facts](SSL_CTX* context) {
        SSL_CTX_set_ex_data(context, index_of_facts(), &facts.tls);
        SSL_CTX_set_info_callback(context, look_at_handshake);
    };
    constexpr std::chrono::seconds patience{20};
    options.retry.max_attempts = 1;
    options.deadlines.first_byte = std::min<milliseconds>(options.deadlines.first_byte, patience);
    asio::io_context context{1};
    client api{context, std::move(options)};
    posts_query query;
    query.account_id = "unipile-doctor";
    query.identifier = "unipile-doctor";
    query.limit = 1;
    const auto began = std::chrono::steady_clock::now();
    api.async_page(query, [&](error_code, const posts_page& page) {
        facts.answer.received = wall_now();
        facts.answer.took = since(began);
        facts.answer.failure = page.failure;
        facts.answer.date = page.failure ? page.failure->fields().date : page.fields.date;
        api.close();
    });
    context.run();
    return facts;
}

}  // namespace unipile::program
