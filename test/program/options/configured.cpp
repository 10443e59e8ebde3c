// The program with all of its options in a configuration file.
#include "program/field_work.hpp"

#include <boost/test/unit_test.hpp>

#include <filesystem>

BOOST_AUTO_TEST_SUITE(configured)

BOOST_AUTO_TEST_CASE(a_command_needs_nothing_but_its_configuration)
{
    const field_work w{two_accounts()};
    const std::string key = w.folder.file("key"), home = w.folder.file("home");
    write_file(key, w.world.key + "\n");
    std::filesystem::permissions(key, std::filesystem::perms::owner_read);
    std::filesystem::create_directories(home + "/.config/unipile");
    write_file(home + "/.config/unipile/unipile.toml",
               "base-url = '" + w.world.server.base_url() + "'\napi-key-file = '" + key + "'\nstore = '" + w.store +
                   "'\n[harvest]\njobs = '" + w.jobs + "'\npace = 'none'\nlimit = 20\n[export]\nformat = 'ndjson'\n");
    const std::map<std::string, std::string> environment{{"HOME", home}};
    const finished harvest = process{UNIPILE_PROGRAM, {"harvest"}, environment}.wait();
    BOOST_TEST(harvest.code == 0, harvest.err);
    const finished out = process{UNIPILE_PROGRAM, {"export"}, environment}.wait();
    BOOST_TEST(same_lines(sorted(lines_of(out.out)), whole_truth(w.world)));
    const finished dry = process{UNIPILE_PROGRAM, {"harvest", "--dry-run", "--limit", "500"}, environment}.wait();
    BOOST_TEST(dry.code == 2);
    // Who set what is wrong.
    auto wrong = environment;
    wrong["UNIPILE_PACE"] = "0/day";
    const finished refused = process{UNIPILE_PROGRAM, {"harvest"}, wrong}.wait();
    BOOST_TEST(refused.code == 2);
    BOOST_TEST(refused.err.starts_with("unipile: --pace: "), refused.err);
    BOOST_TEST(refused.err.ends_with(" (set by UNIPILE_PACE)\n"), refused.err);
}

BOOST_AUTO_TEST_SUITE_END()
