// Serialises an answer piece by piece. Pure.
#pragma once

#include "simulator/responder.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace unipile::simulator {

class wire {
public:
    struct shape {
        bool close = false;     ///< send `Connection: close`
        bool no_body = false;   ///< for HEAD
        bool old_peer = false;  ///< HTTP/1.0: no chunks
        std::chrono::milliseconds keep_alive{0};
        std::chrono::system_clock::time_point now{};  ///< for the Date header
    };

    /// `answer` must outlive this.
    wire(const answer& answer, const shape& how);

    /// Appends the next bytes, at most `most`. Returns false if there are none left.
    bool fill(std::string& out, std::uint64_t most);
    /// Returns the total number of bytes.
    std::uint64_t total() const;
    /// Returns the number of bytes before the fault applies; total() without one.
    std::uint64_t bytes_until(const fault& disruption) const;

private:
    std::size_t chunk_size(std::uint64_t number) const;
    bool next_part();

    enum class stage { head, chunk_head, chunk_data, chunk_end, done };

    const answer& answer_;
    bool chunked_ = false;
    std::string head_;
    std::string_view body_;  ///< the remaining part
    stage stage_ = stage::head;
    std::uint64_t chunk_number_ = 0;
    std::string framing_;    ///< a chunk's first or last line
    std::string_view part_;  ///< the remaining part of the current piece
};

}  // namespace unipile::simulator
