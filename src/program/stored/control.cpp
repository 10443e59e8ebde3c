// `unipile control`: changes the harvests of a store while they run.
#include "program/watch/control.hpp"
#include "program/command.hpp"
#include "program/harvest/store_watch.hpp"
#include "program/options/command_files.hpp"
#include "program/output/blocking_output.hpp"
#include "program/stored/open_store.hpp"
#include "program/stored/usable_store.hpp"
#include "program/terminal/json_object.hpp"
#include "program/terminal/safe_text.hpp"
#include "program/watch/live_settings.hpp"

#include <unipile/store/engine.hpp>
#include <unipile/store/post_reader.hpp>

#include <CLI/CLI.hpp>

#include <memory>
#include <string>
#include <vector>

namespace unipile::program {
namespace {

struct control_options {
    std::string store;
    std::vector<std::string> words;
    bool json = false;
};

std::string settings_json(const live_settings& s)
{
    json_object paces;
    for (const auto& [account, rules] : s.paces()) paces.add_text(account, rules);
    std::vector<std::string> parked;
    for (const std::string& account : s.parked()) parked.push_back(json_string(account));
    json_object out;
    out.add_flag("paused", s.is_paused());
    if (s.connections() > 0) out.add_number("connections", s.connections());
    out.add("paces", paces.finish());
    out.add("parked", json_array(parked));
    return out.finish() + '\n';
}

std::string settings_text(const live_settings& s)
{
    std::string out = s.is_paused() ? "paused\n" : "not paused\n";
    if (s.connections() > 0) out += "connections: " + std::to_string(s.connections()) + '\n';
    for (const auto& [account, rules] : s.paces()) out += "pace of " + printable(account, 100) + ": " + rules + '\n';
    for (const std::string& account : s.parked()) out += "parked: " + printable(account, 100) + '\n';
    return out;
}

int show(const control_options& o)
{
    std::unique_ptr<store::post_reader> reader;
    open_usable([&] { reader = open_reader(o.store); });
    live_settings settings;
    settings.take(reader->current_settings());
    blocking_output out{{}};
    out.write(o.json ? settings_json(settings) : settings_text(settings));
    out.finish();
    return exit_code::all_complete;
}

int run_control(const control_options& o)
{
    command_files files;
    files.opens_store("--store", o.store);
    files.check();
    if (o.words.empty()) return show(o);
    const control command = control_from_words(o.words);
    std::unique_ptr<store::engine> engine;
    open_usable([&] { engine = open_engine(o.store, store::access::control, false, with_upgrade_lines(o.store)); });
    engine->apply(operations_of(command, wall_now()));
    engine->commit();
    blocking_output out{{}};
    out.write(outcome_of(command) + '\n');
    out.finish();
    return exit_code::all_complete;
}

}  // namespace

void add_control(CLI::App& app, runner& run)
{
    CLI::App* command =
        app.add_subcommand("control", "Change the harvests of a store while they run, or show what was changed");
    const auto o = std::make_shared<control_options>();
    command
        ->add_option(
            "CONTROL", o->words,
            "pause, resume, connections N, pace ACCOUNT RULES, park ACCOUNT or unpark ACCOUNT; none: show what "
            "was changed. default as N or RULES takes a change back")
        ->type_name("WORD");
    command
        ->add_option("--store", o->store,
                     "The store that `unipile harvest` fills: a file, or the URL of a PostgreSQL database")
        ->type_name("STORE")
        ->required();
    command->add_flag("--json", o->json, "One JSON object, of what was changed, instead of text");
    command->footer(
        "Each process that harvests into the store does it within about two seconds, on other machines too. A change\n"
        "holds until it is changed again, for later harvests too. Requests under way are finished.\n"
        "Example: unipile control --store posts.db pace Asdq-j08dsqQS89QSD \"50/day, gap 5s-20s\"");
    command->callback([&run, o] { run = [o] { return run_control(*o); }; });
}

}  // namespace unipile::program
