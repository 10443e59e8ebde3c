#include "request_settings.hpp"

#include "durations.hpp"
#include "fail.hpp"
#include "request_target.hpp"

#include <boost/beast/core/string.hpp>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string_view>

namespace unipile::http {
namespace {

constexpr std::size_t most = 8 * 1024;

constexpr std::array<std::string_view, 14> own_fields{"Host",
                                                      "Accept",
                                                      "X-API-KEY",
                                                      "Accept-Encoding",
                                                      "User-Agent",
                                                      "Connection",
                                                      "Content-Length",
                                                      "Keep-Alive",
                                                      "Expect",
                                                      "Transfer-Encoding",
                                                      "TE",
                                                      "Trailer",
                                                      "Upgrade",
                                                      "Proxy-Authorization"};
constexpr std::array<std::string_view, 5> own_parameters{"account_id", "cursor", "limit", "is_company", "port"};

bool is_token(std::string_view name) noexcept
{
    constexpr std::string_view others = "!#$%&'*+-.^_`|~";
    return !name.empty() && std::all_of(name.begin(), name.end(), [&](char c) {
        const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        return letter || (c >= '0' && c <= '9') || others.find(c) != others.npos;
    });
}

void add_field(std::string& to, const std::string& name, const std::string& value)
{
    if (!is_token(name)) fail(errc::invalid_query, "the name of a header field is no token");
    for (const std::string_view own : own_fields)
        if (boost::beast::iequals(own, name))
            fail(errc::invalid_query, name + " is a header field of the library's own");
    if (has_control_character(value))
        fail(errc::invalid_query, "the value of the header field " + name + " holds a control character");
    to.append(name).append(": ").append(value).append("\r\n");
}

void add_parameter(std::string& to, const std::string& name, const std::string& value)
{
    if (name.empty()) fail(errc::invalid_query, "the name of a parameter is empty");
    if (std::find(own_parameters.begin(), own_parameters.end(), name) != own_parameters.end())
        fail(errc::invalid_query, name + " is a parameter of the library's own");
    to += '&';
    append_encoded(to, name);
    to += '=';
    append_encoded(to, value);
}

}  // namespace

request_settings make_request_settings(unipile::deadlines deadlines, const call_options::fields& headers,
                                       const call_options::fields& parameters)
{
    request_settings result;
    try {
        bound_deadlines(deadlines);
    } catch (const std::invalid_argument& e) {
        fail(errc::invalid_query, e.what());
    }
    result.deadlines = deadlines;
    for (const auto& [name, value] : headers) add_field(result.fields, name, value);
    for (const auto& [name, value] : parameters) add_parameter(result.parameters, name, value);
    if (result.fields.size() > most) fail(errc::invalid_query, "the header fields are longer than 8 KiB");
    if (result.parameters.size() > most) fail(errc::invalid_query, "the parameters are longer than 8 KiB");
    return result;
}

}  // namespace unipile::http
