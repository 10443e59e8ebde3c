#include "simulator/errors.hpp"

namespace unipile::simulator {
namespace {

struct usual {
    std::string_view type, title, detail;
};

// Titles and details of types that were seen; other types have their name as the title.
constexpr usual known[] = {
    {"errors/too_many_requests", "Too many requests",
     "The provider cannot accept any more requests at the moment. Please try again later."},
    {"errors/missing_credentials", "Missing credentials", ""},
    {"errors/disconnected_account", "Disconnected account",
     "The account appears to be disconnected from the provider."},
    {"errors/account_restricted", "Account restricted", "Access to this account has been restricted by the provider."},
    {"errors/invalid_account", "Invalid account", "The account is unknown or not fit for this request."},
    {"errors/invalid_recipient", "Recipient cannot be reached", "The identifier is locked, wrong or unknown."},
    {"errors/unprocessable_entity", "Unprocessable entity", "The cursor is not valid for this listing."},
    {"errors/unexpected_error", "Unexpected error", "Something went wrong."},
    {"errors/provider_error", "Provider error", "The provider is experiencing operational problems."},
    {"errors/service_unavailable", "Service unavailable", "Please try again later."},
    {"errors/request_timeout", "Request timeout", "The request timed out."},
};

std::string title_from(std::string_view type)
{
    std::string title(type.substr(type.find('/') + 1));
    for (char& c : title)
        if (c == '_') c = ' ';
    if (!title.empty() && title[0] >= 'a' && title[0] <= 'z') title[0] = static_cast<char>(title[0] - 'a' + 'A');
    return title;
}

/// Types may come from the user of the simulator, too.
void append_escaped(std::string& out, std::string_view text)
{
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
    }
}

void append_member(std::string& out, std::string_view name, std::string_view text)
{
    ((out += ",\"") += name) += "\":\"";
    append_escaped(out, text);
    out += '"';
}

}  // namespace

std::string_view usual_type(unsigned status)
{
    switch (status) {
        case 400: return "errors/invalid_parameters";
        case 401: return "errors/missing_credentials";
        case 403: return "errors/account_restricted";
        case 404: return "errors/resource_not_found";
        case 408:
        case 504: return "errors/request_timeout";
        case 422: return "errors/unprocessable_entity";
        case 429: return "errors/too_many_requests";
        case 501: return "errors/not_implemented";
        case 502: return "errors/proxy_error";
        case 503: return "errors/service_unavailable";
        default: return "errors/unexpected_error";
    }
}

std::string error_body(unsigned status, std::string_view type, std::string_view detail)
{
    std::string title;
    for (const auto& each : known)
        if (each.type == type) {
            title = each.title;
            if (detail.empty()) detail = each.detail;
        }
    if (title.empty()) title = title_from(type);
    std::string body = "{\"status\":" + std::to_string(status);
    append_member(body, "type", type);
    append_member(body, "title", title);
    if (!detail.empty()) append_member(body, "detail", detail);
    if (type == "errors/invalid_credentials_but_valid_account_imap")
        body += R"(,"connectionParams":{"imap_host":"imap.example.com","imap_encryption":"TLS","imap_port":993,)"
                R"("imap_user":"someone","smtp_host":"smtp.example.com","smtp_port":587,"smtp_user":"someone"})";
    return body += '}';
}

std::string html_body(unsigned status)
{
    const auto code = std::to_string(status);
    return "<html>\r\n<head><title>" + code + " Bad Gateway</title></head>\r\n<body>\r\n<center><h1>" + code +
           " Bad Gateway</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n";
}

}  // namespace unipile::simulator
