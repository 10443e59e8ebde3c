#include "simulator/json_writer.hpp"

#include <unipile/simulator/fault.hpp>

#include <charconv>
#include <utility>

namespace unipile::simulator {
namespace {

bool is_discriminator(std::string_view name) { return name == "provider" || name == "type" || name == "object"; }

}  // namespace

void json_writer::deviate(unsigned deviations, std::uint64_t seed)
{
    deviations_ = deviations;
    dice_ = rng(seed);
}

void json_writer::begin(char bracket)
{
    out_ += bracket;
    first_ = true;
    if (deviates(key_order)) open_.emplace_back();
}

void json_writer::end(char bracket)
{
    if (deviates(key_order)) {
        shuffle(open_.back());
        open_.pop_back();
    }
    if (deviates(white_space)) out_ += '\n';
    out_ += bracket;
    first_ = false;
}

/// Shuffles the members of an object that is complete except for its bracket.
void json_writer::shuffle(const object& complete)
{
    const auto& at = complete.members;
    if (at.size() < 2) return;
    std::vector<std::size_t> order(at.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    for (std::size_t i = order.size() - 1; i > 0; --i) std::swap(order[i], order[dice_.below(i + 1)]);
    if (complete.last != SIZE_MAX) {
        std::erase(order, complete.last);
        order.push_back(complete.last);
    }
    scratch_.clear();
    for (const auto i : order) {
        if (!scratch_.empty()) scratch_ += ',';
        const auto end = i + 1 < at.size() ? at[i + 1] - 1 : out_.size();
        scratch_.append(out_, at[i], end - at[i]);
    }
    out_.replace(at.front(), std::string::npos, scratch_);
}

void json_writer::key(std::string_view name)
{
    if (!first_) out_ += ',';
    first_ = false;
    if (deviates(key_order)) {
        if (is_discriminator(name)) open_.back().last = open_.back().members.size();
        open_.back().members.push_back(out_.size());
    }
    if (deviates(white_space)) out_ += dice_.below(2) ? "\n\t " : " ";
    out_ += '"';
    out_ += name;
    out_ += deviates(white_space) ? "\" : " : "\":";
}

bool json_writer::left_out() { return deviates(missing_fields) && dice_.below(8) == 0; }

bool json_writer::replaced_by_null(std::string_view name)
{
    if (!happens(null_values)) return false;
    null(name);
    return true;
}

void json_writer::begin_item()
{
    if (!first_) out_ += ',';
    begin('{');
}

bool json_writer::begin_object(std::string_view name)
{
    if (left_out() || replaced_by_null(name)) return false;
    key(name);
    begin('{');
    return true;
}

void json_writer::begin_array(std::string_view name)
{
    key(name);
    out_ += '[';
    first_ = true;
}

void json_writer::identity(std::string_view name, std::string_view text)
{
    key(name);
    out_ += '"';
    out_ += text;
    out_ += '"';
}

void json_writer::text(std::string_view name, std::string_view text)
{
    if (left_out() || replaced_by_null(name)) return;
    identity(name, text);
}

void json_writer::integer(std::string_view name, std::int64_t value)
{
    if (left_out() || replaced_by_null(name)) return;
    char digits[24];
    const auto [end, error] = std::to_chars(digits, digits + sizeof digits, value);
    std::string_view shown(digits, static_cast<std::size_t>(end - digits));
    if (happens(number_strings)) return identity(name, shown);
    key(name);
    if (!happens(odd_numbers)) {
        out_ += shown;
        return;
    }
    switch (dice_.below(5)) {
        case 0:
        case 1: (out_ += shown) += ".0"; break;
        case 2: (out_ += shown) += "e0"; break;
        case 3: (out_ += value == 0 ? std::string_view{} : shown) += "0.00E-1"; break;
        default: out_ += "123456789012345678901234567890"; break;
    }
}

void json_writer::real(std::string_view name, double value)
{
    if (left_out() || replaced_by_null(name)) return;
    char digits[32];
    const auto [end, error] = std::to_chars(digits, digits + sizeof digits, value);
    const std::string_view shown(digits, static_cast<std::size_t>(end - digits));
    if (happens(number_strings)) return identity(name, shown);
    raw(name, shown);
}

void json_writer::boolean(std::string_view name, bool value)
{
    if (left_out() || replaced_by_null(name)) return;
    if (happens(integer_booleans)) return raw(name, value ? "1" : "0");
    raw(name, value ? "true" : "false");
}

void json_writer::null(std::string_view name) { raw(name, "null"); }

void json_writer::raw(std::string_view name, std::string_view value)
{
    key(name);
    out_ += value;
}

}  // namespace unipile::simulator
