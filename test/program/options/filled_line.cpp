// Where options come from: command line, environment, configuration file.
#include "program/options/filled_line.hpp"

#include "program/command.hpp"
#include "store/harness.hpp"

#include <CLI/CLI.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using namespace unipile::program;
using strings = std::vector<std::string>;
using variables = std::map<std::string, std::string>;

/// A command line with an option of each kind, and a folder for configuration files.
struct command_line {
    CLI::App app{"", "odd"};
    std::string store, pace, jobs;
    strings inputs, faults;
    int limit = 100;
    bool full = false, update = false, quiet = false, twice = false;
    unipile::store::test::scratch folder;
    variables set;

    command_line()
    {
        app.require_subcommand(1);
        CLI::App* run = app.add_subcommand("run");
        run->add_option("JOBS", jobs)->required();
        run->add_option("--store", store)->required();
        run->add_option("--limit", limit)->check(CLI::Range(1, 100));
        CLI::Option* whole = run->add_flag("--full", full);
        CLI::Option* again = run->add_flag("--update", update)->excludes(whole);
        run->add_flag("--again", twice)->needs(again);
        run->add_option("--fault", faults)->take_all();
        CLI::App* rest = app.add_subcommand("rest");
        rest->add_option("INPUT", inputs);
        rest->add_option("--store", store);
        rest->add_flag("--quiet", quiet);
        app.add_subcommand("help")->add_option("COMMAND", pace);
        add_config_options(app);
    }
    std::string write(const std::string& text, const std::string& name = "a.toml") const
    {
        const std::string file = folder.file(name);
        std::filesystem::create_directories(std::filesystem::path{file}.parent_path());
        std::ofstream{file} << text;
        return file;
    }
    filled_line fill(const strings& given) const
    {
        return {app, given, [this](const std::string& name) {
                    const auto at = set.find(name);
                    return at == set.end() ? std::string{} : at->second;
                }};
    }
    filled_line parse(const strings& given)
    {
        filled_line line = fill(given);
        app.parse(strings(line.arguments().rbegin(), line.arguments().rend()));
        return line;
    }
    std::string complaint(const strings& given) const
    {
        try {
            fill(given);
        } catch (const std::invalid_argument& e) {
            return e.what();
        }
        return {};
    }
};

BOOST_AUTO_TEST_SUITE(filled_line_test)

// Each way of setting an option that is there or not: the first that is there counts.
BOOST_AUTO_TEST_CASE(the_command_line_precedes_the_environment_and_that_the_file)
{
    for (unsigned which = 0; which < 16; ++which) {
        command_line c;
        strings given{"run", "jobs", "--store", "s"};
        std::string expected = "100", file;
        if (which & 1) file += "limit = 1\n", expected = "1";
        if (which & 2) file += "[run]\nlimit = 2\n", expected = "2";
        if (which & 4) c.set["UNIPILE_LIMIT"] = expected = "3";
        if (which & 8) given.insert(given.end(), {"--limit", "4"}), expected = "4";
        c.set["UNIPILE_CONFIG"] = c.write(file);
        c.parse(given);
        BOOST_TEST(std::to_string(c.limit) == expected, which);
    }
}

BOOST_AUTO_TEST_CASE(options_of_each_kind_are_filled_in)
{
    const std::string text =
        "store = \"x=y --full\"\n[run]\njobs = \"some jobs.csv\"\nfull = true\nfault = [\"a\", \"b\"]\n[rest]\nquiet = "
        "true";
    {
        command_line c;
        c.set["UNIPILE_CONFIG"] = c.write(text);
        c.parse({"run"});
        BOOST_TEST(c.store == "x=y --full");
        BOOST_TEST(c.jobs == "some jobs.csv");
        BOOST_TEST(c.full);
        BOOST_TEST(!c.quiet);
        BOOST_TEST(c.faults == (strings{"a", "b"}), boost::test_tools::per_element());
    }
    {
        command_line c;
        c.set = {{"UNIPILE_STORE", "s"}, {"UNIPILE_FULL", "no"}, {"UNIPILE_JOBS", "j"}, {"UNIPILE_FAULT", "f"}};
        c.parse({"run", "--config", c.write(text)});
        BOOST_TEST(c.store == "s");
        BOOST_TEST(c.jobs == "j");
        BOOST_TEST(!c.full);
        BOOST_TEST(c.faults == strings{"f"}, boost::test_tools::per_element());
    }
    {
        // An argument of the command line is instead of all others.
        command_line c;
        c.parse({"run", "--config=" + c.write(text), "-", "--fault", "z"});
        BOOST_TEST(c.jobs == "-");
        BOOST_TEST(c.faults == strings{"z"}, boost::test_tools::per_element());
    }
    {
        command_line c;
        c.set["UNIPILE_INPUT"] = "i";
        c.parse({"rest"});
        BOOST_TEST(c.inputs == strings{"i"}, boost::test_tools::per_element());
        c.inputs.clear();
        c.parse({"rest", "--", "-x"});
        BOOST_TEST(c.inputs == strings{"-x"}, boost::test_tools::per_element());
    }
}

BOOST_AUTO_TEST_CASE(what_needs_an_option_that_is_not_there_is_left_out)
{
    for (const bool there : {false, true}) {
        command_line c;
        c.set = {{"UNIPILE_AGAIN", "true"}, {"UNIPILE_UPDATE", there ? "true" : "false"}};
        c.parse({"run", "j", "--store", "s"});
        BOOST_TEST(c.update == there);
        BOOST_TEST(c.twice == there);
    }
    command_line c;
    c.set = {{"UNIPILE_CONFIG", c.write("update = true\n[run]\nagain = true\n")}};
    c.parse({"run", "j", "--store", "s"});
    BOOST_TEST(c.twice);
}

BOOST_AUTO_TEST_CASE(what_excludes_the_command_line_is_left_out)
{
    command_line c;
    c.set["UNIPILE_UPDATE"] = "true";
    c.parse({"run", "j", "--store", "s", "--full"});
    BOOST_TEST(c.full);
    BOOST_TEST(!c.update);
    command_line other;
    other.set["UNIPILE_UPDATE"] = "1";
    other.parse({"run", "j", "--store", "s", "--config", other.write("full = true")});
    BOOST_TEST(other.update);
    BOOST_TEST(!other.full);
}

BOOST_AUTO_TEST_CASE(the_first_file_that_is_there_counts)
{
    const auto of = [](const variables& set) {
        return configuration_places([&](const std::string& name) {
            const auto at = set.find(name);
            return at == set.end() ? std::string{} : at->second;
        });
    };
    BOOST_TEST(of({}) == strings{"/etc/xdg/unipile/unipile.toml"}, boost::test_tools::per_element());
    BOOST_TEST(of({{"HOME", "/h"}, {"XDG_CONFIG_DIRS", "/a:b:/c"}}) ==
                   (strings{"/h/.config/unipile/unipile.toml", "/a/unipile/unipile.toml", "/c/unipile/unipile.toml"}),
               boost::test_tools::per_element());
    BOOST_TEST(of({{"HOME", "/h"}, {"XDG_CONFIG_HOME", "/x"}}).front() == "/x/unipile/unipile.toml");
    BOOST_TEST(of({{"HOME", "/h"}, {"XDG_CONFIG_HOME", "x"}}).size() == 1u);

    command_line c;
    const std::string home = c.folder.file("home"), system = c.folder.file("system");
    c.set = {{"HOME", home}, {"XDG_CONFIG_DIRS", system}};
    const strings given{"run", "j", "--store", "s"};
    c.parse(given);
    BOOST_TEST(c.limit == 100);
    c.write("limit = 5", "system/unipile/unipile.toml");
    c.parse(given);
    BOOST_TEST(c.limit == 5);
    c.write("limit = 6", "home/.config/unipile/unipile.toml");
    c.parse(given);
    BOOST_TEST(c.limit == 6);
    c.set["UNIPILE_CONFIG"] = c.write("limit = 7", "named");
    c.parse(given);
    BOOST_TEST(c.limit == 7);
    c.parse({"run", "j", "--store", "s", "--config", c.write("limit = 8")});
    BOOST_TEST(c.limit == 8);
}

BOOST_AUTO_TEST_CASE(mistakes_are_told_with_their_place)
{
    command_line c;
    const auto in_file = [&](const std::string& text) {
        const std::string file = c.write(text);
        std::string complaint = c.complaint({"run", "--config", file});
        if (const auto at = complaint.find(file); at != complaint.npos) complaint.replace(at, file.size(), "F");
        return complaint;
    };
    BOOST_TEST(in_file("\nlimti = 5") == "F:2: no command has an option limti; did you mean limit?");
    BOOST_TEST(in_file("[run]\nquiet = true") == "F:2: run has no option quiet");
    BOOST_TEST(in_file("[rum]\nlimit = 1") == "F:2: there is no command rum; did you mean run?");
    BOOST_TEST(in_file("[help]\ncommand = 'run'").starts_with("F:2: there is no command help"));
    BOOST_TEST(in_file("config = 'x'").starts_with("F:1: no command has an option config"));
    BOOST_TEST(in_file("help = true").starts_with("F:1: no command has an option help"));
    BOOST_TEST(in_file("api_key = 'x'").starts_with("F:1: a key does not belong into this file"));
    BOOST_TEST(in_file("limit = ''") == "F:1: limit: the value is empty; leave it out");
    BOOST_TEST(in_file("fault = []") == "F:1: fault: the array is empty; leave it out");
    BOOST_TEST(in_file("limit = [1, 2]") == "F:1: --limit takes one value");
    BOOST_TEST(in_file("full = 'maybe'") == "F:1: --full is true or false");
    BOOST_TEST(in_file("limit") == "F:1: write key = value, or [section]");
    BOOST_TEST(c.complaint({"run", "--config", c.folder.file("none")}).starts_with("--config: "));
    BOOST_TEST(c.complaint({"run", "--config", c.folder.file("")}).starts_with("--config: "));
    c.set["UNIPILE_FULL"] = "7";
    BOOST_TEST(c.complaint({"run"}) == "UNIPILE_FULL: --full is true or false");
    c.set = {{"UNIPILE_CONFIG", "/none"}};
    BOOST_TEST(c.complaint({"run"}).starts_with("--config: /none can't be read"));
    // A value that the option refuses.
    c.set = {{"UNIPILE_LIMIT", "500"}, {"UNIPILE_STORE", "s"}};
    const filled_line line = c.fill({"run"});
    BOOST_TEST(line.with_source("--limit: too many") == "--limit: too many (set by UNIPILE_LIMIT)");
    BOOST_TEST(line.with_source("--full: no") == "--full: no");
    c.set.clear();
    const std::string file = c.write("\n[run]\njobs = 'x'");
    BOOST_TEST(c.fill({"run", "--config", file}).with_source("JOBS: no") == "JOBS: no (set by " + file + ":3)");
}

BOOST_AUTO_TEST_CASE(nothing_is_added_where_help_is_wanted)
{
    command_line c;
    c.set = {{"UNIPILE_STORE", "s"}, {"UNIPILE_COMMAND", "x"}, {"UNIPILE_CONFIG", "/none"}};
    for (const strings& given : std::vector<strings>{
             {}, {"--help"}, {"--version"}, {"help"}, {"nonsense"}, {"run", "--help"}, {"run", "-h"}, {"--x", "run"}})
        BOOST_TEST(c.fill(given).arguments() == given, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(the_older_variables_of_the_server_precede_the_file)
{
    CLI::App app{"", "unipile"};
    runner run;
    add_posts(app, run);
    add_config_options(app);
    const unipile::store::test::scratch folder;
    const std::string file = folder.file("a.toml");
    std::ofstream{file} << "base-url = 'a'\napi-key-file = 'b'\n";
    for (unsigned which = 0; which < 4; ++which) {
        strings expected{"posts", "--config", file};
        if ((which & 2) == 0) expected.insert(expected.begin() + 1, "--api-key-file=b");
        if ((which & 1) == 0) expected.insert(expected.begin() + 1, "--base-url=a");
        const auto of = [&](const std::string& name) -> std::string {
            return (name == "UNIPILE_DSN" && which & 1) || (name == "UNIPILE_API_KEY" && which & 2) ? "x" : "";
        };
        BOOST_TEST(filled_line(app, {"posts", "--config", file}, of).arguments() == expected,
                   boost::test_tools::per_element());
    }
}

// Each option of each subcommand by its variable, and by its key in a section.
BOOST_AUTO_TEST_CASE(every_option_of_the_program_can_be_set)
{
    CLI::App app{"", "unipile"};
    runner run;
    for (const auto add :
         {add_posts, add_harvest, add_work, add_status, add_export, add_accounts, add_control, add_backup, add_doctor})
        add(app, run);
    add_config_options(app);
    const unipile::store::test::scratch folder;
    std::size_t options = 0;
    for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; }))
        for (const CLI::Option* option : command->get_options()) {
            const std::string name = environment_name(*command, *option);
            const bool own = option->check_name("--help") || option->check_name("--config");
            BOOST_TEST(name.empty() == own, command->get_name() << ' ' << option->get_name());
            if (own) continue;
            ++options;
            const bool flag = option->get_items_expected_max() == 0;
            const std::string value = flag ? "true" : "7";
            const std::string typed = option->get_positional() ? value
                                      : flag                   ? "--" + option->get_lnames().front()
                                                               : "--" + option->get_lnames().front() + "=7";
            strings given{command->get_name()};
            for (const CLI::Option* needed : option->get_needs())
                given.push_back("--" + needed->get_lnames().front() +
                                (needed->get_items_expected_max() == 0 ? "" : "=7"));
            strings expected = given;
            expected.insert(expected.begin() + 1, typed);
            if (option->get_positional()) expected.insert(expected.begin() + 1, "--");
            const auto from_environment = [&](const std::string& n) { return n == name ? value : std::string{}; };
            BOOST_TEST(filled_line(app, given, from_environment).arguments() == expected,
                       boost::test_tools::per_element());
            std::string key = option->get_positional() ? option->get_name(true) : option->get_lnames().front();
            for (char& c : key) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
            const std::string file = folder.file("a.toml");
            std::ofstream{file} << '[' << command->get_name() << "]\n" << key << " = " << value << '\n';
            const auto named = [&](const std::string& n) { return n == "UNIPILE_CONFIG" ? file : std::string{}; };
            BOOST_TEST(filled_line(app, given, named).arguments() == expected, boost::test_tools::per_element());
        }
    BOOST_TEST(options > 80u);
}

// A bound of a harvest is no filter of an export, and a file that is read elsewhere is not written by the simulator.
BOOST_AUTO_TEST_CASE(what_means_something_else_for_a_command_is_set_for_it_alone)
{
    CLI::App app{"", "unipile"};
    runner run;
    for (const auto add : {add_harvest, add_export}) add(app, run);
    std::string written;
    app.add_subcommand("simulate")->add_option("--ca-file", written);
    add_config_options(app);
    const unipile::store::test::scratch folder;
    const std::string file = folder.file("a.toml");
    const auto arguments = [&](const char* command, const variables& set, const std::string& text = {}) {
        std::ofstream{file} << text;
        return filled_line(app, {command},
                           [&](const std::string& name) {
                               const auto at = set.find(name);
                               return name == "UNIPILE_CONFIG" ? file : at == set.end() ? std::string{} : at->second;
                           })
            .arguments();
    };
    const variables until{{"UNIPILE_UNTIL", "8h"}};
    BOOST_TEST(arguments("harvest", until) == (strings{"harvest", "--until=8h"}), boost::test_tools::per_element());
    BOOST_TEST(arguments("export", until) == strings{"export"}, boost::test_tools::per_element());
    BOOST_TEST(arguments("export", {{"UNIPILE_EXPORT_UNTIL", "2026"}}) == (strings{"export", "--until=2026"}),
               boost::test_tools::per_element());
    const std::string common = "until = '8h'\nca-file = 'ca.pem'\n";
    BOOST_TEST(arguments("harvest", {}, common).size() == 3u);
    BOOST_TEST(arguments("export", {}, common) == strings{"export"}, boost::test_tools::per_element());
    BOOST_TEST(arguments("simulate", {{"UNIPILE_CA_FILE", "c"}}, common) == strings{"simulate"},
               boost::test_tools::per_element());
    BOOST_CHECK_THROW(arguments("export", {}, "output = 'x'\n"), std::invalid_argument);
    BOOST_TEST(arguments("simulate", {}, "[simulate]\nca-file = 'c'\n") == (strings{"simulate", "--ca-file=c"}),
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_flag_that_is_set_can_be_taken_back)
{
    command_line c;
    c.set = {{"UNIPILE_UPDATE", "true"}, {"UNIPILE_JOBS", "j"}, {"UNIPILE_STORE", "s"}};
    c.parse({"run", "--update=false"});
    BOOST_TEST(!c.update);
    // What is off excludes nothing.
    c.set["UNIPILE_UPDATE"] = "false";
    c.set["UNIPILE_CONFIG"] = c.write("[run]\nfull = true\n");
    c.parse({"run"});
    BOOST_TEST(c.full);
    // A value that is missing is not taken from the arguments that are filled in.
    c.set.erase("UNIPILE_CONFIG");
    BOOST_CHECK_THROW(c.parse({"run", "--limit"}), CLI::ParseError);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
