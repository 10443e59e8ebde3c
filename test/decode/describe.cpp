#include "describe.hpp"

#include <sstream>

namespace unipile::test {
namespace {

class writer {
public:
    std::string text() const { return out_.str(); }

    void line(std::string_view name, std::string_view value) { out_ << indent_ << name << " = " << value << '\n'; }

    template <class T>
    void field(std::string_view name, const std::optional<T>& value)
    {
        out_ << indent_ << name << " = ";
        if (value)
            out_ << std::boolalpha << *value << '\n';
        else
            out_ << "(empty)\n";
    }

    template <class T, class... Others>
    void fields(std::string_view name, const std::optional<T>& value, const Others&... others)
    {
        field(name, value);
        if constexpr (sizeof...(others) > 0) fields(others...);
    }

    template <class T>
    void object(std::string_view name, const T* value)
    {
        out_ << indent_ << name << (value ? "\n" : " = (null)\n");
        if (value) nested([&] { write(*value); });
    }

    template <class T>
    void list(std::string_view name, std::span<const T> values)
    {
        for (const T& value : values) object(name, &value);
    }

    void write(const author& a)
    {
        fields("public_identifier", a.public_identifier, "id", a.id, "name", a.name, "is_company", a.is_company,
               "headline", a.headline, "profile_picture_url", a.profile_picture_url);
    }
    void write(const written_by& w) { fields("id", w.id, "public_identifier", w.public_identifier, "name", w.name); }
    void write(const permissions& p)
    {
        fields("can_react", p.can_react, "can_share", p.can_share, "can_post_comments", p.can_post_comments);
    }
    void write(const repost_content& r)
    {
        fields("id", r.id, "date", r.date, "parsed_datetime", r.parsed_datetime, "text", r.text);
        object("author", r.author);
    }
    void write(const poll_option& o) { fields("id", o.id, "text", o.text, "win", o.win, "votes_count", o.votes_count); }
    void write(const poll& p)
    {
        fields("id", p.id, "total_votes_count", p.total_votes_count, "question", p.question, "is_open", p.is_open);
        list("options", p.options);
    }
    void write(const group& g) { fields("id", g.id, "name", g.name, "private", g.is_private); }
    void write(const analytics& a)
    {
        fields("impressions", a.impressions, "engagements", a.engagements, "engagement_rate", a.engagement_rate,
               "clicks", a.clicks, "clickthrough_rate", a.clickthrough_rate, "page_viewers_from_this_post",
               a.page_viewers_from_this_post, "followers_gained_from_this_post", a.followers_gained_from_this_post,
               "members_reached", a.members_reached);
    }
    void write(const mention& m) { fields("url", m.url, "start", m.start, "length", m.length); }
    void write(const article& a)
    {
        fields("id", a.id, "url", a.url, "title", a.title, "author", a.author, "picture_url", a.picture_url,
               "published_at", a.published_at);
    }
    void write(const pixel_size& s) { fields("width", s.width, "height", s.height); }
    void write(const unknown_attachment&) { line("kind", "unknown"); }
    void write(const linkedin_post_attachment&) { line("kind", "linkedin_post"); }
    void write(const image_attachment& a)
    {
        line("kind", "image");
        object("size", a.size ? &*a.size : nullptr);
        field("sticker", a.sticker);
    }
    void write(const video_attachment& a)
    {
        line("kind", "video");
        object("size", a.size ? &*a.size : nullptr);
        field("gif", a.gif);
    }
    void write(const audio_attachment& a)
    {
        line("kind", "audio");
        fields("duration", a.duration, "voice_note", a.voice_note);
    }
    void write(const file_attachment& a)
    {
        line("kind", "file");
        field("file_name", a.file_name);
    }
    void write(const video_meeting_attachment& a)
    {
        line("kind", "video_meeting");
        fields("starts_at", a.starts_at, "expires_at", a.expires_at, "time_range", a.time_range);
    }
    void write(const attachment& a)
    {
        fields("id", a.id, "type", a.type, "file_size", a.file_size, "unavailable", a.unavailable, "mimetype",
               a.mimetype, "url", a.url, "url_expires_at", a.url_expires_at);
        line("json", a.json);
        std::visit([&](const auto& details) { write(details); }, a.details);
    }
    void write(const linkedin_post& p)
    {
        fields("id", p.id, "social_id", p.social_id, "share_url", p.share_url, "title", p.title, "text", p.text, "date",
               p.date, "parsed_datetime", p.parsed_datetime, "reaction_counter", p.reaction_counter, "comment_counter",
               p.comment_counter, "repost_counter", p.repost_counter, "impressions_counter", p.impressions_counter,
               "is_repost", p.is_repost, "repost_id", p.repost_id, "repost_parsed_datetime", p.repost_parsed_datetime,
               "user_reacted", p.user_reacted);
        object("author", p.author);
        object("reposted_by", p.reposted_by);
        object("written_by", p.written_by);
        object("permissions", p.permissions);
        object("repost_content", p.repost_content);
        object("poll", p.poll);
        object("group", p.group);
        object("analytics", p.analytics);
        object("article", p.article);
        list("attachments", p.attachments);
        list("mentions", p.mentions);
    }
    void write(const instagram_caption& c)
    {
        fields("edited", c.edited, "has_translation", c.has_translation, "created_at", c.created_at, "text", c.text);
    }
    void write(const instagram_media& m) { fields("url", m.url, "width", m.width, "height", m.height); }
    void write(const instagram_owner& o)
    {
        fields("id", o.id, "username", o.username, "profile_pic_url", o.profile_pic_url, "is_verified", o.is_verified,
               "is_private", o.is_private);
    }
    void write(const instagram_location& l) { fields("name", l.name, "lat", l.lat, "lng", l.lng); }
    void write(const instagram_post& p)
    {
        fields("provider_id", p.provider_id, "has_audio", p.has_audio, "has_liked", p.has_liked, "like_count",
               p.like_count, "comment_count", p.comment_count, "like_and_view_counts_disabled",
               p.like_and_view_counts_disabled, "comments_disabled", p.comments_disabled, "accessibility_caption",
               p.accessibility_caption);
        object("caption", p.caption);
        object("video", p.video);
        object("preview_image", p.preview_image);
        object("owner", p.owner);
        object("location", p.location);
    }
    void write(const post& p)
    {
        line("json", p.json());
        line("provider", to_string(p.provider()));
        line("provider_name", p.provider_name());
        line("id", p.id());
        std::optional<std::int64_t> time;
        if (p.published_at()) time = p.published_at()->time_since_epoch().count();
        field("published_at", time);
        object("linkedin", p.linkedin());
        object("instagram", p.instagram());
        line("utf8", p.is_utf8() ? "yes" : "no");
        for (const std::string& a : anomalies_of(p)) line("anomaly", a);
    }

private:
    template <class F>
    void nested(F&& f)
    {
        indent_ += "  ";
        f();
        indent_.resize(indent_.size() - 2);
    }

    std::ostringstream out_;
    std::string indent_;
};

}  // namespace

std::vector<std::string> anomalies_of(const post& p)
{
    std::vector<std::string> all;
    for (const anomaly& a : p.anomalies()) all.push_back(std::string(to_string(a.kind)) + ' ' + a.path());
    return all;
}

std::string describe(const post& p)
{
    writer w;
    w.write(p);
    return w.text();
}

std::vector<post> posts_of(decode::page_decoder& decoder)
{
    std::vector<post> posts;
    for (const auto& item : decoder.items())
        if (const auto* p = item.as_post()) posts.push_back(*p);
    return posts;
}

std::string decode_pieces(const std::vector<std::string_view>& pieces, const size_limits& limits, bool strict)
{
    decode::page_decoder decoder(limits, strict);
    boost::system::error_code error;
    for (std::string_view piece : pieces) {
        error = decoder.write(piece);
        if (error) break;
    }
    if (const auto at_end = decoder.finish(); !error) error = at_end;
    std::ostringstream out;
    out << "error " << error.message() << '\n';
    for (const auto& item : decoder.items())
        if (const auto* p = item.as_post())
            out << "item " << item.index << '\n' << describe(*p);
        else
            out << "quarantined " << item.index << ' ' << item.as_quarantined()->why << ": "
                << item.as_quarantined()->raw << '\n';
    if (error) return out.str();
    const decode::page_end& end = decoder.end();
    out << "end " << end.items << " cursor " << static_cast<int>(end.kind) << ' ' << end.cursor << " pages "
        << end.page_count.value_or(-1) << '\n';
    for (const anomaly& a : end.anomalies) out << a << '\n';
    return out.str();
}

}  // namespace unipile::test
