// A small table in CSV, such as that of the accounts. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace unipile::program {

/// A table with a header, all in memory. Separators, quotes and a line `sep=;` are as in a jobs file; lines that are
/// blank or begin with `#` are skipped.
class csv_table {
public:
    struct row {
        std::size_t line = 0;            ///< from 1
        std::vector<std::string> cells;  ///< in the order of `columns`; empty where the row or the column is missing
    };

    /// `name` begins each complaint. `columns` may stand in any order and case in the header; the first one is
    /// required. Throws std::invalid_argument with one line that names the line and says what to change.
    csv_table(std::string_view text, std::string name, const std::vector<std::string>& columns);

    const std::vector<row>& rows() const noexcept { return rows_; }
    /// Returns the columns of the header that mean nothing, as spelled.
    const std::vector<std::string>& unused_columns() const noexcept { return unused_columns_; }
    [[noreturn]] void refuse(const row& at, const std::string& what) const;

private:
    bool next_record(std::string_view& text);
    void read_header(const std::vector<std::string>& columns);

    std::string name_;
    std::vector<row> rows_;
    std::vector<std::string> unused_columns_;
    std::vector<std::size_t> places_;  ///< by place in the file: the number of the column
    std::string record_;
    std::size_t line_ = 0;         ///< where `record_` begins
    std::size_t lines_taken_ = 0;  ///< so far
    char separator_ = 0;           ///< 0: not known yet
};

/// Returns the text as a cell of CSV.
std::string csv_cell(std::string_view text);

}  // namespace unipile::program
