// The text form of a timeline: JSON, readable for people.
#include <unipile/store/timeline.hpp>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <stdexcept>

namespace unipile::store {

namespace {

namespace json = boost::json;

constexpr int text_version = 4;

json::value time_value(wall_time t) { return json::value(t.time_since_epoch().count()); }

json::value optional_time(const std::optional<wall_time>& t) { return t ? time_value(*t) : json::value(nullptr); }

// Throws for values that `text()` does not write; `parse` then returns nothing.
template <class T>
T number(const json::object& o, std::string_view key)
{
    return o.at(key).to_number<T>();
}

wall_time time_of(const json::object& o, std::string_view key)
{
    return wall_time(std::chrono::milliseconds(number<std::int64_t>(o, key)));
}

std::optional<wall_time> optional_time_of(const json::object& o, std::string_view key)
{
    if (o.at(key).is_null()) return std::nullopt;
    return time_of(o, key);
}

std::string string_of(const json::object& o, std::string_view key)
{
    const auto& s = o.at(key).as_string();
    return {s.data(), s.size()};
}

json::value optional_number(const std::optional<std::uint64_t>& n)
{
    return n ? json::value(*n) : json::value(nullptr);
}

// The depth of a stretch, or of a walk that jumped.
template <class Depth>
json::object object_of(const Depth& d)
{
    return {{"position", d.position},    {"page", d.page},       {"boundary", d.boundary},
            {"at", time_value(d.given)}, {"bottom", d.bottom},   {"page_top", d.page_top},
            {"next_top", d.next_top},    {"missing", d.missing}, {"ended", d.ended}};
}

template <class Depth>
void read_depth(const json::object& o, Depth& d, int version)
{
    d.position = string_of(o, "position");
    d.page = string_of(o, "page");
    d.boundary = string_of(o, "boundary");
    d.given = time_of(o, "at");
    if (version == 1) return;
    d.bottom = number<std::uint64_t>(o, "bottom");
    d.page_top = number<std::uint64_t>(o, "page_top");
    d.next_top = number<std::uint64_t>(o, "next_top");
    if (version > 2) d.missing = number<std::uint64_t>(o, "missing");
    d.ended = o.at("ended").as_bool();
}

// Earlier versions did not store how an end was found; it counts as the least certain one.
template <class Stretch>
void read_end(const json::object& o, Stretch& s, int version)
{
    if (version < 3) {
        s.end = o.at("closed").as_bool() ? end_reason::empty_page : end_reason::none;
        return;
    }
    const auto how = parse_end_reason(string_of(o, "end"));
    if (!how) throw std::invalid_argument("unknown end");
    s.end = *how;
    s.empty_pages = number<unsigned>(o, "empty_pages");
    s.most_missing = number<std::uint64_t>(o, "most_missing");
    s.stayed = number<std::uint64_t>(o, "stayed");
}

template <class Stretch>
json::object stretch_object(const Stretch& s)
{
    json::object o = object_of(s.down);
    o["first"] = s.first;
    o["last"] = s.last;
    o["posts"] = s.posts;
    o["end"] = to_string(s.end);
    o["empty_pages"] = s.empty_pages;
    o["clean"] = s.clean;
    o["most_missing"] = s.most_missing;
    o["stayed"] = s.stayed;
    o["floor"] = optional_time(s.floor);
    o["bottom_seen"] = s.bottom_seen;
    return o;
}

template <class Walk>
json::object walk_object(const Walk& w)
{
    json::object o{{"active", w.active},
                   {"full", w.mode == walk_mode::full},
                   {"max_posts", w.bounds.max_posts},
                   {"since", optional_time(w.bounds.since)},
                   {"since_run", w.bounds.since_run},
                   {"began", time_value(w.began)},
                   {"passed", w.passed},
                   {"unbroken", w.unbroken},
                   {"saved_position", w.saved_position},
                   {"want_overlap", w.want_overlap},
                   {"candidate", w.candidate},
                   {"in_a_row", w.in_a_row},
                   {"older_in_a_row", w.older_in_a_row},
                   {"doubtful", w.doubtful},
                   {"second_look", w.second_look}};
    if (!w.left.position.empty()) o["left"] = object_of(w.left);
    return o;
}

template <class Walk>
void read_walk(const json::object& o, Walk& w, int version)
{
    w.active = o.at("active").as_bool();
    w.mode = o.at("full").as_bool() ? walk_mode::full : walk_mode::update;
    w.bounds.max_posts = number<std::uint64_t>(o, "max_posts");
    w.bounds.since = optional_time_of(o, "since");
    w.bounds.since_run = number<unsigned>(o, "since_run");
    w.began = time_of(o, "began");
    w.passed = number<std::uint64_t>(o, "passed");
    w.unbroken = o.at("unbroken").as_bool();
    w.saved_position = o.at("saved_position").as_bool();
    w.want_overlap = o.at("want_overlap").as_bool();
    w.candidate = number<std::uint32_t>(o, "candidate");
    w.in_a_row = number<unsigned>(o, "in_a_row");
    w.older_in_a_row = number<unsigned>(o, "older_in_a_row");
    if (version == 1) {
        w.left.position = w.left.boundary = string_of(o, "left");
        if (!w.left.position.empty()) w.left.given = time_of(o, "left_at");
        return;
    }
    w.doubtful = o.at("doubtful").as_bool();
    w.second_look = o.at("second_look").as_bool();
    if (const auto* left = o.if_contains("left")) read_depth(left->as_object(), w.left, version);
    if (w.left.position.empty()) w.left = {};
}

// From version 4 on, members that are as in a new object are not written: most of the text.
template <class T, class Function>
json::object without_defaults(const T& one, Function as_object)
{
    static const json::object usual = as_object(T());
    json::object o;
    for (const auto& member : as_object(one)) {
        const json::value* as_usual = usual.if_contains(member.key());
        if (!as_usual || *as_usual != member.value()) o.insert(member);
    }
    return o;
}

template <class T, class Function>
json::object with_defaults(const json::value& read, int version, Function as_object)
{
    static const json::object usual = as_object(T());
    json::object o = read.as_object();
    if (version > 3)
        for (const auto& member : usual) o.insert(member);
    return o;
}

}  // namespace

// Its own members.
struct timeline::text_form {
    static json::object of(const timeline& t)
    {
        return {{"next", t.next_},
                {"top", t.top_},
                {"ended_behind", optional_number(t.ended_behind_)},
                {"ended_after", t.ended_after_},
                {"refusals", t.refusals_},
                {"refused_at", time_value(t.refused_at_)},
                {"lost", t.lost_},
                {"doubts", t.doubts_},
                {"look_pending", t.look_pending_},
                {"looks", t.looks_},
                {"looked_at", time_value(t.looked_at_)},
                {"fewest_missing", optional_number(t.fewest_missing_)},
                {"alike", t.alike_}};
    }
};

std::string timeline::text() const
{
    if (next_ == 1) return {};
    json::object all{{"version", text_version}};
    for (const auto& member : without_defaults(*this, text_form::of)) all.insert(member);
    json::array stretches;
    for (const auto& s : stretches_) stretches.push_back(without_defaults(s, stretch_object<stretch>));
    all["stretches"] = std::move(stretches);
    all["walk"] = without_defaults(walk_, walk_object<walk_state>);
    return json::serialize(all);
}

std::optional<timeline> timeline::parse(std::string_view text, timeline_rules rules)
{
    timeline t(rules);
    if (text.empty()) return t;
    try {
        const json::value document = json::parse(text);
        const int version = number<int>(document.as_object(), "version");
        if (version < 1 || version > text_version) return std::nullopt;
        const json::object all = with_defaults<timeline>(document, version, text_form::of);
        t.next_ = number<std::uint32_t>(all, "next");
        if (t.next_ < 2) return std::nullopt;
        for (const auto& entry : all.at("stretches").as_array()) {
            const json::object o = with_defaults<stretch>(entry, version, stretch_object<stretch>);
            stretch s;
            s.first = number<std::uint32_t>(o, "first");
            s.last = number<std::uint32_t>(o, "last");
            s.posts = number<std::uint64_t>(o, "posts");
            s.floor = optional_time_of(o, "floor");
            if (version > 1) s.bottom_seen = number<std::uint32_t>(o, "bottom_seen");
            if (version > 1) s.clean = o.at("clean").as_bool();
            read_end(o, s, version);
            read_depth(o, s.down, version);
            if (version == 2 && o.at("short").as_bool()) {
                s.clean = false;
                t.doubts_ |= short_page_above;
                t.look_pending_ = true;
            }
            if (s.first == 0 || s.first > s.last || s.last >= t.next_) return std::nullopt;
            t.stretches_.push_back(std::move(s));
        }
        read_walk(with_defaults<walk_state>(all.at("walk"), version, walk_object<walk_state>), t.walk_, version);
        if (t.walk_.active && t.stretches_.empty()) return std::nullopt;
        if (version == 1) return t;
        if (!all.at("ended_behind").is_null()) t.ended_behind_ = number<std::uint64_t>(all, "ended_behind");
        t.ended_after_ = number<std::uint64_t>(all, "ended_after");
        t.refusals_ = number<unsigned>(all, "refusals");
        t.refused_at_ = time_of(all, "refused_at");
        t.lost_ = all.at("lost").as_bool();
        t.doubts_ |= number<unsigned>(all, "doubts");
        t.look_pending_ = t.look_pending_ || all.at("look_pending").as_bool();
        t.looks_ = number<unsigned>(all, "looks");
        t.looked_at_ = time_of(all, "looked_at");
        if (version == 2) return t;
        if (!all.at("fewest_missing").is_null()) t.fewest_missing_ = number<std::uint64_t>(all, "fewest_missing");
        t.alike_ = number<unsigned>(all, "alike");
        if (version > 3) t.top_ = number<std::uint64_t>(all, "top");
    } catch (const std::exception&) {
        return std::nullopt;
    }
    return t;
}

}  // namespace unipile::store
