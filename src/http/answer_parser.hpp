// Parses one answer: its header, then its body.
#pragma once

#include "answer_header.hpp"

#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/field.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace unipile::http {

/// Splits text that arrives in parts into lines. Strict: CRLF, no other control characters but HTAB, and no continued
/// lines.
class line_scan {
public:
    /// Returns the next whole line, without its end. `text` starts where the first call's text started. Empty: no
    /// further line has arrived, or a fault.
    std::optional<std::string_view> next(std::string_view text) noexcept;
    /// Returns the part of the line behind the last whole one.
    std::string_view rest(std::string_view text) const noexcept;

    bool faulty() const noexcept { return faulty_; }
    std::size_t lines() const noexcept { return lines_; }
    std::size_t end_of_last() const noexcept { return begin_; }

private:
    std::size_t scanned_ = 0;
    std::size_t begin_ = 0;
    std::size_t lines_ = 0;
    bool faulty_ = false;
};

/// From Boost 1.90 on trailers have a function of their own, and may frame a body; older versions refuse such trailers.
/// It is in a base class so that it needs no `override`.
class trailer_ignoring_parser : public boost::beast::http::basic_parser<false> {
protected:
    // GCOVR_EXCL_START: not called by older versions
    virtual void on_trailer_field_impl(boost::beast::http::field name, boost::beast::string_view,
                                       boost::beast::string_view, boost::beast::error_code& error)
    {
        using boost::beast::http::field;
        if (name == field::content_length || name == field::transfer_encoding)
            error = boost::beast::http::error::bad_field;
    }
    // GCOVR_EXCL_STOP
};

/// One answer. The grammar is that of Beast's `basic_parser`; this class adds checks and bounds that Beast lacks:
/// - lines end with CRLF, are not folded and have no control characters;
/// - a body has one `Content-Length` or is exactly `chunked`, in HTTP/1.1; see `contradiction`;
/// - a chunk's size has at most 15 digits, and at most 4 KiB of extensions;
/// - the header, and all that follows the last chunk's data, is bounded.
/// Beast gets the header, each chunk's line and the trailers only when they are whole, so that its code for parts of
/// them is not used: up to Boost 1.85 a last chunk that arrives byte by byte trips an assertion there.
///
/// No I/O and no copies: payload is returned as views of the input.
class answer_parser : private trailer_ignoring_parser {
public:
    /// `header_limit`: bytes of the header, and of the last chunk's line together with the trailers.
    explicit answer_parser(std::size_t header_limit);

    /// Reads the header once it is whole. `received`: all bytes since the status line's first. Returns the header's
    /// size; 0 if it is not whole, or with `error` set: errc::bad_header or errc::header_too_large.
    std::size_t read_header(std::string_view received, boost::system::error_code& error);
    answer_header& header() noexcept { return header_; }

    /// Takes the next piece of payload off the front of `input`, including the framing around it, and the body's end if
    /// that has arrived. An empty piece means: `done()`, or more input is needed, or `error` is set (errc::bad_chunk,
    /// errc::header_too_large). The rest of `input` has to precede what arrives later.
    std::string_view next(std::string_view& input, boost::system::error_code& error);

    /// Returns true if the whole body was taken; the rest of the input does not belong to it.
    bool done() const noexcept { return is_done(); }
    /// Returns the maximum number of bytes that the body still has; the greatest value for chunks.
    std::uint64_t most_left() const noexcept;

private:
    using code = boost::beast::error_code;
    using text = boost::beast::string_view;

    void on_request_impl(boost::beast::http::verb, text, text, int, code&) override {}  // GCOVR_EXCL_LINE: for requests
    void on_response_impl(int status, text reason, int version, code& error) override;
    void on_field_impl(boost::beast::http::field name, text name_text, text value, code& error) override;
    void on_header_impl(code&) override {}
    void on_body_init_impl(const boost::optional<std::uint64_t>&, code&) override {}
    std::size_t on_body_impl(text body, code&) override;
    void on_chunk_header_impl(std::uint64_t size, text, code&) override { chunk_left_ = size; }
    std::size_t on_chunk_body_impl(std::uint64_t left, text body, code&) override;
    void on_finish_impl(code&) override {}

    std::size_t feed(std::string_view bytes, code& error);
    code feed_header(std::string_view block);
    void take_rate_limit(std::string_view name, std::string_view value);
    bool judge_fault(const code& error) noexcept;
    const char* contradiction() const noexcept;
    void settle();
    void take_framing(std::string_view& input, boost::system::error_code& error);
    bool framing_is_whole(std::string_view input, boost::system::error_code& error);

    answer_header header_;
    line_scan lines_;
    std::size_t limit_;
    unsigned lengths_ = 0, codings_ = 0, encodings_ = 0;
    bool length_is_good_ = false, exactly_chunked_ = false;
    bool old_version_ = false;
    bool after_data_ = false;  // the next line ends a chunk's data
    bool last_ = false;        // the next lines are those behind the last chunk
    std::uint64_t chunk_left_ = 0;
    std::string_view piece_;
    boost::system::error_code fault_;
};

}  // namespace unipile::http
