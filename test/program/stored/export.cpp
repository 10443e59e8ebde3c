// `unipile export`: which posts, and how.
#include "program/stored/made_store.hpp"

#include <fstream>
#include <string>

namespace {

using unipile::store::test::at_second;

struct exporting : made_store {
    /// The rows of a CSV export without their header.
    strings rows(const strings& options = {})
    {
        strings all{"--format", "csv"};
        all.insert(all.end(), options.begin(), options.end());
        const finished f = program("export", all);
        BOOST_TEST(f.code == 0, f.err);
        strings lines = lines_of(f.out);
        BOOST_TEST_REQUIRE(!lines.empty());
        BOOST_TEST(lines.front().starts_with("provider,id,account,identifier,published_at,"));
        lines.erase(lines.begin());
        return lines;
    }
};

BOOST_FIXTURE_TEST_SUITE(stored_export, exporting)

BOOST_AUTO_TEST_CASE(each_provider_fills_the_columns_that_it_has)
{
    add_post("acc1", "a", "LINKEDIN", "1",
             R"({"object":"Post","provider":"LINKEDIN","id":"1","author":{"name":"Ann","public_identifier":"a"},)"
             R"("text":"a \"word\", and more","share_url":"https://x/1","reaction_counter":5,"comment_counter":6,)"
             R"("repost_counter":7,"impressions_counter":8})",
             at_second(-60));
    add_post("acc1", "b", "LINKEDIN", "2", R"({"object":"Post","provider":"LINKEDIN","id":"2"})");
    add_post("acc2", "c", "INSTAGRAM", "3",
             R"({"object":"Post","provider":"INSTAGRAM","provider_id":"3","owner":{"username":"carl"},)"
             R"("caption":{"text":"a caption"},"like_count":9,"comment_count":10})");
    add_post("acc2", "d", "INSTAGRAM", "4", R"({"object":"Post","provider":"INSTAGRAM","provider_id":"4"})");
    add_post("acc3", "e", "THREADS", "5", R"({"object":"Post","provider":"THREADS","id":"5"})");
    close();
    strings got = rows();
    BOOST_TEST_REQUIRE(got.size() == 5u);
    BOOST_TEST(has(got[0], "LINKEDIN,1,acc1,a,2023-11-14T22:12:20Z,2023-11-14T22:13:21Z,"), got[0]);
    BOOST_TEST(got[0].ends_with(",false,Ann,\"a \"\"word\"\", and more\",https://x/1,5,6,7,8\r"), got[0]);
    BOOST_TEST(got[1].starts_with("LINKEDIN,2,acc1,b,,"), got[1]);
    BOOST_TEST(got[1].ends_with(",false,,,,,,,\r"), got[1]);
    BOOST_TEST(got[2].ends_with(",false,carl,a caption,,9,10,,\r"), got[2]);
    BOOST_TEST(got[3].ends_with(",false,,,,,,,\r"), got[3]);
    BOOST_TEST(got[4].ends_with(",false,,,,,,,\r"), got[4]);
}

BOOST_AUTO_TEST_CASE(posts_are_chosen_by_listing_and_time)
{
    const auto post = [](const std::string& id) {
        return R"({"object":"Post","provider":"LINKEDIN","id":")" + id + "\"}";
    };
    add_post("acc1", "a", "LINKEDIN", "old", post("old"), at_second(-86'400 * 300));
    add_post("acc1", "b", "LINKEDIN", "new", post("new"), at_second(-60));
    add_post("acc2", "c", "LINKEDIN", "undated", post("undated"));
    close();
    const auto ids = [this](const strings& options) {
        std::string all;
        for (const std::string& row : rows(options)) all += row.substr(9, row.find(',', 9) - 9) + ' ';
        return all;
    };
    BOOST_TEST(ids({}) == "old new undated ");
    BOOST_TEST(ids({"--account", "acc1"}) == "old new ");
    BOOST_TEST(ids({"--identifier", "c"}) == "undated ");
    BOOST_TEST(ids({"--account", "acc1", "--identifier", "c"}) == "");
    BOOST_TEST(ids({"--since", "2023-06-01"}) == "new ");
    BOOST_TEST(ids({"--until", "2023-06-01"}) == "old ");
    BOOST_TEST(ids({"--since", "2023-06-01", "--until", "2023-06-02"}) == "");
    sql("UPDATE sightings SET gone = 1700000000000 WHERE post = (SELECT post FROM posts WHERE id = 'old')");
    BOOST_TEST(ids({"--without-gone"}) == "new undated ");
    BOOST_TEST(has(rows().front(), ",true,"), rows().front());
}

BOOST_AUTO_TEST_CASE(bytes_that_are_no_utf8_are_replaced)
{
    add_post("acc1", "a", "LINKEDIN", "1",
             "{\"object\":\"Post\",\"provider\":\"LINKEDIN\",\"id\":\"1\",\"text\":\"\xff\"}");
    close();
    BOOST_TEST(program("export", {"--format", "ndjson"}).out ==
               "{\"object\":\"Post\",\"provider\":\"LINKEDIN\",\"id\":\"1\",\"text\":\"\xef\xbf\xbd\"}\n");
}

BOOST_AUTO_TEST_CASE(items_that_are_no_posts_keep_their_exact_bytes)
{
    const auto claimed = job("acc1", "a");
    unipile::store::page_write page;
    page.job = claimed.job;
    page.quarantined = {{"{\"broken\xfe\"", "not JSON"}, {"[1]", "no object"}};
    page.position = "p";
    page.now = at_second(1);
    engine->perform(page);
    complete(claimed.job);
    close();
    const finished f = program("export", {"--quarantined"});
    BOOST_TEST(f.code == 0);
    const strings lines = lines_of(f.out);
    BOOST_TEST_REQUIRE(lines.size() == 2u);
    BOOST_TEST(lines[0] ==
               "{\"account\":\"acc1\",\"identifier\":\"a\",\"company\":false,\"seen\":\"2023-11-14T22:13:21Z\","
               "\"why\":\"not JSON\",\"raw\":\"{\\\"broken\xef\xbf\xbd\\\"\",\"raw_hex\":\"7b2262726f6b656efe22\"}");
    BOOST_TEST(lines[1] ==
               "{\"account\":\"acc1\",\"identifier\":\"a\",\"company\":false,\"seen\":\"2023-11-14T22:13:21Z\","
               "\"why\":\"no object\",\"raw\":\"[1]\"}");
    for (const auto& [option, value, n] : {std::tuple{"--account", "acc1", 2u},
                                           {"--account", "acc2", 0u},
                                           {"--identifier", "a", 2u},
                                           {"--identifier", "b", 0u}})
        BOOST_TEST(lines_of(program("export", {"--quarantined", option, value}).out).size() == n, option);
}

BOOST_AUTO_TEST_CASE(a_reader_that_went_away_ends_it_in_order)
{
    const std::string text(2'000, 'x');
    const auto claimed = job("acc1", "a");
    for (int i = 0; i < 200; ++i) {
        const std::string id = std::to_string(i);
        const std::string json =
            R"({"object":"Post","provider":"LINKEDIN","id":")" + id + R"(","text":")" + text + "\"}";
        engine->perform(unipile::store::test::one_post(claimed.job, id, json));
    }
    complete(claimed.job);
    close();
    for (const char* format : {"csv", "ndjson"}) {
        process p{UNIPILE_PROGRAM, {"export", "--store", folder.file(), "--format", format}, {}};
        BOOST_TEST(!p.read_line().empty());
        p.close_output();
        const finished f = p.wait();
        BOOST_TEST(f.code == 0, f.err);
        BOOST_TEST(f.err == "");
    }
}

BOOST_AUTO_TEST_CASE(the_name_of_an_output_says_its_format)
{
    add_post("acc1", "a", "LINKEDIN", "1", R"({"object":"Post","provider":"LINKEDIN","id":"1"})");
    close();
    const auto written = [&](const char* name, const strings& options = {}) {
        const std::string file = folder.file(name);
        strings all{"--output", file};
        all.insert(all.end(), options.begin(), options.end());
        const finished f = program("export", all);
        std::ifstream in{file};
        std::string line;
        std::getline(in, line);
        return f.code == 0 ? line.substr(0, 8) : f.err;
    };
    BOOST_TEST(written("posts.csv") == "provider");
    BOOST_TEST(written("posts.ndjson") == "{\"object");
    BOOST_TEST(written("posts.jsonl") == "{\"object");
    BOOST_TEST(written("other.csv", {"--format", "ndjson"}) == "{\"object");
    BOOST_TEST(has(written("posts.txt"), "--format is required"));
}

BOOST_AUTO_TEST_CASE(an_output_that_is_full_is_said)
{
    add_post("acc1", "a", "LINKEDIN", "1", R"({"object":"Post","provider":"LINKEDIN","id":"1"})");
    close();
    for (const strings& output : {strings{"--output", "/dev/full"}, strings{"--output", "-"}, strings{}}) {
        strings all{"export", "--store", folder.file(), "--format", "csv"};
        all.insert(all.end(), output.begin(), output.end());
        const finished f = process{UNIPILE_PROGRAM, all, {}, process::error_to::file, "/dev/full"}.wait();
        BOOST_TEST(f.code == 1);
        BOOST_TEST(f.err ==
                   "unipile: " + std::string{output.empty() || output[1] == "-" ? "standard output" : "/dev/full"} +
                       " can't be written: No space left on device\n");
    }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
