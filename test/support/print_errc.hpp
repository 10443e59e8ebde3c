// Lets Boost.Test show error codes.
#pragma once

#include <unipile/errc.hpp>

#include <optional>
#include <ostream>

namespace unipile {

inline std::ostream& operator<<(std::ostream& out, errc code)
{
    return out << static_cast<int>(code) << " (" << make_error_code(code).message() << ')';
}

}  // namespace unipile
