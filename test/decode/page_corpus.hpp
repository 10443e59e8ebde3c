// Pages that hold every field, every kind and every anomaly of the contract at least once.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace unipile::test {

/// A LinkedIn post with all fields, those that were only seen in answers too, and all attachment kinds. Matches the
/// contract.
std::string_view full_linkedin_post();
/// The same for Instagram.
std::string_view full_instagram_post();

/// Items that deviate, each in its way; all of them are JSON objects.
const std::vector<std::string_view>& deviating_items();
/// Items that can't be posts, but end where their brackets say.
const std::vector<std::string_view>& hopeless_items();

/// All of the above in pages of different shapes.
const std::vector<std::string>& page_corpus();

}  // namespace unipile::test
