#include "answer_header.hpp"

#include <boost/beast/core/string.hpp>

#include <algorithm>

namespace unipile::http {

using boost::beast::iequals;

bool may_be_answer(std::string_view start) noexcept
{
    constexpr std::string_view wanted = "HTTP/1.";
    const auto n = std::min(start.size(), wanted.size());
    return start.substr(0, n) == wanted.substr(0, n);
}

bool may_be_json(std::string_view content_type) noexcept
{
    std::string_view type = content_type.substr(0, content_type.find(';'));
    type = type.substr(0, type.find_last_not_of(" \t") + 1);
    if (type.empty()) return true;
    for (const std::string_view generic : {"application/json", "text/json", "text/plain", "application/octet-stream"})
        if (iequals(type, generic)) return true;
    return type.size() > 5 && iequals(type.substr(type.size() - 5), "+json") &&
           (iequals(type.substr(0, 12), "application/") || iequals(type.substr(0, 5), "text/"));
}

verdict judge(const answer_header& header, bool gzip_offered, std::uint64_t page_limit) noexcept
{
    if (header.status >= 300 && header.status < 400 && header.status != 304 && header.located)
        return {errc::unexpected_redirect, false};
    if (header.contradiction != nullptr) return {errc::unsupported_framing, false};
    const bool decodable = header.encoding == body_encoding::identity ||
                           (header.encoding == body_encoding::gzip && gzip_offered) ||
                           header.framing == body_framing::none;
    if (header.status == 200) {
        if (header.framing == body_framing::unknown) return {errc::unsupported_framing, false};
        if (!decodable) return {errc::unsupported_encoding, false};
        if (!may_be_json(header.content_type)) return {errc::not_json, false};
        if (header.framing == body_framing::length && header.encoding == body_encoding::identity &&
            header.length > page_limit)
            return {errc::page_too_large, false};
    }
    return {{}, decodable && header.framing != body_framing::unknown};
}

}  // namespace unipile::http
