// libFuzzer: what servers write as times is a time within bounds, or nothing.
#include "decode/timestamp.hpp"
#include "paging/http_date.hpp"
#include "support/fuzzing.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <string>

namespace {

using namespace unipile;
using namespace std::chrono;
using test::hold;

constexpr sys_days first_day{year{-1} / January / 1}, last_day{year{10001} / January / 1};

void check_http(std::string_view text)
{
    const auto date = paging::parse_http_date(text);
    if (date) hold(*date >= first_day && *date < last_day, "an HTTP date has a year of four digits");
    const auto split = text.find('\n');
    const auto now = system_clock::time_point{} + hours{24 * 365 * 50};
    const auto answered = split == text.npos ? std::string_view{} : text.substr(split + 1);
    const auto wait = paging::parse_retry_after(text.substr(0, split), answered, now);
    if (wait) hold(*wait >= milliseconds{0}, "no wait is negative");
}

void check_datetime(std::string_view text)
{
    const auto time = decode::parse_datetime(text);
    if (!time) return;
    hold(*time >= first_day - days{2} && *time < last_day + days{2}, "a datetime has a year of four digits");
    const auto day = floor<days>(*time);
    const year_month_day date{day};
    if (date.year() < year{0} || date.year() > year{9999}) return;
    const hh_mm_ss clock{*time - day};
    char usual[64];
    std::snprintf(usual, sizeof usual, "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
                  static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                  static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                  static_cast<int>(clock.seconds().count()), static_cast<int>(clock.subseconds().count()));
    hold(decode::parse_datetime(usual) == time, "a datetime in its usual form is the same");
}

void check_numbers(std::string_view text)
{
    constexpr sys_days end{year{2101} / January / 1};
    if (const auto time = decode::time_of_linkedin_id(text)) hold(*time < end, "an id is of this century");
    std::int64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    if (const auto time = decode::time_of_number(number))
        hold(*time > sys_days{} && *time < end, "a number is a time of this century or none");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const std::string_view text = test::text_of(data, size);
    check_http(text);
    check_datetime(text);
    check_numbers(text);
    return 0;
}
