#include "inflater.hpp"

#include <zlib.h>

#include <algorithm>
#include <limits>
#include <new>

namespace unipile::http {
namespace {
constexpr int gzip_only = 15 + 16;  // the largest window, the gzip wrapper
}

struct inflater::machine {
    z_stream stream{};
    machine()
    {
        if (inflateInit2(&stream, gzip_only) != Z_OK) throw std::bad_alloc();
    }
    ~machine() { inflateEnd(&stream); }
    machine(const machine&) = delete;
    machine& operator=(const machine&) = delete;
};

inflater::inflater(std::uint64_t cap) : machine_(std::make_unique<machine>()), left_(cap) {}
inflater::~inflater() = default;

std::size_t inflater::write(std::string_view& input, char* out, std::size_t capacity, boost::system::error_code& error)
{
    error = {};
    if (failed_) error = errc::bad_encoding;
    z_stream& stream = machine_->stream;
    // One byte above the cap distinguishes an exact fit from an excess.
    const std::uint64_t allowed = left_ == std::numeric_limits<std::uint64_t>::max() ? left_ : left_ + 1;
    capacity = static_cast<std::size_t>(std::min<std::uint64_t>({capacity, allowed, 1u << 30}));
    std::size_t written = 0;
    while (!error && written < capacity) {
        const std::size_t offered = std::min<std::size_t>(input.size(), 1u << 30);
        stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(input.data()));
        stream.avail_in = static_cast<uInt>(offered);
        stream.next_out = reinterpret_cast<Bytef*>(out + written);
        stream.avail_out = static_cast<uInt>(capacity - written);
        // zlib may have output left without input, but not between members.
        if (at_end_ && offered == 0) break;
        at_end_ = false;
        const int result = inflate(&stream, Z_NO_FLUSH);
        const std::size_t taken = offered - stream.avail_in;
        const std::size_t made = capacity - written - stream.avail_out;
        input.remove_prefix(taken);
        written += made;
        if (result == Z_STREAM_END) {
            at_end_ = true;
            inflateReset(&stream);
        } else if (result == Z_BUF_ERROR || (result == Z_OK && taken == 0 && made == 0)) {
            break;  // more input is needed
        } else if (result != Z_OK) {
            error = errc::bad_encoding;
        }
    }
    if (written > left_) {
        error = errc::inflated_too_large;
        written = 0;
    }
    left_ -= written;
    if (error) failed_ = true;
    return written;
}

}  // namespace unipile::http
