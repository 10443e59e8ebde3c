// `unipile export`: which posts, and how.
#include "program/output/unpacked.hpp"
#include "program/stored/made_store.hpp"

#include <fstream>
#include <iterator>
#include <map>
#include <random>
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

BOOST_AUTO_TEST_CASE(columns_are_chosen_by_name)
{
    add_post("acc1", "a", "LINKEDIN", "1",
             R"({"object":"Post","provider":"LINKEDIN","id":"1","author":{"id":"ACo1","name":"Ann"},"text":"=x",)"
             R"("title":"T","is_repost":true,"repost_id":"9","attachments":[{"type":"img"}]})",
             at_second(-60));
    close();
    const auto out = [&](const strings& options) { return program("export", options).out; };
    const std::string all = "author_id,title,text,is_repost,repost_id,attachments,changed,reactions,change";
    BOOST_TEST(out({"--format", "csv", "--columns", all}) ==
               all + "\r\nACo1,T,\"'=x\",true,9,1,2023-11-14T22:13:21Z,,\r\n");
    BOOST_TEST(out({"--format", "json-envelope", "--columns", all}) ==
               "{\"author_id\":\"ACo1\",\"title\":\"T\",\"text\":\"=x\",\"is_repost\":true,\"repost_id\":\"9\","
               "\"attachments\":1,\"changed\":\"2023-11-14T22:13:21Z\"}\n");
    BOOST_TEST(out({"--format", "json-envelope"}) ==
               "{\"provider\":\"LINKEDIN\",\"id\":\"1\",\"account\":\"acc1\",\"identifier\":\"a\","
               "\"published_at\":\"2023-11-14T22:12:20Z\",\"first_seen\":\"2023-11-14T22:13:21Z\","
               "\"last_seen\":\"2023-11-14T22:13:21Z\",\"changed\":\"2023-11-14T22:13:21Z\",\"gone\":false,\"post\":" +
                   out({"--format", "ndjson"}).substr(0, out({"--format", "ndjson"}).size() - 1) + "}\n");
    const finished wrong = program("export", {"--format", "csv", "--columns", "id,author_name"});
    BOOST_TEST(wrong.code == 2);
    BOOST_TEST(has(wrong.err, "--columns: there is no column author_name; there are change, provider, id,"), wrong.err);
    BOOST_TEST(program("export", {"--format", "ndjson", "--columns", "id"}).code == 2);
    BOOST_TEST(has(program("export", {"--format", "csv", "--columns", "id,id"}).err, "id comes twice"));
    BOOST_TEST(program("export", {"--what", "authors", "--format", "csv", "--columns", "url"}).code == 2);
}

BOOST_AUTO_TEST_CASE(tables_beside_posts)
{
    const auto media = [](const char* id, const char* expiry) {
        return std::string{R"({"object":"Post","provider":"LINKEDIN","id":")"} + id +
               R"(","author":{"id":"ACo1","name":"Ann )" + id +
               R"("},"reaction_counter":3,"attachments":[{"type":"img",)" + R"("id":"m","url":"https://x/)" + id +
               "\"" + expiry + "}]}";
    };
    add_post("acc1", "a", "LINKEDIN", "1", media("1", R"(,"url_expires_at":1800000000000)"), at_second(-60));
    add_post("acc1", "b", "LINKEDIN", "2", media("2", ""), at_second(-50));
    add_post("acc1", "c", "LINKEDIN", "3", media("3", R"(,"url_expires_at":1700000000)"), at_second(-70));
    add_post("acc2", "d", "INSTAGRAM", "4",
             R"({"object":"Post","provider":"INSTAGRAM","provider_id":"4","owner":{"id":"7","username":"carl"},)"
             R"("video":{"url":"https://x/4"},"like_count":9})");
    close();
    const auto out = [&](const char* what, const strings& options) {
        strings all{"--what", what};
        all.insert(all.end(), options.begin(), options.end());
        return program("export", all).out;
    };
    BOOST_TEST(out("media", {"--format", "csv", "--columns", "id,url,expires_at"}) ==
               "id,url,expires_at\r\n3,https://x/3,2023-11-14T22:13:20Z\r\n1,https://x/1,2027-01-15T08:00:00Z\r\n"
               "2,https://x/2,\r\n4,https://x/4,\r\n");
    BOOST_TEST(out("media", {"--identifier", "d"}) ==
               "{\"provider\":\"INSTAGRAM\",\"id\":\"4\",\"account\":\"acc2\",\"identifier\":\"d\",\"type\":\"video\","
               "\"url\":\"https://x/4\"}\n");
    BOOST_TEST(out("authors", {"--format", "csv"}) ==
               "provider,id,public_identifier,name,is_company,headline,posts,first_published,last_published\r\n"
               "INSTAGRAM,7,carl,carl,,,1,,\r\n"
               "LINKEDIN,ACo1,,Ann 2,,,3,2023-11-14T22:12:10Z,2023-11-14T22:12:30Z\r\n");
    BOOST_TEST(out("metrics", {"--format", "csv", "--columns", "id,reactions"}) ==
               "id,reactions\r\n1,3\r\n2,3\r\n3,3\r\n4,9\r\n");
    BOOST_TEST(out("quarantined", {"--format", "csv"}) == "account,identifier,company,seen,why,raw,raw_hex\r\n");
    for (const strings& bad :
         {strings{"metrics", "--account", "acc1"}, strings{"metrics", "--identifier", "a"},
          strings{"metrics", "--since", "2023-01-01"}, strings{"quarantined", "--until", "2023-01-01"},
          strings{"quarantined", "--without-gone"}}) {
        strings all{"--what"};
        all.insert(all.end(), bad.begin(), bad.end());
        const finished f = program("export", all);
        BOOST_TEST(f.code == 2, bad[1]);
        BOOST_TEST(has(f.err, bad[1] + ": --what " + bad[0] + " can't be divided by it"), f.err);
    }
}

BOOST_AUTO_TEST_CASE(changes_are_told_once_and_the_place_moves_behind_them)
{
    const auto json = [](const char* id, int likes) {
        return std::string{R"({"object":"Post","provider":"LINKEDIN","id":")"} + id + R"(","reaction_counter":)" +
               std::to_string(likes) + "}";
    };
    add_post("acc1", "a", "LINKEDIN", "1", json("1", 1));
    close();
    const std::string state = folder.file("state"), output = folder.file("new.csv");
    const auto load = [&](const strings& options = {}) {
        strings all{"--changes", "--state", state, "--columns", "change,id,reactions", "--output", output};
        all.insert(all.end(), options.begin(), options.end());
        const finished f = program("export", all);
        std::ifstream in{output};
        return f.err + std::string{std::istreambuf_iterator<char>{in}, {}};
    };
    BOOST_TEST(load() == "change,id,reactions\r\nnew,1,1\r\n");
    BOOST_TEST(load() == "change,id,reactions\r\n");
    const std::string token = lines_of(program("export", {"--changes"}).err).back().substr(6);
    BOOST_TEST(program("export", {"--changes", "--after", token}).out == "");
    engine = this->folder.open();
    add_post("acc1", "a", "LINKEDIN", "1", json("1", 2));
    add_post("acc1", "b", "LINKEDIN", "2", json("2", 1));
    close();
    // Where the output can't be written, the place stays.
    BOOST_TEST(program("export", {"--changes", "--state", state, "--output", "/dev/full"}).code == 1);
    {
        process p{UNIPILE_PROGRAM, {"export", "--store", folder.file(), "--changes", "--state", state}, {}};
        p.close_output();
        const finished f = p.wait();
        BOOST_TEST(f.code == 1);
        BOOST_TEST(has(f.err, "the place stays where it was"), f.err);
    }
    const finished again = program("export", {"--changes", "--after", token});
    BOOST_TEST(has(again.out, "{\"change\":\"counters\","), again.out);
    BOOST_TEST(has(again.out, "{\"change\":\"new\","), again.out);
    BOOST_TEST(has(again.err, "next: c1."), again.err);
    BOOST_TEST(load() == "change,id,reactions\r\ncounters,1,2\r\nnew,2,1\r\n");
    BOOST_TEST(load() == "change,id,reactions\r\n");
    // Wrong places, and what does not go with them.
    const finished wrong = program("export", {"--changes", "--after", "c1.x"});
    BOOST_TEST(wrong.code == 2);
    BOOST_TEST(has(wrong.err, "check the token"), wrong.err);
    for (const strings& bad : {strings{"--after", token}, strings{"--changes", "--account", "a"},
                               strings{"--changes", "--format", "ndjson"}, strings{"--state", state},
                               strings{"--changes", "--state", folder.file()}, strings{"--changes", "--state", "/"}})
        BOOST_TEST(program("export", bad).code == 2, bad[0] + ' ' + bad[1]);
}

// Posts come and change between exports, some of which fail.
BOOST_AUTO_TEST_CASE(all_exports_together_are_the_store)
{
    std::mt19937 dice{11};
    const std::string columns = "id,reactions,gone", state = folder.file("state"), output = folder.file("new.csv");
    std::map<std::string, std::string> loaded;
    for (int round = 0; round < 12; ++round) {
        if (!engine) engine = folder.open();
        for (int n = 0; n < 4; ++n) {
            const std::string id = std::to_string(dice() % 12);
            add_post("acc1", "i" + id, "LINKEDIN", id,
                     R"({"object":"Post","provider":"LINKEDIN","id":")" + id + R"(","reaction_counter":)" +
                         std::to_string(dice() % 9) + "}");
        }
        close();
        const bool fails = round % 3 == 1;
        const finished f = program("export", {"--changes", "--state", state, "--columns", columns, "--format", "csv",
                                              "--output", fails ? "/dev/full" : output});
        BOOST_TEST(f.code == (fails ? 1 : 0), f.err);
        if (fails) continue;
        std::ifstream in{output};
        strings lines = lines_of(std::string{std::istreambuf_iterator<char>{in}, {}});
        for (std::size_t i = 1; i < lines.size(); ++i) loaded[lines[i].substr(0, lines[i].find(','))] = lines[i];
    }
    std::map<std::string, std::string> stored;
    for (const std::string& line : lines_of(program("export", {"--format", "csv", "--columns", columns}).out))
        if (!line.starts_with("id,")) stored[line.substr(0, line.find(','))] = line;
    BOOST_TEST(stored.size() > 8u);
    BOOST_TEST((loaded == stored));
}

BOOST_AUTO_TEST_CASE(an_output_is_packed_and_divided_by_its_name)
{
    for (int i = 0; i < 30; ++i) {
        const std::string id = std::to_string(i);
        add_post("acc1", "i" + id, "LINKEDIN", id, R"({"object":"Post","provider":"LINKEDIN","id":")" + id + "\"}");
    }
    close();
    const auto content = [this](const std::string& name) {
        std::ifstream in{folder.file(name), std::ios::binary};
        return unpacked(name, std::string{std::istreambuf_iterator<char>{in}, {}});
    };
    const std::string plain = program("export", {"--format", "csv", "--columns", "id"}).out;
    for (const char* name : {"posts.csv.gz", "posts.csv.zst"}) {
        const finished f = program("export", {"--output", folder.file(name), "--columns", "id"});
        if (has(f.err, "built without zstd")) continue;
        BOOST_TEST(f.code == 0, f.err);
        BOOST_TEST(content(name) == plain);
    }
    // An earlier export had more files.
    for (int n = 1; n < 5; ++n) std::ofstream{folder.file("posts-000" + std::to_string(n) + ".csv")} << "old\n";
    BOOST_TEST(program("export", {"--output", folder.file("posts.csv"), "--columns", "id", "--rotate", "1gb"}).code ==
               0);
    BOOST_TEST(content("posts-0001.csv") == plain);
    BOOST_TEST(content("posts-0002.csv") == "");
    for (const std::string& output : {std::string{}, std::string{"-"}, folder.file("store.csv")}) {
        strings all{"--format", "csv", "--rotate", "1kb"};
        if (!output.empty()) all.insert(all.end(), {"--output", output});
        all.insert(all.end(), {"--changes", "--state", folder.file("store-7.csv")});
        BOOST_TEST(program("export", all).code == 2, output);
    }
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
