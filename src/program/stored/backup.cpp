// `unipile backup`: copies a store into one file, also while a harvest writes it.
#include "program/command.hpp"
#include "program/options/command_files.hpp"
#include "program/stored/open_store.hpp"
#include "program/stored/usable_store.hpp"
#include "program/terminal/console.hpp"
#include "program/terminal/figures.hpp"
#include "program/terminal/safe_text.hpp"

#include <unipile/store/error.hpp>
#include <unipile/store/sqlite.hpp>

#include <CLI/CLI.hpp>

#include <csignal>
#include <filesystem>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>

#include <signal.h>

namespace unipile::program {
namespace {

struct backup_options {
    std::string file, to;
};

volatile std::sig_atomic_t interrupted = 0;

extern "C" void interrupt_backup(int) { interrupted = 1; }

void catch_ending_signals()
{
    for (const int signal : {SIGINT, SIGTERM, SIGHUP})
        if (std::signal(signal, interrupt_backup) == SIG_IGN) std::signal(signal, SIG_IGN);
}

void check_files(const backup_options& o)
{
    if (is_database(o.file))
        throw std::invalid_argument{"--store: a PostgreSQL database is copied with pg_dump: pg_dump --schema=unipile"};
    command_files files;
    files.opens_store("--store", o.file);
    files.writes("TO", o.to);
    files.check();
}

void back_up(const backup_options& o)
{
    console shown{true};
    const auto progress = [&shown](const store::backup_progress& p) {
        const std::uint64_t percent = p.all == 0 ? 100 : p.copied * 100 / p.all;
        shown.progress(std::to_string(percent) + "% copied");
        shown.wait();  // a terminal that is stopped stops the backup
        return interrupted == 0;
    };
    open_usable([&] {
        try {
            store::backup_sqlite(o.file, o.to, progress);
        } catch (const store::store_error& e) {
            const std::string line = e.what();
            if (!is_misconfigured(e.reason()) || !line.starts_with(o.to + ": ")) throw;
            throw std::invalid_argument{"TO: " + line};
        }
    });
    shown.progress("");
    std::error_code unknown;
    const auto bytes = std::filesystem::file_size(o.to, unknown);
    shown.say("unipile: " + printable(o.to) + " holds the store" + (unknown ? "" : ", " + human_bytes(bytes)));
}

int run_backup(const backup_options& o)
{
    catch_ending_signals();
    check_files(o);
    try {
        back_up(o);
    } catch (const store::store_error& e) {
        if (interrupted == 0 || e.reason() != store::store_errc::interrupted) throw;
        std::cerr << "unipile: interrupted: no backup was made\n";
        return exit_code::interrupted;
    }
    return exit_code::all_complete;
}

}  // namespace

void add_backup(CLI::App& app, runner& run)
{
    CLI::App* command = app.add_subcommand("backup", "Copy a store into one new file, also while a harvest writes it");
    const auto o = std::make_shared<backup_options>();
    command->add_option("--store", o->file, "The store that `unipile harvest` fills")->type_name("FILE")->required();
    command->add_option("TO", o->to, "The file to create, for its owner only; an existing file is not overwritten")
        ->type_name("FILE")
        ->required();
    command->footer(
        "The backup holds all that was committed when it began, wherever it lay: a store that is harvested into may "
        "be\n"
        "several files, and a copy of one of them lacks what is in the others.\n"
        "Example: unipile backup --store posts.db posts-2026-01-31.db");
    command->callback([&run, o] { run = [o] { return run_backup(*o); }; });
}

}  // namespace unipile::program
