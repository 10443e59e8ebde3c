// The command lines of `unipile harvest` and `unipile work`.
#pragma once

#include "program/harvest/account_table.hpp"
#include "program/options/connection_options.hpp"
#include "program/watch/watch_options.hpp"

#include <unipile/pacing.hpp>
#include <unipile/store/harvester.hpp>
#include <unipile/store/records.hpp>
#include <unipile/wall_time.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace CLI {
class App;
}

namespace unipile::program {

/// The options as typed.
struct harvest_arguments {
    bool joins = false;  ///< `unipile work`: there is no jobs file
    bool wait = false;   ///< with `joins`: for the next run
    std::string jobs;    ///< file, or `-`
    std::string store;   ///< file, or connection string
    std::string account;
    bool company = false;
    std::string columns;
    std::string rejects;
    std::string pace = "recommended";
    std::string accounts;  ///< file
    std::string parked = "wait";
    std::string outage_patience = "15m";
    std::string answer_timeout = "90s";
    std::string take_over_after;  ///< empty: the default
    std::string since;
    std::uint64_t max_posts = 0;
    int limit = 100;
    unsigned empty_pages = 0;  ///< in a row, to read past
    bool full = false;
    bool update = false;
    bool retry_failed = false;
    bool restart = false;
    bool base_url_changed = false;
    bool dry_run = false;
    std::string ndjson;  ///< file, or `-`; empty: none
    std::string until;   ///< time or duration; empty: no end
    std::string order = "least-recent";
    watch_options watch;
    connection_options connection;
};

/// The settings that follow from the options.
struct harvest_plan {
    store::harvester_options harvester;  ///< without key and URL if no request is to be sent
    store::run_request run;              ///< without the label, which the jobs give; not for `unipile work`
    pacing pace;                         ///< as requested; for `recommended`, rules that are safe for all
    bool pace_by_provider = false;
    std::shared_ptr<const account_table> accounts;  ///< never null
    std::optional<std::chrono::milliseconds> take_over_after;
    std::optional<wall_time> until;
    watch_settings watch;
};

void add_harvest_options(CLI::App& command, harvest_arguments& arguments);
void add_work_options(CLI::App& command, harvest_arguments& arguments);
/// Adds `--pace` and `--accounts` only.
void add_pace_options(CLI::App& command, harvest_arguments& arguments);

/// Checks what the parser's grammar does not cover. Throws std::invalid_argument with one line that says what to
/// change.
harvest_plan make_plan(const harvest_arguments& arguments);
/// Returns a plan with the pace and the accounts only. Throws std::invalid_argument.
harvest_plan make_pace_plan(const harvest_arguments& arguments);

/// Sets the pace, what is known of the accounts, and what becomes of the jobs of parked ones, to those of the run that
/// is joined: `run_info::terms`. Throws std::invalid_argument.
void adopt_terms(harvest_plan& plan, std::string_view terms);

}  // namespace unipile::program
