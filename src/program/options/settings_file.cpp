#include "program/options/settings_file.hpp"

#include "program/terminal/safe_text.hpp"

#include <unipile/utf8.hpp>

#include <algorithm>
#include <set>
#include <stdexcept>
#include <utility>

namespace unipile::program {
namespace {

constexpr std::size_t longest_key = 60;

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
bool is_key_character(char c) noexcept
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
}

class settings_reader {
public:
    settings_reader(std::string_view text, const std::string& name) : text_(text), name_(name) {}

    std::vector<setting> read()
    {
        if (text_.starts_with("\xef\xbb\xbf")) at_ = 3;
        while (skip_blank_lines()) {
            if (peek() == '[')
                read_section();
            else
                read_setting();
            end_line();
        }
        return std::move(settings_);
    }

private:
    [[noreturn]] void refuse(const std::string& what) const
    {
        throw std::invalid_argument{printable(name_) + ':' + std::to_string(line_) + ": " + what};
    }

    bool at_end() const noexcept { return at_ == text_.size(); }
    char peek() const noexcept { return at_end() ? '\n' : text_[at_]; }
    char take()
    {
        const char c = peek();
        if (at_end()) refuse("the file ends within a value; close its quotes or brackets");
        ++at_;
        if (c == '\n') ++line_;
        return c;
    }
    void skip_blanks()
    {
        while (!at_end() && (peek() == ' ' || peek() == '\t' || (peek() == '\r' && text_.substr(at_, 2) == "\r\n")))
            ++at_;
        if (peek() == '#') at_ = std::min(text_.find('\n', at_), text_.size());
    }
    /// Returns false at the end of the file.
    bool skip_blank_lines()
    {
        for (skip_blanks(); !at_end() && peek() == '\n'; skip_blanks()) take();
        return !at_end();
    }
    void end_line()
    {
        skip_blanks();
        if (peek() != '\n') refuse("the line goes on behind its value; put a text into quotes");
    }

    std::string read_key()
    {
        if (peek() == '"' || peek() == '\'') return read_text();
        std::string key;
        while (!at_end() && is_key_character(peek())) key += take();
        if (key.empty()) refuse("write key = value, or [section]");
        return key;
    }

    void read_section()
    {
        take();
        skip_blanks();
        section_ = read_key();
        skip_blanks();
        if (peek() != ']') refuse("a section is a name in brackets, such as [harvest]");
        take();
        if (!sections_.insert(section_).second)
            refuse("section [" + printable(section_, longest_key) + "] comes twice");
    }

    void read_setting()
    {
        setting made;
        made.section = section_;
        made.line = line_;
        made.key = read_key();
        std::replace(made.key.begin(), made.key.end(), '_', '-');
        skip_blanks();
        if (peek() != '=') refuse("write key = value, or [section]");
        take();
        skip_blanks();
        if (peek() == '[')
            read_array(made.values);
        else
            made.values.push_back(read_value());
        const auto same = [&](const setting& s) { return s.section == made.section && s.key == made.key; };
        if (const auto first = std::find_if(settings_.begin(), settings_.end(), same); first != settings_.end()) {
            line_ = made.line;
            refuse(printable(made.key, longest_key) + " is set in line " + std::to_string(first->line) + ", too");
        }
        settings_.push_back(std::move(made));
    }

    void read_array(std::vector<std::string>& values)
    {
        take();
        for (;;) {
            if (!skip_blank_lines()) take();
            if (peek() == ']') break;
            values.push_back(read_value());
            if (!skip_blank_lines()) take();
            if (peek() == ']') break;
            if (peek() != ',') refuse("the values of an array stand between commas, each text in quotes");
            take();
        }
        take();
    }

    std::string read_value()
    {
        if (peek() == '"' || peek() == '\'') return read_text();
        std::string value;
        while (!at_end() && std::string_view{" \t\r\n,]#"}.find(peek()) == std::string_view::npos) value += take();
        if (value == "true" || value == "false") return value;
        const bool number = !value.empty() && value.find_first_not_of("0123456789_.:+-eETZ") == std::string::npos &&
                            std::any_of(value.begin(), value.end(), is_digit);
        if (!number) refuse("the value is no number, true or false; put a text into quotes");
        std::erase(value, '_');
        return value;
    }

    std::string read_text()
    {
        const char quote = take();
        std::string value;
        while (peek() != quote || at_end()) {
            const char c = take();
            if (c == '\r' && peek() == '\n') continue;
            if (c == '\n') {
                --line_;
                refuse("a quote is not closed");
            }
            if (static_cast<unsigned char>(c) < 0x20 && c != '\t') refuse("there is a control character in the value");
            value += c == '\\' && quote == '"' ? read_escape() : c;
        }
        take();
        if (!is_valid_utf8(value)) refuse("the text is not in UTF-8");
        return value;
    }

    char read_escape()
    {
        switch (take()) {
            case '"': return '"';
            case '\\': return '\\';
            case 't': return '\t';
            default: refuse("of escapes there are \\\\, \\\" and \\t; single quotes need none");
        }
    }

    std::string_view text_;
    const std::string& name_;
    std::size_t at_ = 0;
    std::size_t line_ = 1;
    std::string section_;
    std::set<std::string> sections_;
    std::vector<setting> settings_;
};

}  // namespace

std::vector<setting> read_settings(std::string_view text, const std::string& name)
{
    return settings_reader{text, name}.read();
}

}  // namespace unipile::program
