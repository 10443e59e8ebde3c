// Takes the payload out of a body's framing.
#pragma once

#include <unipile/errc.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>

namespace unipile::http {

/// The decoder of a body by `Content-Length` or in chunks. No I/O, no copies: payload is handed out as views into the
/// input. Bounded memory whatever the peer sends.
class body_reader {
public:
    body_reader() = default;  ///< a body without a byte

    static body_reader with_length(std::uint64_t length) noexcept;
    /// `trailer_limit`: bytes of all trailers together.
    static body_reader chunked(std::size_t trailer_limit) noexcept;

    /// Takes the next piece of payload off the front of `input`, framing around it included, the end of the body too
    /// where it has arrived. An empty piece: `done()`, or more input is needed, or `error` is set (errc::bad_chunk,
    /// errc::header_too_large for the trailers).
    std::string_view next(std::string_view& input, boost::system::error_code& error) noexcept;

    /// The whole body was taken; what is left of the input isn't its.
    bool done() const noexcept { return state_ == state::done; }

    /// No more bytes than these can still be the body's; the greatest value where its framing doesn't tell.
    std::uint64_t most_left() const noexcept
    {
        return state_ == state::counted ? left_ : std::numeric_limits<std::uint64_t>::max();
    }

private:
    enum class state {
        counted,    // inside a body of known length
        size,       // the digits of a chunk's size
        extension,  // what may follow them
        size_end,   // the line feed
        data,       // inside a chunk
        data_cr,    // behind it
        data_lf,
        trailer_start,  // at the start of a trailer line
        trailer,        // inside one
        trailer_lf,
        last_lf,  // the empty line's line feed
        done,
    };

    void step(char c, boost::system::error_code& error) noexcept;
    void size_byte(char c, boost::system::error_code& error) noexcept;
    void trailer_byte(char c, boost::system::error_code& error) noexcept;
    bool count_trailer(boost::system::error_code& error) noexcept;

    state state_ = state::done;
    unsigned digits_ = 0;
    std::size_t line_ = 0;
    std::size_t trailer_left_ = 0;
    std::uint64_t left_ = 0;
};

}  // namespace unipile::http
