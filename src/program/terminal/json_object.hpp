// Writes one flat JSON object member by member.
#pragma once

#include "program/terminal/safe_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>

namespace unipile::program {

class json_object {
public:
    /// Adds a member. `raw` is JSON.
    void add(std::string_view name, std::string_view raw)
    {
        if (text_.size() > 1) text_ += ',';
        text_ += json_string(name);
        text_ += ':';
        text_ += raw;
    }
    void add_text(std::string_view name, std::string_view value) { add(name, json_string(value)); }
    /// Does nothing if the value is empty.
    void add_filled(std::string_view name, std::string_view value)
    {
        if (!value.empty()) add_text(name, value);
    }
    void add_number(std::string_view name, std::uint64_t value) { add(name, std::to_string(value)); }
    void add_flag(std::string_view name, bool value) { add(name, value ? "true" : "false"); }
    /// Adds a number with at most three decimals. One that is not finite becomes 0, and a huge one 1e15.
    void add_decimal(std::string_view name, double value)
    {
        constexpr double most = 1e15;
        std::array<char, 32> text{};
        const double shown = std::isfinite(value) ? std::clamp(std::round(value * 1000) / 1000, -most, most) : 0;
        const auto end = std::to_chars(text.data(), text.data() + text.size(), shown).ptr;
        add(name, std::string_view(text.data(), static_cast<std::size_t>(end - text.data())));
    }
    void add_seconds(std::string_view name, std::chrono::milliseconds value)
    {
        add_decimal(name, static_cast<double>(value.count()) / 1000);
    }
    std::string finish() const { return text_ + '}'; }

private:
    std::string text_ = "{";
};

/// Returns a JSON array. `items` are JSON.
template <class Items>
std::string json_array(const Items& items)
{
    std::string out = "[";
    for (const auto& item : items) (out += out.size() > 1 ? "," : "") += item;
    return out + ']';
}

}  // namespace unipile::program
