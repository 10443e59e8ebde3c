#include "program/doctor/store_check.hpp"

#include "program/options/text_file.hpp"
#include "program/stored/open_store.hpp"
#include "program/stored/usable_store.hpp"
#include "program/terminal/figures.hpp"

#include <unipile/harvest_estimate.hpp>
#include <unipile/store/error.hpp>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <system_error>

#include <unistd.h>

namespace unipile::program {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t little_space = std::uintmax_t{1} << 30;

finding bad_store(const std::string& text, const std::string& advice, exit_code code = exit_code::usage_error)
{
    return {"store", verdict::bad, text, advice, code};
}

/// A file that does not exist yet has to be created.
std::optional<finding> check_place(const std::string& store)
{
    std::error_code unknown;
    const bool exists = fs::exists(store, unknown);
    if (exists && ::access(store.c_str(), W_OK) != 0)
        return bad_store(store + " can't be written", "give its user the right to");
    const fs::path file = exists ? fs::canonical(store, unknown) : fs::path{store};
    const std::string folder = file.parent_path().string();
    const std::string where = folder.empty() ? "." : folder;
    if (!fs::is_directory(where, unknown)) return bad_store("there is no folder " + where, "make it");
    if (::access(where.c_str(), W_OK | X_OK) != 0)
        return bad_store(where + " can't be written", "a store makes files beside its own; give its user the right to");
    if (exists) return std::nullopt;
    return finding{"store", verdict::good, store + " does not exist yet; the first harvest makes it", {}};
}

std::optional<finding> check_space(const std::string& store)
{
    std::error_code unknown;
    const fs::path folder = fs::absolute(store, unknown).parent_path();
    const auto space = fs::space(folder, unknown);
    if (unknown) return std::nullopt;
    const std::string text = human_bytes(space.available) + " are free in " + folder.string();
    if (space.available >= little_space) return finding{"space", verdict::good, text, {}};
    return finding{"space", verdict::warning, text, "a million posts take some gigabytes"};
}

finding summary_of(store::post_reader& reader, const std::string& store, const std::string& base_url)
{
    const store::store_summary s = reader.summary();
    finding f{"store",
              verdict::good,
              counted(s.posts, "post", "posts") + ", " + counted(s.jobs.all(), "job", "jobs") +
                  (s.tenant.empty() ? "" : " of " + s.tenant),
              {}};
    if (const std::string given = tenant_of(base_url); !s.tenant.empty() && !given.empty() && s.tenant != given)
        return bad_store("it belongs to " + s.tenant + " and not to " + given,
                         "check the base URL, or name another store");
    if (reader.harvesting().value_or(false)) f.text += "; a harvest is under way";
    static_cast<void>(store);
    return f;
}

/// As far as the store knows them: nothing is asked of the API.
finding accounts_of(store::post_reader& reader, const std::string& store)
{
    constexpr std::uint64_t most_named = 5;
    std::uint64_t all = 0, parked = 0, resting = 0;
    std::string named;
    reader.accounts([&](const store::account_row& row, const store::account_summary&) {
        ++all;
        if (row.parked && ++parked <= most_named) named += (named.empty() ? " (" : ", ") + row.account + ": " + row.why;
        if (!row.parked && row.waits_until && *row.waits_until > wall_now() && row.why.starts_with("rests")) ++resting;
        return true;
    });
    finding f{"accounts", verdict::good, "none was used yet", {}};
    if (all == 0) return f;
    f.text = counted(all, "account", "accounts") + ", " + with_thousands(parked) + " parked";
    if (!named.empty()) f.text += named + (parked > most_named ? ", ...)" : ")");
    if (resting > 0) f.text += ", " + with_thousands(resting) + " resting after a throttle signal";
    if (parked == 0) return f;
    f.is = verdict::warning;
    f.advice = "let their owners connect them, then: unipile accounts --store " + store + " --unpark ACCOUNT";
    return f;
}

}  // namespace

std::vector<finding> check_store(const std::string& store, const std::string& base_url)
{
    std::vector<finding> all;
    const bool is_file = !is_database(store);
    if (is_file)
        if (auto place = check_place(store)) all.push_back(*place);
    try {
        if (all.empty()) {
            const auto reader = open_reader(store);
            all.push_back(summary_of(*reader, store, base_url));
            all.push_back(accounts_of(*reader, store));
        }
    } catch (const store::store_error& e) {
        if (e.reason() == store::store_errc::nothing_stored)
            all.push_back({"store", verdict::good, "nothing was harvested into it yet", {}});
        else
            all.push_back(bad_store(e.what(), {},
                                    is_out_of_reach(e.reason())    ? exit_code::no_database
                                    : is_misconfigured(e.reason()) ? exit_code::usage_error
                                                                   : exit_code::some_incomplete));
    }
    if (is_file)
        if (auto space = check_space(store)) all.push_back(*space);
    return all;
}

finding check_pace(const harvest_arguments& arguments)
{
    try {
        const harvest_plan plan = make_pace_plan(arguments);
        estimate_rules rules;
        rules.pace = plan.pace;
        rules.pace_by_provider = plan.pace_by_provider;
        rules.per_request = {};
        rules.now = wall_now();
        harvest_estimator estimator{rules};
        account_load one;
        one.jobs = 1;
        one.requests_per_job = 1;
        estimator.add(one);
        const auto wait = estimator.result().duration;
        std::string text = arguments.pace;
        if (!plan.accounts->empty())
            text += ", and " + counted(plan.accounts->size(), "account", "accounts") + " of --accounts";
        text += wait.count() == 0 ? "; a rested account may send now" : "; the hours begin in " + human_duration(wait);
        return {"pace", verdict::good, text, {}};
    } catch (const std::invalid_argument& e) {
        return {"pace", verdict::bad, e.what(), {}, exit_code::usage_error};
    }
}

}  // namespace unipile::program
