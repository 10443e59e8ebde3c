// What the program writes: to whom it can be read, what a terminal gets, and that lines come at least once.
#include "program/field_work.hpp"
#include "program/terminal/safe_text.hpp"

#include <unipile/store/sqlite.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>

namespace {

using strings = std::vector<std::string>;
namespace simulator = unipile::simulator;
namespace store = unipile::store;

/// Two long listings: their lines fill every pipe.
simulator::options long_listings()
{
    simulator::options o = two_accounts();
    o.identifiers = 2;
    o.posts_min = o.posts_max = 1'000;
    return o;
}

/// The whole lines of `text`, which may end with part of one.
strings whole_lines(const std::string& text) { return lines_of(text.substr(0, text.rfind('\n') + 1)); }

strings united(strings lines, const strings& more)
{
    lines.insert(lines.end(), more.begin(), more.end());
    lines = sorted(std::move(lines));
    lines.erase(std::unique(lines.begin(), lines.end()), lines.end());
    return lines;
}

unsigned mode_of(const std::string& file)
{
    struct stat status{};
    BOOST_TEST_REQUIRE(::stat(file.c_str(), &status) == 0, file);
    return status.st_mode & 0777u;
}

/// A store with one post of one listing.
void store_post(const std::string& file, const std::string& json)
{
    const unipile::wall_time now{std::chrono::milliseconds{1'700'000'000'000}};
    const auto engine = store::open_sqlite(file);
    const std::int64_t run = engine->perform(store::begin_run{{}, now}).run;
    const std::vector<store::job_spec> jobs{{"acc1", "ACoAA1", false}};
    engine->perform(store::add_jobs{run, jobs});
    const auto claimed = engine->perform(store::claim_jobs{run, "acc1", 1, now});
    BOOST_TEST_REQUIRE(claimed.size() == 1u);
    store::page_write page;
    page.job = claimed[0].job;
    page.posts.emplace_back("LINKEDIN", "1", std::nullopt, json);
    page.position = "somewhere";
    page.page_ends = true;
    page.now = now;
    engine->perform(page);
    store::job_end end;
    end.job = claimed[0].job;
    end.reason = unipile::end_reason::null_cursor;
    end.now = now;
    engine->perform(end);
    engine->commit();
}

/// Another program that has begun to read a store and stands still.
class standing_reader {
public:
    explicit standing_reader(const std::string& file)
    {
        BOOST_TEST_REQUIRE(::sqlite3_open(file.c_str(), &store_) == SQLITE_OK);
        const char* begin = "begin; select count(*) from jobs";
        BOOST_TEST_REQUIRE(::sqlite3_exec(store_, begin, nullptr, nullptr, nullptr) == SQLITE_OK);
    }
    ~standing_reader() { ::sqlite3_close(store_); }
    standing_reader(const standing_reader&) = delete;
    standing_reader& operator=(const standing_reader&) = delete;

private:
    sqlite3* store_ = nullptr;
};

/// With standard output and standard error on one terminal.
std::string on_terminal(const strings& command)
{
    strings all{"-c", "exec \"$0\" \"$@\" >&2", UNIPILE_PROGRAM};
    all.insert(all.end(), command.begin(), command.end());
    const finished f = process{"/bin/sh", all, {}, process::error_to::terminal}.wait();
    BOOST_TEST(f.code == 0, f.err);
    return f.err;
}

bool has_control(const std::string& text)
{
    return std::any_of(text.begin(), text.end(),
                       [](char c) { return (c >= 0 && c < 0x20 && c != '\n' && c != '\r') || c == 0x7f; }) ||
           has(text, "\xc2\x9b") || has(text, "\xe2\x80\xae");
}

}  // namespace

BOOST_AUTO_TEST_SUITE(output)

BOOST_AUTO_TEST_CASE(lines_that_no_reader_took_come_again)
{
    const field_work w{long_listings()};
    process p{UNIPILE_PROGRAM, w.command({"--pace", "none", "--ndjson", "-", "--quiet"}), w.world.environment()};
    std::string out = p.read_line();
    p.send(SIGINT);
    // A page takes more than a pipe holds. The run ends while its reader takes nothing.
    siginfo_t info{};
    while (::waitid(P_PID, static_cast<id_t>(p.id()), &info, WEXITED | WNOWAIT) != 0) {
    }
    const finished first = p.wait();
    BOOST_TEST(first.code == 130);
    BOOST_TEST(has(first.err, "the reader of standard output did not take the last lines"), first.err);
    out += first.out;
    const strings early = whole_lines(out);
    BOOST_TEST(w.exported().size() <= early.size());

    const finished second = w.harvest({"--ndjson", "-"});
    BOOST_TEST(second.code == 0, second.err);
    BOOST_TEST(same_lines(united(early, lines_of(second.out)), whole_truth(w.world)));
    w.check_store();
}

BOOST_AUTO_TEST_CASE(what_has_no_room_in_the_file_is_not_stored)
{
    const field_work w{two_accounts()};
    const std::string lines = w.folder.file("lines");
    const finished none = w.harvest({"--ndjson", "/dev/full"});
    BOOST_TEST(none.code == 1);
    BOOST_TEST(has(none.err, "what is not in it is not stored"), none.err);
    BOOST_TEST(w.exported().empty());
    BOOST_TEST(w.harvest({"--ndjson", lines}).code == 0);
    BOOST_TEST(same_lines(sorted(lines_of(read_file(lines))), whole_truth(w.world)));
}

BOOST_AUTO_TEST_CASE(half_a_line_at_the_end_of_a_file_is_cut_back)
{
    const field_work w{two_accounts()};
    const std::string lines = w.folder.file("lines");
    write_file(lines, "{\"before\":1}\n{\"object\":\"Post\",\"provider\":\"LINKEDIN\",\"id\":\"7334");
    BOOST_TEST(w.harvest({"--ndjson", lines}).code == 0);
    strings got = lines_of(read_file(lines));
    BOOST_TEST_REQUIRE(got.front() == "{\"before\":1}");
    got.erase(got.begin());
    const strings whole = sorted(std::move(got));
    BOOST_TEST(same_lines(whole, whole_truth(w.world)));
}

BOOST_AUTO_TEST_CASE(half_a_line_is_cut_back_on_resuming_too)
{
    const served s{small_world(150)};
    const jobs_folder folder;
    const std::string lines = folder.file("lines");
    const finished head =
        s.run(s.arguments({s.first()}, {"--max-posts", "60", "--summary", "json", "--output", lines}));
    BOOST_TEST(head.code == 0);
    write_file(lines, read_file(lines) + "{\"object\":\"Po");
    const std::string position = field(lines_of(head.err).back(), "position");
    BOOST_TEST(s.run(s.arguments({s.first()}, {"--resume", position, "--output", lines})).code == 0);
    BOOST_TEST(same_lines(lines_of(read_file(lines)), s.truth(s.first())));
}

BOOST_AUTO_TEST_CASE(files_are_for_their_owner_only)
{
    const field_work w{two_accounts()};
    write_file(w.jobs, read_file(w.jobs) + "acc1,,false\n");
    const std::string lines = w.folder.file("lines"), rejects = w.folder.file("rejects"), csv = w.folder.file("csv"),
                      posts = w.folder.file("posts");
    const std::string first = w.world.first();
    under_shell(w, "umask 0;", w.command({"--ndjson", lines, "--rejects", rejects}));
    under_shell(w, "umask 0;", {"export", "--store", w.store, "--format", "csv", "--output", csv});
    under_shell(w, "umask 0;", w.world.arguments({first}, {"--output", posts}));
    for (const std::string& file : {lines, rejects, csv, posts}) BOOST_TEST(mode_of(file) == 0600u, file);
    BOOST_REQUIRE(::chmod(lines.c_str(), 0640) == 0);
    BOOST_TEST(w.harvest({"--ndjson", lines}).code == 1);  // for the line without an identifier
    BOOST_TEST(mode_of(lines) == 0640u);
}

BOOST_AUTO_TEST_CASE(a_key_that_others_can_read_is_told)
{
    const served s{small_world(3)};
    const jobs_folder folder;
    const std::string key = folder.file("key");
    write_file(key, s.key + "\n");
    for (const unsigned mode : {0600u, 0640u, 0604u, 0644u}) {
        BOOST_REQUIRE(::chmod(key.c_str(), mode) == 0);
        const finished f = s.run(s.arguments({s.first()}, {"--api-key-file", key, "--quiet"}));
        BOOST_TEST(f.code == 0);
        BOOST_TEST(f.err == ((mode & 4u) == 0 ? ""
                                              : "unipile: --api-key-file: " + key +
                                                    ": every user of this machine can read it; chmod 600 it\n"));
    }
}

BOOST_AUTO_TEST_CASE(nothing_that_a_terminal_obeys_reaches_one)
{
    const jobs_folder folder;
    const std::string file = folder.file("posts.db");
    const std::string evil =
        R"({"object":"Post","provider":"LINKEDIN","id":"1","text":"hi \u001b]0;TITLE\u0007 \u0000\u009b2J )"
        "\xc2\x9b\x7f\xe2\x80\xae\"}";
    store_post(file, evil);
    for (const char* format : {"csv", "ndjson"}) {
        const strings command{"export", "--store", file, "--format", format};
        const std::string shown = on_terminal(command);
        BOOST_TEST(has(shown, "TITLE"));
        BOOST_TEST(!has_control(shown), unipile::program::printable_json(shown));
        const finished piped = process{UNIPILE_PROGRAM, command, {}}.wait();
        BOOST_TEST(piped.code == 0);
        BOOST_TEST(piped.out.find('\0') == std::string::npos);
        BOOST_TEST(has(piped.out, "\xe2\x80\xae"));
    }
    BOOST_TEST(!has_control(on_terminal({"status", "--store", file, "--jobs"})));
}

BOOST_AUTO_TEST_CASE(a_spreadsheet_gets_no_formula)
{
    const jobs_folder folder;
    for (const std::string text : {"=1", "+1", "-1", "@a", "\\t=1", "\\r=1", "\\n=1", "＝1", "＋1", "－1", "＠a"}) {
        const std::string file = folder.file("posts.db");
        store_post(file, R"({"object":"Post","provider":"LINKEDIN","id":"1","text":")" + text + "\"}");
        const finished f = process{UNIPILE_PROGRAM, {"export", "--store", file, "--format", "csv"}, {}}.wait();
        BOOST_TEST(f.code == 0);
        BOOST_TEST(has(f.out, ",\"'"), f.out);
        for (const auto& made : store::sqlite_files(file)) std::remove(made.c_str());
    }
}

BOOST_AUTO_TEST_CASE(items_that_can_not_be_read_are_listed_and_make_the_run_incomplete)
{
    simulator::options o = two_accounts();
    o.faults = {simulator::parse_fault("drift=broken:rate=0.1")};
    const field_work w{o};
    const finished f = w.harvest();
    BOOST_TEST(f.code == 1);  // as `posts` ends
    BOOST_TEST(has(f.err, "all 6 jobs are done"), f.err);
    BOOST_TEST(has(f.err, "listed by unipile export --quarantined"), f.err);
    std::size_t broken = 0;
    for (const auto& p : w.world.server.identifiers())
        for (std::uint64_t i = 0; i < w.world.server.post_count(p.identifier); ++i)
            broken += w.world.server.post_at(p.identifier, i).valid ? 0u : 1u;
    BOOST_TEST_REQUIRE(broken > 0u);

    const strings command{"export", "--store", w.store, "--quarantined"};
    const strings lines = lines_of(w.world.run(command).out);
    BOOST_TEST(lines.size() == broken);
    for (const std::string& line : lines) {
        BOOST_TEST(!field(line, "account").empty());
        BOOST_TEST(!field(line, "identifier").empty());
        BOOST_TEST(!field(line, "why").empty());
        BOOST_TEST(field(line, "seen").ends_with("Z"));
        BOOST_TEST(has(line, "\"raw\":\"{"));
    }
    strings of_one = command;
    of_one.insert(of_one.end(), {"--account", field(lines[0], "account")});
    const strings some = lines_of(w.world.run(of_one).out);
    BOOST_TEST(some.size() > 0u);
    for (const std::string& line : some) BOOST_TEST(field(line, "account") == field(lines[0], "account"));
    strings with_format = command;
    with_format.insert(with_format.end(), {"--format", "csv"});
    BOOST_TEST(lines_of(w.world.run(with_format).out).front() == "account,identifier,company,seen,why,raw,raw_hex\r");
    BOOST_TEST(w.world.run({"export", "--store", w.store}).code == 2);
}

BOOST_AUTO_TEST_CASE(items_that_can_not_be_read_take_no_post_from_the_store_beside_an_output)
{
    simulator::options o = two_accounts();
    o.posts_min = o.posts_max = 90;
    o.faults = {simulator::parse_fault("drift=broken:rate=0.3")};
    const field_work w{o};
    process harvest{UNIPILE_PROGRAM, w.command({"--pace", "none", "--ndjson", "-"}), w.world.environment()};
    // Most pages wait for the reader, and each is its listing's last one.
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    const finished f = harvest.wait();
    BOOST_TEST(f.code == 1);
    BOOST_TEST(has(f.err, "all 6 jobs are done"), f.err);
    strings good;
    for (const auto& p : w.world.server.identifiers())
        for (std::uint64_t i = 0; i < w.world.server.post_count(p.identifier); ++i)
            if (const auto post = w.world.server.post_at(p.identifier, i); post.valid)
                unipile::program::append_minified(good.emplace_back(), post.json);
    BOOST_TEST(same_lines(w.exported(), sorted(good)));
    BOOST_TEST(same_lines(sorted(lines_of(f.out)), sorted(good)));
}

BOOST_AUTO_TEST_CASE(a_backup_is_one_file_that_is_a_store)
{
    const field_work w{two_accounts()};
    BOOST_TEST(w.harvest().code == 0);
    const std::string to = w.folder.file("backup.db");
    const strings command{"backup", "--store", w.store, to};
    const finished f = w.world.run(command);
    BOOST_TEST(f.code == 0, f.err);
    BOOST_TEST(has(f.err, to + " holds the store, "), f.err);
    BOOST_TEST(mode_of(to) == 0600u);
    const finished exported = w.world.run({"export", "--store", to, "--format", "ndjson"});
    BOOST_TEST(same_lines(sorted(lines_of(exported.out)), whole_truth(w.world)));

    const finished again = w.world.run(command);
    BOOST_TEST(again.code == 2, again.err);
    BOOST_TEST(again.err == "unipile: TO: " + to + ": there is a file of this name already: choose another name\n");
    BOOST_TEST(w.world.run({"backup", "--store", w.store, w.store}).code == 2);
    const std::string nowhere = w.folder.file("no/such/folder.db");
    const finished lost = w.world.run({"backup", "--store", w.store, nowhere});
    BOOST_TEST(lost.code == 2);
    BOOST_TEST(lost.err.starts_with("unipile: TO: " + nowhere + ": it can't be opened: "), lost.err);
    const finished none = w.world.run({"backup", "--store", w.folder.file("none.db"), w.folder.file("other.db")});
    BOOST_TEST(none.code == 2, none.err);
    BOOST_TEST(!std::filesystem::exists(w.folder.file("other.db")));
}

BOOST_AUTO_TEST_CASE(what_else_has_to_be_copied_is_told_at_the_end)
{
    simulator::options o = two_accounts();
    o.latency_min = o.latency_max = std::chrono::milliseconds(20);
    field_work w{o};
    BOOST_TEST(w.harvest().code == 0);
    for (const auto& p : w.world.server.identifiers()) w.world.server.add_posts(p.identifier, 5);
    {
        const standing_reader other{w.store};
        const finished f = w.harvest();
        BOOST_TEST(f.code == 0, f.err);
        BOOST_TEST(has(f.err, w.store + "-wal only; copy that with it, or use unipile backup"), f.err);
    }
    BOOST_TEST(!has(w.harvest().err, "-wal"));
    w.check_store();
}

BOOST_AUTO_TEST_CASE(every_help_has_the_exit_codes)
{
    for (const std::string command :
         {"", "posts", "harvest", "work", "status", "export", "accounts", "backup", "simulate"}) {
        strings all{"--help"};
        if (!command.empty()) all.insert(all.begin(), command);
        const finished f = process{UNIPILE_PROGRAM, all, {}}.wait();
        BOOST_TEST(f.code == 0);
        BOOST_TEST(has(f.out, "Exit codes: 0 all complete, "), command);
        BOOST_TEST(has(f.out, ", 5 a store's database can't be reached\nor refuses its user, "), command);
        BOOST_TEST(has(f.out, "SUBCOMMAND --help") == command.empty(), command);
    }
}

BOOST_AUTO_TEST_SUITE_END()
