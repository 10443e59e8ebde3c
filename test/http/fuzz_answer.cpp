// libFuzzer: an answer, cut anywhere, must be read as in one piece; what is refused must be refused for good; and what
// is handed out must be bytes of the input.
#include "http/answer_header.hpp"
#include "http/body_reader.hpp"

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

reading read(body_reader body, std::string_view bytes, std::size_t piece)
{
    reading result;
    std::string_view rest = bytes;
    while (!rest.empty() && !body.done() && !result.error) {
        std::string_view part = rest.substr(0, piece);
        const std::size_t offered = part.size();
        while (!part.empty() && !body.done() && !result.error) {
            const std::size_t before = part.size();
            const std::string_view got = body.next(part, result.error);
            check(got.empty() ||
                  (got.data() >= bytes.data() && got.data() + got.size() <= bytes.data() + bytes.size()));
            check(part.size() <= before);
            check(part.size() < before || result.error);
            result.text += got;
        }
        rest.remove_prefix(offered - part.size());
    }
    result.done = body.done();
    return result;
}

void check_body(const answer_header& header, std::string_view rest, std::size_t piece)
{
    const body_reader body = header.framing == body_framing::length    ? body_reader::with_length(header.length)
                             : header.framing == body_framing::chunked ? body_reader::chunked(200)
                                                                       : body_reader{};
    const reading whole = read(body, rest, rest.size() + 1);
    check(read(body, rest, piece) == whole);
    check(whole.text.size() <= rest.size());
    if (header.framing == body_framing::length && whole.done) check(whole.text.size() == header.length);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    if (size < 1) return 0;
    const std::string_view answer{reinterpret_cast<const char*>(data) + 1, size - 1};
    const std::size_t end = answer.find("\r\n\r\n");
    const std::size_t header_size = end == answer.npos ? answer.size() : end + 4;
    answer_header header;
    const bool good = !parse_answer_header(answer.substr(0, header_size), header);
    if (!good) return 0;
    check(end != answer.npos);
    check(may_be_answer(answer.substr(0, 3)) && may_be_answer(answer));
    check(header.status >= 100 && header.status < 600);
    check((header.contradiction == nullptr) || header.framing == body_framing::unknown);
    const verdict v = judge(header, (data[0] & 1) != 0, 1000);
    check(!v.error || !v.readable);
    if (header.contradiction != nullptr && (header.status < 300 || header.status >= 400)) check(v.error.failed());
    check_body(header, answer.substr(header_size), 1u + data[0] % 16);
    return 0;
}
