// What a request may be given for itself: deadlines, header fields, parameters.
#pragma once

#include <unipile/call_options.hpp>

#include <string>

namespace unipile::http {

struct request_settings {
    unipile::deadlines deadlines;
    std::string fields;      ///< as sent, each with its line end
    std::string parameters;  ///< as sent, each with the `&` before it
};

/// Throws failure(errc::invalid_query) with one line that says what to change.
request_settings make_request_settings(unipile::deadlines deadlines, const call_options::fields& headers,
                                       const call_options::fields& parameters);

}  // namespace unipile::http
