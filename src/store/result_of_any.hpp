// Calls the function of an engine for an operation of any type.
#pragma once

#include <unipile/store/operations.hpp>

#include <type_traits>
#include <variant>

namespace unipile::store {

/// Returns what `apply` returns for the operation; nothing if that is void, or if `apply` can't be called with it.
template <class F>
operation_result result_of_any(const operation& any, F apply)
{
    return std::visit(
        [&apply]<class Op>(const Op& op) -> operation_result {
            if constexpr (std::is_invocable_v<F&, const Op&>) {
                if constexpr (std::is_void_v<typename Op::result>)
                    apply(op);
                else
                    return apply(op);
            }
            return {};
        },
        any);
}

}  // namespace unipile::store
