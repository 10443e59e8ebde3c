// Numbers and times in PostgreSQL's binary format.
#pragma once

#include <unipile/wall_time.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace unipile::store::postgres {

inline void put_64(std::string& out, std::int64_t v)
{
    for (int shift = 56; shift >= 0; shift -= 8)
        out.push_back(static_cast<char>(static_cast<std::uint64_t>(v) >> shift & 0xff));
}

inline void put_32(std::string& out, std::uint32_t v)
{
    for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<char>(v >> shift & 0xff));
}

/// Returns the number in two, four or eight bytes.
inline std::int64_t number_in(std::string_view bytes) noexcept
{
    std::uint64_t v = !bytes.empty() && (bytes.front() & 0x80) != 0 ? ~std::uint64_t{0} : 0;
    for (const char c : bytes) v = v << 8 | static_cast<unsigned char>(c);
    return static_cast<std::int64_t>(v);
}

/// PostgreSQL counts time from the year 2000.
inline constexpr std::chrono::milliseconds since_1970{946'684'800'000};

inline std::int64_t microseconds_of(wall_time t) noexcept
{
    return std::chrono::microseconds(t.time_since_epoch() - since_1970).count();
}

inline wall_time time_of(std::int64_t microseconds) noexcept
{
    return wall_time(std::chrono::floor<std::chrono::milliseconds>(std::chrono::microseconds(microseconds)) +
                     since_1970);
}

}  // namespace unipile::store::postgres
