// What a request asks for, in the form that goes over the wire.
#pragma once

#include "base_url.hpp"

#include <string>
#include <string_view>

namespace unipile::http {

/// Appends `text` with every byte but the unreserved ones (letters, digits, `-._~`) as %XX: one path segment, or one
/// value of a query.
void append_encoded(std::string& to, std::string_view text);

/// The target of a listing's request. `cursor` empty: the first page. Throws failure(errc::invalid_query) for an
/// account or identifier that is empty, over 2048 bytes, holds a control character, or (the identifier) is `.` or
/// `..`, which servers resolve even where they are encoded; and for a limit outside 1..100.
std::string listing_target(const origin& server, std::string_view identifier, std::string_view account_id, int limit,
                           bool is_company, std::string_view cursor);

/// Why `key` can't be sent, or empty. The answer never repeats the key.
std::string_view fault_of_key(std::string_view key) noexcept;

/// True if a request target can stand in a request line as it is.
bool is_sendable_target(std::string_view target) noexcept;

bool has_control_character(std::string_view text) noexcept;

}  // namespace unipile::http
