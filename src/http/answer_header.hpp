// The header of an answer, judged before anything of its body is believed.
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
    unknown,  ///< anything else: the body can't be read
};

enum class body_encoding { identity, gzip, other };

struct answer_header {
    unsigned status = 0;
    body_framing framing = body_framing::unknown;
    /// Set: `unknown`, because the header says two things at once or nonsense; in the library's words.
    const char* contradiction = nullptr;
    std::uint64_t length = 0;
    body_encoding encoding = body_encoding::identity;
    bool keep_alive = false;
    bool located = false;                                    ///< there is a `Location`
    std::optional<std::chrono::seconds> keep_alive_timeout;  ///< `Keep-Alive: timeout=N`
    std::string content_type;
    answer_fields fields;
};

/// False once `start`, the first bytes of an answer, can't become an HTTP/1.x status line.
bool may_be_answer(std::string_view start) noexcept;

/// What to do with an answer, seen its header.
struct verdict {
    boost::system::error_code error;  ///< set: give up with it
    bool readable = true;             ///< false: the status counts, the body can't be read
};

/// Judges a final (not 1xx) answer: redirects, framing, encoding, media type, announced length. Framing that says
/// two things at once is an error under every status; where an answer other than 200 merely has a body of unknown
/// length or encoding, its status is still worth having. A 3xx without a place to go to is such an answer, too.
verdict judge(const answer_header& header, bool gzip_offered, std::uint64_t page_limit) noexcept;

/// True unless the media type says that the body can't be JSON. Generic types, as a static file server gives them,
/// are let through: the decoder reads every byte anyway.
bool may_be_json(std::string_view content_type) noexcept;

}  // namespace unipile::http
