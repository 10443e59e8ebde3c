// The library's messages, with the program's options in place of its fields.
#pragma once

#include <unipile/failure.hpp>

#include <boost/system/error_code.hpp>

#include <exception>
#include <string>

namespace unipile::program {

/// Returns what `code` means and what to do about it.
std::string message_of(const boost::system::error_code& code);

/// Returns the note of a failure, with the options in place of what the library calls their files.
std::string note_of(const failure& f);

/// Returns one line for an exception, safe for a terminal. In a complaint about a field of `client_options`, as
/// `client` throws it, the name of the option replaces that of the field.
std::string complaint_about(const std::exception& e);

}  // namespace unipile::program
