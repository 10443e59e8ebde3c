// Names and texts for generated posts, escaped for JSON.
#pragma once

#include "simulator/random.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace unipile::simulator {

/// Appends sentences until `length` bytes are reached.
void append_text(std::string& out, rng& random, std::size_t length);
/// Appends `length` characters of the base64url alphabet.
void append_token(std::string& out, rng& random, std::size_t length);
void append_number(std::string& out, std::uint64_t value);
/// Appends `YYYY-MM-DDTHH:MM:SS.mmmZ` for Unix milliseconds.
void append_time(std::string& out, std::int64_t milliseconds);

std::string_view first_name(std::uint64_t hash);
std::string_view last_name(std::uint64_t hash);
std::string_view company_word(std::uint64_t hash);
std::string_view headline(std::uint64_t hash);
std::string_view place(std::uint64_t hash);
/// Returns a word for a user name or a slug: lower case ASCII.
std::string_view slug_word(std::uint64_t hash);

}  // namespace unipile::simulator
