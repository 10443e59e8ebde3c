#include "request_target.hpp"

#include "fail.hpp"

#include <algorithm>
#include <array>

namespace unipile::http {
namespace {

constexpr std::size_t longest_field = 2048;

constexpr std::array<bool, 256> unreserved = [] {
    std::array<bool, 256> table{};
    for (unsigned c = 'a'; c <= 'z'; ++c) table[c] = true;
    for (unsigned c = 'A'; c <= 'Z'; ++c) table[c] = true;
    for (unsigned c = '0'; c <= '9'; ++c) table[c] = true;
    for (const char c : {'-', '.', '_', '~'}) table[static_cast<unsigned char>(c)] = true;
    return table;
}();

bool is_control(char c) noexcept
{
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
}

void check_field(std::string_view text, const char* name)
{
    if (text.empty()) fail(errc::invalid_query, std::string(name) + " is empty");
    if (text.size() > longest_field) fail(errc::invalid_query, std::string(name) + " is longer than 2048 bytes");
    if (has_control_character(text)) fail(errc::invalid_query, std::string(name) + " holds a control character");
}

}  // namespace

bool has_control_character(std::string_view text) noexcept { return std::any_of(text.begin(), text.end(), is_control); }

void append_encoded(std::string& to, std::string_view text)
{
    constexpr std::string_view digits = "0123456789ABCDEF";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (unreserved[byte]) {
            to += c;
        } else {
            to += '%';
            to += digits[byte >> 4];
            to += digits[byte & 15];
        }
    }
}

std::string listing_target(const origin& server, std::string_view identifier, std::string_view account_id, int limit,
                           bool is_company, std::string_view cursor)
{
    check_field(identifier, "identifier");
    check_field(account_id, "account");
    if (identifier == "." || identifier == "..") fail(errc::invalid_query, "identifier can't be a path segment");
    if (limit < 1 || limit > 100) fail(errc::invalid_query, "limit must be 1 to 100");

    std::string target;
    target.reserve(server.prefix.size() + identifier.size() + account_id.size() + cursor.size() + 96);
    target += server.prefix;
    target += "/api/v1/users/";
    append_encoded(target, identifier);
    target += "/posts?account_id=";
    append_encoded(target, account_id);
    target += "&limit=";
    target += std::to_string(limit);
    if (is_company) target += "&is_company=true";
    if (!cursor.empty()) {
        target += "&cursor=";
        append_encoded(target, cursor);
    }
    if (!server.routed_port.empty()) {
        target += "&port=";
        target += server.routed_port;
    }
    return target;
}

std::string_view fault_of_key(std::string_view key) noexcept
{
    if (key.empty()) return "required; make one in the dashboard";
    if (key.size() > 8192) return "longer than 8192 bytes";
    if (has_control_character(key)) return "holds a control character, a line end of its file perhaps; take it out";
    if (std::any_of(key.begin(), key.end(), [](char c) { return static_cast<unsigned char>(c) > 0x7e; }))
        return "holds a character outside ASCII";
    if (key.find(' ') != key.npos) return "holds a space; take it out";
    return {};
}

bool is_sendable_target(std::string_view target) noexcept
{
    return target.starts_with('/') && std::all_of(target.begin(), target.end(), [](char c) {
               const auto byte = static_cast<unsigned char>(c);
               return byte > 0x20 && byte < 0x7f && c != '#';
           });
}

}  // namespace unipile::http
