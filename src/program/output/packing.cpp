#include "program/output/packing.hpp"

#include <zlib.h>
#ifdef UNIPILE_WITH_ZSTD
#include <zstd.h>
#endif

#include <array>
#include <limits>
#include <new>
#include <stdexcept>

namespace unipile::program {
namespace {

constexpr int with_gzip_header = 15 + 16;
constexpr std::size_t buffer_size = std::size_t{64} * 1024;
constexpr int zstd_level = 3;

using buffer = std::array<char, buffer_size>;

class gzip_packing final : public packing {
public:
    gzip_packing()
    {
        if (::deflateInit2(&stream_, Z_DEFAULT_COMPRESSION, Z_DEFLATED, with_gzip_header, MAX_MEM_LEVEL,
                           Z_DEFAULT_STRATEGY) != Z_OK)
            throw std::bad_alloc();
    }
    gzip_packing(const gzip_packing&) = delete;
    gzip_packing& operator=(const gzip_packing&) = delete;
    ~gzip_packing() override { ::deflateEnd(&stream_); }

    void add(std::string_view bytes, std::string& out) override
    {
        while (!bytes.empty()) {
            const auto part = bytes.substr(0, std::numeric_limits<uInt>::max());
            stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(part.data()));
            stream_.avail_in = static_cast<uInt>(part.size());
            while (stream_.avail_in > 0) step(Z_NO_FLUSH, out);
            bytes.remove_prefix(part.size());
        }
    }
    void finish(std::string& out) override
    {
        while (step(Z_FINISH, out) != Z_STREAM_END) {
        }
    }

private:
    int step(int flush, std::string& out)
    {
        stream_.next_out = reinterpret_cast<Bytef*>(buffer_.data());
        stream_.avail_out = static_cast<uInt>(buffer_.size());
        const int result = ::deflate(&stream_, flush);
        out.append(buffer_.data(), buffer_.size() - stream_.avail_out);
        return result;
    }

    z_stream stream_{};
    buffer buffer_{};
};

#ifdef UNIPILE_WITH_ZSTD

class zstd_packing final : public packing {
public:
    zstd_packing()
    {
        if (!context_) throw std::bad_alloc();
        ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_compressionLevel, zstd_level);
        ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_checksumFlag, 1);
    }

    void add(std::string_view bytes, std::string& out) override
    {
        ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
        while (in.pos < in.size) step(in, ZSTD_e_continue, out);
    }
    void finish(std::string& out) override
    {
        ZSTD_inBuffer nothing{nullptr, 0, 0};
        while (step(nothing, ZSTD_e_end, out) > 0) {
        }
    }

private:
    std::size_t step(ZSTD_inBuffer& in, ZSTD_EndDirective what, std::string& out)
    {
        ZSTD_outBuffer to{buffer_.data(), buffer_.size(), 0};
        const std::size_t left = ZSTD_compressStream2(context_.get(), &to, &in, what);
        if (ZSTD_isError(left) != 0) throw std::runtime_error{std::string{"zstd: "} + ZSTD_getErrorName(left)};
        out.append(buffer_.data(), to.pos);
        return left;
    }

    struct closer {
        void operator()(ZSTD_CCtx* c) const noexcept { ZSTD_freeCCtx(c); }
    };
    std::unique_ptr<ZSTD_CCtx, closer> context_{ZSTD_createCCtx()};
    buffer buffer_{};
};

std::unique_ptr<packing> by_zstd() { return std::make_unique<zstd_packing>(); }

#else

std::unique_ptr<packing> by_zstd()
{
    throw std::invalid_argument{"this program was built without zstd; end the name with .gz, or with neither"};
}

#endif

}  // namespace

std::unique_ptr<packing> packing_named(std::string_view file)
{
    if (file.ends_with(".gz")) return std::make_unique<gzip_packing>();
    return file.ends_with(".zst") ? by_zstd() : nullptr;
}

std::string_view unpacked_name(std::string_view file) noexcept
{
    for (const std::string_view end : {".gz", ".zst"})
        if (file.ends_with(end)) return file.substr(0, file.size() - end.size());
    return file;
}

}  // namespace unipile::program
