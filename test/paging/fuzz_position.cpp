// libFuzzer: a text is a position or is refused; a position has one text, and what was read is bounded by what was
// there. The check in a text would stop the fuzzer at once, so it is made here for half of the inputs.
#include "paging/fingerprint.hpp"
#include "support/fuzzing.hpp"

#include <unipile/errc.hpp>
#include <unipile/failure.hpp>
#include <unipile/position.hpp>

#include <optional>
#include <string>

namespace {

using namespace unipile;
using test::hold;

std::string encoded(std::string_view bytes)
{
    constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    std::string out;
    unsigned bits = 0, held = 0;
    for (const char c : bytes) {
        bits = (bits << 8 | static_cast<unsigned char>(c)) & 0xffff;
        for (held += 8; held >= 6; held -= 6) out.push_back(alphabet[bits >> (held - 6) & 63]);
    }
    if (held) out.push_back(alphabet[bits << (6 - held) & 63]);
    return out;
}

/// A text with a check that matches.
std::string sealed(std::string_view body)
{
    std::string bytes(body);
    const auto check = paging::fingerprint(body, 1);
    for (unsigned i = 0; i != 4; ++i) bytes.push_back(static_cast<char>(check >> (8 * i) & 0xff));
    return "u1." + encoded(bytes);
}

std::optional<position> read(const std::string& text)
{
    try {
        return position::parse(text);
    } catch (const failure& f) {
        hold(f.code() == errc::invalid_position, "a damaged position is refused as one");
        return std::nullopt;
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    if (size == 0) return 0;
    const std::string_view rest = test::text_of(data + 1, size - 1);
    const std::string text = data[0] % 2 == 0 ? std::string(rest) : sealed(rest);
    const auto p = read(text);
    if (!p) return 0;
    hold(p->text() == text, "a position has one text");
    hold(read(p->text()) == p, "a position survives its text");
    hold(detail::access::parts(*p).cursor.size() <= text.size(), "the cursor is part of the text");
    hold(detail::access::parts(*p).behind.size() * 6 <= text.size(), "the identities are part of the text");
    return 0;
}
