#include "program/export/tables.hpp"

#include "program/stored/drift.hpp"

#include <unipile/post.hpp>
#include <unipile/utf8.hpp>

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <utility>

namespace unipile::program {
namespace {

using std::string_view;

constexpr std::array<string_view, 7> names_of_metrics{"provider", "id",      "at",         "reactions",
                                                      "comments", "reposts", "impressions"};

/// The counters of each post over time.
void read_metrics(store::post_reader& reader, const store::post_filter&, const row_taker& take)
{
    reader.counters([&take](const store::counted_post& p) {
        const store::post_counters& c = p.counters;
        const std::array<cell, names_of_metrics.size()> row{p.provider,
                                                            p.id,
                                                            p.at,
                                                            cell_of(c.reactions),
                                                            cell_of(c.comments),
                                                            cell_of(c.reposts),
                                                            cell_of(c.impressions)};
        return take(row, 0);
    });
}

constexpr std::array<string_view, 12> names_of_media{"provider",    "id",   "account",    "identifier",
                                                     "attachment",  "type", "mimetype",   "size",
                                                     "unavailable", "url",  "expires_at", "url_expires_at"};

/// The unit is not documented: from 10^14 on it is taken for microseconds, from 10^11 on for milliseconds, and for
/// seconds below.
std::optional<wall_time> expiry_of(const std::optional<std::int64_t>& sent)
{
    using std::chrono::milliseconds;
    constexpr std::int64_t least_milliseconds = 100'000'000'000, least_microseconds = 1'000 * least_milliseconds;
    if (!sent || *sent <= 0) return std::nullopt;
    if (*sent >= least_microseconds) return wall_time{milliseconds{*sent / 1'000}};
    return wall_time{milliseconds{*sent >= least_milliseconds ? *sent : *sent * 1'000}};
}

/// Media whose expiry is not known come last.
std::int64_t key_of(const std::optional<wall_time>& expiry)
{
    return expiry ? std::int64_t{expiry->time_since_epoch().count()} : std::numeric_limits<std::int64_t>::max();
}

bool take_attachments(const store::stored_post& p, const linkedin_post& typed, const row_taker& take)
{
    return std::all_of(typed.attachments.begin(), typed.attachments.end(), [&](const attachment& a) {
        const auto expiry = expiry_of(a.url_expires_at);
        const std::array<cell, names_of_media.size()> row{p.provider,
                                                          p.id,
                                                          p.account,
                                                          p.identifier,
                                                          cell_of(a.id),
                                                          cell_of(a.type),
                                                          cell_of(a.mimetype),
                                                          cell_of(a.file_size),
                                                          cell_of(a.unavailable),
                                                          cell_of(a.url),
                                                          cell_of(expiry),
                                                          cell_of(a.url_expires_at)};
        return take(row, key_of(expiry));
    });
}

bool take_pictures(const store::stored_post& p, const instagram_post& typed, const row_taker& take)
{
    const auto add = [&](string_view type, const instagram_media* m) {
        if (m == nullptr) return true;
        const std::array<cell, names_of_media.size()> row{p.provider, p.id,   p.account, p.identifier, cell{},
                                                          type,       cell{}, cell{},    cell{},       cell_of(m->url),
                                                          cell{},     cell{}};
        return take(row, key_of(std::nullopt));
    };
    return add("video", typed.video) && add("preview_image", typed.preview_image);
}

/// Attachments, those that expire soonest first.
void read_media(store::post_reader& reader, const store::post_filter& filter, const row_taker& take)
{
    reader.posts(filter, [&take](const store::stored_post& p) {
        const auto typed = post::parse(p.json);
        if (!typed) return true;
        if (typed->linkedin() != nullptr) return take_attachments(p, *typed->linkedin(), take);
        return typed->instagram() == nullptr || take_pictures(p, *typed->instagram(), take);
    });
}

constexpr std::array<string_view, 9> names_of_authors{
    "provider", "id",    "public_identifier", "name",          "is_company",
    "headline", "posts", "first_published",   "last_published"};

struct author_entry {
    std::string public_identifier, name, headline;
    std::optional<bool> is_company;
    std::int64_t posts = 0;
    std::optional<wall_time> first, last;

    /// What was published last says how the author is called now.
    void note(const std::optional<wall_time>& published, const std::optional<string_view>& identifier,
              const std::optional<string_view>& called, const std::optional<string_view>& headed,
              const std::optional<bool>& company)
    {
        if (posts++ == 0 || (published && (!last || *published >= *last))) {
            public_identifier = identifier.value_or(string_view{});
            name = called.value_or(string_view{});
            headline = headed.value_or(string_view{});
            is_company = company;
        }
        if (!published) return;
        first = first ? std::min(*first, *published) : *published;
        last = last ? std::max(*last, *published) : *published;
    }
};
using author_map = std::map<std::pair<std::string, std::string>, author_entry>;

void note_author(author_map& authors, const store::stored_post& p)
{
    const auto typed = post::parse(p.json);
    if (!typed) return;
    const auto entry = [&](const std::optional<string_view>& id) -> author_entry& {
        return authors[{std::string{p.provider}, std::string{id.value_or(string_view{})}}];
    };
    if (const linkedin_post* li = typed->linkedin(); li != nullptr && li->author != nullptr) {
        const author& a = *li->author;
        entry(a.id).note(p.published, a.public_identifier, a.name, a.headline, a.is_company);
    }
    if (const instagram_post* ig = typed->instagram(); ig != nullptr && ig->owner != nullptr)
        entry(ig->owner->id).note(p.published, ig->owner->username, ig->owner->username, {}, {});
}

/// The authors of posts, by their ids. Keeps all in memory.
void read_authors(store::post_reader& reader, const store::post_filter& filter, const row_taker& take)
{
    author_map authors;
    reader.posts(filter, [&authors](const store::stored_post& p) {
        note_author(authors, p);
        return true;
    });
    const auto text = [](const std::string& t) { return t.empty() ? cell{} : cell{string_view{t}}; };
    for (const auto& [key, a] : authors) {
        const std::array<cell, names_of_authors.size()> row{
            string_view{key.first}, text(key.second), text(a.public_identifier), text(a.name),   cell_of(a.is_company),
            text(a.headline),       a.posts,          cell_of(a.first),          cell_of(a.last)};
        if (!take(row, 0)) return;
    }
}

constexpr std::array<string_view, 7> names_of_quarantined{"account", "identifier", "company", "seen",
                                                          "why",     "raw",        "raw_hex"};

std::string hex(string_view bytes)
{
    constexpr string_view digits = "0123456789abcdef";
    std::string out;
    out.reserve(bytes.size() * 2);
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        out += digits[byte >> 4u];
        out += digits[byte & 15u];
    }
    return out;
}

/// Items that are no posts. Those that are not UTF-8 have their exact bytes, too.
void read_quarantined(store::post_reader& reader, const store::post_filter& filter, const row_taker& take)
{
    reader.quarantined([&](const store::job_spec& spec, const store::quarantined_row& item, wall_time seen) {
        if ((filter.account && spec.account != *filter.account) ||
            (filter.identifier && spec.identifier != *filter.identifier))
            return true;
        const std::string bytes = is_valid_utf8(item.raw) ? std::string{} : hex(item.raw);
        const std::array<cell, names_of_quarantined.size()> row{string_view{spec.account},
                                                                string_view{spec.identifier},
                                                                spec.is_company,
                                                                seen,
                                                                string_view{item.why},
                                                                string_view{item.raw},
                                                                bytes.empty() ? cell{} : cell{string_view{bytes}}};
        return take(row, 0);
    });
}

constexpr std::array<string_view, 6> names_of_unknown{"provider", "field", "posts", "of", "id", "sample"};

/// Fields that this program does not know. Keeps them in memory, which is bounded.
void read_unknown(store::post_reader& reader, const store::post_filter& filter, const row_taker& take)
{
    const drift found = read_drift(reader, filter);
    for (const deviation& d : found.all) {
        if (d.kind != unknown_kind) continue;
        const std::array<cell, names_of_unknown.size()> row{string_view{d.provider},
                                                            string_view{d.field},
                                                            static_cast<std::int64_t>(d.posts),
                                                            static_cast<std::int64_t>(found.posts.at(d.provider)),
                                                            string_view{d.id},
                                                            string_view{d.sample}};
        if (!take(row, 0)) return;
    }
}

constexpr std::array all_tables{
    table{"metrics", names_of_metrics, choosable::nothing, false, read_metrics},
    table{"media", names_of_media, choosable::posts, true, read_media},
    table{"authors", names_of_authors, choosable::posts, false, read_authors},
    table{"quarantined", names_of_quarantined, choosable::listings, false, read_quarantined},
    table{"unknown-fields", names_of_unknown, choosable::posts, false, read_unknown},
};

}  // namespace

std::span<const table> tables() noexcept { return all_tables; }

}  // namespace unipile::program
