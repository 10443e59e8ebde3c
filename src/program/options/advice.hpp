// What the library says, with the program's options in the place of its fields.
#pragma once

#include <boost/system/error_code.hpp>

#include <string>
#include <string_view>

namespace unipile::program {

/// What `code` means and what to do about it.
std::string message_of(const boost::system::error_code& code);

/// A complaint about a field of `client_options`, as `client` throws it, under the name of the option that sets it.
/// Other text stays as it is.
std::string complaint_about_option(std::string_view complaint);

}  // namespace unipile::program
