// The views for users of SQL: those that src/store/views.md promises, in its order, and their values.
#include "opened_store.hpp"
#include "support/printing.hpp"

#include <boost/test/unit_test.hpp>

#include <fstream>
#include <map>
#include <string>
#include <utility>
#include <vector>

using namespace unipile;
using namespace unipile::store;
using namespace unipile::store::test;

namespace {

struct described {
    std::string view, column, type;
    friend bool operator==(const described&, const described&) = default;
    friend std::ostream& operator<<(std::ostream& out, const described& d)
    {
        return out << d.view << '.' << d.column << ' ' << d.type;
    }
};

// The columns of the page: rows of tables below the headings of views.
std::vector<described> columns_of_the_page()
{
    std::ifstream page(UNIPILE_VIEWS_PAGE);
    std::vector<described> all;
    std::string line, view;
    while (std::getline(page, line)) {
        if (line.starts_with("## ")) view = line.substr(3);
        if (view.empty() || !line.starts_with("| ") || line.starts_with("| column")) continue;
        const auto second = line.find(" | ", 2), third = line.find(" | ", second + 3);
        all.push_back({view, line.substr(2, second - 2), line.substr(second + 3, third - second - 3)});
    }
    return all;
}

// The columns of the store. SQLite has no types of columns that are expressions: those stay empty.
std::vector<described> columns_of(const store_place& place)
{
    static const std::map<std::string, std::string> types{{"bigint", "integer"},
                                                          {"smallint", "integer"},
                                                          {"double precision", "real"},
                                                          {"timestamp with time zone", "time"},
                                                          {"jsonb", "json"}};
    std::vector<described> all;
    for (const char* view : {"posts_linkedin", "posts_instagram", "attachments", "jobs_view", "accounts_view"}) {
        const std::string query =
            store_place::is_sqlite
                ? "SELECT name, '' FROM pragma_table_info('" + std::string(view) + "') ORDER BY cid"
                : "SELECT attname, format_type(atttypid, NULL) FROM pg_attribute WHERE attrelid = 'unipile." +
                      std::string(view) + "'::regclass AND attnum > 0 ORDER BY attnum";
        place.rows(query, [&](const auto& row) {
            const auto at = types.find(row[1]);
            all.push_back({view, row[0], at == types.end() ? row[1] : at->second});
        });
    }
    return all;
}

// The values of a column in all rows, with commas between them.
std::string values_of(const store_place& place, const std::string& what)
{
    std::string all;
    place.rows("SELECT coalesce(CAST(" + what.substr(0, what.find(" FROM ")) + " AS text), 'null') " +
                   what.substr(what.find("FROM")),
               [&](const auto& row) { all += (all.empty() ? "" : ", ") + row[0]; });
    return all;
}

constexpr const char* linkedin = R"({"object":"Post","provider":"LINKEDIN","id":"7001","social_id":"urn:li:activity:1",
"text":"caf\u00e9 \ud83d\ude00","reaction_counter":12,"comment_counter":"7","repost_counter":99999999999999999999,
"is_repost":false,"author":{"id":"ACo1","name":"Ada","is_company":true},
"repost_content":{"id":"6","author":{"name":"Bob"}},"poll":{"question":"?","options":[{"id":"1","win":true}]},
"group":{"private":true},"analytics":{"impressions":5,"engagement_rate":0.25,"clickthrough_rate":1e400},
"permissions":null,"written_by":[],"mentions":{},
"attachments":[{"id":"a","type":"img","size":{"width":3,"height":4},"sticker":false,"url":"https://x/?e=1"},
{"id":"b","type":"video_meeting","starts_at":1700000000000,"time_range":1.5}]})";
constexpr const char* instagram = R"({"object":"Post","provider":"INSTAGRAM","provider_id":"i1","has_audio":true,
"like_count":3,"caption":{"text":"hello","created_at":1700000000},"owner":{"username":"u","is_private":false},
"location":{"name":"Oslo","lat":59,"lng":10.5},"video":{"width":640}})";
// What jsonb knows not.
constexpr const char* odd = R"({"object":"Post","provider":"LINKEDIN","id":"7002","title":"a\ud800b\udc00c",
"text":"x\u0000y","attachments":{"id":"no array"}})";

struct with_posts : opened {
    with_posts()
    {
        const auto listing = job("acc", "ada");
        page_write page = one_post(listing.job, "7001", linkedin);
        page.posts = {{"LINKEDIN", "7001", at_second(0), linkedin}};
        page.posts.push_back({"LINKEDIN", "7002", {}, odd});
        page.posts.push_back({"INSTAGRAM", "i1", {}, instagram});
        engine->perform(page);
        engine->commit();
    }
    std::string of(const std::string& what) const { return values_of(folder, what); }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(store_views)

BOOST_FIXTURE_TEST_CASE(the_page_has_the_columns_of_the_views_in_their_order, opened)
{
    std::vector<described> page = columns_of_the_page();
    BOOST_TEST(page.size() > 150u);
    if (store_place::is_sqlite)
        for (described& d : page) d.type.clear();
    BOOST_TEST(page == columns_of(folder), boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(fields_have_the_values_of_the_json, with_posts)
{
    const std::string p = " FROM posts_linkedin WHERE id = '7001'", yes = dialect("1", "true"),
                      no = dialect("0", "false");
    BOOST_TEST(of("text" + p) == "caf\xc3\xa9 \xf0\x9f\x98\x80");
    BOOST_TEST(of("reaction_counter" + p) == "12");
    BOOST_TEST(of("is_repost" + p) == no);
    BOOST_TEST(of("author_name" + p) == "Ada");
    BOOST_TEST(of("author_is_company" + p) == yes);
    BOOST_TEST(of("repost_content_author_name" + p) == "Bob");
    BOOST_TEST(of("group_is_private" + p) == yes);
    BOOST_TEST(of("analytics_impressions" + p) == "5");
    BOOST_TEST(of("analytics_engagement_rate" + p) == "0.25");
    BOOST_TEST(of(dialect("json_extract(poll_options, '$[0].id')", "poll_options -> 0 ->> 'id'") + p) == "1");
    const std::string i = " FROM posts_instagram";
    BOOST_TEST(of("provider_id" + i) == "i1");
    BOOST_TEST(of("has_audio" + i) == yes);
    BOOST_TEST(of("like_count" + i) == "3");
    BOOST_TEST(of("caption_text" + i) == "hello");
    BOOST_TEST(of("caption_created_at" + i) == "1700000000");
    BOOST_TEST(of("owner_is_private" + i) == no);
    BOOST_TEST(of("location_lat" + i) == dialect("59.0", "59"));
    BOOST_TEST(of("location_lng" + i) == "10.5");
    BOOST_TEST(of("video_width" + i) == "640");
    BOOST_TEST(of("count(*) FROM posts_linkedin") == "2");
}

BOOST_FIXTURE_TEST_CASE(a_value_of_another_type_is_null, with_posts)
{
    const std::string p = " FROM posts_linkedin WHERE id = '7001'";
    for (const char* column : {"comment_counter", "title", "permissions_can_react", "written_by_id", "mentions"})
        BOOST_TEST(of(column + p) == "null", column);
    if (!store_place::is_sqlite) {
        BOOST_TEST(of("repost_counter" + p) == "null");
        BOOST_TEST(of("analytics_clickthrough_rate" + p) == "null");
    }
}

BOOST_FIXTURE_TEST_CASE(attachments_have_their_places, with_posts)
{
    const std::string a = " FROM attachments ORDER BY post_id, place";
    BOOST_TEST(of("post_id" + a) == "7001, 7001");
    BOOST_TEST(of("place" + a) == "0, 1");
    BOOST_TEST(of("type" + a) == "img, video_meeting");
    BOOST_TEST(of("height" + a) == "4, null");
    BOOST_TEST(of("sticker" + a) == dialect("0, null", "false, null"));
    BOOST_TEST(of("time_range" + a) == "null, 1.5");
    BOOST_TEST(of("starts_at" + a) == "null, 1700000000000");
}

BOOST_FIXTURE_TEST_CASE(texts_that_the_database_cannot_have_do_not_end_a_query, with_posts)
{
    const std::string p = " FROM posts_linkedin WHERE id = '7002'";
    BOOST_TEST(of("id" + p) == "7002");
    BOOST_TEST(of("json" + p) == odd);
    if (!store_place::is_sqlite) {
        BOOST_TEST(of("title" + p) ==
                   "a\xef\xbf\xbd"
                   "b\xef\xbf\xbd"
                   "c");
        BOOST_TEST(of("text" + p) == "x\xef\xbf\xbdy");
    }
}

BOOST_FIXTURE_TEST_CASE(provenance_is_known, with_posts)
{
    const std::string p = " FROM posts_linkedin WHERE id = '7001'";
    BOOST_TEST(of("account" + p) == "acc");
    BOOST_TEST(of("identifier" + p) == "ada");
    BOOST_TEST(of("gone" + p) == "null");
    BOOST_TEST(of(dialect("published", "round(1000 * date_part('epoch', published))::bigint") + p) == "1700000000000");
    BOOST_TEST(of(dialect("first_seen", "round(1000 * date_part('epoch', first_seen))::bigint") + p) ==
               "1700000001000");
    BOOST_TEST(of(dialect("changed - first_seen", "round(date_part('epoch', changed - first_seen))::bigint") + p) ==
               "0");
    BOOST_TEST(of("state FROM jobs_view") == "queued");
    BOOST_TEST(of("identifier FROM jobs_view") == "ada");
    // All other listings of a post have to miss it, too.
    folder.sql(
        dialect("UPDATE sightings SET gone = 1700000005000", "UPDATE sightings SET gone = to_timestamp(1700000005)"));
    BOOST_TEST(of(dialect("gone", "round(1000 * date_part('epoch', gone))::bigint") + p) == "1700000005000");
}

BOOST_AUTO_TEST_SUITE_END()
