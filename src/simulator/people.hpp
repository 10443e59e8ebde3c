// The profiles, which follow from the seed and their number, are found by their name, and are not stored.
#pragma once

#include <unipile/simulator/generate.hpp>
#include <unipile/simulator/options.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace unipile::simulator {

/// A person with a name: authors, owners and original authors of reposts.
struct person {
    std::string id;                 ///< ACo…, a company's number, an Instagram number
    std::string public_identifier;  ///< slug or user name
    std::string name;
    bool is_company = false;
    std::uint64_t hash = 0;
};

struct traits {
    std::uint32_t index = 0;
    std::uint32_t home = 0;  ///< number of the home account
    simulator::provider provider = simulator::provider::linkedin;
    std::uint64_t seed = 0;
    person who;
    std::string identifier;  ///< its name in a listing's request
    std::uint64_t posts = 0;
    std::optional<std::uint64_t> pinned;  ///< the serial of the pinned post
    std::int64_t first_time = 0;          ///< earliest time of serial 0
    std::int64_t spacing = 1;             ///< milliseconds from one serial to the next

    /// Returns the time of a post; increases with the serial. Serial 0 is the oldest post; serials from `posts` on are
    /// later than `options::now`.
    std::int64_t time_of(std::uint64_t serial) const;
};

/// Accounts and profiles of a set of options.
class people {
public:
    explicit people(const options& options);

    std::uint32_t accounts() const { return accounts_; }
    std::uint32_t profiles() const { return profiles_; }
    provider provider_of(std::uint32_t account) const;
    std::string account_name(std::uint32_t account) const { return "acc" + std::to_string(account + 1); }
    std::optional<std::uint32_t> find_account(std::string_view name) const;

    traits profile(std::uint32_t index) const;
    /// Also finds it by the provider's id if that is not the identifier (Instagram).
    std::optional<traits> find_profile(std::string_view identifier) const;
    std::int64_t now() const { return now_; }

private:
    std::string person_id(std::uint64_t profile_seed, std::uint32_t index) const;

    std::uint64_t seed_;
    std::uint32_t accounts_, profiles_, instagram_accounts_;
    std::uint64_t posts_min_, posts_max_;
    double company_share_, pinned_share_;
    std::int64_t now_;
};

/// Returns a person without a profile here.
person stranger(std::uint64_t hash, bool is_company);

}  // namespace unipile::simulator
