#include "program/harvest/job_reader.hpp"

#include "program/harvest/csv.hpp"
#include "program/terminal/safe_text.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace unipile::program {
namespace {

constexpr std::string_view wanted_header = "a header such as account,identifier,company";

std::vector<std::string> lower_all(std::vector<std::string> values)
{
    for (std::string& v : values) v = lower(v);
    return values;
}

/// Returns the format of a file that is not text, or an empty text.
std::string_view other_format(std::string_view line)
{
    if (line.starts_with("PK\x03\x04")) return "a spreadsheet or an archive";
    if (line.find('\0') != std::string_view::npos) return "no text in UTF-8 (UTF-16, perhaps)";
    return {};
}

/// Returns the message for a list without an identifier column.
std::string listed(const std::vector<std::string>& names)
{
    constexpr std::size_t most = 10;
    std::string text;
    for (std::size_t i = 0; i < std::min(names.size(), most); ++i)
        text += (i == 0 ? "" : ", ") + printable(names[i], 40);
    return names.size() > most ? text + " ..." : text;
}

void settle(job_reading& r, job_line job)
{
    r.complaint = complaint_about(job);
    if (r.complaint.empty()) r.job = std::move(job);
}

/// Returns a string, or a whole number (a company's id) as text; nothing for other values.
std::optional<std::string> read_text(const boost::json::value* v)
{
    if (v == nullptr) return std::string{};
    if (const auto* s = v->if_string()) return std::string{s->data(), s->size()};
    if (const auto* n = v->if_int64()) return std::to_string(*n);
    if (const auto* n = v->if_uint64()) return std::to_string(*n);
    return std::nullopt;
}

std::optional<bool> read_json_flag(const boost::json::value* v, bool otherwise)
{
    if (v == nullptr) return otherwise;
    if (const auto* b = v->if_bool()) return *b;
    if (const auto text = read_text(v)) return read_flag(*text);
    return std::nullopt;
}

}  // namespace

job_reader::job_reader(std::istream& in, job_defaults defaults)
    : in_(in), defaults_(std::move(defaults)), identifier_name_(defaults_.columns.name_of(job_column::identifier))
{
    if (!skip_blank()) return;
    if (const std::string_view what = other_format(line_); !what.empty())
        throw std::invalid_argument{"the jobs file is " + std::string{what} + "; save it as CSV in UTF-8"};
    take_separator();
    const std::string_view first = trim(line_);
    if (!pending_) return;
    if (first.front() == '{') {
        format_ = format::ndjson;
    } else if (defaults_.account.empty() || !defaults_.columns.empty() ||
               lower(first).find(identifier_name_) != std::string::npos) {
        format_ = format::csv;
        read_header();
    } else if (first.find_first_of(",;\" \t") != std::string_view::npos) {
        throw std::invalid_argument{"the jobs file's first line is no plain identifier; a table needs " +
                                    std::string{wanted_header}};
    }
}

/// Spreadsheets start a file with `sep=;` if the separator is not the usual one.
void job_reader::take_separator()
{
    const auto named = named_separator(line_);
    if (!named) return;
    separator_ = *named;
    separator_given_ = true;
    pending_ = false;
    skip_blank();
}

int job_reader::read_byte()
{
    // Not by the stream's own functions, which would take a failed read for the end.
    try {
        return in_.rdbuf()->sbumpc();
    } catch (const std::ios_base::failure&) {
        throw std::runtime_error{"the jobs can't be read to their end; check the file and its disk, and try again"};
    }
}

bool job_reader::read_line()
{
    if (!again_.empty()) {
        raw_line next = std::move(again_.front());
        again_.pop_front();
        line_ = std::move(next.text);
        number_ = next.number;
        too_long_ = next.too_long;
        return true;
    }
    line_.clear();
    too_long_ = false;
    for (;;) {
        const int c = read_byte();
        if (c == std::char_traits<char>::eof()) {
            if (line_.empty()) return false;
            break;
        }
        const bool ends_last_line = c == '\n' && std::exchange(after_return_, false);
        if (ends_last_line) continue;
        after_return_ = c == '\r';
        if (c == '\n' || c == '\r') break;
        if (line_.size() < longest_line)
            line_ += static_cast<char>(c);
        else
            too_long_ = true;
    }
    number_ = ++lines_read_;
    // A byte order mark may occur at the start of each of several concatenated files.
    if (line_.starts_with("\xef\xbb\xbf")) line_.erase(0, 3);
    return true;
}

/// A quoted value may have line breaks: reads on to its closing quote, and makes all of it the line. Without a closing
/// quote, only the line of the opening one is invalid, and the others are read again.
void job_reader::read_record()
{
    std::deque<raw_line> taken;
    raw_line first{line_, number_, false};
    std::string record = line_;
    bool whole = false;
    while (record.size() < longest_line && read_line()) {
        taken.push_back({line_, number_, too_long_});
        record += '\n';
        record += line_;
        if (too_long_) break;
        if (line_.find('"') == std::string::npos) continue;
        const csv_record r = split_csv(record, separator_);
        if (r.state == csv_record::quotes::open) continue;
        whole = r.state == csv_record::quotes::fit || !begins_value(record, r.at, separator_);
        break;
    }
    if (!whole) again_.insert(again_.begin(), taken.begin(), taken.end());
    line_ = whole ? std::move(record) : std::move(first.text);
    number_ = first.number;
    too_long_ = false;
}

bool job_reader::skip_blank()
{
    while (!pending_) {
        if (!read_line()) return false;
        const std::string_view text = trim(line_);
        pending_ = !text.empty() && !(format_ == format::plain && text.front() == '#');
    }
    return true;
}

void job_reader::read_header()
{
    header_ = line_;
    pending_ = false;
    if (!separator_given_) separator_ = separator_of(line_);
    const csv_record names = split_csv(line_, separator_);
    if (names.state != csv_record::quotes::fit || too_long_)
        throw std::invalid_argument{"the jobs file's first line is no CSV header; write " + std::string{wanted_header}};
    columns_ = lower_all(names.values);
    for (std::size_t i = 0; i < columns_.size(); ++i) {
        const auto meaning = defaults_.columns.meaning_of(columns_[i]);
        if (!meaning && !columns_[i].empty()) unused_columns_.push_back(names.values[i]);
        if (!meaning) continue;
        const auto [first, is_first] = places_.emplace(*meaning, i);
        if (!is_first)
            throw std::invalid_argument{"the jobs file has two columns with the same meaning: " +
                                        listed({names.values[first->second], names.values[i]}) + "; remove one"};
    }
    require_columns(names.values);
}

void job_reader::require_columns(const std::vector<std::string>& written) const
{
    const job_columns& columns = defaults_.columns;
    const auto require = [&](job_column column, const std::string& advice) {
        if (!places_.contains(column))
            throw std::invalid_argument{"the jobs file has no column \"" + printable(columns.name_of(column), 40) +
                                        "\" (it has: " + listed(written) + "); " + advice};
    };
    for (const job_column column : {job_column::account, job_column::identifier, job_column::company})
        if (columns.is_given(column)) require(column, "correct --columns");
    require(job_column::identifier, "write " + std::string{wanted_header} +
                                        ", say with --columns which column it is, or name the account of a list of "
                                        "plain identifiers with --account");
    if (defaults_.account.empty())
        require(job_column::account, "add it, say with --columns which one it is, or name one for all with --account");
}

/// Returns true for another header, as in concatenated files; with other columns only if it names the required ones.
bool job_reader::is_header_again(const std::vector<std::string>& values) const
{
    const auto names_identifier = [this](const std::string& v) {
        return v.size() == identifier_name_.size() && lower(v) == identifier_name_;
    };
    if (std::none_of(values.begin(), values.end(), names_identifier)) return false;
    return lower_all(values) == columns_ || std::any_of(values.begin(), values.end(), [this](const std::string& v) {
               return defaults_.columns.meaning_of(v) == job_column::account;
           });
}

std::optional<job_reading> job_reader::next()
{
    while (skip_blank()) {
        pending_ = false;
        job_reading r;
        r.number = number_;
        if (too_long_)
            r.complaint = "the line is longer than 64 KiB";
        else if (format_ == format::ndjson)
            parse_ndjson(r);
        else if (format_ == format::csv)
            parse_csv(r);
        else
            parse_plain(r);
        if (r.job) return r;
        if (r.complaint.empty()) continue;
        r.raw = line_;
        return r;
    }
    return std::nullopt;
}

/// Neither a job nor a complaint: the header once more.
void job_reader::parse_csv(job_reading& r)
{
    csv_record record = split_csv(line_, separator_);
    if (record.state == csv_record::quotes::open) {
        read_record();
        record = split_csv(line_, separator_);
    }
    if (record.state != csv_record::quotes::fit) {
        r.complaint = "a quote is not closed, or stands in the middle of a value";
        return;
    }
    const std::vector<std::string>& values = record.values;
    const bool header = is_header_again(values);
    if (header) columns_changed_ = lower_all(values) != columns_;
    // With the columns of the first header, the following lines would be wrong jobs.
    if (columns_changed_)
        r.complaint = header ? "this is a header with other columns than the first; put what follows it in another file"
                             : "it follows a header with other columns than the first; put it in another file";
    if (header || columns_changed_) return;
    const auto value = [&](job_column column) -> std::string {
        const auto at = places_.find(column);
        return at != places_.end() && at->second < values.size() ? values[at->second] : std::string{};
    };
    job_line job{value(job_column::account), value(job_column::identifier), defaults_.is_company};
    if (job.account.empty()) job.account = defaults_.account;
    if (const std::string text = value(job_column::company); !text.empty()) {
        const auto flag = read_flag(text);
        if (!flag) {
            r.complaint = "company must be true or false";
            return;
        }
        job.is_company = *flag;
    }
    settle(r, std::move(job));
}

void job_reader::parse_ndjson(job_reading& r) const
{
    boost::system::error_code ec;
    const boost::json::value v = boost::json::parse(line_, ec);
    const auto* o = ec ? nullptr : v.if_object();
    if (o == nullptr) {
        r.complaint = "not a JSON object";
        return;
    }
    std::map<job_column, const boost::json::value*> members;
    for (const auto& [name, value] : *o)
        if (const auto meaning = defaults_.columns.meaning_of({name.data(), name.size()}); meaning && !value.is_null())
            members.emplace(*meaning, &value);
    const auto member = [&](job_column column) {
        const auto at = members.find(column);
        return at == members.end() ? nullptr : at->second;
    };
    const auto account = read_text(member(job_column::account));
    const auto identifier = read_text(member(job_column::identifier));
    const auto company = read_json_flag(member(job_column::company), defaults_.is_company);
    if (!account || !identifier) {
        r.complaint = "account and identifier must be strings";
    } else if (!company) {
        r.complaint = "company must be true or false";
    } else {
        settle(r, {account->empty() ? defaults_.account : *account, *identifier, *company});
    }
}

void job_reader::parse_plain(job_reading& r) const
{
    settle(r, {defaults_.account, std::string{trim(line_)}, defaults_.is_company});
}

}  // namespace unipile::program
