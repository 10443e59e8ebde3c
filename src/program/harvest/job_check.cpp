#include "program/harvest/job_check.hpp"

#include <unipile/utf8.hpp>

#include <algorithm>
#include <array>
#include <cstddef>

namespace unipile::program {
namespace {

/// LinkedIn's company numbers currently have at most ten digits.
constexpr std::size_t longest_company = 15;

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
bool is_control(char c) noexcept { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }
bool separates(char c) noexcept { return c == ' ' || c == ',' || c == ';' || c == '"'; }

template <class Predicate>
bool any(std::string_view text, Predicate p)
{
    return std::any_of(text.begin(), text.end(), p);
}

bool is_number(std::string_view text) { return !text.empty() && std::all_of(text.begin(), text.end(), is_digit); }

/// Returns true for `2.16E+05`, and with `plain` for `1000010.0` and `1.000.010`.
bool is_spreadsheet_number(std::string_view text, bool plain)
{
    if (text.empty() || !is_digit(text.front()) || !is_digit(text.back())) return false;
    const auto exponent = text.find_first_of("eE");
    if (exponent != std::string_view::npos) {
        const std::string_view rest = text.substr(exponent + 1);
        return (rest.front() == '+' || rest.front() == '-') && is_number(rest.substr(1)) &&
               !any(text.substr(0, exponent), [](char c) { return !is_digit(c) && c != '.' && c != ','; });
    }
    return plain && any(text, [](char c) { return c == '.' || c == ','; }) &&
           !any(text, [](char c) { return !is_digit(c) && c != '.' && c != ','; });
}

bool is_address(std::string_view text)
{
    constexpr std::array<std::string_view, 4> parts{"://", "www.", "linkedin.com", "instagram.com"};
    return std::any_of(parts.begin(), parts.end(),
                       [text](std::string_view part) { return text.find(part) != std::string_view::npos; });
}

std::string complaint_about_company(std::string_view identifier)
{
    if (!is_number(identifier))
        return "a company's identifier is its LinkedIn number, digits only; for a person leave company out or write "
               "false";
    if (identifier.size() > longest_company) return "a company's number has no more than 15 digits";
    return {};
}

}  // namespace

std::string complaint_about(const job_line& job)
{
    if (job.identifier.empty()) return "the identifier is missing";
    if (job.account.empty()) return "the account is missing; add it, or name one for all with --account";
    if (any(job.account, is_control)) return "there are control characters in the account";
    if (any(job.identifier, is_control)) return "there are control characters in it";
    if (!is_valid_utf8(job.identifier) || !is_valid_utf8(job.account))
        return "it is no text in UTF-8; save the file as UTF-8";
    if (is_address(job.identifier))
        return "this is an address, not an identifier; take the provider_id that the API's profile endpoint gives for "
               "it (GET /api/v1/users/NAME): ACo… for a person, a number for a company";
    if (is_spreadsheet_number(job.identifier, job.is_company))
        return "this is a number as a spreadsheet shows it; format the column as text there and export it again";
    if (job.identifier == "." || job.identifier == "..")
        return "a dot, or two, is no identifier: an address would lose it";
    if (any(job.identifier, separates)) return "an identifier has no blanks, commas, semicolons or quotes";
    return job.is_company ? complaint_about_company(job.identifier) : std::string{};
}

bool looks_like_linkedin_id(std::string_view identifier) noexcept
{
    constexpr std::size_t shortest = 20;
    return identifier.size() >= shortest && (identifier.starts_with("AC") || identifier.starts_with("AD"));
}

}  // namespace unipile::program
