#include "program/options/times.hpp"

#include "date_reader.hpp"

#include <array>
#include <charconv>
#include <cstdint>
#include <system_error>
#include <utility>

namespace unipile::program {
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text)
{
    using std::chrono::milliseconds;
    constexpr milliseconds longest = std::chrono::hours{24 * 366};
    constexpr std::array<std::pair<std::string_view, milliseconds>, 5> units{{{"ms", milliseconds{1}},
                                                                              {"s", std::chrono::seconds{1}},
                                                                              {"m", std::chrono::minutes{1}},
                                                                              {"h", std::chrono::hours{1}},
                                                                              {"d", std::chrono::hours{24}}}};
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || number < 0) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    if (text.empty() && number == 0) return milliseconds{0};
    for (const auto& [name, length] : units)
        if (text == name && number <= longest / length) return number * length;
    return std::nullopt;
}

std::optional<wall_time> parse_date(std::string_view text)
{
    date_reader in{text};
    written_time read;
    read.year = in.number(4);
    in.expect("-");
    read.month = in.number(2);
    in.expect("-");
    read.day = in.number(2);
    if (in.at_end()) return read.time();

    if (!in.take("T")) in.expect(" ");
    read.hour = in.number(2);
    in.expect(":");
    read.minute = in.number(2);
    if (in.take(":")) read.second = in.number(2);
    if (in.take(".")) read.millisecond = in.thousandths();
    if (!in.at_end()) read.zone = in.zone(false);
    const bool usual = read.second < 60 && std::chrono::abs(read.zone) < std::chrono::hours{15};
    return in.at_end() && usual ? read.time() : std::nullopt;
}

}  // namespace unipile::program
