#include "simulator/people.hpp"

#include "simulator/phrases.hpp"
#include "simulator/random.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace unipile::simulator {
namespace {

constexpr std::int64_t hour = 3'600'000, year = 8766 * hour;
constexpr std::uint64_t company_base = 1'000'003, company_step = 97;
constexpr std::uint64_t instagram_base = 20'000'000'011, instagram_step = 1009;

// The properties that follow from a profile's seed, each with a number of its own.
enum purpose : std::uint64_t { kind = 1, count, pin, pace, prefix, number, name, original };

std::optional<std::uint64_t> number_of(std::string_view text)
{
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

std::string lower_slug(std::uint64_t hash, char separator)
{
    return std::string(slug_word(hash)) + separator + std::string(slug_word(hash >> 20));
}

void name_company(person& who, std::uint64_t hash)
{
    who.is_company = true;
    who.name = company_word(hash);
    who.public_identifier = lower_slug(hash, '-') + "-inc";
}

void name_human(person& who, std::uint64_t hash)
{
    who.name = std::string(first_name(hash)) + ' ' + std::string(last_name(hash >> 24));
    who.public_identifier = lower_slug(hash, '-') + '-' + std::to_string(hash % 1'000'000);
}

constexpr std::string_view prefixes[] = {"ACoAA", "ACoAA", "ACoAA", "ACoAA", "ACoAA", "ACoAA", "ADoAA", "ACwAA"};
constexpr std::size_t prefix_length = 5, index_length = 6;
constexpr std::uint64_t index_mask = (1ull << 6 * index_length) - 1;
constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

}  // namespace

std::int64_t traits::time_of(std::uint64_t serial) const
{
    const auto jitter = mix(seed, 0x71e5, serial) % static_cast<std::uint64_t>(spacing);
    return first_time + static_cast<std::int64_t>(serial) * spacing + static_cast<std::int64_t>(jitter);
}

person stranger(std::uint64_t hash, bool is_company)
{
    person result;
    result.hash = hash;
    if (is_company) {
        name_company(result, mix(hash, name));
        result.id = std::to_string(company_base / 2 + mix(hash, number) % 400'000);
    } else {
        name_human(result, mix(hash, name));
        rng random(mix(hash, original));
        result.id = "ACoAA";
        append_token(result.id, random, 34);
    }
    return result;
}

people::people(const options& options)
    : seed_(options.seed),
      accounts_(options.accounts),
      profiles_(options.identifiers),
      instagram_accounts_(static_cast<std::uint32_t>(std::lround(options.instagram_share * options.accounts))),
      posts_min_(options.posts_min),
      posts_max_(options.posts_max),
      company_share_(options.company_share),
      pinned_share_(options.pinned_share),
      now_(options.now)
{
    if (accounts_ > 1 && options.instagram_share > 0 && options.instagram_share < 1)
        instagram_accounts_ = std::clamp(instagram_accounts_, 1u, accounts_ - 1);
}

/// Distributes the Instagram accounts evenly.
provider people::provider_of(std::uint32_t account) const
{
    const std::uint64_t share = instagram_accounts_;
    const bool instagram = (account + 1ull) * share / accounts_ > account * share / accounts_;
    return instagram ? provider::instagram : provider::linkedin;
}

std::optional<std::uint32_t> people::find_account(std::string_view name) const
{
    if (!name.starts_with("acc")) return std::nullopt;
    const auto value = number_of(name.substr(3));
    if (!value || *value == 0 || *value > accounts_ || name[3] == '0') return std::nullopt;
    return static_cast<std::uint32_t>(*value - 1);
}

/// Returns the profile's number, masked, and 28 check characters.
std::string people::person_id(std::uint64_t profile_seed, std::uint32_t index) const
{
    std::string id(prefixes[mix(profile_seed, prefix) % std::size(prefixes)]);
    auto hidden = (index ^ mix(seed_, prefix)) & index_mask;
    for (std::size_t i = 0; i < index_length; ++i, hidden >>= 6) id += alphabet[hidden & 63];
    rng random(mix(profile_seed, number));
    append_token(id, random, 28);
    return id;
}

traits people::profile(std::uint32_t index) const
{
    traits t;
    t.index = index;
    t.home = index % accounts_;
    t.provider = provider_of(t.home);
    t.seed = mix(seed_, 0x9f0f11e, index);
    t.who.hash = t.seed;
    const auto name_hash = mix(t.seed, name);
    if (t.provider == provider::instagram) {
        name_human(t.who, name_hash);
        t.who.id = std::to_string(instagram_base + index * instagram_step + mix(seed_, number) % instagram_step);
        t.who.public_identifier = lower_slug(name_hash, '.') + '_' + std::to_string(index);
        t.identifier = t.who.public_identifier;
    } else if (unit(mix(t.seed, kind)) < company_share_) {
        name_company(t.who, name_hash);
        t.who.id = std::to_string(company_base + index * company_step + mix(seed_, number) % company_step);
        t.identifier = t.who.id;
    } else {
        name_human(t.who, name_hash);
        t.who.id = person_id(t.seed, index);
        t.identifier = t.who.id;
    }
    t.posts = posts_min_ + mix(t.seed, count) % (posts_max_ - posts_min_ + 1);
    if (t.posts > 2 && unit(mix(t.seed, pin)) < pinned_share_) t.pinned = mix(t.seed, pin, pin) % (t.posts - 1);
    const auto natural = 4 * hour + static_cast<std::int64_t>(mix(t.seed, pace) % (56 * hour));
    t.spacing = std::max<std::int64_t>(
        1, std::min<std::int64_t>(natural, 6 * year / static_cast<std::int64_t>(std::max<std::uint64_t>(t.posts, 1))));
    t.first_time = now_ - static_cast<std::int64_t>(t.posts) * t.spacing;
    return t;
}

std::optional<traits> people::find_profile(std::string_view identifier) const
{
    std::uint64_t index = UINT64_MAX;
    if (const auto digits = number_of(identifier)) {
        if (*digits >= instagram_base)
            index = (*digits - instagram_base) / instagram_step;
        else if (*digits >= company_base)
            index = (*digits - company_base) / company_step;
    } else if (const auto underscore = identifier.rfind('_');
               identifier.starts_with("AC") || identifier.starts_with("AD")) {
        if (identifier.size() < prefix_length + index_length) return std::nullopt;
        index = 0;
        for (std::size_t i = index_length; i-- > 0;)
            index = index << 6 | (alphabet.find(identifier[prefix_length + i]) & 63);
        index = (index ^ mix(seed_, prefix)) & index_mask;
    } else if (underscore != identifier.npos) {
        index = number_of(identifier.substr(underscore + 1)).value_or(UINT64_MAX);
    }
    if (index >= profiles_) return std::nullopt;
    auto found = profile(static_cast<std::uint32_t>(index));
    if (identifier != found.identifier && identifier != found.who.id) return std::nullopt;
    return found;
}

}  // namespace unipile::simulator
