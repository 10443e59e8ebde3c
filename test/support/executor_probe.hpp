// A completion token that starts nothing: an operation returns the executor of its initiation.
#pragma once

#include <boost/asio/async_result.hpp>

#include <type_traits>

namespace unipile::test {

struct executor_probe {};
struct no_executor {};

}  // namespace unipile::test

template <class Signature>
struct boost::asio::async_result<unipile::test::executor_probe, Signature> {
    template <class Initiation, class... Arguments>
    static auto initiate(Initiation&& initiation, unipile::test::executor_probe, Arguments&&...)
    {
        if constexpr (requires { typename std::remove_cvref_t<Initiation>::executor_type; })
            return typename std::remove_cvref_t<Initiation>::executor_type(initiation.get_executor());
        else
            return unipile::test::no_executor();
    }
};
