#include <unipile/post.hpp>

#include "decode/item_parser.hpp"
#include "decode/scan.hpp"

#include <unipile/client_options.hpp>
#include <unipile/errc.hpp>
#include <unipile/utf8.hpp>

#include <ostream>

namespace unipile {

const char* to_string(provider p) noexcept
{
    switch (p) {
        case provider::linkedin: return "LINKEDIN";
        case provider::instagram: return "INSTAGRAM";
        case provider::unknown: break;
    }
    return "UNKNOWN";
}

std::ostream& operator<<(std::ostream& out, provider p) { return out << to_string(p); }

boost::system::result<post> post::parse(std::string_view json)
{
    while (!json.empty() && decode::is_space(json.front())) json.remove_prefix(1);
    while (!json.empty() && decode::is_space(json.back())) json.remove_suffix(1);
    if (!json.starts_with('{')) return make_error_code(errc::item_malformed);
    decode::item_parser parser{size_limits{}.depth - decode::depth_of_items};
    const decode::parse_status s = parser.parse(json.data(), json.data() + json.size(), true);
    if (s == decode::parse_status::too_deep) return make_error_code(errc::too_deep);
    const bool all = s == decode::parse_status::ok && parser.end_of_item() == json.data() + json.size();
    if (!all) return make_error_code(errc::item_malformed);
    return parser.take();
}

std::string_view post::valid_json(std::string& copy) const
{
    if (is_utf8()) return json();
    return copy = to_valid_utf8(json());
}

}  // namespace unipile
