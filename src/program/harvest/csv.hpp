// Lines of CSV and what their cells hold. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace unipile::program {

/// Returns the text without blanks around it.
std::string_view trim(std::string_view s);
/// Returns the text with its ASCII letters in lower case.
std::string lower(std::string_view s);

/// A record of CSV, split as far as its quotes are valid.
struct csv_record {
    enum class quotes { fit, open, misplaced };
    std::vector<std::string> values;
    quotes state = quotes::fit;
    std::size_t at = 0;  ///< the position of the misplaced quote
};

csv_record split_csv(std::string_view line, char separator);

/// Returns true if a value starts at this quote, so that it opens another record and closes none.
bool begins_value(std::string_view record, std::size_t at, char separator);

/// Returns the separator of a header: the first comma, semicolon or tab; a comma if there is none.
char separator_of(std::string_view header);

/// Returns the separator that a line `sep=;` names, as spreadsheets begin a file; nothing for other lines.
std::optional<char> named_separator(std::string_view line);

/// Returns true, false, or nothing for a word that is neither. An empty text is false. Knows the words that
/// spreadsheets and people use in their own languages.
std::optional<bool> read_flag(std::string_view text);

}  // namespace unipile::program
