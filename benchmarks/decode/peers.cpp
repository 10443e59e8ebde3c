#include "peers.hpp"

#include <boost/json/monotonic_resource.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#if defined(__SSE4_2__)
#define RAPIDJSON_SSE42
#endif
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wclass-memaccess"
#endif
#include <rapidjson/document.h>
#include <rapidjson/reader.h>

namespace unipile::peers {
namespace {

/// What the posts' ids and counters add up to, from either DOM.
std::uint64_t sum_of(std::size_t id_length, std::uint64_t count) { return id_length + count; }

struct counting_handler : rapidjson::BaseReaderHandler<rapidjson::UTF8<>, counting_handler> {
    std::uint64_t sum = 0;
    bool String(const char*, rapidjson::SizeType n, bool) { return (sum += n, true); }
    bool Uint(unsigned n) { return (sum += n, true); }
};

}  // namespace

std::uint64_t boost_json_dom(const std::string& page)
{
    boost::json::monotonic_resource memory(2 * page.size());
    const boost::json::value document = boost::json::parse({page.data(), page.size()}, &memory);
    const boost::json::array& items = document.at("items").as_array();
    std::uint64_t sum = items.size();
    for (const boost::json::value& item : items) {
        const boost::json::object& post = item.as_object();
        const boost::json::value* id = post.if_contains("id");
        if (!id) id = &post.at("provider_id");
        const boost::json::value* count = post.if_contains("reaction_counter");
        if (!count) count = &post.at("like_count");
        sum += sum_of(id->as_string().size(), static_cast<std::uint64_t>(count->as_int64()));
    }
    return sum;
}

std::uint64_t rapidjson_dom(const std::string& page)
{
    rapidjson::Document document;
    document.Parse<rapidjson::kParseValidateEncodingFlag>(page.data(), page.size());
    const auto& items = document["items"];
    std::uint64_t sum = items.Size();
    for (const auto& post : items.GetArray()) {
        auto id = post.FindMember("id");
        if (id == post.MemberEnd()) id = post.FindMember("provider_id");
        auto count = post.FindMember("reaction_counter");
        if (count == post.MemberEnd()) count = post.FindMember("like_count");
        sum += sum_of(id->value.GetStringLength(), count->value.GetUint64());
    }
    return sum;
}

std::uint64_t rapidjson_sax(const std::string& page)
{
    rapidjson::Reader reader;
    counting_handler handler;
    rapidjson::StringStream stream(page.c_str());
    reader.Parse<rapidjson::kParseDefaultFlags>(stream, handler);
    return handler.sum;
}

}  // namespace unipile::peers
