// What the columns of a jobs file mean. Pure.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace unipile::program {

enum class job_column { account, identifier, company };

/// The names of columns, of which some may be given.
class job_columns {
public:
    job_columns() = default;
    /// Reads `identifier=profile_id,account=Account ID`; empty: no name is given. Throws std::invalid_argument with one
    /// line that says what is wrong.
    explicit job_columns(std::string_view text);

    /// Returns the meaning of a column of that name, whatever its case; nothing if it has none. A given name is instead
    /// of the usual ones.
    std::optional<job_column> meaning_of(std::string_view name) const;
    /// Returns the name of a column, for messages.
    std::string name_of(job_column column) const;
    bool is_given(job_column column) const { return given_.contains(column); }
    /// Returns true if no name is given.
    bool empty() const noexcept { return given_.empty(); }
    /// Returns the same text for the same names.
    std::string text() const;

private:
    std::map<job_column, std::string> given_;  ///< in lower case
};

}  // namespace unipile::program
