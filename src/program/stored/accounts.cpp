// `unipile accounts`: the state of each account of a store.
#include "program/command.hpp"
#include "program/harvest/arguments.hpp"
#include "program/harvest/store_watch.hpp"
#include "program/stored/open_store.hpp"
#include "program/stored/store_view.hpp"
#include "program/stored/usable_store.hpp"
#include "program/terminal/figures.hpp"
#include "program/terminal/json_object.hpp"
#include "program/terminal/safe_text.hpp"
#include "program/watch/live_settings.hpp"
#include "program/watch/politeness.hpp"
#include "program/watch/setting_names.hpp"

#include <unipile/account_ledger.hpp>
#include <unipile/pacing.hpp>
#include <unipile/store/account_rows.hpp>
#include <unipile/store/engine.hpp>
#include <unipile/store/post_reader.hpp>
#include <unipile/window_use.hpp>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <iostream>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace unipile::program {
namespace {

using store::account_row;
using store::account_summary;

struct accounts_options {
    std::string file;
    bool json = false;
    bool report = false;
    std::string pace;  ///< for the report; empty: that of the last harvest
    std::vector<std::string> unpark;
};

/// The pace of each account, as far as the store knows it.
class stored_paces {
public:
    /// `given`: as typed, or empty; for accounts without a pace of their own.
    stored_paces(store::post_reader& reader, const std::string& given)
    {
        const store::settings settings = reader.current_settings();
        changed_.take(settings);
        const auto stored = settings.find(std::string(terms_setting));
        std::string terms = stored == settings.end() ? "--parked wait --pace recommended" : stored->second;
        if (!given.empty()) terms.replace(0, std::min(terms.find('\n'), terms.size()), "--parked wait --pace " + given);
        adopt_terms(plan_, terms);
    }
    pacing of(const account_row& row) const
    {
        const auto changed = changed_.paces().find(row.account);
        if (changed != changed_.paces().end()) return parse_pacing(changed->second);
        if (auto own = plan_.accounts->pace_of(row.account)) return *own;
        return plan_.pace_by_provider ? pacing::recommended(row.provider) : plan_.pace;
    }

private:
    live_settings changed_;
    harvest_plan plan_;
};

/// The row's own number is as of when it was stored.
std::uint64_t requests_today(const account_row& row)
{
    const auto ledger = account_ledger::from_text(row.ledger);
    return ledger ? ledger->used_after(wall_now() - std::chrono::days(1)) : row.used_today;
}

std::string row_json(const account_row& row, const account_summary& summary)
{
    json_object out;
    out.add_text("account", row.account);
    out.add_filled("provider", row.provider);
    out.add_flag("parked", row.parked);
    out.add_filled("parked_since", time_text(row.parked_since));
    out.add_filled("waits_until", time_text(row.waits_until));
    out.add_filled("why", row.why);
    out.add_number("requests", row.requests);
    out.add_number("requests_today", requests_today(row));
    out.add_number("jobs", summary.jobs.all());
    out.add_number("jobs_done", summary.jobs.done);
    out.add_number("jobs_failed", summary.jobs.failed);
    out.add_number("posts", summary.posts);
    out.add_flag("unpark_requested", row.unpark_requested);
    out.add_filled("updated", time_text(row.updated));
    return out.finish() + '\n';
}

std::string state_of(const account_row& row)
{
    const std::string why = row.why.empty() ? "" : ": " + printable(row.why, 200);
    std::string parked = "parked since " + time_text(row.parked_since) + why;
    if (row.unpark_requested) return "to be unparked by the harvest, the running or the next one (" + parked + ")";
    if (row.parked) return parked;
    if (row.waits_until && *row.waits_until > wall_now()) return "waits until " + time_text(row.waits_until) + why;
    // The store does not have the pace of the next harvest.
    return "not waiting";
}

std::string row_text(const account_row& row, const account_summary& summary)
{
    return printable(row.account, 100) + (row.provider.empty() ? "" : " (" + printable(row.provider, 40) + ")") + ": " +
           state_of(row) + "; " + counted(requests_today(row), "request", "requests") + " in the last day, " +
           with_thousands(row.requests) + " ever; jobs: " + with_thousands(summary.jobs.done) + " of " +
           with_thousands(summary.jobs.all()) + " done, " + with_thousands(summary.jobs.failed) + " failed; " +
           counted(summary.posts, "post", "posts") + '\n';
}

/// A harvest may not have parked it yet.
account_row as_controlled(account_row row, const live_settings& changed)
{
    if (row.parked || !changed.is_parked(row.account)) return row;
    row.parked = true;
    row.parked_since = changed.parked_since(row.account);
    row.waits_until.reset();
    row.why = parked_by_control;
    return row;
}

void note(const std::string& line) { std::cerr << "unipile: --unpark: " << line << '\n'; }

/// Stores requests to unpark for a running harvest, or for the next one. Having nothing to do is no failure. Returns
/// the accounts of the requests; nothing stands for all.
std::optional<std::vector<std::string>> unpark(const accounts_options& o)
{
    std::unique_ptr<store::engine> engine;
    open_usable([&] { engine = open_engine(o.file, store::access::control, false, with_upgrade_lines(o.file)); });
    std::vector<std::string> asked;
    bool all = false;
    live_settings changed;
    changed.take(engine->perform(store::read_settings{}));
    for (const std::string& account : o.unpark) {
        const bool known = engine->perform(store::load_account{account}).has_value();
        for (const std::string& parked : changed.parked())
            if (parked == account || (!known && account == "all"))
                engine->perform(store::set_setting{parked_setting(parked), {}});
        if (!known) {
            if (account != "all")
                throw std::invalid_argument{"--unpark: the store knows no account " + printable(account, 100)};
            all = true;
            if (engine->perform(store::request_unpark{std::nullopt, wall_now()}) == 0)
                note("no account is parked: there is nothing to do");
        } else if (engine->perform(store::request_unpark{account, wall_now()}) > 0) {
            asked.push_back(account);
        } else {
            note(printable(account, 100) + " is not parked: there is nothing to do");
        }
    }
    engine->commit();
    if (all) return std::nullopt;
    return asked;
}

/// How much of its pace each account has used at most.
int report(const accounts_options& o)
{
    return view_store(o.file, {}, [&o](store::post_reader& reader, blocking_output& out) {
        const stored_paces paces(reader, o.pace);
        politeness all;
        reader.accounts([&](const account_row& row, const account_summary&) {
            const account_ledger ledger = store::ledger_of(row, wall_now()).ledger;
            const std::vector<window_use> uses = window_uses(ledger, paces.of(row), wall_now());
            all.add(row.account, uses);
            if (o.json) {
                json_object one;
                one.add_text("account", row.account);
                one.add("windows", windows_json(uses));
                return out.write(one.finish() + '\n');
            }
            for (const window_use& use : uses)
                if (!out.write(printable(row.account, 100) + ": " + use_text(use) +
                               (use.is_exceeded() ? ": exceeded\n" : "\n")))
                    return false;
            return true;
        });
        if (!o.json)
            for (const std::string& line : all.lines()) out.write(line + '\n');
    });
}

/// After `--unpark`, prints only what that has done.
int run_accounts(const accounts_options& o)
{
    if (o.report) return report(o);
    return view_store(o.file, {}, [&o](store::post_reader& reader, blocking_output& out) {
        std::optional<std::vector<std::string>> only;
        if (!o.unpark.empty()) only = unpark(o);
        live_settings changed;
        changed.take(reader.current_settings());
        reader.accounts([&](const account_row& stored, const account_summary& summary) {
            const account_row row = as_controlled(stored, changed);
            if (!o.unpark.empty() && !row.unpark_requested) return true;
            if (only && std::find(only->begin(), only->end(), row.account) == only->end()) return true;
            return out.write(o.json ? row_json(row, summary) : row_text(row, summary));
        });
    });
}

}  // namespace

void add_accounts(CLI::App& app, runner& run)
{
    CLI::App* command = app.add_subcommand("accounts", "Show where each account of a store stands, or unpark one");
    const auto o = std::make_shared<accounts_options>();
    command
        ->add_option("--store", o->file,
                     "The store that `unipile harvest` fills: a file, or the URL of a PostgreSQL database")
        ->type_name("STORE")
        ->required();
    command->add_flag("--json", o->json, "One JSON object a line instead of text");
    CLI::Option* report =
        command->add_flag("--report", o->report,
                          "The most requests of each account in any interval of each window of its pace, against what "
                          "was allowed; as far back as the store knows, which is a day or the longest window");
    command
        ->add_option("--pace", o->pace,
                     "With --report: the pace that accounts without one of their own had to keep; usually that of the "
                     "last harvest")
        ->type_name("RULES")
        ->needs(report);
    command
        ->add_option("--unpark", o->unpark,
                     "Unpark an account, in the running harvest or in the next one; all: every parked one")
        ->type_name("ACCOUNT")
        ->excludes(report);
    command->callback([&run, o] { run = [o] { return run_accounts(*o); }; });
}

}  // namespace unipile::program
