// Access to the internals of public classes. Implementation detail; not part of the public API.
#pragma once

#include <utility>

#pragma GCC visibility push(default)
namespace unipile::detail {

/// A friend of each public class that has internals.
struct access {
    /// Returns the state that a handle shares with its operations.
    template <class Handle>
    static const auto& core(const Handle& h) noexcept
    {
        return h.core_;
    }
    /// Returns the parts of a value.
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
#pragma GCC visibility pop
