// Inflates a gzip body, up to a bound.
#pragma once

#include <unipile/errc.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace unipile::http {

/// One gzip body: one or more members, and nothing behind them. About 40 KB of memory.
class inflater {
public:
    /// `cap`: maximum size of the inflated body. Throws std::bad_alloc.
    explicit inflater(std::uint64_t cap);
    ~inflater();
    inflater(const inflater&) = delete;
    inflater& operator=(const inflater&) = delete;

    /// Takes bytes off the front of `input` and writes up to `capacity` inflated ones. Returns their number; zero with
    /// an empty `input`: more is needed. Sets errc::bad_encoding or errc::inflated_too_large.
    std::size_t write(std::string_view& input, char* out, std::size_t capacity, boost::system::error_code& error);

    /// Returns true where a body may end: between members, or before the first byte.
    bool at_end() const noexcept { return at_end_; }

private:
    struct machine;
    std::unique_ptr<machine> machine_;
    std::uint64_t left_;
    bool at_end_ = true;
    bool failed_ = false;
};

}  // namespace unipile::http
