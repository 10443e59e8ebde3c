// All that a decoded page says, as text, so that two decodings can be compared.
#pragma once

#include "decode/page_decoder.hpp"

#include <unipile/post.hpp>

#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace unipile {

/// For Boost.Test.
inline std::ostream& operator<<(std::ostream& out, errc e) { return out << make_error_code(e); }

}  // namespace unipile

namespace unipile::test {

/// Every typed field, every anomaly and the exact JSON of a post, one a line.
std::string describe(const post& p);

/// Feeds `page` in the given pieces and describes all that comes out, the error included.
std::string decode_pieces(const std::vector<std::string_view>& pieces, const size_limits& limits = {},
                          bool strict = false);

inline std::string decode_whole(std::string_view page, const size_limits& limits = {}, bool strict = false)
{
    return decode_pieces({page}, limits, strict);
}

/// The posts among the items that were not taken yet.
std::vector<post> posts_of(decode::page_decoder& decoder);

inline post read(std::string_view json) { return post::parse(json).value(); }

/// A page around these items.
inline std::string page_of(std::string_view items)
{
    return R"({"object":"PostList","items":[)" + std::string(items) + R"(],"cursor":null,"paging":{"page_count":1}})";
}

/// `kind path` of each anomaly.
std::vector<std::string> anomalies_of(const post& p);

}  // namespace unipile::test
