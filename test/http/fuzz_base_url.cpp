// libFuzzer: an address is refused with one line, or it is one that can be put into a request, and is read the same
// when it is written out.
#include "http/base_url.hpp"
#include "http/request_target.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string>

namespace {

void check(bool ok)
{
    if (!ok) std::abort();
}

bool is_one_line(std::string_view text)
{
    return !text.empty() && std::none_of(text.begin(), text.end(), [](char c) { return c == '\r' || c == '\n'; });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    using namespace unipile::http;
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    try {
        const origin read = parse_base_url(text);
        check(!read.host.empty() && read.port != 0);
        check(std::none_of(read.host.begin(), read.host.end(), [](char c) { return c <= ' ' || c > '~'; }));
        check(is_sendable_target(read.prefix + "/x"));
        std::string written = (read.tls ? "https://" : "http://") + read.host_and_port() + read.prefix;
        if (!read.routed_port.empty()) written += "/?port=" + read.routed_port;
        const origin again = parse_base_url(written);
        check(again.tls == read.tls && again.host == read.host && again.port == read.port);
        check(again.prefix == read.prefix && again.routed_port == read.routed_port);
        check(again.loopback == read.loopback && again.host_is_address == read.host_is_address);
    } catch (const std::invalid_argument& refused) {
        check(is_one_line(refused.what()));
    }
    return 0;
}
