// Both dialects are made from one table of columns. A value whose type is not that of its column is null, as in the
// typed fields of <unipile/post.hpp>.
#include "store/views.hpp"

#include <span>
#include <string_view>

namespace unipile::store {

namespace {

enum class column_type { text, integer, real, boolean, json };

// A field of the JSON; its path has dots between the names.
struct json_field {
    std::string_view name;
    column_type is;
    std::string_view path;
};

// A column that the tables have.
struct table_column {
    std::string_view name, sqlite, postgres;
};

struct view_shape {
    std::string_view name, provider;
    std::span<const table_column> columns;
    std::span<const json_field> fields;
    std::span<const table_column> last;  // behind the fields
    std::string_view json_in_sqlite, json_in_postgres;
    std::string_view sqlite, postgres;  // what the columns are of
    std::string_view postgres_elements;
};

constexpr table_column of_posts[] = {
    {"id", "p.id", "p.id"},
    {"published", "p.published", "p.published"},
    {"account", "j.account", "j.account"},
    {"identifier", "j.identifier", "j.identifier"},
    {"company", "j.company", "j.company"},
    {"first_seen", "p.first_seen", "p.first_seen"},
    {"last_seen",
     "max(f.last_seen, coalesce((SELECT max(s.last_seen) FROM sightings s WHERE s.post = p.post AND s.finder = 0), 0))",
     "greatest(f.last_seen, (SELECT max(s.last_seen) FROM unipile.sightings s WHERE s.id = p.id "
     "AND s.provider = p.provider AND NOT s.finder))"},
    {"changed", "iif(p.changed, p.changed, p.first_seen)", "p.changed"},
    {"gone",
     "iif(f.gone IS NOT NULL AND NOT EXISTS(SELECT 1 FROM sightings s WHERE s.post = p.post AND s.finder = 0 "
     "AND s.gone IS NULL), max(f.gone, coalesce((SELECT max(s.gone) FROM sightings s WHERE s.post = p.post "
     "AND s.finder = 0), 0)), NULL)",
     "CASE WHEN f.gone IS NOT NULL AND NOT EXISTS (SELECT 1 FROM unipile.sightings s WHERE s.id = p.id "
     "AND s.provider = p.provider AND NOT s.finder AND s.gone IS NULL) THEN greatest(f.gone, (SELECT max(s.gone) "
     "FROM unipile.sightings s WHERE s.id = p.id AND s.provider = p.provider AND NOT s.finder)) END"},
};
constexpr table_column json_of_posts[] = {{"json", "p.json", "p.body"}};

constexpr json_field of_linkedin[] = {
    {"social_id", column_type::text, "social_id"},
    {"share_url", column_type::text, "share_url"},
    {"title", column_type::text, "title"},
    {"text", column_type::text, "text"},
    {"date", column_type::text, "date"},
    {"parsed_datetime", column_type::text, "parsed_datetime"},
    {"reaction_counter", column_type::integer, "reaction_counter"},
    {"comment_counter", column_type::integer, "comment_counter"},
    {"repost_counter", column_type::integer, "repost_counter"},
    {"impressions_counter", column_type::integer, "impressions_counter"},
    {"is_repost", column_type::boolean, "is_repost"},
    {"repost_id", column_type::text, "repost_id"},
    {"repost_parsed_datetime", column_type::text, "repost_parsed_datetime"},
    {"user_reacted", column_type::text, "user_reacted"},
    {"author_id", column_type::text, "author.id"},
    {"author_public_identifier", column_type::text, "author.public_identifier"},
    {"author_name", column_type::text, "author.name"},
    {"author_is_company", column_type::boolean, "author.is_company"},
    {"author_headline", column_type::text, "author.headline"},
    {"author_profile_picture_url", column_type::text, "author.profile_picture_url"},
    {"reposted_by_id", column_type::text, "reposted_by.id"},
    {"reposted_by_public_identifier", column_type::text, "reposted_by.public_identifier"},
    {"reposted_by_name", column_type::text, "reposted_by.name"},
    {"reposted_by_is_company", column_type::boolean, "reposted_by.is_company"},
    {"reposted_by_headline", column_type::text, "reposted_by.headline"},
    {"reposted_by_profile_picture_url", column_type::text, "reposted_by.profile_picture_url"},
    {"written_by_id", column_type::text, "written_by.id"},
    {"written_by_public_identifier", column_type::text, "written_by.public_identifier"},
    {"written_by_name", column_type::text, "written_by.name"},
    {"permissions_can_react", column_type::boolean, "permissions.can_react"},
    {"permissions_can_share", column_type::boolean, "permissions.can_share"},
    {"permissions_can_post_comments", column_type::boolean, "permissions.can_post_comments"},
    {"repost_content_id", column_type::text, "repost_content.id"},
    {"repost_content_date", column_type::text, "repost_content.date"},
    {"repost_content_parsed_datetime", column_type::text, "repost_content.parsed_datetime"},
    {"repost_content_text", column_type::text, "repost_content.text"},
    {"repost_content_author_id", column_type::text, "repost_content.author.id"},
    {"repost_content_author_public_identifier", column_type::text, "repost_content.author.public_identifier"},
    {"repost_content_author_name", column_type::text, "repost_content.author.name"},
    {"repost_content_author_is_company", column_type::boolean, "repost_content.author.is_company"},
    {"repost_content_author_headline", column_type::text, "repost_content.author.headline"},
    {"repost_content_author_profile_picture_url", column_type::text, "repost_content.author.profile_picture_url"},
    {"poll_id", column_type::text, "poll.id"},
    {"poll_total_votes_count", column_type::integer, "poll.total_votes_count"},
    {"poll_question", column_type::text, "poll.question"},
    {"poll_is_open", column_type::boolean, "poll.is_open"},
    {"poll_options", column_type::json, "poll.options"},
    {"group_id", column_type::text, "group.id"},
    {"group_name", column_type::text, "group.name"},
    {"group_is_private", column_type::boolean, "group.private"},
    {"analytics_impressions", column_type::integer, "analytics.impressions"},
    {"analytics_engagements", column_type::integer, "analytics.engagements"},
    {"analytics_engagement_rate", column_type::real, "analytics.engagement_rate"},
    {"analytics_clicks", column_type::integer, "analytics.clicks"},
    {"analytics_clickthrough_rate", column_type::real, "analytics.clickthrough_rate"},
    {"analytics_page_viewers_from_this_post", column_type::integer, "analytics.page_viewers_from_this_post"},
    {"analytics_followers_gained_from_this_post", column_type::integer, "analytics.followers_gained_from_this_post"},
    {"analytics_members_reached", column_type::integer, "analytics.members_reached"},
    {"article_id", column_type::text, "article.id"},
    {"article_url", column_type::text, "article.url"},
    {"article_title", column_type::text, "article.title"},
    {"article_author", column_type::text, "article.author"},
    {"article_picture_url", column_type::text, "article.picture_url"},
    {"article_published_at", column_type::text, "article.published_at"},
    {"mentions", column_type::json, "mentions"},
};

constexpr json_field of_instagram[] = {
    {"provider_id", column_type::text, "provider_id"},
    {"has_audio", column_type::boolean, "has_audio"},
    {"has_liked", column_type::boolean, "has_liked"},
    {"like_count", column_type::integer, "like_count"},
    {"comment_count", column_type::integer, "comment_count"},
    {"like_and_view_counts_disabled", column_type::boolean, "like_and_view_counts_disabled"},
    {"comments_disabled", column_type::boolean, "comments_disabled"},
    {"accessibility_caption", column_type::text, "accessibility_caption"},
    {"caption_edited", column_type::boolean, "caption.edited"},
    {"caption_has_translation", column_type::boolean, "caption.has_translation"},
    {"caption_created_at", column_type::integer, "caption.created_at"},
    {"caption_text", column_type::text, "caption.text"},
    {"video_url", column_type::text, "video.url"},
    {"video_width", column_type::integer, "video.width"},
    {"video_height", column_type::integer, "video.height"},
    {"preview_image_url", column_type::text, "preview_image.url"},
    {"preview_image_width", column_type::integer, "preview_image.width"},
    {"preview_image_height", column_type::integer, "preview_image.height"},
    {"owner_id", column_type::text, "owner.id"},
    {"owner_username", column_type::text, "owner.username"},
    {"owner_profile_pic_url", column_type::text, "owner.profile_pic_url"},
    {"owner_is_verified", column_type::boolean, "owner.is_verified"},
    {"owner_is_private", column_type::boolean, "owner.is_private"},
    {"location_name", column_type::text, "location.name"},
    {"location_lat", column_type::real, "location.lat"},
    {"location_lng", column_type::real, "location.lng"},
};

constexpr table_column of_attachments[] = {
    {"post_id", "p.id", "p.id"},
    {"published", "p.published", "p.published"},
    {"first_seen", "p.first_seen", "p.first_seen"},
    {"changed", "iif(p.changed, p.changed, p.first_seen)", "p.changed"},
    {"place", "e.key", "e.n - 1"},
};
constexpr json_field in_attachments[] = {
    {"id", column_type::text, "id"},
    {"type", column_type::text, "type"},
    {"file_size", column_type::integer, "file_size"},
    {"unavailable", column_type::boolean, "unavailable"},
    {"mimetype", column_type::text, "mimetype"},
    {"url", column_type::text, "url"},
    {"url_expires_at", column_type::integer, "url_expires_at"},
    {"width", column_type::integer, "size.width"},
    {"height", column_type::integer, "size.height"},
    {"sticker", column_type::boolean, "sticker"},
    {"gif", column_type::boolean, "gif"},
    {"duration", column_type::real, "duration"},
    {"voice_note", column_type::boolean, "voice_note"},
    {"file_name", column_type::text, "file_name"},
    {"starts_at", column_type::integer, "starts_at"},
    {"expires_at", column_type::integer, "expires_at"},
    {"time_range", column_type::real, "time_range"},
};
constexpr table_column json_of_attachments[] = {{"json", "e.value", "e.a"}};

constexpr std::string_view sqlite_posts =
    "posts p LEFT JOIN jobs j ON j.job = p.job LEFT JOIN sightings f ON f.job = p.job AND f.post = p.post";

// `jsonb` knows neither NUL nor half a surrogate pair: U+FFFD takes their place. The offset keeps the text from being
// read once a column.
constexpr std::string_view parsed_body =
    " CROSS JOIN LATERAL (SELECT (CASE WHEN position('\\u' IN p.body) > 0 THEN regexp_replace(p.body, "
    "'\\\\u0000|\\\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\\\u[dD][c-fC-F])|"
    "(?<!\\\\u[dD][89abAB][0-9a-fA-F]{2})\\\\u[dD][c-fC-F][0-9a-fA-F]{2}', '\\\\ufffd', 'g') ELSE p.body END)"
    "::jsonb AS doc OFFSET 0) b";
constexpr std::string_view postgres_posts =
    "unipile.posts p LEFT JOIN unipile.jobs j ON j.bucket = p.bucket AND j.job = p.job "
    "LEFT JOIN unipile.sightings f ON f.bucket = p.bucket AND f.job = p.job AND f.id = p.id "
    "AND f.provider = p.provider";
constexpr std::string_view sqlite_attachments =
    "posts p JOIN json_each(iif(json_type(p.json, '$.attachments') = 'array', p.json, '[]'), '$.attachments') e";
constexpr std::string_view postgres_attachments =
    " CROSS JOIN LATERAL jsonb_array_elements(CASE WHEN jsonb_typeof(b.doc -> 'attachments') = 'array' "
    "THEN b.doc -> 'attachments' ELSE '[]'::jsonb END) WITH ORDINALITY AS e(a, n)";

constexpr view_shape views_of_posts[] = {
    {"posts_linkedin",
     "LINKEDIN",
     of_posts,
     of_linkedin,
     json_of_posts,
     "p.json",
     "b.doc",
     sqlite_posts,
     postgres_posts,
     {}},
    {"posts_instagram",
     "INSTAGRAM",
     of_posts,
     of_instagram,
     json_of_posts,
     "p.json",
     "b.doc",
     sqlite_posts,
     postgres_posts,
     {}},
    {"attachments", "LINKEDIN", of_attachments, in_attachments, json_of_attachments, "e.value", "e.a",
     sqlite_attachments, "unipile.posts p", postgres_attachments},
};

// Those that the views `job` and `account` have too, under names that do not change.
constexpr std::string_view jobs_columns =
    "account, identifier, company, run, state, due, end_reason, failure, failure_type, posts, pages, requests, whole, "
    "suspect, harvested, tried";
constexpr std::string_view accounts_columns =
    "account, provider, parked, parked_since, waits_until, why, requests, used_today, updated, ";

std::string in_sqlite(const json_field& f, std::string_view json)
{
    const std::string where = "(" + std::string(json) + ", '$." + std::string(f.path) + "')";
    const std::string is = "json_type" + where, value = "json_extract" + where;
    switch (f.is) {
        case column_type::text: return "iif(" + is + " = 'text', " + value + ", NULL)";
        case column_type::integer: return "iif(" + is + " = 'integer', " + value + ", NULL)";
        case column_type::real: return "iif(" + is + " IN ('integer', 'real'), CAST(" + value + " AS REAL), NULL)";
        case column_type::boolean: return "iif(" + is + " IN ('true', 'false'), " + value + ", NULL)";
        case column_type::json: return "iif(" + is + " = 'array', " + value + ", NULL)";
    }
    return {};
}

std::string in_postgres(const json_field& f, std::string_view json)
{
    std::string path(f.path);
    for (char& c : path)
        if (c == '.') c = ',';
    const std::string value = std::string(json) + " #> '{" + path + "}'";
    const std::string text = std::string(json) + " #>> '{" + path + "}'";
    const auto if_type = [&](const char* name, const std::string& then) {
        return "CASE WHEN jsonb_typeof(" + value + ") = '" + name + "' THEN " + then + " END";
    };
    // Texts of numbers have no exponents. A condition of its own comes first where the text may be no number.
    const auto if_number = [&](const char* pattern, const char* name) {
        return if_type("number", "CASE WHEN (" + text + ") ~ '" + pattern + "' THEN (" + text + ")::" + name + " END");
    };
    switch (f.is) {
        case column_type::text: return if_type("string", text);
        case column_type::integer: return if_number("^-?[0-9]{1,18}$", "bigint");
        case column_type::real: return if_number("^-?[0-9]{1,255}([.][0-9]{1,255})?$", "double precision");
        case column_type::boolean: return if_type("boolean", "(" + value + ")::boolean");
        case column_type::json: return if_type("array", value);
    }
    return {};
}

std::string begin_of(std::string_view view, sql_dialect dialect)
{
    std::string s = dialect == sql_dialect::sqlite ? "CREATE VIEW " : "CREATE OR REPLACE VIEW unipile.";
    return s.append(view).append(" AS SELECT ");
}

std::string statement_of(const view_shape& v, sql_dialect dialect)
{
    const bool sqlite = dialect == sql_dialect::sqlite;
    std::string s = begin_of(v.name, dialect);
    auto add = [&, first = true](const std::string& value, std::string_view name) mutable {
        if (!first) s += ",\n    ";
        first = false;
        s += value + " AS " + std::string(name);
    };
    for (const table_column& c : v.columns) add(std::string(sqlite ? c.sqlite : c.postgres), c.name);
    for (const json_field& f : v.fields)
        add(sqlite ? in_sqlite(f, v.json_in_sqlite) : in_postgres(f, v.json_in_postgres), f.name);
    for (const table_column& c : v.last) add(std::string(sqlite ? c.sqlite : c.postgres), c.name);
    s += "\nFROM ";
    if (sqlite)
        s += v.sqlite;
    else
        s.append(v.postgres).append(parsed_body).append(v.postgres_elements);
    return s.append(" WHERE p.provider = '").append(v.provider).append("'");
}

}  // namespace

std::vector<std::string> view_statements(sql_dialect dialect)
{
    std::vector<std::string> all;
    for (const view_shape& v : views_of_posts) all.push_back(statement_of(v, dialect));
    const bool sqlite = dialect == sql_dialect::sqlite;
    all.push_back(
        begin_of("jobs_view", dialect).append(jobs_columns).append(sqlite ? " FROM job" : " FROM unipile.job"));
    all.push_back(begin_of("accounts_view", dialect)
                      .append(accounts_columns)
                      .append("unpark AS unpark_requested FROM ")
                      .append(sqlite ? "accounts" : "unipile.accounts"));
    return all;
}

}  // namespace unipile::store
