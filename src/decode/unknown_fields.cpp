#include <unipile/unknown_fields.hpp>

#include "decode/schema.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <boost/system/error_code.hpp>

#include <algorithm>
#include <array>
#include <limits>
#include <span>
#include <string>

namespace unipile {
namespace {

namespace json = boost::json;
using decode::field_rule;

/// The rules of an object's fields, copied while this compiles: the readers in its table exist within the parser only.
template <class T>
constexpr auto rules_of = [] {
    constexpr auto& table = decode::schema<T>::table;
    std::array<field_rule, static_cast<std::size_t>(table.size())> rules{};
    for (std::size_t i = 0; i < rules.size(); ++i) rules[i] = table[static_cast<int>(i)];
    return rules;
}();

/// The objects within an item, each at the path that the field in which it stands has.
struct object_rule {
    std::string_view path;
    std::span<const field_rule> fields;

    const field_rule* field(std::string_view name) const noexcept
    {
        const auto at = std::find_if(fields.begin(), fields.end(), [&](const field_rule& f) { return f.name == name; });
        return at == fields.end() ? nullptr : &*at;
    }
};

constexpr std::array inner_objects{
    object_rule{"author", rules_of<author>},
    object_rule{"reposted_by", rules_of<author>},
    object_rule{"written_by", rules_of<written_by>},
    object_rule{"permissions", rules_of<permissions>},
    object_rule{"repost_content", rules_of<repost_content>},
    object_rule{"repost_content.author", rules_of<author>},
    object_rule{"poll", rules_of<poll>},
    object_rule{"poll.options[]", rules_of<poll_option>},
    object_rule{"group", rules_of<group>},
    object_rule{"analytics", rules_of<analytics>},
    object_rule{"article", rules_of<article>},
    object_rule{"attachments[]", rules_of<decode::attachment_fields>},
    object_rule{"attachments[].size", rules_of<pixel_size>},
    object_rule{"mentions[]", rules_of<mention>},
    object_rule{"caption", rules_of<instagram_caption>},
    object_rule{"video", rules_of<instagram_media>},
    object_rule{"preview_image", rules_of<instagram_media>},
    object_rule{"owner", rules_of<instagram_owner>},
    object_rule{"location", rules_of<instagram_location>},
};

constexpr const object_rule* rule_at(std::string_view path) noexcept
{
    for (const object_rule& rule : inner_objects)
        if (rule.path == path) return &rule;
    return nullptr;
}

consteval bool each_path_has_its_rule()
{
    bool all = true;
    decode::all_objects::for_each_rule(
        [&all](const field_rule& f) { all = all && (f.path.empty() || rule_at(f.path) != nullptr); });
    return all;
}
static_assert(each_path_has_its_rule());

constexpr object_rule whole_item{{}, rules_of<decode::item_fields>};

class finder {
public:
    using visitor = std::function<void(std::string_view path, std::string_view json)>;

    finder(unsigned owner, const visitor& visit) : owner_(owner), visit_(visit) {}

    void read(const object_rule& rule, const json::value& object)
    {
        if (!object.is_object()) return;
        for (const auto& [key, value] : object.get_object()) {
            const field_rule* const field = rule.field({key.data(), key.size()});
            if (field == nullptr || (field->owner != 0 && (field->owner & owner_) == 0))
                tell(rule, {key.data(), key.size()}, value);
            else if (!field->path.empty())
                read_inner(*rule_at(field->path), value);
        }
    }

private:
    void read_inner(const object_rule& rule, const json::value& value)
    {
        if (!value.is_array()) return read(rule, value);
        for (const json::value& element : value.get_array()) read(rule, element);
    }
    void tell(const object_rule& rule, std::string_view key, const json::value& value) const
    {
        std::string path{rule.path};
        if (!path.empty()) path += '.';
        path += key;
        visit_(path, json::serialize(value));
    }

    unsigned owner_;
    const visitor& visit_;
};

}  // namespace

void unknown_fields(const post& p, const std::function<void(std::string_view path, std::string_view json)>& visit)
{
    if (p.provider() == provider::unknown) return;
    json::parse_options options;
    options.max_depth = std::numeric_limits<std::size_t>::max();  // it was bounded when the post was read
    options.allow_invalid_utf8 = true;
    boost::system::error_code error;
    const json::value whole = json::parse(p.json(), error, {}, options);
    if (error) return;
    finder{p.provider() == provider::linkedin ? decode::of_linkedin : decode::of_instagram, visit}.read(whole_item,
                                                                                                        whole);
}

}  // namespace unipile
