#include "durations.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>

namespace unipile::http {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds longest = std::chrono::years(10);

void bound(const char* option, milliseconds& value)
{
    if (value < milliseconds::zero())
        throw std::invalid_argument(std::string(option) + ": a duration must not be negative");
    value = std::min(value, longest);
}

}  // namespace

void bound_deadlines(deadlines& d)
{
    bound("deadlines.connection_wait", d.connection_wait);
    bound("deadlines.resolve", d.resolve);
    bound("deadlines.connect", d.connect);
    bound("deadlines.handshake", d.handshake);
    bound("deadlines.first_byte", d.first_byte);
    bound("deadlines.stall", d.stall);
    bound("deadlines.request", d.request);
}

void bound_durations(client_options& options)
{
    bound_deadlines(options.deadlines);
    bound("idle_timeout", options.idle_timeout);
    bound("dns_ttl", options.dns_ttl);
}

}  // namespace unipile::http
