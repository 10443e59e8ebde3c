#include "program/job_reader.hpp"

#include "program/text.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <cctype>
#include <stdexcept>
#include <utility>

namespace unipile::program {
namespace {

constexpr std::string_view wanted_header = "a header such as account,identifier,company";

std::string_view trim(std::string_view s)
{
    constexpr std::string_view blanks = " \t\r\n";
    const auto first = s.find_first_not_of(blanks);
    if (first == std::string_view::npos) return {};
    return s.substr(first, s.find_last_not_of(blanks) - first + 1);
}

std::string lower(std::string_view s)
{
    std::string out{s};
    std::transform(out.begin(), out.end(), out.begin(),
                   [](char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); });
    return out;
}

std::vector<std::string> lower_all(std::vector<std::string> values)
{
    for (std::string& v : values) v = lower(v);
    return values;
}

/// Yes, no, or neither.
std::optional<bool> read_flag(std::string_view text)
{
    const std::string t = lower(trim(text));
    for (const char* yes : {"true", "yes", "y", "1", "company"})
        if (t == yes) return true;
    for (const char* no : {"", "false", "no", "n", "0", "person", "user"})
        if (t == no) return false;
    return std::nullopt;
}

/// The values of a CSV line; nothing if its quotes don't fit.
std::optional<std::vector<std::string>> split_csv(std::string_view line, char separator)
{
    std::vector<std::string> values(1);
    std::size_t i = 0;
    const auto take_quoted = [&] {
        for (++i; i < line.size(); ++i) {
            if (line[i] != '"') {
                values.back() += line[i];
            } else if (i + 1 < line.size() && line[i + 1] == '"') {
                values.back() += line[i++];
            } else {
                ++i;
                return true;
            }
        }
        return false;
    };
    while (i < line.size()) {
        if (line[i] == '"' && trim(values.back()).empty()) {
            values.back().clear();
            if (!take_quoted()) return std::nullopt;
            while (i < line.size() && (line[i] == ' ' || line[i] == '\t') && line[i] != separator) ++i;
            if (i < line.size() && line[i] != separator) return std::nullopt;
        } else if (line[i] == separator) {
            values.emplace_back();
            ++i;
        } else {
            values.back() += line[i++];
        }
    }
    for (std::string& v : values) v = std::string{trim(v)};
    return values;
}

/// What would make the request fail before it is sent, or make the job another one than people think.
std::string complaint_about(const job_line& job)
{
    const auto has_control = [](std::string_view s) {
        return std::any_of(s.begin(), s.end(),
                           [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
    };
    if (job.identifier.empty()) return "the identifier is missing";
    if (job.account.empty()) return "the account is missing; add it, or name one for all with --account";
    if (has_control(job.identifier) || has_control(job.account)) return "there are control characters in it";
    if (!is_utf8(job.identifier) || !is_utf8(job.account)) return "it is no text in UTF-8; save the file as UTF-8";
    if (job.identifier.find("://") != std::string::npos)
        return "this is an address, not an identifier; take the provider's own id";
    return {};
}

void settle(job_reading& r, job_line job)
{
    r.complaint = complaint_about(job);
    if (r.complaint.empty()) r.job = std::move(job);
}

const boost::json::value* find(const boost::json::object& o, std::initializer_list<const char*> names)
{
    for (const char* name : names)
        if (const auto* v = o.if_contains(name); v != nullptr && !v->is_null()) return v;
    return nullptr;
}

/// A string, or a whole number (a company's id) as text; nothing for other values.
std::optional<std::string> read_text(const boost::json::value* v)
{
    if (v == nullptr) return std::string{};
    if (const auto* s = v->if_string()) return std::string{s->data(), s->size()};
    if (const auto* n = v->if_int64()) return std::to_string(*n);
    if (const auto* n = v->if_uint64()) return std::to_string(*n);
    return std::nullopt;
}

bool names_account(std::string_view column) { return column == "account" || column == "account_id"; }

/// A header, as where files were put one behind the other; with other columns only if it names those that matter.
bool is_header_again(const std::vector<std::string>& values, const std::vector<std::string>& header)
{
    const auto names_identifier = [](const std::string& v) { return v.size() == 10 && lower(v) == "identifier"; };
    if (std::none_of(values.begin(), values.end(), names_identifier)) return false;
    return lower_all(values) == header ||
           std::any_of(values.begin(), values.end(), [](const std::string& v) { return names_account(lower(v)); });
}

std::optional<bool> read_json_flag(const boost::json::value* v, bool otherwise)
{
    if (v == nullptr) return otherwise;
    if (const auto* b = v->if_bool()) return *b;
    if (const auto text = read_text(v)) return read_flag(*text);
    return std::nullopt;
}

}  // namespace

job_reader::job_reader(std::istream& in, job_defaults defaults) : in_(in), defaults_(std::move(defaults))
{
    if (!skip_blank()) return;
    if (line_.find('\0') != std::string::npos)
        throw std::invalid_argument{"the jobs file is no text in UTF-8 (UTF-16, perhaps); save it as CSV in UTF-8"};
    const std::string_view first = trim(line_);
    if (first.front() == '{') {
        format_ = format::ndjson;
    } else if (const std::string l = lower(first);
               defaults_.account.empty() || l.find("identifier") != std::string::npos) {
        format_ = format::csv;
        read_header();
    }
}

int job_reader::read_byte()
{
    // Not through the stream's own functions, which would take a failed read for the end.
    try {
        return in_.rdbuf()->sbumpc();
    } catch (const std::ios_base::failure&) {
        throw std::runtime_error{"the jobs can't be read to their end; check the file and its disk, and try again"};
    }
}

bool job_reader::read_line()
{
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
    ++number_;
    // The mark of UTF-8 stands at a file's beginning, and there may be several files one behind the other.
    if (line_.starts_with("\xef\xbb\xbf")) line_.erase(0, 3);
    return true;
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
    // The separator is the first of these that stands in the header; with one column there is none.
    const auto at = line_.find_first_of(",;\t");
    if (at != std::string::npos) separator_ = line_[at];
    const auto names = split_csv(line_, separator_);
    if (!names || too_long_)
        throw std::invalid_argument{"the jobs file's first line is no CSV header; write " + std::string{wanted_header}};
    columns_ = lower_all(*names);
    for (std::size_t i = 0; i < columns_.size(); ++i) {
        const std::string& name = columns_[i];
        const int column = static_cast<int>(i);
        if (names_account(name)) account_column_ = column;
        if (name == "identifier") identifier_column_ = column;
        if (name == "company" || name == "is_company") company_column_ = column;
    }
    if (identifier_column_ < 0)
        throw std::invalid_argument{"the jobs file has no column \"identifier\"; write " + std::string{wanted_header} +
                                    ", or name the account of a list of plain identifiers with --account"};
    if (account_column_ < 0 && defaults_.account.empty())
        throw std::invalid_argument{
            "the jobs file has no column \"account\"; add it, or name one for all with --account"};
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
    const auto values = split_csv(line_, separator_);
    if (!values) {
        r.complaint = "a quote is not closed, or stands in the middle of a value";
        return;
    }
    const bool header = is_header_again(*values, columns_);
    if (header) columns_changed_ = lower_all(*values) != columns_;
    // Read by the first header, what follows would be jobs that nobody meant.
    if (columns_changed_)
        r.complaint = header ? "this is a header with other columns than the first; put what follows it in another file"
                             : "it follows a header with other columns than the first; put it in another file";
    if (header || columns_changed_) return;
    const auto value = [&](int column) -> std::string {
        return column >= 0 && static_cast<std::size_t>(column) < values->size()
                   ? (*values)[static_cast<std::size_t>(column)]
                   : std::string{};
    };
    job_line job{value(account_column_), value(identifier_column_), defaults_.is_company};
    if (job.account.empty()) job.account = defaults_.account;
    if (const std::string text = value(company_column_); !text.empty()) {
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
    boost::json::error_code ec;
    const boost::json::value v = boost::json::parse(line_, ec);
    const auto* o = ec ? nullptr : v.if_object();
    if (o == nullptr) {
        r.complaint = "not a JSON object";
        return;
    }
    const auto account = read_text(find(*o, {"account", "account_id"}));
    const auto identifier = read_text(find(*o, {"identifier"}));
    const auto company = read_json_flag(find(*o, {"company", "is_company"}), defaults_.is_company);
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
