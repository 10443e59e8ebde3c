#include "simulator/wire.hpp"

#include "simulator/random.hpp"

#include <boost/beast/http/status.hpp>

#include <algorithm>
#include <charconv>
#include <ctime>

namespace unipile::simulator {
namespace {

constexpr std::size_t usual_chunk = 16 * 1024;

std::string date_line(std::chrono::system_clock::time_point time)
{
    const auto now = std::chrono::system_clock::to_time_t(time);
    std::tm parts{};
    gmtime_r(&now, &parts);
    char text[64];
    return std::string(text, std::strftime(text, sizeof text, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &parts));
}

std::string head_of(const answer& answer, const wire::shape& shape, bool chunked)
{
    std::string head = "HTTP/1.1 " + std::to_string(answer.status) + ' ';
    head += std::string_view(boost::beast::http::obsolete_reason(boost::beast::http::int_to_status(answer.status)));
    (head += "\r\nContent-Type: ") += answer.content_type;
    head += "\r\n" + date_line(shape.now) + answer.headers;
    if (answer.gzip) head += "Content-Encoding: gzip\r\n";
    head += "Vary: Accept-Encoding\r\n";
    if (shape.close)
        head += "Connection: close\r\n";
    else if (shape.old_peer || shape.keep_alive.count() > 0)
        head += "Connection: keep-alive\r\n";
    if (!shape.close && shape.keep_alive >= std::chrono::seconds(1))
        head += "Keep-Alive: timeout=" + std::to_string(shape.keep_alive.count() / 1000) + "\r\n";
    if (chunked)
        head += "Transfer-Encoding: chunked\r\n\r\n";
    else
        head += "Content-Length: " + std::to_string(answer.body->size()) + "\r\n\r\n";
    return head;
}

std::size_t hex_digits(std::size_t value)
{
    std::size_t digits = 1;
    while (value >>= 4) ++digits;
    return digits;
}

}  // namespace

wire::wire(const answer& answer, const shape& how)
    : answer_(answer),
      chunked_(!how.old_peer && (answer.chunk || answer.framing == framing::chunked)),
      head_(head_of(answer, how, chunked_)),
      body_(how.no_body ? std::string_view{} : *answer.body),
      part_(head_)
{
    if (how.no_body) chunked_ = false;
}

std::size_t wire::chunk_size(std::uint64_t number) const
{
    const auto fixed = answer_.chunk.value_or(usual_chunk);
    if (fixed > 0) return fixed;
    // Sizes are distributed logarithmically from one byte to 8 KiB.
    const auto dice = mix(answer_.dice, 0xc4a2c, number);
    return static_cast<std::size_t>(1 + dice % (1u << (dice >> 32) % 14));
}

/// Moves to the next piece. Returns false at the end.
bool wire::next_part()
{
    switch (stage_) {
        case stage::head:
        case stage::chunk_end:
            if (chunked_) {
                char digits[20];
                const auto size = std::min(chunk_size(chunk_number_), body_.size());
                const auto [end, error] = std::to_chars(digits, digits + sizeof digits, size, 16);
                framing_.assign(digits, end);
                framing_ += size == 0 ? "\r\n\r\n" : "\r\n";
                part_ = framing_;
                stage_ = size == 0 ? stage::done : stage::chunk_head;
            } else {
                part_ = body_;
                stage_ = stage::done;
            }
            return true;
        case stage::chunk_head:
            part_ = body_.substr(0, chunk_size(chunk_number_++));
            body_.remove_prefix(part_.size());
            stage_ = stage::chunk_data;
            return true;
        case stage::chunk_data:
            part_ = "\r\n";
            stage_ = stage::chunk_end;
            return true;
        case stage::done: break;
    }
    return false;
}

bool wire::fill(std::string& out, std::uint64_t most)
{
    bool any = false;
    while (most > 0) {
        if (part_.empty() && !next_part()) break;
        const auto piece = part_.substr(0, most);
        out += piece;
        part_.remove_prefix(piece.size());
        most -= piece.size();
        any = any || !piece.empty();
    }
    return any;
}

std::uint64_t wire::total() const
{
    if (!chunked_) return head_.size() + body_.size();
    std::uint64_t sum = head_.size() + 5;
    std::uint64_t number = 0;
    for (std::size_t left = answer_.body->size(); left > 0;) {
        const auto size = std::min(chunk_size(number++), left);
        sum += hex_digits(size) + 4 + size;
        left -= size;
    }
    return sum;
}

std::uint64_t wire::bytes_until(const fault& disruption) const
{
    const auto all = total();
    switch (disruption.at_unit) {
        case fault::position::bytes: return std::min(disruption.at, all);
        case fault::position::percent: return head_.size() + (all - head_.size()) * disruption.at / 100;
        case fault::position::random: break;
    }
    return mix(answer_.dice, 0xa7) % all;
}

}  // namespace unipile::simulator
