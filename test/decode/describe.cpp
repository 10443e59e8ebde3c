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
        field("public_identifier", a.public_identifier);
        field("id", a.id);
        field("name", a.name);
        field("is_company", a.is_company);
        field("headline", a.headline);
        field("profile_picture_url", a.profile_picture_url);
    }
    void write(const written_by& w)
    {
        field("id", w.id);
        field("public_identifier", w.public_identifier);
        field("name", w.name);
    }
    void write(const permissions& p)
    {
        field("can_react", p.can_react);
        field("can_share", p.can_share);
        field("can_post_comments", p.can_post_comments);
    }
    void write(const repost_content& r)
    {
        field("id", r.id);
        field("date", r.date);
        field("parsed_datetime", r.parsed_datetime);
        field("text", r.text);
        object("author", r.author);
    }
    void write(const poll_option& o)
    {
        field("id", o.id);
        field("text", o.text);
        field("win", o.win);
        field("votes_count", o.votes_count);
    }
    void write(const poll& p)
    {
        field("id", p.id);
        field("total_votes_count", p.total_votes_count);
        field("question", p.question);
        field("is_open", p.is_open);
        list("option", p.options);
    }
    void write(const group& g)
    {
        field("id", g.id);
        field("name", g.name);
        field("private", g.is_private);
    }
    void write(const analytics& a)
    {
        field("impressions", a.impressions);
        field("engagements", a.engagements);
        field("engagement_rate", a.engagement_rate);
        field("clicks", a.clicks);
        field("clickthrough_rate", a.clickthrough_rate);
        field("page_viewers_from_this_post", a.page_viewers_from_this_post);
        field("followers_gained_from_this_post", a.followers_gained_from_this_post);
        field("members_reached", a.members_reached);
    }
    void write(const mention& m)
    {
        field("url", m.url);
        field("start", m.start);
        field("length", m.length);
    }
    void write(const article& a)
    {
        field("id", a.id);
        field("url", a.url);
        field("title", a.title);
        field("author", a.author);
        field("picture_url", a.picture_url);
        field("published_at", a.published_at);
    }
    void write(const pixel_size& s)
    {
        field("width", s.width);
        field("height", s.height);
    }
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
        field("duration", a.duration);
        field("voice_note", a.voice_note);
    }
    void write(const file_attachment& a)
    {
        line("kind", "file");
        field("file_name", a.file_name);
    }
    void write(const video_meeting_attachment& a)
    {
        line("kind", "video_meeting");
        field("starts_at", a.starts_at);
        field("expires_at", a.expires_at);
        field("time_range", a.time_range);
    }
    void write(const attachment& a)
    {
        field("id", a.id);
        field("type", a.type);
        field("file_size", a.file_size);
        field("unavailable", a.unavailable);
        field("mimetype", a.mimetype);
        field("url", a.url);
        field("url_expires_at", a.url_expires_at);
        line("json", a.json);
        std::visit([&](const auto& details) { write(details); }, a.details);
    }
    void write(const linkedin_post& p)
    {
        field("id", p.id);
        field("social_id", p.social_id);
        field("share_url", p.share_url);
        field("title", p.title);
        field("text", p.text);
        field("date", p.date);
        field("parsed_datetime", p.parsed_datetime);
        field("reaction_counter", p.reaction_counter);
        field("comment_counter", p.comment_counter);
        field("repost_counter", p.repost_counter);
        field("impressions_counter", p.impressions_counter);
        field("is_repost", p.is_repost);
        field("repost_id", p.repost_id);
        field("repost_parsed_datetime", p.repost_parsed_datetime);
        field("user_reacted", p.user_reacted);
        object("author", p.author);
        object("reposted_by", p.reposted_by);
        object("written_by", p.written_by);
        object("permissions", p.permissions);
        object("repost_content", p.repost_content);
        object("poll", p.poll);
        object("group", p.group);
        object("analytics", p.analytics);
        object("article", p.article);
        list("attachment", p.attachments);
        list("mention", p.mentions);
    }
    void write(const instagram_caption& c)
    {
        field("edited", c.edited);
        field("has_translation", c.has_translation);
        field("created_at", c.created_at);
        field("text", c.text);
    }
    void write(const instagram_media& m)
    {
        field("url", m.url);
        field("width", m.width);
        field("height", m.height);
    }
    void write(const instagram_owner& o)
    {
        field("id", o.id);
        field("username", o.username);
        field("profile_pic_url", o.profile_pic_url);
        field("is_verified", o.is_verified);
        field("is_private", o.is_private);
    }
    void write(const instagram_location& l)
    {
        field("name", l.name);
        field("lat", l.lat);
        field("lng", l.lng);
    }
    void write(const instagram_post& p)
    {
        field("provider_id", p.provider_id);
        field("has_audio", p.has_audio);
        field("has_liked", p.has_liked);
        field("like_count", p.like_count);
        field("comment_count", p.comment_count);
        field("like_and_view_counts_disabled", p.like_and_view_counts_disabled);
        field("comments_disabled", p.comments_disabled);
        field("accessibility_caption", p.accessibility_caption);
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

std::string decode_pieces(const std::vector<std::string_view>& pieces, const size_limits& limits, bool strict)
{
    decode::page_decoder decoder(limits, strict);
    boost::system::error_code error;
    for (std::string_view piece : pieces)
        if ((error = decoder.write(piece))) break;
    if (const auto at_end = decoder.finish(); !error) error = at_end;
    std::ostringstream out;
    out << "error " << error.message() << '\n';
    for (std::size_t i = 0; i < decoder.ready().size(); ++i)
        out << "item " << decoder.ready_index().at(i) << '\n' << describe(decoder.ready()[i]);
    for (const decode::quarantined_item& item : decoder.quarantined())
        out << "quarantined " << item.index << ' ' << item.why << ": " << item.raw << '\n';
    if (error) return out.str();
    const decode::page_end& end = decoder.end();
    out << "end " << end.items << " cursor " << static_cast<int>(end.kind) << ' ' << end.cursor << " pages "
        << end.page_count.value_or(-1) << '\n';
    for (const anomaly& a : end.anomalies) out << a << '\n';
    return out.str();
}

}  // namespace unipile::test
