// The header of an answer, and its checks before the body is read.
#pragma once

#include <unipile/answer_fields.hpp>
#include <unipile/errc.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace unipile::http {

enum class body_framing {
    none,     ///< no body can follow
    length,   ///< `length` bytes
    chunked,  ///< chunks
    unknown,  ///< any other: the body can't be read
};

enum class body_encoding { identity, gzip, other };

struct answer_header {
    unsigned status = 0;
    body_framing framing = body_framing::unknown;
    /// Set if `unknown` because the header is contradictory or invalid; in the library's own text.
    const char* contradiction = nullptr;
    std::uint64_t length = 0;
    body_encoding encoding = body_encoding::identity;
    bool keep_alive = false;
    bool located = false;                                    ///< has a `Location`
    std::optional<std::chrono::seconds> keep_alive_timeout;  ///< `Keep-Alive: timeout=N`
    std::string content_type;
    answer_fields fields;
};

/// Returns false if `start`, the first bytes of an answer, can't become an HTTP/1.x status line.
bool may_be_answer(std::string_view start) noexcept;

/// What to do with an answer after its header.
struct verdict {
    boost::system::error_code error;  ///< set: end with it
    bool readable = true;             ///< false: only the status is used
};

/// Checks a final (not 1xx) answer: redirects, framing, encoding, media type, announced length. Contradictory framing
/// is an error with every status. If an answer other than 200 merely has a body of unknown length or encoding, its
/// status is still used. The same applies to a 3xx without a `Location`.
verdict judge(const answer_header& header, bool gzip_offered, std::uint64_t page_limit) noexcept;

/// Returns true unless the media type excludes JSON. Generic types, as a static file server sends them, are accepted,
/// since the decoder checks every byte.
bool may_be_json(std::string_view content_type) noexcept;

}  // namespace unipile::http
