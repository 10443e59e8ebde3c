#include "harvest/open_hours.hpp"

#include <date/tz.h>

#include <bit>
#include <charconv>
#include <optional>
#include <stdexcept>

namespace unipile::harvest {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using local_ms = std::chrono::local_time<milliseconds>;

/// Reads `+02:00`, `-0330`, `+2`; returns nothing for text that is not an offset.
std::optional<minutes> fixed_offset(const std::string& text)
{
    if (text == "UTC" || text == "Z" || text == "GMT") return minutes{0};
    if (text.size() < 2 || (text[0] != '+' && text[0] != '-')) return std::nullopt;
    std::string digits;
    for (char c : text.substr(1))
        if (c != ':') digits += c;
    if (digits.size() <= 2) digits += "00";
    int value = 0;
    auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (ec != std::errc{} || end != digits.data() + digits.size() || value > 1400 || value % 100 > 59)
        throw std::invalid_argument("working hours: '" + text + "' is no offset from UTC; write it as +02:00");
    minutes offset{value / 100 * 60 + value % 100};
    return text[0] == '-' ? -offset : offset;
}

const date::time_zone* look_up(const std::string& name)
{
    try {
        return date::locate_zone(name);
    } catch (const std::exception&) {
        throw std::invalid_argument("working hours: the time zone '" + name +
                                    "' is not known here; use an IANA name such as Europe/Berlin, UTC or an offset "
                                    "such as +02:00 (the system's tzdata has to be installed for names)");
    }
}

/// Monday is 0.
unsigned weekday_of(std::chrono::local_days d) { return std::chrono::weekday{d}.iso_encoding() - 1; }

}  // namespace

open_hours::open_hours(const working_hours& hours) : hours_(hours)
{
    constexpr minutes day{24 * 60};
    if (hours.from < minutes{0} || hours.from > day || hours.to < minutes{0} || hours.to > day)
        throw std::invalid_argument("working hours: a time of day lies between 00:00 and 24:00");
    if ((hours.days & 0x7f) == 0) throw std::invalid_argument("working hours: name at least one day of the week");
    if (auto fixed = fixed_offset(hours.time_zone))
        offset_ = *fixed;
    else
        zone_ = look_up(hours.time_zone);
    auto length = hours.to > hours.from ? hours.to - hours.from : hours.to + day - hours.from;
    day_share_ = static_cast<double>(length.count()) / static_cast<double>(day.count());
    share_ = day_share_ * std::popcount(static_cast<unsigned>(hours.days & 0x7f)) / 7.0;
}

local_ms open_hours::to_local(wall_time t) const
{
    if (!zone_) return local_ms{t.time_since_epoch() + offset_};
    return local_ms{zone_->to_local(t).time_since_epoch()};
}

wall_time open_hours::to_wall(local_ms t) const
{
    if (!zone_) return wall_time{t.time_since_epoch() - offset_};
    // A local time that a clock change skips means the moment of the change; one that occurs twice means the first.
    return zone_->to_sys(date::local_time<milliseconds>{t.time_since_epoch()}, date::choose::earliest);
}

wall_time open_hours::next_open(wall_time t) const
{
    constexpr std::chrono::days one{1};
    const auto today = std::chrono::floor<std::chrono::days>(to_local(t));
    // From yesterday, whose hours may extend over midnight, to this day in a week.
    for (auto d = today - one; d <= today + 8 * one; d += one) {  // GCOVR_EXCL_BR_LINE: one of these days is open
        if (!(hours_.days >> weekday_of(d) & 1)) continue;
        const auto last = hours_.to > hours_.from ? d : d + one;
        if (t >= to_wall(local_ms{last} + hours_.to)) continue;
        return std::max(t, to_wall(local_ms{d} + hours_.from));
    }
    return t;  // GCOVR_EXCL_LINE: not reached, since at least one day of the week is open
}

}  // namespace unipile::harvest
