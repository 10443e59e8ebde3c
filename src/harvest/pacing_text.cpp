// The text form of pacing rules.
#include <unipile/pacing.hpp>

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <stdexcept>
#include <vector>

namespace unipile {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;

struct unit_name {
    std::string_view name;
    std::int64_t ms;
};
// The first name of each length is the one that is printed.
constexpr std::array units{unit_name{"ms", 1},
                           unit_name{"s", 1'000},
                           unit_name{"m", 60'000},
                           unit_name{"h", 3'600'000},
                           unit_name{"d", 86'400'000},
                           unit_name{"w", 604'800'000},
                           unit_name{"second", 1'000},
                           unit_name{"sec", 1'000},
                           unit_name{"minute", 60'000},
                           unit_name{"min", 60'000},
                           unit_name{"hour", 3'600'000},
                           unit_name{"day", 86'400'000},
                           unit_name{"week", 604'800'000}};
constexpr std::array<std::string_view, 7> day_names{"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

[[noreturn]] void refuse(std::string_view part, const char* advice)
{
    throw std::invalid_argument("pacing: '" + std::string(part) + "' is not understood; " + advice);
}

constexpr const char* window_advice = "write a window as 100/day, 10/hour or 1/20s";
constexpr const char* gap_advice = "write a gap as 'gap 5s' or 'gap 5s-20s'";
constexpr const char* ramp_advice = "write a ramp as 'ramp 7d from 30%'";
constexpr const char* hours_advice = "write hours as 'hours mon-fri 09:00-18:00 Europe/Berlin'";

std::string_view trim(std::string_view s)
{
    constexpr std::string_view blank = " \t\r\n";
    const auto first = s.find_first_not_of(blank);
    if (first == s.npos) return {};
    return s.substr(first, s.find_last_not_of(blank) - first + 1);
}

std::vector<std::string_view> words_of(std::string_view s)
{
    std::vector<std::string_view> words;
    for (s = trim(s); !s.empty(); s = trim(s)) {
        const auto end = std::min(s.find_first_of(" \t\r\n"), s.size());
        words.push_back(s.substr(0, end));
        s.remove_prefix(end);
    }
    return words;
}

template <class T>
bool read_number(std::string_view& s, T& value)
{
    auto [end, ec] = std::from_chars(s.data(), s.data() + s.size(), value);
    if (ec != std::errc{}) return false;
    s.remove_prefix(static_cast<std::size_t>(end - s.data()));
    return true;
}

/// Reads `20s`, `day`, `1.5h`; returns false for other text.
bool read_duration(std::string_view s, milliseconds& value)
{
    double number = 1;
    if (!s.empty() && s[0] >= '0' && s[0] <= '9' && !read_number(s, number)) return false;
    for (const auto& u : units) {
        if (s != u.name) continue;
        const double ms = number * static_cast<double>(u.ms);
        if (!(ms >= 0 && ms <= 1e12)) return false;
        value = milliseconds{std::llround(ms)};
        return true;
    }
    return false;
}

rate_window read_window(std::string_view part)
{
    rate_window w;
    auto rest = part;
    if (!read_number(rest, w.limit)) refuse(part, window_advice);
    rest = trim(rest);
    if (rest.empty() || rest[0] != '/' || !read_duration(trim(rest.substr(1)), w.length)) refuse(part, window_advice);
    return w;
}

request_gap read_gap(std::string_view part, std::vector<std::string_view> words)
{
    if (words.size() != 2) refuse(part, gap_advice);
    request_gap gap;
    const auto dash = words[1].find('-');
    if (!read_duration(words[1].substr(0, dash), gap.least)) refuse(part, gap_advice);
    gap.most = gap.least;
    if (dash != std::string_view::npos && !read_duration(words[1].substr(dash + 1), gap.most)) refuse(part, gap_advice);
    return gap;
}

double read_spread(std::string_view part, std::vector<std::string_view> words)
{
    double spread = 1;
    if (words.size() > 2 || (words.size() == 2 && (!read_number(words[1], spread) || !words[1].empty())))
        refuse(part, "write 'spread' or 'spread 0.8'");
    return spread;
}

account_ramp read_ramp(std::string_view part, std::vector<std::string_view> words)
{
    milliseconds length{};
    double percent = 0;
    if (words.size() != 4 || words[2] != "from" || !read_duration(words[1], length) ||
        !read_number(words[3], percent) || words[3] != "%")
        refuse(part, ramp_advice);
    return {percent / 100, std::chrono::round<std::chrono::days>(length)};
}

std::size_t day_index(std::string_view name)
{
    for (std::size_t i = 0; i < day_names.size(); ++i)
        if (day_names[i] == name) return i;
    return day_names.size();
}

/// Reads `mon-fri`, `sat`, `mon+wed+fri`, `sat-tue+thu`; returns false for other text.
bool read_days(std::string_view word, std::uint8_t& days)
{
    std::uint8_t read = 0;
    for (std::size_t from = 0; from <= word.size();) {
        const auto plus = std::min(word.find('+', from), word.size());
        const auto run = word.substr(from, plus - from);
        from = plus + 1;
        const auto dash = run.find('-');
        const auto first = day_index(run.substr(0, dash));
        const auto last = dash == run.npos ? first : day_index(run.substr(dash + 1));
        if (first == day_names.size() || last == day_names.size()) return false;
        for (auto d = first;; d = (d + 1) % day_names.size()) {
            read = static_cast<std::uint8_t>(read | 1u << d);
            if (d == last) break;
        }
    }
    days = read;
    return true;
}

bool read_time_of_day(std::string_view s, minutes& value)
{
    int h = 0, m = 0;
    if (!read_number(s, h) || s.size() != 3 || s[0] != ':') return false;
    s.remove_prefix(1);
    if (!read_number(s, m) || !s.empty() || h < 0 || h > 24 || m < 0 || m > 59 || h * 60 + m > 24 * 60) return false;
    value = minutes{h * 60 + m};
    return true;
}

working_hours read_hours(std::string_view part, std::vector<std::string_view> words)
{
    working_hours h;
    std::size_t i = 1;
    if (i < words.size() && read_days(words[i], h.days)) ++i;
    if (i >= words.size()) refuse(part, hours_advice);
    const auto dash = words[i].find('-');
    if (dash == std::string_view::npos || !read_time_of_day(words[i].substr(0, dash), h.from) ||
        !read_time_of_day(words[i].substr(dash + 1), h.to))
        refuse(part, hours_advice);
    ++i;
    if (i < words.size()) h.time_zone = words[i++];
    if (i != words.size()) refuse(part, hours_advice);
    return h;
}

void read_part(pacing& rules, std::string_view part)
{
    const auto words = words_of(part);
    if (words.empty()) refuse(part, window_advice);
    if (words[0] == "gap")
        rules.gap = read_gap(part, words);
    else if (words[0] == "spread")
        rules.spread = read_spread(part, words);
    else if (words[0] == "ramp")
        rules.ramp = read_ramp(part, words);
    else if (words[0] == "hours")
        rules.hours = read_hours(part, words);
    else
        rules.windows.push_back(read_window(part));
}

std::string duration_text(milliseconds d)
{
    const unit_name* best = &units[0];
    for (const auto& u : units)
        if (d.count() > 0 && d.count() % u.ms == 0 && u.ms > best->ms) best = &u;
    return std::to_string(d.count() / best->ms) + std::string(best->name);
}

std::string time_text(minutes m)
{
    char text[16];
    std::snprintf(text, sizeof text, "%02d:%02d", static_cast<int>(m.count() / 60), static_cast<int>(m.count() % 60));
    return text;
}

/// Returns the shortest text that reads back as the same number.
std::string number_text(double v)
{
    char text[32];
    auto [end, ec] = std::to_chars(text, text + sizeof text, v);
    return ec == std::errc{} ? std::string(text, end) : std::string("0");
}

std::string days_text(std::uint8_t days)
{
    if ((days & 0x7f) == 0x7f) return {};
    std::string text;
    for (std::size_t d = 0; d < day_names.size(); ++d) {
        if (!(days >> d & 1)) continue;
        const auto first = d;
        while (d + 1 < day_names.size() && (days >> (d + 1) & 1)) ++d;
        text += (text.empty() ? "" : "+") + std::string(day_names[first]);
        if (d != first) text += "-" + std::string(day_names[d]);
    }
    return text + " ";
}

}  // namespace

pacing parse_pacing(std::string_view text)
{
    const auto words = words_of(text);
    if (words.empty()) refuse(text, "write 'recommended', 'none', or rules such as '100/day, 10/hour, 1/20s'");
    if (words[0] == "none" && words.size() == 1) return pacing::none();
    if (words[0] == "recommended" && words.size() <= 2) {
        if (words.size() == 1) return pacing::recommended();
        if (words[1] != "LINKEDIN" && words[1] != "INSTAGRAM")
            refuse(text, "the providers with figures of their own are LINKEDIN and INSTAGRAM");
        return pacing::recommended(words[1]);
    }
    pacing rules;
    for (std::size_t from = 0; from <= text.size();) {
        const auto comma = std::min(text.find(',', from), text.size());
        read_part(rules, trim(text.substr(from, comma - from)));
        from = comma + 1;
    }
    rules.check();
    return rules;
}

std::string to_string(const pacing& rules)
{
    if (rules == pacing::none()) return "none";
    for (std::string_view provider : {"LINKEDIN", "INSTAGRAM"})
        if (rules == pacing::recommended(provider)) return "recommended " + std::string(provider);
    std::string text;
    auto part = [&text](const std::string& p) { text += (text.empty() ? "" : ", ") + p; };
    for (const auto& w : rules.windows) part(std::to_string(w.limit) + "/" + duration_text(w.length));
    if (rules.gap.most.count() > 0)
        part("gap " + duration_text(rules.gap.least) +
             (rules.gap.most > rules.gap.least ? "-" + duration_text(rules.gap.most) : ""));
    if (rules.spread > 0) part("spread " + number_text(rules.spread));
    if (rules.ramp.length.count() > 0)
        part("ramp " + std::to_string(rules.ramp.length.count()) + "d from " + number_text(rules.ramp.start * 100) +
             "%");
    if (rules.hours)
        part("hours " + days_text(rules.hours->days) + time_text(rules.hours->from) + "-" + time_text(rules.hours->to) +
             " " + rules.hours->time_zone);
    return text.empty() ? "none" : text;
}

}  // namespace unipile
