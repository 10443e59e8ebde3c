// Reads one answer: its header, then its body.
#pragma once

#include "answer_header.hpp"

#include <boost/beast/http/basic_parser.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace unipile::http {

/// Finds the ends of lines in text that arrives in parts. Strict: CRLF, no other control characters but HTAB, and no
/// line that continues the one before it.
class line_scan {
public:
    /// The next whole line, without its end. `text` starts where the first call's text started. Empty: there is no
    /// further line yet, or a fault.
    std::optional<std::string_view> next(std::string_view text) noexcept;
    /// What there is of the line behind the last whole one.
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

/// From Boost 1.90 on trailers have a function of their own; it is in a class of its own so that it needs no
/// `override`.
class trailer_ignoring_parser : public boost::beast::http::basic_parser<false> {
protected:
    // GCOVR_EXCL_START: older ones don't call it
    virtual void on_trailer_field_impl(boost::beast::http::field, boost::beast::string_view, boost::beast::string_view,
                                       boost::beast::error_code&)
    {}
    // GCOVR_EXCL_STOP
};

/// One answer. HTTP's grammar is that of Beast's `basic_parser`; this class adds what Beast leaves open, and bounds:
/// - lines end with CRLF, are not folded and hold no control characters;
/// - a body has one `Content-Length` or is exactly `chunked`, in HTTP/1.1; see `contradiction`;
/// - a chunk's size has 15 digits at most, and 4 KiB of extensions;
/// - the header, and all that follows the last chunk's data, is bounded.
/// Beast gets the header, each chunk's line and the trailers only when they are whole, so its paths for parts of them
/// aren't used: up to Boost 1.85 a last chunk that arrives byte by byte runs into an assertion there.
///
/// No I/O and no copies: payload is handed out as views into the input.
class answer_parser : private trailer_ignoring_parser {
public:
    /// `header_limit`: bytes of the header, and of the last chunk's line and the trailers together.
    explicit answer_parser(std::size_t header_limit);

    /// Reads the header once it is whole. `received`: all that has arrived since the status line's first byte. Returns
    /// the header's size; 0 if it isn't whole, or with `error` set: errc::bad_header or errc::header_too_large.
    std::size_t read_header(std::string_view received, boost::system::error_code& error);
    answer_header& header() noexcept { return header_; }

    /// Takes the next piece of payload off the front of `input`, framing around it included, the body's end too where
    /// it has arrived. An empty piece: `done()`, or more input is needed, or `error` is set (errc::bad_chunk,
    /// errc::header_too_large). What is left of `input` has to stand in front of what arrives later.
    std::string_view next(std::string_view& input, boost::system::error_code& error);

    /// The whole body was taken; what is left of the input isn't its.
    bool done() const noexcept { return is_done(); }
    /// No more bytes than these can still be the body's; the greatest value for chunks, whose number is unknown.
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
    bool last_ = false;        // the lines to come are those behind the last chunk
    std::uint64_t chunk_left_ = 0;
    std::string_view piece_;
    boost::system::error_code fault_;
};

}  // namespace unipile::http
