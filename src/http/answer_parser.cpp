#include "answer_parser.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/field.hpp>

#include <algorithm>
#include <charconv>
#include <limits>

namespace unipile::http {
namespace {

namespace beast_http = boost::beast::http;
using boost::beast::iequals;
using boost::system::error_code;

// Hexadecimal digits: 15 suffice for every size below 2^60; leading zeros without end are refused.
constexpr std::size_t longest_size = 15;
// Extensions are unused in practice; their length is bounded.
constexpr std::size_t longest_extension = 4096;

constexpr std::size_t longest_kept_value = 256;
constexpr std::size_t most_rate_limits = 16;

std::string_view as_std(boost::beast::string_view text) noexcept { return {text.data(), text.size()}; }

bool is_control(char c) noexcept
{
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\t') || byte == 0x7f;
}

bool starts_with(std::string_view text, std::string_view start) noexcept
{
    return iequals(text.substr(0, start.size()), start);
}

std::optional<std::uint64_t> whole_number(std::string_view text) noexcept
{
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return {};
    if (value > static_cast<std::uint64_t>(INT64_MAX)) return {};
    return value;
}

std::string_view trimmed(std::string_view text) noexcept
{
    const auto first = std::min(text.find_first_not_of(" \t"), text.size());
    text.remove_prefix(first);
    return text.substr(0, text.find_last_not_of(" \t") + 1);
}

/// Reads `Keep-Alive: timeout=5, max=100`.
std::optional<std::chrono::seconds> timeout_parameter(std::string_view value)
{
    constexpr std::string_view name = "timeout=";
    std::optional<std::chrono::seconds> found;
    while (!value.empty()) {
        const auto comma = std::min(value.find(','), value.size());
        const std::string_view part = trimmed(value.substr(0, comma));
        value.remove_prefix(std::min(comma + 1, value.size()));
        if (!starts_with(part, name)) continue;
        if (const auto seconds = whole_number(part.substr(name.size())); seconds && *seconds <= 86'400)
            found = std::chrono::seconds(*seconds);
    }
    return found;
}

body_encoding encoding_of(std::string_view value) noexcept
{
    if (value.empty() || iequals(value, "identity")) return body_encoding::identity;
    if (iequals(value, "gzip") || iequals(value, "x-gzip")) return body_encoding::gzip;
    return body_encoding::other;
}

bool can_be_kept(std::string_view value) noexcept
{
    return value.size() <= longest_kept_value &&
           std::all_of(value.begin(), value.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
}

void keep(std::string& to, std::string_view value)
{
    if (can_be_kept(value)) to = value;
}

bool is_zero(std::string_view size_line) noexcept
{
    return size_line.substr(0, size_line.find(';')).find_first_not_of('0') == size_line.npos;
}

/// Returns true if a chunk's line, or the beginning of one, is within the bounds.
bool may_be_size(std::string_view line) noexcept
{
    const std::size_t digits = std::min(line.find_first_not_of("0123456789abcdefABCDEF"), line.size());
    if (digits == line.size()) return digits <= longest_size;
    return digits != 0 && digits <= longest_size && line[digits] == ';' && line.size() - digits <= longest_extension;
}

}  // namespace

// Lines

std::optional<std::string_view> line_scan::next(std::string_view text) noexcept
{
    for (; scanned_ < text.size() && !faulty_; ++scanned_) {
        const char c = text[scanned_];
        const bool after_cr = scanned_ > begin_ && text[scanned_ - 1] == '\r';
        if (c == '\n' && after_cr) {
            const std::string_view line = text.substr(begin_, scanned_ - 1 - begin_);
            begin_ = ++scanned_;
            ++lines_;
            return line;
        }
        const bool folded = (c == ' ' || c == '\t') && scanned_ == begin_ && lines_ != 0;
        faulty_ = after_cr || folded || (is_control(c) && c != '\r');
    }
    return {};
}

std::string_view line_scan::rest(std::string_view text) const noexcept
{
    std::string_view rest = text.substr(begin_);
    if (rest.ends_with('\r')) rest.remove_suffix(1);
    return rest;
}

// The header

answer_parser::answer_parser(std::size_t header_limit) : limit_(header_limit)
{
    // Both limits are kept here. From Boost 1.90 on Beast's is for the header and the trailers together.
    this->header_limit(static_cast<std::uint32_t>(2 * std::min<std::size_t>(limit_, 1u << 30)));
    body_limit(boost::none);
}

std::size_t answer_parser::read_header(std::string_view received, error_code& error)
{
    error = {};
    const std::string_view allowed = received.substr(0, limit_);
    while (const auto line = lines_.next(allowed)) {
        if (!line->empty()) continue;
        const std::size_t size = lines_.end_of_last();
        lines_ = {};
        const code fault = feed_header(received.substr(0, size));
        if (fault && !judge_fault(fault)) {
            error = errc::bad_header;
            return 0;
        }
        if (!fault) settle();
        return size;
    }
    if (lines_.faulty())
        error = errc::bad_header;
    else if (received.size() >= limit_)
        error = errc::header_too_large;
    return 0;
}

std::size_t answer_parser::feed(std::string_view bytes, code& error)
{
    return put(boost::asio::const_buffer(bytes.data(), bytes.size()), error);
}

answer_parser::code answer_parser::feed_header(std::string_view block)
{
    code error;
    // Some servers leave out the space behind the status if no reason follows; Beast requires it.
    constexpr std::size_t bare_status_line = std::string_view("HTTP/1.1 200").size();
    if (block.find('\r') == bare_status_line) {
        const std::string line = std::string(block.substr(0, bare_status_line)) + " \r\n";
        feed(line, error);
        if (error != beast_http::error::need_more) return error;
        block.remove_prefix(bare_status_line + 2);
    }
    const std::size_t taken = feed(block, error);
    if (!error && taken != block.size()) error = beast_http::error::bad_field;
    return error;
}

void answer_parser::on_response_impl(int status, text, int version, code& error)
{
    header_.status = static_cast<unsigned>(status);
    old_version_ = version < 11;
    if (status < 100 || status > 599) error = beast_http::error::bad_status;
}

void answer_parser::on_field_impl(beast_http::field name, text name_text, text value_text, code&)
{
    if (last_) return;  // a trailer; none is used
    const std::string_view value = as_std(value_text);
    answer_fields& fields = header_.fields;
    switch (name) {
        case beast_http::field::content_length:
            ++lengths_;
            length_is_good_ = whole_number(value).has_value();
            return;
        case beast_http::field::transfer_encoding:
            ++codings_;
            exactly_chunked_ = iequals(value, "chunked");
            return;
        case beast_http::field::content_encoding:
            header_.encoding = ++encodings_ > 1 ? body_encoding::other : encoding_of(value);
            return;
        case beast_http::field::content_type: header_.content_type = value; return;
        case beast_http::field::location: header_.located = true; return;
        case beast_http::field::date: return keep(fields.date, value);
        case beast_http::field::retry_after: return keep(fields.retry_after, value);
        default: break;
    }
    const std::string_view other = as_std(name_text);
    if (iequals(other, "keep-alive"))
        header_.keep_alive_timeout = timeout_parameter(value);
    else if (iequals(other, "x-request-id") || (fields.request_id.empty() && iequals(other, "request-id")))
        keep(fields.request_id, value);
    else
        take_rate_limit(other, value);
}

void answer_parser::take_rate_limit(std::string_view name, std::string_view value)
{
    const std::string_view plain = starts_with(name, "x-") ? name.substr(2) : name;
    auto& limits = header_.fields.rate_limits;
    if (!starts_with(plain, "ratelimit") || name.size() > longest_kept_value) return;
    if (limits.size() == most_rate_limits || !can_be_kept(value)) return;
    limits.emplace_back(name, value);
}

// Ambiguous framing is not an error of the header, since the status is used all the same.
bool answer_parser::judge_fault(const code& error) noexcept
{
    if (error == beast_http::error::bad_content_length) {
        ++lengths_;
        length_is_good_ = false;
    } else if (error == beast_http::error::multiple_content_length) {
        lengths_ += 2;
    } else if (error == beast_http::error::bad_transfer_encoding) {
        ++codings_;
    } else {
        return false;
    }
    header_.framing = body_framing::unknown;
    header_.contradiction = contradiction();
    return true;
}

const char* answer_parser::contradiction() const noexcept
{
    if (lengths_ != 0 && codings_ != 0) return "it has a Content-Length and a Transfer-Encoding";
    if (lengths_ > 1) return "its Content-Length comes more than once";
    if (lengths_ == 1 && !length_is_good_) return "its Content-Length is no number of bytes";
    if (codings_ > 1) return "its Transfer-Encoding comes more than once";
    if (codings_ == 1 && !exactly_chunked_) return "its Transfer-Encoding is not exactly chunked";
    if (codings_ == 1 && old_version_) return "it is of HTTP/1.0 and chunked";
    return nullptr;
}

void answer_parser::settle()
{
    header_.keep_alive = keep_alive();
    header_.framing = body_framing::unknown;
    header_.contradiction = contradiction();
    if (header_.contradiction != nullptr) return;
    if (is_done())
        header_.framing = body_framing::none;
    else if (chunked())
        header_.framing = body_framing::chunked;
    else if (const auto length = content_length()) {
        header_.framing = body_framing::length;
        header_.length = *length;
    }
}

// The body

std::uint64_t answer_parser::most_left() const noexcept
{
    return header_.framing == body_framing::length ? content_length_remaining().value_or(0)
                                                   : std::numeric_limits<std::uint64_t>::max();
}

std::size_t answer_parser::on_body_impl(text body, code&)
{
    piece_ = as_std(body);
    return body.size();
}

std::size_t answer_parser::on_chunk_body_impl(std::uint64_t, text body, code&)
{
    piece_ = as_std(body);
    chunk_left_ -= body.size();
    after_data_ = chunk_left_ == 0;
    return body.size();
}

std::string_view answer_parser::next(std::string_view& input, error_code& error)
{
    piece_ = {};
    while (!fault_ && !input.empty() && !done()) {
        const bool in_data = !chunked() || chunk_left_ != 0;
        if (in_data && !piece_.empty()) break;  // one piece at a time
        const std::size_t before = input.size();
        if (in_data) {
            code ignored;
            input.remove_prefix(feed(input, ignored));
        } else {
            take_framing(input, fault_);
        }
        if (input.size() == before) break;
    }
    // A fault behind a piece is reported by the next call, so that the bytes before it are used.
    error = piece_.empty() ? fault_ : error_code();
    return piece_;
}

void answer_parser::take_framing(std::string_view& input, error_code& error)
{
    if (!framing_is_whole(input, error)) return;
    std::string_view lines = input.substr(0, lines_.end_of_last());
    input.remove_prefix(lines.size());
    lines_ = {};
    after_data_ = false;
    code fault;
    while (!fault && !lines.empty()) {
        const std::size_t taken = feed(lines, fault);
        lines.remove_prefix(taken);
        if (done() || taken == 0) break;
    }
    if (fault || !lines.empty()) error = errc::bad_chunk;
}

/// Returns true if all lines in front of the next data are there or, behind the last chunk, all lines to the body's
/// end.
bool answer_parser::framing_is_whole(std::string_view input, error_code& error)
{
    const std::size_t size_line = after_data_ ? 1 : 0;
    const auto is_good = [&](std::string_view line, std::size_t number) {
        return number > size_line || (number == size_line ? may_be_size(line) : line.empty());
    };
    const std::string_view allowed = input.substr(0, limit_);
    while (const auto line = lines_.next(allowed)) {
        const std::size_t number = lines_.lines() - 1;
        if (!is_good(*line, number) || (number == size_line && line->empty())) {
            error = errc::bad_chunk;
            return false;
        }
        if (number == size_line) last_ = is_zero(*line);
        if (number == size_line ? !last_ : number > size_line && line->empty()) return true;
    }
    if (lines_.faulty() || !is_good(lines_.rest(allowed), lines_.lines()))
        error = errc::bad_chunk;
    else if (input.size() >= limit_)
        error = errc::header_too_large;
    return false;
}

}  // namespace unipile::http
