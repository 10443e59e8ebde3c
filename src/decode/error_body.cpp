#include "decode/error_body.hpp"

#include <boost/json/monotonic_resource.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <cmath>
#include <new>
#include <string>

namespace unipile::decode {
namespace {

namespace json = boost::json;

/// Returns the beginning of UTF-8 text, up to the end of a character.
std::string_view beginning(std::string_view text, std::size_t most) noexcept
{
    if (text.size() <= most) return text;
    while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0) == 0x80) --most;
    return text.substr(0, most);
}

std::optional<std::string> text_of(const json::object& object, std::string_view key,
                                   std::size_t most = api_error::longest_text)
{
    const json::value* value = object.if_contains({key.data(), key.size()});
    const json::string* text = value ? value->if_string() : nullptr;
    if (!text) return std::nullopt;
    return std::string(beginning({text->data(), text->size()}, most));
}

std::optional<int> port_of(const json::object& object, std::string_view key)
{
    const json::value* value = object.if_contains({key.data(), key.size()});
    if (!value || !value->is_number()) return std::nullopt;
    const double number = value->to_number<double>();
    if (!(number >= 0 && number <= 65535) || std::trunc(number) != number) return std::nullopt;
    return static_cast<int>(number);
}

connection_params params_of(const json::object& object)
{
    connection_params params;
    params.imap_host = text_of(object, "imap_host");
    params.imap_encryption = text_of(object, "imap_encryption");
    params.imap_user = text_of(object, "imap_user");
    params.smtp_host = text_of(object, "smtp_host");
    params.smtp_user = text_of(object, "smtp_user");
    params.imap_port = port_of(object, "imap_port");
    params.smtp_port = port_of(object, "smtp_port");
    return params;
}

}  // namespace

api_error parse_error_body(unsigned status, std::string_view body)
{
    api_error result;
    result.status = status;
    unsigned char buffer[4096];
    json::monotonic_resource memory{buffer};
    boost::system::error_code error;
    const json::value parsed = json::parse({body.data(), body.size()}, error, &memory);
    const json::object* object = error ? nullptr : parsed.if_object();
    if (!object) return result;
    result.type = text_of(*object, "type", api_error::longest_type).value_or(std::string{});
    result.title = text_of(*object, "title").value_or(std::string{});
    result.detail = text_of(*object, "detail").value_or(std::string{});
    result.instance = text_of(*object, "instance").value_or(std::string{});
    if (const json::value* params = object->if_contains("connectionParams"); params && params->is_object())
        result.connection_params = params_of(params->get_object());
    return result;
}

}  // namespace unipile::decode
