// The views of a store for users of SQL: what `views.md` promises, in the dialect of each engine.
#pragma once

#include <string>
#include <vector>

namespace unipile::store {

enum class sql_dialect { sqlite, postgres };

/// Returns a statement for each view. Views read what the tables have, so a harvest writes nothing for them.
std::vector<std::string> view_statements(sql_dialect dialect);

}  // namespace unipile::store
