// The text form of a fault.
#include <unipile/simulator/fault.hpp>

#include <algorithm>
#include <charconv>
#include <initializer_list>
#include <iterator>
#include <stdexcept>

namespace unipile::simulator {
namespace {

std::string joined(std::initializer_list<std::string_view> parts)
{
    std::string text;
    for (const auto part : parts) text += part;
    return text;
}

[[noreturn]] void refuse(std::string_view spec, const std::string& why)
{
    throw std::invalid_argument(joined({"fault \"", spec, "\": ", why}));
}

/// Returns the text before the first `separator`, and the text behind it; the whole text and nothing if there is none.
std::pair<std::string_view, std::optional<std::string_view>> cut(std::string_view text, char separator)
{
    const auto at = text.find(separator);
    if (at == text.npos) return {text, std::nullopt};
    return {text.substr(0, at), text.substr(at + 1)};
}

std::optional<std::uint64_t> number(std::string_view text)
{
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

std::uint64_t number(std::string_view spec, std::string_view key, std::string_view text, std::uint64_t least,
                     std::uint64_t most)
{
    const auto value = number(text);
    if (!value || *value < least || *value > most)
        refuse(spec, std::string(key) + " takes a whole number from " + std::to_string(least) + " to " +
                         std::to_string(most));
    return *value;
}

struct kind_name {
    std::string_view name;
    fault_kind kind;
    bool cured_by_retry;
};

constexpr kind_name kinds[] = {
    {"reset", fault_kind::reset, true},
    {"close", fault_kind::close, true},
    {"stall", fault_kind::stall, true},
    {"truncate", fault_kind::truncate, true},
    {"hang-up", fault_kind::hang_up, false},
    {"chunk", fault_kind::chunk, false},
    {"drip", fault_kind::drip, false},
    {"loop", fault_kind::loop, false},
    {"empty-pages", fault_kind::empty_pages, false},
    {"duplicates", fault_kind::duplicates, false},
    {"dead-cursor", fault_kind::dead_cursor, false},
    {"endless", fault_kind::endless, false},
    {"short-page", fault_kind::short_page, false},
    {"odd-cursor", fault_kind::odd_cursor, false},
    {"drift", fault_kind::drift, false},
};

constexpr std::pair<std::string_view, unsigned> drifts[] = {
    {"types", number_strings | integer_booleans | odd_numbers | null_values},
    {"fields", unknown_fields | missing_fields},
    {"wild", wild},
    {"unknown", unknown_fields},
    {"missing", missing_fields},
    {"nulls", null_values},
    {"strings", number_strings},
    {"booleans", integer_booleans},
    {"numbers", odd_numbers},
    {"order", key_order},
    {"surrogates", lone_surrogates},
    {"kinds", unknown_kinds},
    {"provider", unknown_provider},
    {"duplicate-keys", duplicate_keys},
    {"spaces", white_space},
    {"utf8", invalid_utf8},
    {"broken", broken_items},
};

constexpr std::pair<std::string_view, fault::cursor_kind> cursors[] = {
    {"empty", fault::cursor_kind::empty},
    {"missing", fault::cursor_kind::missing},
    {"number", fault::cursor_kind::number},
    {"object", fault::cursor_kind::object},
};

constexpr std::pair<std::string_view, fault::body_kind> bodies[] = {
    {"json", fault::body_kind::json},
    {"html", fault::body_kind::html},
    {"empty", fault::body_kind::empty},
    {"other", fault::body_kind::other},
};

template <class Value, std::size_t N>
Value choose(std::string_view spec, std::string_view what, std::string_view word,
             const std::pair<std::string_view, Value> (&choices)[N])
{
    for (const auto& [name, value] : choices)
        if (name == word) return value;
    std::string names;
    for (const auto& [name, value] : choices) (names += names.empty() ? "" : ", ") += name;
    refuse(spec, std::string(what) + " is one of " + names);
}

void set_kind(std::string_view spec, std::string_view name, fault& result)
{
    if (const auto status = number(name)) {
        result.status = static_cast<unsigned>(number(spec, "a status", name, 200, 599));
        if (result.status == 204 || result.status == 304)
            refuse(spec, "204 and 304 have no body and can't be simulated");
        return;
    }
    const auto found = std::find_if(std::begin(kinds), std::end(kinds), [&](auto& k) { return k.name == name; });
    if (found == std::end(kinds)) {
        std::string names = "a status";
        for (const auto& each : kinds) names += ", " + std::string(each.name);
        refuse(spec, "the kind is one of " + names);
    }
    result.kind = found->kind;
    result.burst = found->cured_by_retry ? 1 : 0;
    if (result.kind == fault_kind::drip) result.size = 1;
    if (result.kind == fault_kind::truncate) {
        result.at_unit = fault::position::percent;
        result.at = 50;
    }
}

void set_word(std::string_view spec, std::string_view word, fault& result)
{
    switch (result.kind) {
        case fault_kind::chunk:
            result.size = word == "odd" ? 0 : number(spec, "chunk, if not odd,", word, 1, 1u << 20);
            break;
        case fault_kind::drip: result.size = number(spec, "drip", word, 1, 1u << 20); break;
        case fault_kind::endless:
            if (word != "empty" && word != "repeat") refuse(spec, "endless is one of empty, repeat");
            result.repeat = word == "repeat";
            break;
        case fault_kind::odd_cursor: result.cursor = choose(spec, "odd-cursor", word, cursors); break;
        case fault_kind::drift: result.deviations |= choose(spec, "drift", word, drifts); break;
        default: refuse(spec, "this kind takes no words after \"=\"");
    }
}

void set_position(std::string_view spec, std::string_view value, fault& result)
{
    if (value == "random") {
        result.at_unit = fault::position::random;
    } else if (value.ends_with('%')) {
        value.remove_suffix(1);
        result.at_unit = fault::position::percent;
        result.at = number(spec, "at, in per cent,", value, 0, 100);
    } else {
        result.at_unit = fault::position::bytes;
        result.at = number(spec, "at", value, 0, UINT64_MAX);
    }
}

void set_rate(std::string_view spec, std::string_view value, fault& result)
{
    double rate = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), rate);
    if (error != std::errc{} || end != value.data() + value.size() || !(rate >= 0 && rate <= 1))
        refuse(spec, "rate takes a share from 0 to 1");
    result.rate = rate;
}

/// Sets which pages are affected. Returns false if it is none of these keys.
bool set_target(std::string_view spec, std::string_view key, std::string_view value, fault& result)
{
    if (key == "rate")
        set_rate(spec, value, result);
    else if (key == "every")
        result.every = number(spec, key, value, 1, UINT64_MAX);
    else if (key == "page")
        result.page = number(spec, key, value, 1, UINT64_MAX);
    else if (key == "request")
        result.request = number(spec, key, value, 1, UINT64_MAX);
    else if (key == "after")
        result.after = number(spec, key, value, 0, UINT32_MAX);
    else if (key == "burst")
        result.burst = number(spec, key, value, 0, UINT64_MAX);
    else if (key == "account")
        result.account = value;
    else if (key == "identifier")
        result.identifier = value;
    else
        return false;
    return true;
}

bool has_position(fault_kind kind)
{
    return kind == fault_kind::reset || kind == fault_kind::close || kind == fault_kind::stall ||
           kind == fault_kind::truncate;
}

bool has_count(fault_kind kind)
{
    return kind == fault_kind::loop || kind == fault_kind::empty_pages || kind == fault_kind::duplicates;
}

/// Sets the effect. A key without meaning for the kind is refused, so that no option is silently ignored.
void set_effect(std::string_view spec, std::string_view key, std::string_view value, fault& result)
{
    const bool status = result.kind == fault_kind::status;
    if (status && key == "type") {
        result.type = value.starts_with("errors/") ? "" : "errors/";
        result.type += value;
    } else if (status && (key == "retry-after" || key == "retry-date")) {
        result.retry_after = static_cast<std::uint32_t>(number(spec, key, value, 0, UINT32_MAX));
        result.retry_after_as_date = key == "retry-date";
    } else if (status && key == "location") {
        result.location = value;
    } else if (status && key == "body") {
        result.body = choose(spec, "body", value, bodies);
    } else if (has_position(result.kind) && key == "at") {
        set_position(spec, value, result);
    } else if (result.kind == fault_kind::stall && key == "for") {
        result.duration = std::chrono::milliseconds(number(spec, key, value, 1, 86'400'000));
    } else if (has_count(result.kind) && key == "count") {
        result.count = static_cast<std::uint32_t>(number(spec, key, value, 1, 100'000));
    } else {
        refuse(spec, joined({"\"", key, "\" is no key of this kind"}));
    }
}

}  // namespace

fault parse_fault(std::string_view spec)
{
    fault result;
    const auto [head, keys] = cut(spec, ':');
    const auto [kind, words] = cut(head, '=');
    set_kind(spec, kind, result);
    for (auto rest = words; rest;) {
        const auto [word, more] = cut(*rest, ',');
        set_word(spec, word, result);
        rest = more;
    }
    for (auto rest = keys; rest;) {
        const auto [entry, more] = cut(*rest, ',');
        const auto [key, value] = cut(entry, '=');
        if (!value || value->empty()) refuse(spec, joined({"\"", key, "\" needs a value"}));
        if (!set_target(spec, key, *value, result)) set_effect(spec, key, *value, result);
        rest = more;
    }
    if (result.kind == fault_kind::drift) {
        if (result.deviations == 0) result.deviations = wild;
        if (result.every || result.page || result.request || result.after || result.burst)
            refuse(spec, "drift is chosen by post: use rate, account or identifier");
    }
    if (result.kind == fault_kind::endless && (result.every || result.page || result.request))
        refuse(spec, "endless is chosen by listing: use rate, account or identifier");
    return result;
}

}  // namespace unipile::simulator
