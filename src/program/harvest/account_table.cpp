#include "program/harvest/account_table.hpp"

#include "program/harvest/csv.hpp"
#include "program/harvest/csv_table.hpp"
#include "program/options/times.hpp"
#include "program/stored/store_view.hpp"
#include "program/terminal/safe_text.hpp"

#include <algorithm>
#include <cctype>
#include <stdexcept>
#include <utility>

namespace unipile::program {
namespace {

/// The ledger's reason for accounts that the table parks.
constexpr std::string_view parked_by_table = "parked in the table of accounts";
constexpr std::size_t longest_shown = 60;

const std::vector<std::string>& columns()
{
    static const std::vector<std::string> all{"account", "provider", "pace", "hours", "first_used", "parked"};
    return all;
}
enum column : std::size_t { account_name, provider, pace, hours, first_used, parked };

class entry_reader {
public:
    entry_reader(const csv_table& table, const csv_table::row& row, const std::optional<pacing>& otherwise)
        : table_(table), row_(row), otherwise_(otherwise)
    {}

    account_entry read(wall_time now) const
    {
        account_entry e;
        e.provider = row_.cells[provider];
        for (char& c : e.provider) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
        if (!e.provider.empty() && e.provider != "LINKEDIN" && e.provider != "INSTAGRAM")
            table_.refuse(row_, "the provider is LINKEDIN or INSTAGRAM, or left out");
        e.pace = read_pace(e.provider);
        if (const std::string& text = row_.cells[first_used]; !text.empty()) {
            e.first_used = parse_past(text, now);
            if (!e.first_used || *e.first_used > now)
                table_.refuse(row_, "first_used is a date that is over, such as 2024-05-31");
        }
        const auto flag = read_flag(row_.cells[parked]);
        if (!flag) table_.refuse(row_, "parked is true or false");
        e.parked = *flag;
        return e;
    }

private:
    pacing rules(const std::string& text) const
    {
        try {
            return parse_pacing(text);
        } catch (const std::invalid_argument& e) {
            table_.refuse(row_, e.what());
        }
    }
    std::optional<pacing> read_pace(const std::string& its_provider) const
    {
        const std::string& text = row_.cells[pace];
        std::optional<pacing> made;
        if (text == "recommended")
            made = pacing::recommended(its_provider);
        else if (!text.empty())
            made = rules(text);
        if (const std::string& open = row_.cells[hours]; !open.empty()) {
            if (!made) made = otherwise_;
            if (!made) made = pacing::recommended(its_provider);
            pacing only = rules("hours " + open);
            made->hours = std::exchange(only.hours, std::nullopt);
            if (only != pacing()) table_.refuse(row_, "hours are such as mon-fri 09:00-18:00 Europe/Berlin");
        }
        return made;
    }

    const csv_table& table_;
    const csv_table::row& row_;
    const std::optional<pacing>& otherwise_;
};

}  // namespace

account_table::account_table(std::string_view text, const std::string& name, const std::optional<pacing>& otherwise,
                             wall_time now)
{
    const csv_table table{text, name, columns()};
    unused_columns_ = table.unused_columns();
    for (const csv_table::row& row : table.rows()) {
        account_entry entry = entry_reader{table, row, otherwise}.read(now);
        if (!entries_.emplace(row.cells[account_name], std::move(entry)).second)
            table.refuse(row, "account " + printable(row.cells[account_name], longest_shown) + " comes twice");
    }
}

std::optional<pacing> account_table::pace_of(std::string_view account) const
{
    const auto at = entries_.find(account);
    return at == entries_.end() ? std::nullopt : at->second.pace;
}

void account_table::prepare(std::string_view account, account_ledger& ledger, wall_time now) const
{
    static const account_entry none;
    const auto at = entries_.find(account);
    const account_entry& entry = at == entries_.end() ? none : at->second;
    if (ledger.provider.empty()) ledger.provider = entry.provider;
    if (entry.first_used && (!ledger.first_used || *entry.first_used < *ledger.first_used)) {
        ledger.first_used = entry.first_used;
        ledger.requests = std::max<std::uint64_t>(ledger.requests, 1);
    }
    if (entry.parked && !ledger.parked)
        ledger.parked = account_ledger::parking{now, std::string{parked_by_table}};
    else if (!entry.parked && ledger.parked && ledger.parked->reason == parked_by_table)
        ledger.unpark(now);
}

std::string account_table::text() const
{
    if (entries_.empty()) return {};
    std::string all;
    for (const std::string& column : columns()) all += (all.empty() ? "" : ",") + column;
    for (const auto& [name, e] : entries_) {
        all += '\n' + csv_cell(name) + ',' + e.provider + ',' + (e.pace ? csv_cell(to_string(*e.pace)) : "") + ",," +
               time_text(e.first_used) + ',' + (e.parked ? "true" : "");
    }
    return all + '\n';
}

}  // namespace unipile::program
