// The way to what is behind the public classes. Implementation detail; not part of the public API.
#pragma once

#include <utility>

namespace unipile::detail {

/// Befriended by each public class that has something behind it.
struct access {
    /// What a handle shares with the operations that it began.
    template <class Handle>
    static const auto& core(const Handle& h) noexcept
    {
        return h.core_;
    }
    /// What a value consists of.
    template <class Value>
    static const auto& parts(const Value& v) noexcept
    {
        return v.parts_;
    }
    template <class T, class... Arguments>
    static T make(Arguments&&... arguments)
    {
        return T(std::forward<Arguments>(arguments)...);
    }
};

}  // namespace unipile::detail
