// Manual pages, completions and lists of a command line with everything that their formats would obey in its texts.
#include "program/reference/renderings.hpp"

#include "program/exit_codes.hpp"

#include <CLI/CLI.hpp>

#include <boost/json/parse.hpp>
#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

namespace {

using namespace unipile::program;

const unipile::program::release of{"1.2.3", "2026-03-09"};

struct command_line {
    CLI::App app{"Does odd things.", "odd"};
    std::string file, shape = "flat";
    std::vector<std::string> inputs;
    bool all = false, none = false;

    command_line()
    {
        app.set_version_flag("--version", "odd 1");
        CLI::App* run = app.add_subcommand("run", "Runs: it's \"quick\"");
        run->add_option("INPUT", inputs, "What to read")->required();
        run->add_option("OUT", file, "Where to")->type_name("FILE");
        run->add_option("--shape", shape, "The shape; `odd run` reads \\n [a] 'b' <c> – 𝄞 é")
            ->check(CLI::IsMember({"flat", "round"}))
            ->capture_default_str()
            ->group("Looks");
        CLI::Option* whole = run->add_flag("-a,--all", all, "All of it. Really? Yes");
        run->add_flag("--none", none, ".None")->excludes(whole);
        run->add_option("--file", file, "The file")->type_name("FILE")->required()->needs(whole);
        run->add_option("--hidden", file, "Hidden")->group("");
        run->add_option("--each", inputs, "One | each")->type_name("N")->take_all();
        run->footer("It reads what\nit is given.\nExample: odd run x | wc -l\n" + exit_code_lines());
        app.add_subcommand("rest", "Rests")->set_help_flag();
    }
    catalogue made() const { return make_catalogue(app); }
};

/// Checks that all of `parts` are in `text`.
void check_parts(const std::string& text, const std::vector<std::string>& parts)
{
    for (const std::string& part : parts) BOOST_TEST(text.find(part) != text.npos, part << " is not in\n" << text);
}

BOOST_AUTO_TEST_SUITE(reference)

BOOST_AUTO_TEST_CASE(the_walk_finds_what_the_parser_knows)
{
    const catalogue all = command_line{}.made();
    BOOST_TEST(all.program == "odd");
    BOOST_TEST(all.own.summary == "Does odd things.");
    BOOST_REQUIRE(all.commands.size() == 2u);
    const command_entry& run = all.commands.front();
    BOOST_TEST(run.notes == std::vector<std::string>{"It reads what it is given."}, boost::test_tools::per_element());
    BOOST_TEST(run.examples == std::vector<std::string>{"odd run x | wc -l"}, boost::test_tools::per_element());
    BOOST_REQUIRE(run.arguments.size() == 2u);
    BOOST_TEST(run.arguments[0].repeated);
    BOOST_TEST(run.arguments[0].required);
    BOOST_TEST(run.arguments[1].is_file());
    std::vector<std::string> names;
    for (const option_entry& o : run.options) names.push_back(o.name);
    BOOST_TEST(names == (std::vector<std::string>{"--help", "--all", "--none", "--file", "--each", "--shape"}),
               boost::test_tools::per_element());
    const option_entry& shape = run.options.back();
    BOOST_TEST(shape.value == "flat|round");
    BOOST_TEST(shape.choices.size() == 2u);
    BOOST_TEST(shape.standard == "flat");
    BOOST_TEST(shape.group == "Looks");
    BOOST_TEST(run.options[1].short_name == "-a");
    BOOST_TEST(run.options[1].value == "");
    BOOST_TEST(run.options[3].needs == std::vector<std::string>{"--all"}, boost::test_tools::per_element());
    BOOST_TEST(all.commands.back().options.empty());
}

BOOST_AUTO_TEST_CASE(a_page_obeys_nothing_in_its_texts)
{
    const catalogue all = command_line{}.made();
    const std::string page = manual_page(all, all.commands.front(), of);
    check_parts(
        page, {".Dd March 9, 2026\n.Dt ODD-RUN 1\n.Os\n.Sh NAME\n.Nm odd-run\n.Nd Runs: it\\(aqs \\(dqquick\\(dq\n",
               ".Fl \\&\\-file Ar \\&FILE\n.Ar \\&INPUT ...\n.Op Ar \\&OUT\n",
               "\\fBodd run\\fP reads \\en [a] \\(aqb\\(aq <c> \\[u2013] \\[u1D11E]\n\\[u00E9].\n", "Default: flat.\n",
               "All of it.\nReally?\nYes.\n", "\\&.None.\n", "Not with \\-\\-all.\n", "Needs \\-\\-all.\n",
               ".It Fl \\&a , Fl \\&\\-all\n", ".It 130\ninterrupted.\n", ".Dl odd run x | wc \\-l\n",
               ".Xr odd 1 ,\n.Xr odd-rest 1\n"});
    BOOST_TEST(page.find("idden") == page.npos);
    check_parts(manual_page(all, all.own, of), {".Nd Does odd things\n", ".Ar command\n", ".It Cm \\&run\n"});
}

BOOST_AUTO_TEST_CASE(a_long_text_becomes_short_lines)
{
    catalogue all = command_line{}.made();
    for (int i = 0; i < 60; ++i) all.commands.back().summary += " word" + std::to_string(i);
    const std::string page = manual_page(all, all.commands.back(), of);
    std::size_t line = page.find(".Sh DESCRIPTION");
    for (std::size_t end; (end = page.find('\n', line)) != page.npos; line = end + 1) BOOST_TEST(end - line <= 80u);
}

BOOST_AUTO_TEST_CASE(completions_quote_what_shells_would_obey)
{
    const catalogue all = command_line{}.made();
    check_parts(bash_completion(all), {"complete -F _odd odd\n", "--shape) takes=yes choices='flat round' ;;",
                                       "--file) takes=yes files=yes ;;", "argument_files=yes", "'run rest'"});
    check_parts(zsh_completion(all), {"#compdef odd\n", "'run:Runs\\: it'\\''s \"quick\"'",
                                      "--shape=[The shape]:flat or round:(flat round)'", "'(--all)--none[.None]'",
                                      "'(- *)'{-a,--all}'[All of it]'", "'*--each=[One | each]:N: '", "'*:TEXT: '"});
    check_parts(fish_completion(all), {" -l shape -x -a 'flat round' -d 'The shape'", " -l file -r -F -d 'The file'",
                                       " -a run -d 'Runs: it\\'s \"quick\"'", " -l all -s a -d 'All of it'"});
}

BOOST_AUTO_TEST_CASE(lists_have_the_same)
{
    const catalogue all = command_line{}.made();
    check_parts(option_list(all, of),
                {"# Options of odd 1.2.3\n", "| `--shape flat\\|round` |", "\\<c> – 𝄞 é | `flat` |",
                 "| `INPUT` | What to read. Required. Can be given several times |", "One \\| each",
                 "    odd run x | wc -l\n", "| 130 | interrupted |"});
    const boost::json::value help = boost::json::parse(json_help(all, of));
    BOOST_TEST(help.at("version").as_string() == "1.2.3");
    BOOST_TEST(help.at("exit_codes").as_array().size() == exit_meanings().size());
    const boost::json::value& run = help.at("commands").as_array().front();
    BOOST_TEST(run.at("name").as_string() == "run");
    BOOST_TEST(run.at("options").as_array().size() == 6u);
    const boost::json::value& shape = run.at("options").as_array().back();
    BOOST_TEST(shape.at("choices").as_array().size() == 2u);
    BOOST_TEST(shape.at("text").as_string() == "The shape; `odd run` reads \\n [a] 'b' <c> – 𝄞 é");
    BOOST_TEST(run.at("options").as_array()[2].at("excludes").as_array().front().as_string() == "--all");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
