// libFuzzer: no body may do anything but fill or not fill the fields.
#include "decode/error_body.hpp"

#include <unipile/utf8.hpp>

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const std::string_view body{reinterpret_cast<const char*>(data), size};
    const unipile::api_error error = unipile::decode::parse_error_body(418, body);
    const bool bounded = error.type.size() <= error.longest_type && error.detail.size() <= error.longest_text &&
                         unipile::is_valid_utf8(error.type) && unipile::is_valid_utf8(error.detail);
    if (!bounded || error.status != 418 || error.type.size() > size || error.detail.size() > size) std::abort();
    return 0;
}
