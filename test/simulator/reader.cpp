#include "reader.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/string.hpp>

#include <set>

namespace reader {
namespace {

std::string encoded(std::string_view text)
{
    static constexpr char digits[] = "0123456789ABCDEF";
    std::string result;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
                           c == '_' || c == '.' || c == '~';
        if (plain) {
            result += c;
        } else {
            result += '%';
            result += digits[byte >> 4];
            result += digits[byte & 15];
        }
    }
    return result;
}

}  // namespace

std::string target(std::string_view account, std::string_view identifier, unsigned limit, bool is_company,
                   std::string_view cursor)
{
    auto result = "/api/v1/users/" + encoded(identifier) + "/posts?account_id=" + encoded(account);
    if (limit > 0) result += "&limit=" + std::to_string(limit);
    if (is_company) result += "&is_company=true";
    if (!cursor.empty()) result += "&cursor=" + encoded(cursor);
    return result;
}

sim::answer get(sim::responder& responder, const std::string& target, std::string_view key,
                sim::responder::time_point now)
{
    sim::request request;
    request.method = "GET";
    request.target = target;
    request.api_key = key;
    auto answer = responder.respond(request, now);
    responder.written(answer, answer.body->size(), !answer.disruption);
    return answer;
}

boost::json::value parse(std::string_view text)
{
    boost::json::parse_options options;
    options.allow_invalid_utf8 = true;
    return boost::json::parse({text.data(), text.size()}, {}, options);
}

page get_page(sim::responder& responder, const sim::profile& profile, unsigned limit, std::string_view cursor)
{
    page result;
    result.answer = get(responder, target(profile.account, profile.identifier, limit, profile.is_company, cursor));
    if (!result.answer.page) return result;
    result.body = parse(*result.answer.body);
    const auto& body = result.body.as_object();
    const auto* name = profile.provider == "LINKEDIN" ? "id" : "provider_id";
    for (const auto& item : body.at("items").as_array()) result.ids.emplace_back(item.at(name).as_string());
    if (const auto* cursor_text = body.if_contains("cursor"); cursor_text && cursor_text->is_string())
        result.cursor = std::string(cursor_text->get_string());
    return result;
}

listing follow(sim::responder& responder, const sim::profile& profile, unsigned limit, std::size_t most)
{
    listing result;
    std::set<std::string> followed;
    std::string cursor;
    while (result.pages < most) {
        const auto next = get_page(responder, profile, limit, cursor);
        result.last_status = next.answer.status;
        if (next.answer.status != 200) break;
        ++result.pages;
        if (next.ids.empty()) ++result.empty_pages;
        result.ids.insert(result.ids.end(), next.ids.begin(), next.ids.end());
        if (!next.cursor || next.cursor->empty()) break;
        cursor = *next.cursor;
        result.looped = !followed.insert(cursor).second;
        if (result.looped) break;
    }
    return result;
}

std::vector<sim::profile> profiles(const sim::responder& responder)
{
    std::vector<sim::profile> result;
    const auto& people = responder.everybody();
    for (std::uint32_t i = 0; i < people.profiles(); ++i) {
        const auto t = people.profile(i);
        result.push_back({t.identifier, t.who.is_company,
                          t.provider == sim::provider::linkedin ? "LINKEDIN" : "INSTAGRAM",
                          people.account_name(t.home)});
    }
    return result;
}

std::vector<std::string> unique(std::vector<std::string> ids)
{
    std::set<std::string> seen;
    std::erase_if(ids, [&](const std::string& id) { return !seen.insert(id).second; });
    return ids;
}

}  // namespace reader
