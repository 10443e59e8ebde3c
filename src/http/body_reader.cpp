#include "body_reader.hpp"

#include <algorithm>

namespace unipile::http {
namespace {

// Bytes of a chunk's line behind its size. Nobody sends extensions; a peer that does must not do so for ever.
constexpr std::size_t longest_extension = 4096;

int hex_value(char c) noexcept
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

bool is_line_text(char c) noexcept
{
    const auto byte = static_cast<unsigned char>(c);
    return (byte >= 0x20 && byte != 0x7f) || c == '\t';
}

}  // namespace

body_reader body_reader::with_length(std::uint64_t length) noexcept
{
    body_reader result;
    result.left_ = length;
    result.state_ = length == 0 ? state::done : state::counted;
    return result;
}

body_reader body_reader::chunked(std::size_t trailer_limit) noexcept
{
    body_reader result;
    result.trailer_left_ = trailer_limit;
    result.state_ = state::size;
    return result;
}

std::string_view body_reader::next(std::string_view& input, boost::system::error_code& error) noexcept
{
    error = {};
    std::string_view piece;
    while (!input.empty() && state_ != state::done) {
        if (state_ == state::counted || state_ == state::data) {
            if (!piece.empty()) break;  // one piece at a time
            const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(left_, input.size()));
            piece = input.substr(0, n);
            input.remove_prefix(n);
            left_ -= n;
            if (left_ == 0) state_ = state_ == state::counted ? state::done : state::data_cr;
            continue;
        }
        step(input.front(), error);
        // A fault behind a piece comes with the next call, so that the bytes before it count.
        if (error) {
            if (!piece.empty()) error = {};
            break;
        }
        input.remove_prefix(1);
    }
    return piece;
}

void body_reader::step(char c, boost::system::error_code& error) noexcept
{
    const auto expect = [&](char wanted, state after) {
        if (c == wanted)
            state_ = after;
        else
            error = errc::bad_chunk;
    };
    switch (state_) {
        case state::size:
        case state::extension: size_byte(c, error); break;
        case state::size_end: expect('\n', left_ == 0 ? state::trailer_start : state::data); break;
        case state::data_cr: expect('\r', state::data_lf); break;
        case state::data_lf:
            expect('\n', state::size);
            digits_ = 0;
            line_ = 0;
            break;
        case state::trailer_start:
        case state::trailer: trailer_byte(c, error); break;
        case state::trailer_lf: expect('\n', state::trailer_start); break;
        case state::last_lf: expect('\n', state::done); break;
        case state::counted:
        case state::data:
        case state::done: break;
    }
}

void body_reader::size_byte(char c, boost::system::error_code& error) noexcept
{
    if (state_ == state::size) {
        if (const int value = hex_value(c); value >= 0) {
            // 15 digits hold every size that 64 bits do sensibly; leading zeros without end are no size.
            if (++digits_ > 15)
                error = errc::bad_chunk;
            else
                left_ = left_ * 16 + static_cast<unsigned>(value);
            return;
        }
        if (digits_ == 0 || (c != '\r' && c != ';')) {
            error = errc::bad_chunk;
            return;
        }
        if (c == ';') state_ = state::extension;
    }
    if (c == '\r')
        state_ = state::size_end;
    else if (!is_line_text(c) || ++line_ > longest_extension)
        error = errc::bad_chunk;
}

bool body_reader::count_trailer(boost::system::error_code& error) noexcept
{
    if (trailer_left_ == 0) {
        error = errc::header_too_large;
        return false;
    }
    --trailer_left_;
    return true;
}

void body_reader::trailer_byte(char c, boost::system::error_code& error) noexcept
{
    if (c == '\r') {
        state_ = state_ == state::trailer_start ? state::last_lf : state::trailer_lf;
        return;
    }
    if (!is_line_text(c)) {
        error = errc::bad_chunk;
        return;
    }
    if (count_trailer(error)) state_ = state::trailer;
}

}  // namespace unipile::http
