// Reads the jobs file of a harvest line by line.
#pragma once

#include "program/harvest/job_check.hpp"
#include "program/harvest/job_columns.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <istream>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace unipile::program {

/// The result of one line.
struct job_reading {
    std::uint64_t number = 0;  ///< of the line, from 1
    std::optional<job_line> job;
    std::string complaint;  ///< without a job: what is wrong and what would be valid, without text of the line
    std::string raw;        ///< without a job: the line as read
};

/// The values that lines may leave out, and the names of columns.
struct job_defaults {
    std::string account;
    bool is_company = false;
    job_columns columns = {};
};

/// Reads jobs from a stream, with one line in memory at a time. The first line that is not blank determines which of
/// three formats the file has:
///  - NDJSON: `{"account":"acc1","identifier":"ACo…","company":false}`
///  - CSV with a header that names the columns of `job_columns` (in any order, others are ignored); separated by comma,
///  semicolon or tab; quotes as in RFC 4180, values with line breaks up to 64 KiB
///  - plain identifiers, one a line, if the defaults name an account
/// Lines end with LF, CR LF or CR. Blank lines are skipped, as are lines with `#` in plain files and repeated headers
/// in CSV.
class job_reader {
public:
    static constexpr std::size_t longest_line = std::size_t{64} * 1024;

    /// Throws std::invalid_argument, one line that says what to change, if the first line shows that this is no jobs
    /// file. `in` must outlive the reader.
    job_reader(std::istream& in, job_defaults defaults);

    /// Returns the next line that has, or should have, a job; empty at the end. Throws std::runtime_error if reading
    /// fails.
    std::optional<job_reading> next();

    /// Returns the header, for a file of rejected lines in the same format; empty if the format has none.
    const std::string& header() const noexcept { return header_; }
    /// Returns the header's columns that are not used, as spelled.
    const std::vector<std::string>& unused_columns() const noexcept { return unused_columns_; }

private:
    enum class format { ndjson, csv, plain };
    struct raw_line {
        std::string text;
        std::uint64_t number = 0;
        bool too_long = false;
    };

    int read_byte();
    bool read_line();
    bool skip_blank();
    void take_separator();
    void read_header();
    void require_columns(const std::vector<std::string>& written) const;
    bool is_header_again(const std::vector<std::string>& values) const;
    void read_record();
    void parse_csv(job_reading& r);
    void parse_ndjson(job_reading& r) const;
    void parse_plain(job_reading& r) const;

    std::istream& in_;
    job_defaults defaults_;
    std::string identifier_name_;
    format format_ = format::plain;
    std::string line_;
    std::string header_;
    std::vector<std::string> columns_;  ///< the header's, in lower case
    std::vector<std::string> unused_columns_;
    std::deque<raw_line> again_;    ///< lines to be read again, the next one first
    std::uint64_t lines_read_ = 0;  ///< from the stream
    std::uint64_t number_ = 0;      ///< of `line_`
    bool pending_ = false;          ///< `line_` was read, and not returned yet
    bool too_long_ = false;         ///< `line_` is only the beginning
    bool after_return_ = false;     ///< the last byte read is a CR; an LF behind it ends the same line
    bool columns_changed_ = false;  ///< by a header between the lines
    char separator_ = ',';
    bool separator_given_ = false;              ///< by a line `sep=`
    std::map<job_column, std::size_t> places_;  ///< of the columns that mean something
};

}  // namespace unipile::program
