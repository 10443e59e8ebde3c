// The text form of a timeline: JSON, since people look into stores.
#include <unipile/store/timeline.hpp>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <stdexcept>

namespace unipile::store {

namespace {

namespace json = boost::json;

constexpr int text_version = 1;

json::value time_value(unix_time t) { return json::value(t.time_since_epoch().count()); }

json::value optional_time(const std::optional<unix_time>& t) { return t ? time_value(*t) : json::value(nullptr); }

// Throws for values that `text()` doesn't write; `parse` turns that into nothing.
template <class T>
T number(const json::object& o, std::string_view key)
{
    return o.at(key).to_number<T>();
}

unix_time time_of(const json::object& o, std::string_view key)
{
    return unix_time(std::chrono::milliseconds(number<std::int64_t>(o, key)));
}

std::optional<unix_time> optional_time_of(const json::object& o, std::string_view key)
{
    if (o.at(key).is_null()) return std::nullopt;
    return time_of(o, key);
}

std::string string_of(const json::object& o, std::string_view key)
{
    const auto& s = o.at(key).as_string();
    return {s.data(), s.size()};
}

}  // namespace

std::string timeline::text() const
{
    if (next_ == 1) return {};
    json::array stretches;
    for (const auto& s : stretches_)
        stretches.push_back(json::object{{"first", s.first},
                                         {"last", s.last},
                                         {"posts", s.posts},
                                         {"closed", s.closed},
                                         {"position", s.position},
                                         {"page", s.page},
                                         {"boundary", s.boundary},
                                         {"floor", optional_time(s.floor)},
                                         {"at", time_value(s.position_at)}});
    json::object walk{{"active", walk_.active},
                      {"full", walk_.mode == walk_mode::full},
                      {"max_posts", walk_.bounds.max_posts},
                      {"since", optional_time(walk_.bounds.since)},
                      {"since_run", walk_.bounds.since_run},
                      {"began", time_value(walk_.began)},
                      {"passed", walk_.passed},
                      {"unbroken", walk_.unbroken},
                      {"saved_position", walk_.saved_position},
                      {"want_overlap", walk_.want_overlap},
                      {"candidate", walk_.candidate},
                      {"in_a_row", walk_.in_a_row},
                      {"older_in_a_row", walk_.older_in_a_row},
                      {"left", walk_.left_position},
                      {"left_at", time_value(walk_.left_at)}};
    return json::serialize(json::object{
        {"version", text_version}, {"next", next_}, {"stretches", std::move(stretches)}, {"walk", std::move(walk)}});
}

std::optional<timeline> timeline::parse(std::string_view text, timeline_rules rules)
{
    timeline t(rules);
    if (text.empty()) return t;
    try {
        const json::value document = json::parse(text);
        const json::object& all = document.as_object();
        if (number<int>(all, "version") != text_version) return std::nullopt;
        t.next_ = number<std::uint32_t>(all, "next");
        for (const auto& entry : all.at("stretches").as_array()) {
            const json::object& o = entry.as_object();
            stretch s;
            s.first = number<std::uint32_t>(o, "first");
            s.last = number<std::uint32_t>(o, "last");
            s.posts = number<std::uint64_t>(o, "posts");
            s.closed = o.at("closed").as_bool();
            s.position = string_of(o, "position");
            s.page = string_of(o, "page");
            s.boundary = string_of(o, "boundary");
            s.floor = optional_time_of(o, "floor");
            s.position_at = time_of(o, "at");
            if (s.first == 0 || s.first > s.last || s.last >= t.next_) return std::nullopt;
            t.stretches_.push_back(std::move(s));
        }
        const json::object& w = all.at("walk").as_object();
        t.walk_.active = w.at("active").as_bool();
        t.walk_.mode = w.at("full").as_bool() ? walk_mode::full : walk_mode::update;
        t.walk_.bounds.max_posts = number<std::uint64_t>(w, "max_posts");
        t.walk_.bounds.since = optional_time_of(w, "since");
        t.walk_.bounds.since_run = number<unsigned>(w, "since_run");
        t.walk_.began = time_of(w, "began");
        t.walk_.passed = number<std::uint64_t>(w, "passed");
        t.walk_.unbroken = w.at("unbroken").as_bool();
        t.walk_.saved_position = w.at("saved_position").as_bool();
        t.walk_.want_overlap = w.at("want_overlap").as_bool();
        t.walk_.candidate = number<std::uint32_t>(w, "candidate");
        t.walk_.in_a_row = number<unsigned>(w, "in_a_row");
        t.walk_.older_in_a_row = number<unsigned>(w, "older_in_a_row");
        t.walk_.left_position = string_of(w, "left");
        t.walk_.left_at = time_of(w, "left_at");
        if (t.walk_.active && t.stretches_.empty()) return std::nullopt;
    } catch (const std::exception&) {
        return std::nullopt;
    }
    return t;
}

}  // namespace unipile::store
