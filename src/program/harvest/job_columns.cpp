#include "program/harvest/job_columns.hpp"

#include "program/harvest/csv.hpp"
#include "program/terminal/safe_text.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>

namespace unipile::program {
namespace {

struct usual_name {
    job_column column;
    std::string_view name;
};
/// The first name of each column stands in `--columns` and in messages.
constexpr std::array<usual_name, 5> usual{{
    {job_column::account, "account"},
    {job_column::account, "account_id"},
    {job_column::identifier, "identifier"},
    {job_column::company, "company"},
    {job_column::company, "is_company"},
}};

constexpr std::size_t longest_shown = 40;

[[noreturn]] void refuse(std::string_view about, const std::string& what)
{
    throw std::invalid_argument{"--columns: " + printable(about, longest_shown) + what +
                                "; write it as identifier=profile_id,account=owner"};
}

std::string_view first_name_of(job_column column)
{
    return std::find_if(usual.begin(), usual.end(), [column](const usual_name& u) { return u.column == column; })->name;
}

job_column read_meaning(std::string_view text)
{
    for (const usual_name& u : usual)
        if (lower(text) == u.name) return u.column;
    std::string all;
    for (const usual_name& u : usual)
        if (u.name == first_name_of(u.column)) all += (all.empty() ? "" : ", ") + std::string{u.name};
    refuse(text, " is nothing that a column can be (" + all + ')');
}

}  // namespace

job_columns::job_columns(std::string_view text)
{
    while (!trim(text).empty()) {
        const std::size_t comma = std::min(text.find(','), text.size());
        const std::string_view pair = trim(text.substr(0, comma));
        text.remove_prefix(std::min(comma + 1, text.size()));
        const std::size_t equals = std::min(pair.find('='), pair.size());
        const std::string name = lower(trim(pair.substr(std::min(equals + 1, pair.size()))));
        if (name.empty()) refuse(pair, " has no name of a column");
        const job_column column = read_meaning(trim(pair.substr(0, equals)));
        for (const auto& [other, its_name] : given_)
            if (other == column || its_name == name) refuse(pair, " is given twice");
        given_.emplace(column, name);
    }
}

std::optional<job_column> job_columns::meaning_of(std::string_view name) const
{
    const std::string text = lower(name);
    for (const auto& [column, its_name] : given_)
        if (its_name == text) return column;
    for (const usual_name& u : usual)
        if (u.name == text && !given_.contains(u.column)) return u.column;
    return std::nullopt;
}

std::string job_columns::name_of(job_column column) const
{
    const auto at = given_.find(column);
    return at == given_.end() ? std::string{first_name_of(column)} : at->second;
}

std::string job_columns::text() const
{
    std::string all;
    for (const auto& [column, name] : given_)
        all += (all.empty() ? "" : ",") + std::string{first_name_of(column)} + '=' + name;
    return all;
}

}  // namespace unipile::program
