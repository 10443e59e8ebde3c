// How posts deviate from what the program knows of the API.
#include "program/stored/made_store.hpp"

#include <string>

namespace {

BOOST_FIXTURE_TEST_SUITE(stored_drift, made_store)

BOOST_AUTO_TEST_CASE(deviations_are_counted_by_post)
{
    const auto add = [this](const char* id, const std::string& fields) {
        add_post("acc1", id, "LINKEDIN", id,
                 R"({"object":"Post","provider":"LINKEDIN","id":")" + std::string{id} + fields);
    };
    add("1", R"(","attachments":[{"type":"img","alt":"a"},{"type":"img","alt":"b"}]})");
    add("2", R"(","share_counter":5,"reaction_counter":"4"})");
    add("3", R"(","share_counter":"A text of a person that is not shown whole.\u001b"})");
    add_post("acc2", "4", "INSTAGRAM", "4", R"({"object":"Post","provider":"INSTAGRAM","provider_id":"4","id":"x"})");
    add_post("acc2", "5", "THREADS", "5", R"({"object":"Post","provider":"THREADS","id":"5"})");
    close();
    const finished text = program("status", {"--drift"});
    BOOST_TEST(text.code == 0, text.err);
    BOOST_TEST(has(text.out, "LINKEDIN: 3 posts\n"), text.out);
    BOOST_TEST(has(text.out, "  missing_field text: 3 posts, first in 1\n"), text.out);
    BOOST_TEST(has(text.out, "  unknown_field share_counter: 2 posts, first in 2: 5\n"), text.out);
    BOOST_TEST(has(text.out, "  unknown_field attachments[].alt: 1 post, first in 1: \"a\"\n"), text.out);
    BOOST_TEST(has(text.out, "  wrong_type reaction_counter: 1 post, first in 2\n"), text.out);
    BOOST_TEST(has(text.out, "INSTAGRAM: 1 post\n"), text.out);
    BOOST_TEST(has(text.out, "THREADS: 1 post\n  all as this program knows it\n"), text.out);
    const finished json = program("status", {"--drift", "--json"});
    BOOST_TEST(has(json.out,
                   "{\"provider\":\"LINKEDIN\",\"kind\":\"unknown_field\",\"field\":\"share_counter\","
                   "\"posts\":2,\"of\":3,\"id\":\"2\",\"sample\":\"5\"}\n"),
               json.out);
    BOOST_TEST(program("export", {"--what", "unknown-fields", "--format", "csv"}).out ==
               "provider,field,posts,of,id,sample\r\nINSTAGRAM,id,1,1,4,\"\"\"x\"\"\"\r\n"
               "LINKEDIN,share_counter,2,3,2,5\r\nLINKEDIN,attachments[].alt,1,3,1,\"\"\"a\"\"\"\r\n");
    BOOST_TEST(has(program("export", {"--what", "unknown-fields", "--identifier", "3"}).out,
                   "\"sample\":\"\\\"A text of a person that\u2026\""));
    BOOST_TEST(program("status", {"--drift", "--jobs"}).code == 2);
}

// Servers choose names.
BOOST_AUTO_TEST_CASE(the_names_that_are_kept_are_bounded)
{
    std::string json = R"({"object":"Post","provider":"LINKEDIN","id":"1")";
    for (int i = 0; i < 1'500; ++i) json += ",\"x" + std::to_string(i) + "\":0";
    add_post("acc1", "a", "LINKEDIN", "1", json + ",\"" + std::string(5'000, 'y') + "\":0}");
    close();
    const finished f = program("status", {"--drift"});
    BOOST_TEST(f.code == 0, f.err);
    BOOST_TEST(lines_of(f.out).size() == 1'002u);
    BOOST_TEST(has(f.out, "and more than a thousand others, "), lines_of(f.out).back());
}

BOOST_AUTO_TEST_CASE(without_posts_there_is_nothing_to_tell)
{
    engine->perform(unipile::store::end_run{run, "none", unipile::store::test::at_second(3)});
    close();
    BOOST_TEST(program("status", {"--drift"}).out == "no posts\n");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
