// The contents of a page besides its items.
#pragma once

#include "decode/page_decoder.hpp"

#include <unipile/client_options.hpp>

#include <boost/system/error_code.hpp>

#include <string_view>

namespace unipile::decode {

/// Reads a page without its items (`{"object":"PostList","items":[],"cursor":null}`) into `end`: cursor, page count,
/// and anomalies, which are added. `cursors_differ`: the page has several cursors, and none of them is used.
boost::system::error_code read_envelope(std::string_view json, const size_limits& limits, bool cursors_differ,
                                        page_end& end);

}  // namespace unipile::decode
