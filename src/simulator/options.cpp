// The ranges of the options.
#include <unipile/simulator/options.hpp>

#include <boost/asio/ip/address.hpp>

#include <stdexcept>

namespace unipile::simulator {
namespace {

void require(bool good, const char* what)
{
    if (!good) throw std::invalid_argument(what);
}

bool is_share(double value) { return value >= 0 && value <= 1; }

bool is_header_text(std::string_view text)
{
    for (const char c : text)
        if (c <= ' ' || c > '~') return false;
    return !text.empty();
}

void validate(const fault& fault)
{
    require(fault.kind != fault_kind::status ||
                (fault.status >= 200 && fault.status <= 599 && fault.status != 204 && fault.status != 304),
            "a fault's status must be from 200 to 599, and not 204 or 304");
    require(!fault.rate || is_share(*fault.rate), "a fault's rate must be from 0 to 1");
    require(fault.kind != fault_kind::drip || fault.size > 0, "a drip fault needs a size");
    require(fault.location.empty() || is_header_text(fault.location), "a fault's location must be printable ASCII");
}

}  // namespace

void validate(const options& o)
{
    require(o.accounts >= 1 && o.accounts <= 1'000'000, "accounts must be from 1 to 1000000");
    require(o.identifiers >= 1 && o.identifiers <= 100'000'000, "identifiers must be from 1 to 100000000");
    require(o.posts_min <= o.posts_max, "the range of posts must not be reversed");
    require(o.posts_max <= 1'000'000'000, "posts must be at most 1000000000");
    require(is_share(o.instagram_share), "the Instagram share must be from 0 to 1");
    require(is_share(o.company_share), "the company share must be from 0 to 1");
    require(is_share(o.pinned_share), "the pinned share must be from 0 to 1");
    require(o.now >= 1'500'000'000'000 && o.now <= 2'100'000'000'000, "now must be from 2017 to 2036");
    require(o.default_limit >= 1 && o.default_limit <= 100, "the default limit must be from 1 to 100");
    require(o.cursor_ttl.count() >= 0, "the cursors' lifetime must not be negative");
    require(is_header_text(o.api_key), "the API key must be printable ASCII without blanks");
    require(o.latency_min.count() >= 0 && o.latency_min <= o.latency_max,
            "the range of latencies must not be reversed");
    require(o.latency_max <= std::chrono::hours(1), "the latency must be at most an hour");
    require(o.keep_alive.count() >= 0, "the keep-alive time must not be negative");
    boost::system::error_code not_an_address;
    boost::asio::ip::make_address(o.address, not_an_address);
    require(!not_an_address, "the address to listen on must be an IP address");
    require(o.ca_file.empty() || o.tls, "a CA file is only written with TLS");
    require(!o.tls || !o.hosts.empty(), "the certificate needs at least one host name");
    for (const auto& limit : o.limits)
        require(limit.requests > 0 && limit.window.count() > 0, "a limit needs a number of requests and a time");
    for (const auto& fault : o.faults) validate(fault);
}

}  // namespace unipile::simulator
