#include "program/harvest/csv_table.hpp"

#include "program/harvest/csv.hpp"
#include "program/terminal/safe_text.hpp"

#include <unipile/utf8.hpp>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace unipile::program {
namespace {

constexpr std::size_t not_used = static_cast<std::size_t>(-1);

std::string_view take_line(std::string_view& text)
{
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return line.ends_with('\r') ? line.substr(0, line.size() - 1) : line;
}

}  // namespace

csv_table::csv_table(std::string_view text, std::string name, const std::vector<std::string>& columns)
    : name_(std::move(name))
{
    if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
    if (!is_valid_utf8(text)) throw std::invalid_argument{name_ + ": it is no text in UTF-8; save the file as UTF-8"};
    while (next_record(text)) {
        if (const auto named = places_.empty() ? named_separator(record_) : std::nullopt) {
            separator_ = *named;
            continue;
        }
        if (places_.empty()) {
            read_header(columns);
            continue;
        }
        const csv_record record = split_csv(record_, separator_);
        row made{line_, std::vector<std::string>(columns.size())};
        if (record.state != csv_record::quotes::fit)
            refuse(made, "a quote is not closed, or stands in the middle of a value");
        if (record.values.size() > places_.size()) refuse(made, "there are more values than columns");
        for (std::size_t i = 0; i < record.values.size(); ++i)
            if (places_[i] != not_used) made.cells[places_[i]] = record.values[i];
        if (made.cells.front().empty()) refuse(made, "the " + columns.front() + " is missing");
        rows_.push_back(std::move(made));
    }
    if (rows_.empty())
        throw std::invalid_argument{name_ + ": there is no line below a header; is it the right file, and whole?"};
}

/// Sets `record_`; returns false at the end.
bool csv_table::next_record(std::string_view& text)
{
    do {
        if (text.empty()) return false;
        record_ = take_line(text);
        line_ = ++lines_taken_;
    } while (trim(record_).empty() || record_.starts_with('#'));
    const char separator = separator_ == 0 ? ',' : separator_;
    while (!text.empty() && split_csv(record_, separator).state == csv_record::quotes::open) {
        record_ += '\n';
        record_ += take_line(text);
        ++lines_taken_;
    }
    return true;
}

void csv_table::read_header(const std::vector<std::string>& columns)
{
    if (separator_ == 0) separator_ = separator_of(record_);
    const row header{line_, {}};
    std::vector<std::string> seen;
    for (const std::string& written : split_csv(record_, separator_).values) {
        std::string column = lower(written);
        std::replace(column.begin(), column.end(), '-', '_');
        const auto at = std::find(columns.begin(), columns.end(), column);
        if (at == columns.end() && !written.empty()) unused_columns_.push_back(written);
        if (at != columns.end() && std::find(seen.begin(), seen.end(), column) != seen.end())
            refuse(header, "column " + column + " comes twice");
        places_.push_back(at == columns.end() ? not_used : static_cast<std::size_t>(at - columns.begin()));
        seen.push_back(std::move(column));
    }
    if (std::find(places_.begin(), places_.end(), std::size_t{0}) != places_.end()) return;
    std::string all;
    for (const std::string& column : columns) all += (all.empty() ? "" : ",") + column;
    refuse(header, "there is no column \"" + columns.front() + "\"; write a header such as " + all);
}

void csv_table::refuse(const row& at, const std::string& what) const
{
    throw std::invalid_argument{name_ + ':' + std::to_string(at.line) + ": " + what};
}

std::string csv_cell(std::string_view text)
{
    const bool plain = text.find_first_of(",;\t\"\r\n") == std::string_view::npos && trim(text) == text;
    if (plain && !text.starts_with('#')) return std::string{text};  // which would begin a comment
    std::string cell{'"'};
    for (const char c : text) cell += c == '"' ? std::string{"\"\""} : std::string{c};
    return cell + '"';
}

}  // namespace unipile::program
