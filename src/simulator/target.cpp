#include "simulator/target.hpp"

#include <charconv>

namespace unipile::simulator {
namespace {

constexpr std::string_view prefix = "/api/v1/users/", suffix = "/posts";

int hex(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/// Decodes as a form decoder does: in a query a "+" is a blank.
std::optional<std::string> decoded(std::string_view text, bool in_query)
{
    std::string result;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '+' && in_query) {
            result += ' ';
        } else if (text[i] != '%') {
            result += text[i];
        } else {
            const int high = i + 2 < text.size() ? hex(text[i + 1]) : -1, low = high < 0 ? -1 : hex(text[i + 2]);
            if (low < 0) return std::nullopt;
            result += static_cast<char>(high * 16 + low);
            i += 2;
        }
    }
    return result;
}

parsed_target refused(unsigned status, std::string_view type, std::string_view detail)
{
    parsed_target result;
    result.status = status;
    result.type = type;
    result.detail = detail;
    return result;
}

parsed_target bad_parameter(std::string_view detail) { return refused(400, "errors/invalid_parameters", detail); }

/// The parameters of a query, each once; nullopt: absent.
struct parameters {
    std::optional<std::string> account, limit, is_company, cursor;
};

/// Returns what is wrong with the query, or nullptr. Unknown parameters are ignored.
const char* read(std::string_view query, parameters& result)
{
    while (!query.empty()) {
        const auto end = query.find('&');
        const auto part = query.substr(0, end);
        query = end == query.npos ? std::string_view{} : query.substr(end + 1);
        const auto equals = part.find('=');
        const auto name = decoded(part.substr(0, equals), true);
        auto value = decoded(equals == part.npos ? std::string_view{} : part.substr(equals + 1), true);
        if (!name || !value) return "The query is not percent-encoded correctly.";
        auto* place = *name == "account_id"   ? &result.account
                      : *name == "limit"      ? &result.limit
                      : *name == "is_company" ? &result.is_company
                      : *name == "cursor"     ? &result.cursor
                                              : nullptr;
        if (!place) continue;
        if (*place) return "A parameter is given twice.";
        *place = std::move(value);
    }
    return nullptr;
}

bool read_limit(std::string_view text, std::uint32_t& limit)
{
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), limit);
    return error == std::errc{} && end == text.data() + text.size() && limit >= 1 && limit <= 100;
}

parsed_target check(parameters&& given, std::string&& identifier)
{
    parsed_target result;
    if (!given.account) return refused(400, "errors/missing_parameters", "account_id is required.");
    if (given.account->empty()) return bad_parameter("account_id must not be empty.");
    if (given.limit && !read_limit(*given.limit, result.query.limit))
        return bad_parameter("limit must be an integer from 1 to 100.");
    if (given.is_company && *given.is_company != "true" && *given.is_company != "false")
        return bad_parameter("is_company must be true or false.");
    if (given.cursor && given.cursor->empty()) return bad_parameter("cursor must not be empty.");
    result.query.identifier = std::move(identifier);
    result.query.account = std::move(*given.account);
    result.query.is_company = given.is_company == "true";
    if (given.cursor) result.query.cursor = std::move(*given.cursor);
    return result;
}

}  // namespace

parsed_target parse_target(std::string_view target)
{
    const auto question = target.find('?');
    auto path = target.substr(0, question);
    const auto unknown = [] { return refused(404, "errors/resource_not_found", "There is no such route."); };
    if (!path.starts_with(prefix) || !path.ends_with(suffix) || path.size() <= prefix.size() + suffix.size())
        return unknown();
    path.remove_prefix(prefix.size());
    path.remove_suffix(suffix.size());
    if (path.find('/') != path.npos) return unknown();
    auto identifier = decoded(path, false);
    if (!identifier) return refused(400, "errors/malformed_request", "The path is not percent-encoded correctly.");
    parameters given;
    if (question != target.npos)
        if (const auto* wrong = read(target.substr(question + 1), given))
            return refused(400, "errors/malformed_request", wrong);
    return check(std::move(given), std::move(*identifier));
}

}  // namespace unipile::simulator
