// `unipile help`.
#include "program/jobs_folder.hpp"
#include "program/process.hpp"

#include <boost/json/parse.hpp>
#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <string>
#include <vector>

namespace {

std::string out_of(const std::vector<std::string>& arguments)
{
    const finished f = process{UNIPILE_PROGRAM, arguments, {}}.wait();
    BOOST_TEST(f.code == 0);
    BOOST_TEST(f.err == "");
    return f.out;
}

BOOST_AUTO_TEST_SUITE(help_command)

BOOST_AUTO_TEST_CASE(help_is_that_of_the_command)
{
    BOOST_TEST(out_of({"help"}) == out_of({"--help"}));
    BOOST_TEST(out_of({"help", "posts"}) == out_of({"posts", "--help"}));
    BOOST_TEST(boost::json::parse(out_of({"help", "--json"})).at("commands").as_array().size() == 11u);
    BOOST_TEST(process(UNIPILE_PROGRAM, {"help", "nonsense"}, {}).wait().code == 2);
}

BOOST_AUTO_TEST_CASE(every_option_has_a_variable_of_the_environment)
{
    const boost::json::value all = boost::json::parse(out_of({"help", "--json"}));
    for (const boost::json::value& command : all.at("commands").as_array())
        for (const boost::json::value& option : command.at("options").as_array()) {
            const bool none =
                command.at("name") == "help" || option.at("name") == "--help" || option.at("name") == "--config";
            BOOST_TEST(none == (option.as_object().if_contains("environment") == nullptr), option);
        }
}

BOOST_AUTO_TEST_CASE(everything_is_written_below_a_folder)
{
    const jobs_folder folder;
    const std::string share = folder.file("new/share");
    BOOST_TEST(out_of({"help", "--write", share}) == "");
    BOOST_TEST(out_of({"help", "--write", share}) == "");  // over what is there
    for (const char* file : {"man/man1/unipile.1", "man/man1/unipile-harvest.1", "bash-completion/completions/unipile",
                             "zsh/site-functions/_unipile", "fish/vendor_completions.d/unipile.fish",
                             "doc/unipile/options.md", "doc/unipile/options.json"})
        BOOST_TEST(std::filesystem::file_size(share + '/' + file) > 500u, file);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
