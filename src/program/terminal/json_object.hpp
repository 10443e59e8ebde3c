// Writes one flat JSON object member by member.
#pragma once

#include "program/terminal/safe_text.hpp"

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
    std::string finish() const { return text_ + '}'; }

private:
    std::string text_ = "{";
};

}  // namespace unipile::program
