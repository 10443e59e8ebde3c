// libFuzzer: a gzip body, cut anywhere and inflated into any room, gives the same bytes and the same end, and never
// more than its cap.
#include "http/inflater.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

namespace {

using namespace unipile;
using namespace unipile::http;

constexpr std::size_t cap = 100'000;

void check(bool ok)
{
    if (!ok) std::abort();
}

struct unpacking {
    std::string text;
    boost::system::error_code error;
    bool ended = false;
};

unpacking unpack(std::string_view packed, std::size_t piece, std::size_t room)
{
    unpacking result;
    inflater machine(cap);
    std::string out(room, '\0');
    for (std::string_view rest = packed; !rest.empty() && !result.error;) {
        std::string_view part = rest.substr(0, piece);
        rest.remove_prefix(part.size());
        for (bool more = true; more && !result.error;) {
            const std::size_t n = machine.write(part, out.data(), out.size(), result.error);
            check(n <= room);
            if (!result.error) result.text.append(out, 0, n);
            more = n == room || !part.empty();
        }
    }
    result.ended = machine.at_end();
    return result;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    if (size < 2) return 0;
    const std::string_view packed{reinterpret_cast<const char*>(data) + 2, size - 2};
    const unpacking whole = unpack(packed, packed.size() + 1, 200'000);
    const unpacking pieces = unpack(packed, data[0] + 1u, data[1] % 64 + 1u);
    check(whole.text.size() <= cap && pieces.text.size() <= cap);
    check(whole.error == pieces.error);
    if (!whole.error) check(whole.text == pieces.text && whole.ended == pieces.ended);
    const std::size_t common = std::min(whole.text.size(), pieces.text.size());
    check(whole.text.compare(0, common, pieces.text, 0, common) == 0);
    return 0;
}
