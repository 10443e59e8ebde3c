#include "program/harvest/csv.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace unipile::program {
namespace {

// In lower case, as far as the letters are ASCII.
constexpr std::array<std::string_view, 32> words_for_true{"true",
                                                          "yes",
                                                          "y",
                                                          "1",
                                                          "x",
                                                          "company",
                                                          "wahr",
                                                          "ja",
                                                          "vrai",
                                                          "oui",
                                                          "verdadero",
                                                          "s\u00ed",
                                                          "s\u00cd",
                                                          "si",
                                                          "vero",
                                                          "s\u00ec",
                                                          "s\u00cc",
                                                          "verdadeiro",
                                                          "sim",
                                                          "waar",
                                                          "prawda",
                                                          "tak",
                                                          "ano",
                                                          "evet",
                                                          "\u0434\u0430",
                                                          "\u0414\u0430",
                                                          "\u0414\u0410",
                                                          "\u0438\u0441\u0442\u0438\u043d\u0430",
                                                          "\u0418\u0421\u0422\u0418\u041d\u0410",
                                                          "\u662f",
                                                          "\u771f",
                                                          "\u306f\u3044"};
constexpr std::array<std::string_view, 32> words_for_false{"",
                                                           "false",
                                                           "no",
                                                           "n",
                                                           "0",
                                                           "person",
                                                           "user",
                                                           "falsch",
                                                           "nein",
                                                           "faux",
                                                           "non",
                                                           "falso",
                                                           "n\u00e3o",
                                                           "n\u00c3o",
                                                           "nao",
                                                           "onwaar",
                                                           "nee",
                                                           "fa\u0142sz",
                                                           "fa\u0141sz",
                                                           "nie",
                                                           "ne",
                                                           "hay\u0131r",
                                                           "hayir",
                                                           "\u043d\u0435\u0442",
                                                           "\u041d\u0435\u0442",
                                                           "\u041d\u0415\u0422",
                                                           "\u043b\u043e\u0436\u044c",
                                                           "\u041b\u041e\u0416\u042c",
                                                           "\u5426",
                                                           "\u5047",
                                                           "\u3044\u3044\u3048",
                                                           "-"};

template <class Words>
bool is_among(const Words& words, std::string_view text)
{
    return std::find(words.begin(), words.end(), text) != words.end();
}

}  // namespace

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

csv_record split_csv(std::string_view line, char separator)
{
    csv_record r;
    r.values.resize(1);
    std::size_t i = 0;
    const auto take_quoted = [&] {
        for (++i; i < line.size(); ++i) {
            if (line[i] != '"') {
                r.values.back() += line[i];
            } else if (i + 1 < line.size() && line[i + 1] == '"') {
                r.values.back() += line[i++];
            } else {
                r.at = i++;
                return true;
            }
        }
        return false;
    };
    while (i < line.size()) {
        if (line[i] == '"' && trim(r.values.back()).empty()) {
            r.values.back().clear();
            if (!take_quoted()) {
                r.state = csv_record::quotes::open;
                return r;
            }
            while (i < line.size() && (line[i] == ' ' || line[i] == '\t') && line[i] != separator) ++i;
            if (i == line.size() || line[i] == separator) continue;
            r.state = csv_record::quotes::misplaced;
            return r;
        }
        if (line[i] == separator) {
            r.values.emplace_back();
            ++i;
        } else {
            r.values.back() += line[i++];
        }
    }
    for (std::string& v : r.values) v = std::string{trim(v)};
    return r;
}

bool begins_value(std::string_view record, std::size_t at, char separator)
{
    return record[at - 1] == '\n' || record[at - 1] == separator;
}

char separator_of(std::string_view header)
{
    const auto at = header.find_first_of(",;\t");
    return at == std::string_view::npos ? ',' : header[at];
}

std::optional<char> named_separator(std::string_view line)
{
    const std::string_view text = trim(line);
    if (text.size() != 5 || !lower(text).starts_with("sep=")) return std::nullopt;
    return text.back();
}

std::optional<bool> read_flag(std::string_view text)
{
    const std::string word = lower(trim(text));
    if (is_among(words_for_true, word)) return true;
    if (is_among(words_for_false, word)) return false;
    return std::nullopt;
}

}  // namespace unipile::program
