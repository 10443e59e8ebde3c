#include "program/stored/drift.hpp"

#include "program/terminal/figures.hpp"
#include "program/terminal/json_object.hpp"
#include "program/terminal/safe_text.hpp"

#include <unipile/post.hpp>
#include <unipile/unknown_fields.hpp>
#include <unipile/utf8.hpp>

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

namespace unipile::program {
namespace {

// Servers choose the names of unknown fields, and how many there are.
constexpr std::size_t most_told = 1'000;
constexpr std::size_t longest_name = 200;
// Enough to see what kind of value it is, and little of a person's text.
constexpr std::size_t longest_sample = 24;

std::string beginning(std::string_view json)
{
    std::string text = to_valid_utf8(json);
    if (text.size() <= longest_sample) return text;
    std::size_t end = longest_sample;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
    return text.substr(0, end) + "\u2026";
}

class gatherer {
public:
    void read(const store::stored_post& stored)
    {
        const auto parsed = post::parse(stored.json);
        if (!parsed) return;
        provider_ = stored.provider;
        id_ = stored.id;
        ++found_.posts[provider_];
        seen_.clear();
        unknown_fields(*parsed,
                       [this](std::string_view path, std::string_view json) { add(unknown_kind, path, json); });
        for (const anomaly& a : parsed->anomalies()) add(to_string(a.kind), a.path(), {});
    }
    drift take()
    {
        for (auto& kept : by_key_) found_.all.push_back(std::move(kept.second));
        std::sort(found_.all.begin(), found_.all.end(), [](const deviation& a, const deviation& b) {
            return std::tie(a.provider, a.kind, b.posts, a.field) < std::tie(b.provider, b.kind, a.posts, b.field);
        });
        return std::move(found_);
    }

private:
    using key = std::tuple<std::string, std::string, std::string>;

    void add(std::string_view kind, std::string_view path, std::string_view json)
    {
        key of{provider_, kind, plain_text(path.substr(0, longest_name))};
        if (!seen_.insert(of).second) return;  // in another element of the same array
        auto at = by_key_.find(of);
        if (at == by_key_.end()) {
            if (by_key_.size() == most_told) {
                ++found_.untold;
                return;
            }
            deviation d{provider_, std::string{kind}, std::get<2>(of), 0, id_, beginning(json)};
            at = by_key_.emplace(std::move(of), std::move(d)).first;
        }
        ++at->second.posts;
    }

    drift found_;
    std::map<key, deviation> by_key_;
    std::set<key> seen_;  ///< in this post
    std::string provider_, id_;
};

}  // namespace

drift read_drift(store::post_reader& reader, const store::post_filter& filter)
{
    gatherer all;
    reader.posts(filter, [&all](const store::stored_post& p) {
        all.read(p);
        return true;
    });
    return all.take();
}

std::string drift_text(const drift& d)
{
    std::string out;
    for (const auto& [provider, posts] : d.posts) {
        out += printable(provider) + ": " + counted(posts, "post", "posts") + '\n';
        bool any = false;
        for (const deviation& one : d.all) {
            if (one.provider != provider) continue;
            any = true;
            out += "  " + one.kind + ' ' + printable(one.field) + ": " + counted(one.posts, "post", "posts") +
                   ", first in " + printable(one.id, longest_name);
            if (!one.sample.empty()) out += ": " + printable(one.sample);
            out += '\n';
        }
        if (!any) out += "  all as this program knows it\n";
    }
    if (d.untold > 0) out += "and more than a thousand others, " + counted(d.untold, "time", "times") + '\n';
    return out.empty() ? "no posts\n" : out;
}

std::string drift_json(const drift& d)
{
    std::string out;
    for (const deviation& one : d.all) {
        json_object line;
        line.add_text("provider", one.provider);
        line.add_text("kind", one.kind);
        line.add_text("field", one.field);
        line.add_number("posts", one.posts);
        line.add_number("of", d.posts.at(one.provider));
        line.add_text("id", one.id);
        line.add_filled("sample", one.sample);
        out += line.finish() + '\n';
    }
    return out;
}

}  // namespace unipile::program
