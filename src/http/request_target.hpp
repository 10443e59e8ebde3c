// The target of a request, in its encoded form.
#pragma once

#include "base_url.hpp"

#include <string>
#include <string_view>

namespace unipile::http {

/// Appends `text` with all bytes except the unreserved ones (letters, digits, `-._~`) as %XX: one path segment, or one
/// value of a query.
void append_encoded(std::string& to, std::string_view text);

/// Returns the target of a listing's request. `cursor` empty: the first page. Throws failure(errc::invalid_query) for
/// an account or identifier that is empty, above 2048 bytes, or has a control character; for an identifier `.` or `..`,
/// which servers resolve even if encoded; and for a limit outside 1..100.
std::string listing_target(const origin& server, std::string_view identifier, std::string_view account_id, int limit,
                           bool is_company, std::string_view cursor);

/// Returns why `key` can't be sent, or an empty text. Never contains the key.
std::string_view fault_of_key(std::string_view key) noexcept;

/// Returns true if a request target can be sent as it is.
bool is_sendable_target(std::string_view target) noexcept;

bool has_control_character(std::string_view text) noexcept;

}  // namespace unipile::http
