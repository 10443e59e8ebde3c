// Instagram posts as in the contract, and code that both providers share.
#include "simulator/generate.hpp"
#include "simulator/phrases.hpp"

#include <unipile/simulator/fault.hpp>

namespace unipile::simulator {
namespace {

std::string media_url(rng& random, std::string_view kind)
{
    std::string url = "https://scontent-cdg4-2.cdninstagram.com/";
    url += kind;
    url += "/t51.29350-15/";
    append_number(url, random.between(100'000'000, 999'999'999));
    url += "_";
    append_number(url, random.between(10'000'000'000'000'000, 99'999'999'999'999'999));
    url += "_n.jpg?stp=dst-jpg_e35_p1080x1080_tt6&efg=eyJ2ZW5jb2RlX3RhZyI6";
    append_token(url, random, 60);
    url += "&_nc_ht=scontent-cdg4-2.cdninstagram.com&_nc_cat=101&_nc_oc=Q6cZ2QE";
    append_token(url, random, 56);
    url += "&_nc_ohc=";
    append_token(url, random, 26);
    url += "&edm=AP4sbd4BAAAA&ccb=7-5&oh=00_AfX";
    append_token(url, random, 36);
    url += "&oe=";
    append_number(url, random.between(10'000'000, 99'999'999));
    return url;
}

void write_media(json_writer& out, rng& random, std::string_view name)
{
    if (!out.begin_object(name)) return;
    out.text("url", media_url(random, name == "video" ? "o1/v" : "v"));
    out.number("width", random.between(2, 15) * 90);
    out.number("height", random.between(2, 15) * 128);
    out.end_object();
}

void write_caption(json_writer& out, rng& random, std::int64_t time)
{
    if (!out.begin_object("caption")) return;
    std::string text;
    const auto length = random.between(120, 900);
    append_text(text, random, length / 2);
    if (out.deviates(lone_surrogates)) text += "\\ud83c";
    if (out.deviates(invalid_utf8)) text += "\xfe";
    append_text(text, random, length / 2);
    out.boolean("edited", random.below(5) == 0);
    out.boolean("has_translation", random.below(3) == 0);
    out.number("created_at", time / 1000);
    out.text("text", text);
    out.end_object();
}

void write_owner(json_writer& out, rng& random, const person& owner)
{
    if (!out.begin_object("owner")) return;
    out.text("id", owner.id);
    out.text("username", owner.public_identifier);
    out.text("profile_pic_url", media_url(random, "v"));
    out.boolean("is_verified", owner.hash % 5 == 0);
    out.boolean("is_private", owner.hash % 7 == 0);
    out.end_object();
}

void write_location(json_writer& out, rng& random)
{
    if (random.below(3) == 0) {
        if (!out.begin_object("location")) return;
        out.text("name", place(random.next()));
        out.real("lat", static_cast<double>(random.below(180'000'000)) / 1e6 - 90);
        out.real("lng", static_cast<double>(random.below(360'000'000)) / 1e6 - 180);
        out.end_object();
    } else {
        out.null("location");
    }
}

}  // namespace

void write_instagram_post(json_writer& out, const post_request& post)
{
    const auto hash = mix(post.owner.seed, 0x1257a, post.serial);
    rng random(hash);
    const auto time = post.owner.time_of(post.serial);
    out.begin_item();
    out.identity("object", "Post");
    out.identity("provider", out.deviates(unknown_provider) ? "THREADS" : "INSTAGRAM");
    const auto id = post_id(post.owner, post.serial);
    out.identity("provider_id", id);
    if (out.deviates(unknown_provider)) out.identity("id", id);
    out.boolean("has_audio", hash % 4 == 0);
    out.boolean("has_liked", mix(hash, post.viewer.hash) % 3 == 0);
    out.number("like_count", random.below(90'000) + 3 * post.revision);
    out.number("comment_count", random.below(1'200) + post.revision);
    out.boolean("like_and_view_counts_disabled", hash % 9 == 0);
    if (hash % 6 == 0)
        out.null("comments_disabled");
    else
        out.boolean("comments_disabled", hash % 5 == 0);
    if (hash % 3 == 0)
        out.null("accessibility_caption");
    else
        out.text("accessibility_caption",
                 "Photo by \\\"Zoë\\\" in São Paulo. May be an image of 2 people, 食べ物 and text.");
    if (hash % 13 != 0) write_caption(out, random, time);
    if (hash % 4 == 0) write_media(out, random, "video");
    write_media(out, random, "preview_image");
    write_owner(out, random, post.owner.who);
    write_location(out, random);
    if (out.deviates(unknown_fields)) {
        out.raw("carousel_media", R"([{"kind":"IMAGE","url":"https://example.com/1.jpg"},{"kind":"VIDEO"}])");
        out.text("shortcode", "DAbC_dEfGhI");
    }
    if (out.deviates(duplicate_keys)) out.boolean("has_audio", hash % 2 == 0);
    if (out.deviates(broken_items)) out.raw("broken", hash % 2 ? "nul" : "+1");
    out.end_item();
}

std::string post_id(const traits& owner, std::uint64_t serial)
{
    const auto time = static_cast<std::uint64_t>(owner.time_of(serial));
    const auto hash = mix(owner.seed, 0x1d, serial);
    if (owner.provider == provider::linkedin) return std::to_string(time << 22 | (hash & 0x3fffff));
    constexpr std::uint64_t instagram_epoch = 1'314'220'021'721;
    return std::to_string((time - instagram_epoch) << 23 | (hash & 0x7fffff)) + '_' + owner.who.id;
}

void write_post(json_writer& out, const post_request& post)
{
    out.deviate(post.deviations, mix(post.owner.seed, 0xd1ce, post.serial));
    if (post.owner.provider == provider::linkedin)
        write_linkedin_post(out, post);
    else
        write_instagram_post(out, post);
    out.deviate(0, 0);
}

}  // namespace unipile::simulator
