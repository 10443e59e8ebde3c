// What a packed file was made of.
#pragma once

#include <zlib.h>
#ifdef UNIPILE_WITH_ZSTD
#include <zstd.h>
#endif

#include <algorithm>
#include <array>
#include <limits>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>

inline std::string unpacked_gzip(std::string_view bytes)
{
    z_stream stream{};
    if (::inflateInit2(&stream, 15 + 16) != Z_OK) throw std::bad_alloc();
    const std::unique_ptr<z_stream, int (*)(z_stream*)> ended_at_the_end(&stream, ::inflateEnd);
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream.avail_in = static_cast<uInt>(std::min<std::size_t>(bytes.size(), std::numeric_limits<uInt>::max()));
    std::string out;
    std::array<char, 65'536> part;
    int result = Z_OK;
    while (result == Z_OK) {
        stream.next_out = reinterpret_cast<Bytef*>(part.data());
        stream.avail_out = static_cast<uInt>(part.size());
        result = ::inflate(&stream, Z_NO_FLUSH);
        out.append(part.data(), part.size() - stream.avail_out);
    }
    if (result != Z_STREAM_END || stream.avail_in > 0) throw std::runtime_error{"it is no whole gzip file"};
    return out;
}

#ifdef UNIPILE_WITH_ZSTD
inline std::string unpacked_zstd(std::string_view bytes)
{
    struct closer {
        void operator()(ZSTD_DCtx* c) const noexcept { ZSTD_freeDCtx(c); }
    };
    const std::unique_ptr<ZSTD_DCtx, closer> context{ZSTD_createDCtx()};
    if (!context) throw std::bad_alloc();
    ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
    std::string out;
    std::array<char, 65'536> part;
    std::size_t left = 1;
    while (left > 0) {
        ZSTD_outBuffer to{part.data(), part.size(), 0};
        left = ZSTD_decompressStream(context.get(), &to, &in);
        out.append(part.data(), to.pos);
        if (ZSTD_isError(left) != 0 || (left > 0 && in.pos == in.size && to.pos < to.size))
            throw std::runtime_error{"it is no whole zstd file"};
    }
    if (left > 0 || in.pos < in.size) throw std::runtime_error{"it is no whole zstd file"};
    return out;
}

#endif

/// Throws std::runtime_error if `bytes` is no whole file of that name.
inline std::string unpacked(std::string_view file, std::string_view bytes)
{
    if (file.ends_with(".gz")) return unpacked_gzip(bytes);
#ifdef UNIPILE_WITH_ZSTD
    if (file.ends_with(".zst")) return unpacked_zstd(bytes);
#endif
    return std::string(bytes);
}
