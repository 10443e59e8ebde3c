// What the library says, with the program's options in the place of its fields.
#pragma once

#include <boost/system/error_code.hpp>

#include <exception>
#include <string>

namespace unipile::program {

/// What `code` means and what to do about it.
std::string message_of(const boost::system::error_code& code);

/// One line for what was thrown, safe for a terminal. A complaint about a field of `client_options`, as `client` throws
/// it, has the name of the option that sets the field.
std::string complaint_about(const std::exception& e);

}  // namespace unipile::program
