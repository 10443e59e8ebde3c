// The contract as tables: the fields of each object, and their readers.
#pragma once

#include "decode/field_table.hpp"
#include "decode/item_parser.hpp"

namespace unipile::decode {

using enum field_role;

template <class T, auto... Path>
const char* read_into(item_parser& parser, T& object, const char* p)
{
    return parser.read_at(p, (object.*....*Path));
}

/// The fields of an object. `number` identifies the table; `has_filled_id`, if present, states that the contract
/// forbids an empty `id`.
template <class T>
struct schema;

template <>
struct schema<author> {
    using t = author;
    static constexpr std::size_t number = 0;
    static constexpr unsigned nullable = required_field | nullable_field;
    static constexpr field_table table{std::array{
        field<t>{"id", read_into<t, &t::id>, content, nullable},
        field<t>{"public_identifier", read_into<t, &t::public_identifier>, content, nullable},
        field<t>{"name", read_into<t, &t::name>, content, nullable},
        field<t>{"is_company", read_into<t, &t::is_company>, content, required_field},
        field<t>{"headline", read_into<t, &t::headline>, content},
        field<t>{"profile_picture_url", read_into<t, &t::profile_picture_url>, link, foreign_field},
    }};
};

template <>
struct schema<written_by> {
    using t = written_by;
    static constexpr std::size_t number = 1;
    static constexpr field_table table{std::array{
        field<t>{"id", read_into<t, &t::id>, content, required_field},
        field<t>{"public_identifier", read_into<t, &t::public_identifier>, content, required_field},
        field<t>{"name", read_into<t, &t::name>, content, required_field},
    }};
};

template <>
struct schema<permissions> {
    using t = permissions;
    static constexpr std::size_t number = 2;
    static constexpr field_table table{std::array{
        field<t>{"can_react", read_into<t, &t::can_react>, content, required_field},
        field<t>{"can_share", read_into<t, &t::can_share>, content, required_field},
        field<t>{"can_post_comments", read_into<t, &t::can_post_comments>, content, required_field},
    }};
};

template <>
struct schema<repost_content> {
    using t = repost_content;
    static constexpr bool has_filled_id = true;
    static constexpr std::size_t number = 3;
    static constexpr field_table table{std::array{
        field<t>{"id", read_into<t, &t::id>, content, required_field},
        field<t>{"date", read_into<t, &t::date>, viewer, required_field},
        field<t>{"parsed_datetime", read_into<t, &t::parsed_datetime>, content, required_field},
        field<t>{"author", read_into<t, &t::author>, content, required_field, "repost_content.author"},
        field<t>{"text", read_into<t, &t::text>, content, required_field},
    }};
};

template <>
struct schema<poll_option> {
    using t = poll_option;
    static constexpr bool has_filled_id = true;
    static constexpr std::size_t number = 4;
    static constexpr field_table table{std::array{
        field<t>{"id", read_into<t, &t::id>, content, required_field},
        field<t>{"text", read_into<t, &t::text>, content, required_field},
        field<t>{"win", read_into<t, &t::win>, counter, required_field},
        field<t>{"votes_count", read_into<t, &t::votes_count>, counter, required_field},
    }};
};

template <>
struct schema<poll> {
    using t = poll;
    static constexpr bool has_filled_id = true;
    static constexpr std::size_t number = 5;
    static constexpr field_table table{std::array{
        field<t>{"id", read_into<t, &t::id>, content, required_field},
        field<t>{"total_votes_count", read_into<t, &t::total_votes_count>, counter, required_field},
        field<t>{"question", read_into<t, &t::question>, content, required_field},
        field<t>{"is_open", read_into<t, &t::is_open>, counter, required_field},
        field<t>{"options", read_into<t, &t::options>, content, required_field, "poll.options[]"},
    }};
};

template <>
struct schema<group> {
    using t = group;
    static constexpr std::size_t number = 6;
    static constexpr field_table table{std::array{
        field<t>{"id", read_into<t, &t::id>, content, required_field},
        field<t>{"name", read_into<t, &t::name>, content, required_field},
        field<t>{"private", read_into<t, &t::is_private>, content, required_field},
    }};
};

template <>
struct schema<analytics> {
    using t = analytics;
    static constexpr std::size_t number = 7;
    static constexpr field_table table{std::array{
        field<t>{"impressions", read_into<t, &t::impressions>, content, required_field},
        field<t>{"engagements", read_into<t, &t::engagements>, content, required_field},
        field<t>{"engagement_rate", read_into<t, &t::engagement_rate>, content, required_field},
        field<t>{"clicks", read_into<t, &t::clicks>, content, required_field},
        field<t>{"clickthrough_rate", read_into<t, &t::clickthrough_rate>, content, required_field},
        field<t>{"page_viewers_from_this_post", read_into<t, &t::page_viewers_from_this_post>, content},
        field<t>{"followers_gained_from_this_post", read_into<t, &t::followers_gained_from_this_post>, content},
        field<t>{"members_reached", read_into<t, &t::members_reached>, content},
    }};
};

template <>
struct schema<article> {
    using t = article;
    static constexpr std::size_t number = 8;
    static constexpr field_table table{std::array{
        field<t>{"id", read_into<t, &t::id>, content, foreign_field},
        field<t>{"url", read_into<t, &t::url>, content, foreign_field},
        field<t>{"title", read_into<t, &t::title>, content, foreign_field},
        field<t>{"author", read_into<t, &t::author>, content, foreign_field},
        field<t>{"picture_url", read_into<t, &t::picture_url>, link, foreign_field},
        field<t>{"published_at", read_into<t, &t::published_at>, content, foreign_field},
    }};
};

template <>
struct schema<mention> {
    using t = mention;
    static constexpr std::size_t number = 9;
    static constexpr field_table table{std::array{
        field<t>{"url", read_into<t, &t::url>, content, foreign_field},
        field<t>{"start", read_into<t, &t::start>, content, foreign_field},
        field<t>{"length", read_into<t, &t::length>, content, foreign_field},
    }};
};

template <>
struct schema<pixel_size> {
    using t = pixel_size;
    static constexpr std::size_t number = 10;
    static constexpr field_table table{std::array{
        field<t>{"width", read_into<t, &t::width>, content, required_field},
        field<t>{"height", read_into<t, &t::height>, content, required_field},
    }};
};

/// All kinds in one; the required fields are checked once the kind is known.
template <>
struct schema<attachment_fields> {
    using t = attachment_fields;
    static constexpr std::size_t number = 11;
    static constexpr unsigned nullable = nullable_field;
    static constexpr field_table table{std::array{
        field<t>{"type", read_into<t, &t::common, &attachment::type>, content, required_field},
        field<t>{"id", read_into<t, &t::common, &attachment::id>, content, required_field},
        field<t>{"unavailable", read_into<t, &t::common, &attachment::unavailable>, content, required_field},
        field<t>{"size", read_into<t, &t::size>, content, optional_field, "attachments[].size"},
        field<t>{"sticker", read_into<t, &t::sticker>, content},
        field<t>{"gif", read_into<t, &t::gif>, content},
        field<t>{"voice_note", read_into<t, &t::voice_note>, content},
        field<t>{"file_name", read_into<t, &t::file_name>, content},
        field<t>{"starts_at", read_into<t, &t::starts_at>, content, nullable},
        field<t>{"expires_at", read_into<t, &t::expires_at>, content, nullable},
        field<t>{"time_range", read_into<t, &t::time_range>, content, nullable},
        field<t>{"duration", read_into<t, &t::duration>, content},
        field<t>{"file_size", read_into<t, &t::common, &attachment::file_size>, content},
        field<t>{"mimetype", read_into<t, &t::common, &attachment::mimetype>, content},
        field<t>{"url", read_into<t, &t::common, &attachment::url>, link},
        field<t>{"url_expires_at", read_into<t, &t::common, &attachment::url_expires_at>, link},
    }};

    static consteval std::uint64_t bits(std::initializer_list<std::string_view> names)
    {
        std::uint64_t mask = 0;
        for (std::string_view name : names)
            for (int i = 0; i < table.size(); ++i)
                if (table[i].name == name) mask |= std::uint64_t{1} << i;
        return mask;
    }
};

template <>
struct schema<instagram_caption> {
    using t = instagram_caption;
    static constexpr std::size_t number = 12;
    static constexpr field_table table{std::array{
        field<t>{"edited", read_into<t, &t::edited>, content, required_field},
        field<t>{"has_translation", read_into<t, &t::has_translation>, content, required_field},
        field<t>{"created_at", read_into<t, &t::created_at>, content, required_field},
        field<t>{"text", read_into<t, &t::text>, content, required_field},
    }};
};

template <>
struct schema<instagram_media> {
    using t = instagram_media;
    static constexpr std::size_t number = 13;
    static constexpr field_table table{std::array{
        field<t>{"url", read_into<t, &t::url>, link, required_field},
        field<t>{"width", read_into<t, &t::width>, content, required_field},
        field<t>{"height", read_into<t, &t::height>, content, required_field},
    }};
};

template <>
struct schema<instagram_owner> {
    using t = instagram_owner;
    static constexpr std::size_t number = 14;
    static constexpr field_table table{std::array{
        field<t>{"id", read_into<t, &t::id>, content, required_field},
        field<t>{"username", read_into<t, &t::username>, content, required_field},
        field<t>{"profile_pic_url", read_into<t, &t::profile_pic_url>, link, required_field},
        field<t>{"is_verified", read_into<t, &t::is_verified>, content, required_field},
        field<t>{"is_private", read_into<t, &t::is_private>, content, required_field},
    }};
};

template <>
struct schema<instagram_location> {
    using t = instagram_location;
    static constexpr std::size_t number = 15;
    static constexpr field_table table{std::array{
        field<t>{"name", read_into<t, &t::name>, content, required_field},
        field<t>{"lat", read_into<t, &t::lat>, content, required_field},
        field<t>{"lng", read_into<t, &t::lng>, content, required_field},
    }};
};

template <auto Member>
constexpr field<item_fields> linkedin_field(std::string_view name, field_role role, unsigned flags = optional_field,
                                            std::string_view path = {})
{
    return {name, read_into<item_fields, &item_fields::linkedin, Member>, role, flags, path, of_linkedin};
}

template <auto Member>
constexpr field<item_fields> instagram_field(std::string_view name, field_role role, unsigned flags = optional_field,
                                             std::string_view path = {})
{
    return {name, read_into<item_fields, &item_fields::instagram, Member>, role, flags, path, of_instagram};
}

/// Both providers in one, since the provider may be the last field.
template <>
struct schema<item_fields> {
    using t = item_fields;
    static constexpr std::size_t number = 16;
    using li = linkedin_post;
    using ig = instagram_post;

    static constexpr unsigned required = required_field, nullable = required_field | nullable_field;
    static constexpr field_table table{std::array{
        field<t>{"object", read_into<t, &t::object>, content, required, {}, of_all},
        field<t>{"provider", read_into<t, &t::provider>, content, required, {}, of_all},
        linkedin_field<&li::id>("id", content, required),
        linkedin_field<&li::social_id>("social_id", content, required),
        linkedin_field<&li::share_url>("share_url", address, required),
        linkedin_field<&li::title>("title", content),
        linkedin_field<&li::text>("text", content, required),
        linkedin_field<&li::date>("date", viewer, required),
        linkedin_field<&li::parsed_datetime>("parsed_datetime", content, required),
        linkedin_field<&li::reaction_counter>("reaction_counter", counter, required),
        linkedin_field<&li::comment_counter>("comment_counter", counter, required),
        linkedin_field<&li::repost_counter>("repost_counter", counter, required),
        linkedin_field<&li::impressions_counter>("impressions_counter", own, required),
        linkedin_field<&li::is_repost>("is_repost", content, required),
        linkedin_field<&li::repost_id>("repost_id", content),
        linkedin_field<&li::repost_parsed_datetime>("repost_parsed_datetime", content, foreign_field),
        linkedin_field<&li::user_reacted>("user_reacted", viewer, foreign_field),
        linkedin_field<&li::author>("author", content, required, "author"),
        linkedin_field<&li::reposted_by>("reposted_by", content, optional_field, "reposted_by"),
        linkedin_field<&li::written_by>("written_by", content, optional_field, "written_by"),
        linkedin_field<&li::permissions>("permissions", viewer, required, "permissions"),
        linkedin_field<&li::repost_content>("repost_content", content, optional_field, "repost_content"),
        linkedin_field<&li::poll>("poll", content, optional_field, "poll"),
        linkedin_field<&li::group>("group", content, optional_field, "group"),
        linkedin_field<&li::analytics>("analytics", own, optional_field, "analytics"),
        linkedin_field<&li::article>("article", content, foreign_field, "article"),
        linkedin_field<&li::attachments>("attachments", media, required, "attachments[]"),
        linkedin_field<&li::mentions>("mentions", content, foreign_field, "mentions[]"),
        instagram_field<&ig::provider_id>("provider_id", content, required),
        instagram_field<&ig::has_audio>("has_audio", content, required),
        instagram_field<&ig::has_liked>("has_liked", viewer, required),
        instagram_field<&ig::like_count>("like_count", counter, required),
        instagram_field<&ig::comment_count>("comment_count", counter, required),
        instagram_field<&ig::like_and_view_counts_disabled>("like_and_view_counts_disabled", content, required),
        instagram_field<&ig::comments_disabled>("comments_disabled", content, nullable),
        instagram_field<&ig::accessibility_caption>("accessibility_caption", content, nullable),
        instagram_field<&ig::caption>("caption", content, optional_field, "caption"),
        instagram_field<&ig::video>("video", media, optional_field, "video"),
        instagram_field<&ig::preview_image>("preview_image", media, required, "preview_image"),
        instagram_field<&ig::owner>("owner", content, required, "owner"),
        instagram_field<&ig::location>("location", content, nullable, "location"),
    }};
};

/// All objects of the contract, each at the `number` of its schema.
template <class... T>
struct objects {
    static constexpr std::size_t size = sizeof...(T);
    static constexpr bool are_in_order = [] {
        std::size_t i = 0;
        return ((schema<T>::number == i++) && ...);
    }();
    /// Calls `f` with the rule of each field of each object.
    template <class F>
    static constexpr void for_each_rule(F f)
    {
        const auto visit = [&f](const auto& table) {
            for (int i = 0; i < table.size(); ++i) f(static_cast<const field_rule&>(table[i]));
        };
        (visit(schema<T>::table), ...);
    }
};
using all_objects = objects<author, written_by, permissions, repost_content, poll_option, poll, group, analytics,
                            article, mention, pixel_size, attachment_fields, instagram_caption, instagram_media,
                            instagram_owner, instagram_location, item_fields>;
static_assert(all_objects::are_in_order);

}  // namespace unipile::decode
