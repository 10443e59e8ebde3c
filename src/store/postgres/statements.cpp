#include "store/postgres/statements.hpp"

#include <unipile/utf8.hpp>

#include <algorithm>

namespace unipile::store::postgres {

bool is_storable(std::string_view text) { return text.find('\0') == std::string_view::npos && is_valid_utf8(text); }

std::string storable_text(std::string_view text)
{
    std::string out = is_valid_utf8(text) ? std::string(text) : to_valid_utf8(text);
    std::replace(out.begin(), out.end(), '\0', '?');
    return out;
}

}  // namespace unipile::store::postgres
