// libFuzzer: an answer, cut anywhere, must be read as in one piece; what is refused must be refused for good; and what
// is handed out must be bytes of the input.
#include "http/answer_parser.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

namespace {

using namespace unipile;
using namespace unipile::http;

void check(bool ok)
{
    if (!ok) std::abort();
}

struct reading {
    std::string text;
    boost::system::error_code error;
    bool done = false;
    bool operator==(const reading&) const = default;
};

bool is_part(std::string_view got, std::string_view of)
{
    return got.empty() || (got.data() >= of.data() && got.data() + got.size() <= of.data() + of.size());
}

/// The body, `piece` bytes at a time, as a buffer takes them: what was not used stands in front of the next.
reading read_body(answer_parser& parser, std::string_view bytes, std::size_t piece)
{
    reading result;
    std::size_t taken = 0, offered = 0;
    while (offered < bytes.size() && !parser.done() && !result.error) {
        offered = std::min(bytes.size(), offered + piece);
        std::string_view input = bytes.substr(taken, offered - taken);
        std::string_view got;
        do {
            got = parser.next(input, result.error);
            check(is_part(got, bytes.substr(taken, offered - taken)));
            check(got.empty() || !result.error);
            result.text += got;
        } while (!got.empty());
        taken = offered - input.size();
    }
    result.done = parser.done();
    return result;
}

/// The header with its first `first` bytes alone, then all of it.
std::size_t read_header(answer_parser& parser, std::string_view answer, std::size_t first,
                        boost::system::error_code& error)
{
    const std::size_t early = parser.read_header(answer.substr(0, first), error);
    return error || early != 0 ? early : parser.read_header(answer, error);
}

void check_header(const answer_header& header, bool gzip_offered)
{
    check(header.status >= 100 && header.status < 600);
    check((header.contradiction == nullptr) || header.framing == body_framing::unknown);
    const verdict v = judge(header, gzip_offered, 1000);
    check(!v.error || !v.readable);
    if (header.contradiction != nullptr && (header.status < 300 || header.status >= 400)) check(v.error.failed());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    if (size < 1) return 0;
    constexpr std::size_t limit = 1000;
    const std::string_view answer{reinterpret_cast<const char*>(data) + 1, size - 1};
    const std::size_t piece = 1u + data[0] % 16;
    answer_parser whole(limit), parts(limit);
    boost::system::error_code error, same;
    const std::size_t end = read_header(whole, answer, answer.size(), error);
    check(read_header(parts, answer, 20u * piece, same) == end && same == error);
    if (end == 0) return 0;
    check(!error && answer.substr(0, end).ends_with("\r\n\r\n") && end <= limit);
    check(may_be_answer(answer.substr(0, 3)) && may_be_answer(answer));
    check_header(whole.header(), (data[0] & 1) != 0);
    if (whole.header().framing == body_framing::unknown) return 0;

    const std::string_view rest = answer.substr(end);
    const reading got = read_body(whole, rest, rest.size() + 1);
    check(read_body(parts, rest, piece) == got);
    check(got.text.size() <= rest.size());
    if (whole.header().framing == body_framing::length && got.done) check(got.text.size() == whole.header().length);
    return 0;
}
