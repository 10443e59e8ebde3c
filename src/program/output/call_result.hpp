// How calls of the system and operations end.
#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/error_code.hpp>

#include <cerrno>

namespace unipile::program {

/// Awaits an operation whose error is a part of its result.
inline constexpr auto as_result = boost::asio::as_tuple(boost::asio::use_awaitable);

/// `errno`.
inline boost::system::error_code last_error() { return {errno, boost::system::system_category()}; }

}  // namespace unipile::program
