// `unipile export`: the contents of a store as lines.
#include "program/command.hpp"
#include "program/options/connection_options.hpp"
#include "program/output/json_lines.hpp"
#include "program/stored/store_view.hpp"
#include "program/terminal/json_object.hpp"
#include "program/terminal/safe_text.hpp"

#include <unipile/post.hpp>
#include <unipile/utf8.hpp>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace unipile::program {
namespace {

struct export_options {
    std::string file, format, output;
    std::string account, identifier, since, until;
    bool without_gone = false;
    bool quarantined = false;
};

store::post_filter make_filter(const export_options& o)
{
    store::post_filter filter;
    if (!o.account.empty()) filter.account = o.account;
    if (!o.identifier.empty()) filter.identifier = o.identifier;
    filter.since = read_time("--since", o.since);
    filter.until = read_time("--until", o.until);
    filter.undated = !filter.since && !filter.until;
    filter.gone = !o.without_gone;
    return filter;
}

/// The columns for spreadsheets; the NDJSON has all other fields.
constexpr std::string_view csv_header =
    "provider,id,account,identifier,published_at,first_seen,last_seen,gone,author,text,url,reactions,comments,reposts,"
    "impressions\r\n";

/// Returns true for the beginning of a formula in a spreadsheet, full-width forms included, and for characters that it
/// skips before one.
bool begins_formula(std::string_view value)
{
    static constexpr std::array<std::string_view, 11> beginnings{
        "=", "+", "-", "@", "\t", "\r", "\n", "\xef\xbc\x9d", "\xef\xbc\x8b", "\xef\xbc\x8d", "\xef\xbc\xa0"};
    return std::any_of(beginnings.begin(), beginnings.end(), [&](auto b) { return value.starts_with(b); });
}

class csv_row {
public:
    csv_row(std::string& out, bool for_terminal) : out_(out), for_terminal_(for_terminal) {}

    /// Adds a value, quoted as in RFC 4180. A text that a spreadsheet would take for a formula gets an apostrophe in
    /// front. Bytes that are not UTF-8 become U+FFFD, and NUL is left out; on a terminal, no characters with an effect
    /// on it remain.
    void add(std::string_view value)
    {
        const std::string text = for_terminal_ ? printable(value, std::string::npos) : plain_text(value);
        const bool formula = begins_formula(text);
        separate();
        if (!formula && text.find_first_of(",\"\r\n") == std::string::npos) {
            out_ += text;
            return;
        }
        out_ += '"';
        if (formula) out_ += '\'';
        for (const char c : text) {
            if (c == '"') out_ += '"';
            out_ += c;
        }
        out_ += '"';
    }
    void add_text(const std::optional<std::string_view>& value) { add(value.value_or(std::string_view{})); }
    void add_number(const std::optional<std::int64_t>& value)
    {
        separate();
        if (value) out_ += std::to_string(*value);
    }
    void end() { out_ += "\r\n"; }

private:
    void separate()
    {
        if (!std::exchange(first_, false)) out_ += ',';
    }

    std::string& out_;
    bool for_terminal_;
    bool first_ = true;
};

void add_linkedin(csv_row& row, const linkedin_post& p)
{
    row.add_text(p.author != nullptr ? p.author->name : std::nullopt);
    row.add_text(p.text);
    row.add_text(p.share_url);
    row.add_number(p.reaction_counter);
    row.add_number(p.comment_counter);
    row.add_number(p.repost_counter);
    row.add_number(p.impressions_counter);
}

void add_instagram(csv_row& row, const instagram_post& p)
{
    row.add_text(p.owner != nullptr ? p.owner->username : std::nullopt);
    row.add_text(p.caption != nullptr ? p.caption->text : std::nullopt);
    row.add(std::string_view{});
    row.add_number(p.like_count);
    row.add_number(p.comment_count);
    row.add(std::string_view{});
    row.add(std::string_view{});
}

void append_csv(std::string& out, const store::stored_post& p, bool for_terminal)
{
    csv_row row{out, for_terminal};
    row.add(p.provider);
    row.add(p.id);
    row.add(p.account);
    row.add(p.identifier);
    row.add(time_text(p.published));
    row.add(time_text(p.first_seen));
    row.add(time_text(p.last_seen));
    row.add(p.gone ? "true" : "false");
    const auto typed = post::parse(p.json);
    if (typed && typed->linkedin() != nullptr)
        add_linkedin(row, *typed->linkedin());
    else if (typed && typed->instagram() != nullptr)
        add_instagram(row, *typed->instagram());
    else
        for (int i = 0; i < 7; ++i) row.add(std::string_view{});
    row.end();
}

std::string hex(std::string_view bytes)
{
    constexpr std::string_view digits = "0123456789abcdef";
    std::string out;
    out.reserve(bytes.size() * 2);
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        out += digits[byte >> 4u];
        out += digits[byte & 15u];
    }
    return out;
}

/// Has the exact bytes twice if they are not UTF-8.
std::string quarantined_json(const store::job_spec& spec, const store::quarantined_row& row, wall_time seen)
{
    json_object out;
    out.add_text("account", spec.account);
    out.add_text("identifier", spec.identifier);
    out.add_flag("company", spec.is_company);
    out.add_text("seen", time_text(seen));
    out.add_text("why", row.why);
    out.add_text("raw", row.raw);
    if (!is_valid_utf8(row.raw)) out.add_text("raw_hex", hex(row.raw));
    return out.finish() + '\n';
}

/// Returns the format that the name of a file says; empty if it says none.
const char* format_named(const std::string& file)
{
    if (file.ends_with(".csv")) return "csv";
    return file.ends_with(".ndjson") || file.ends_with(".jsonl") ? "ndjson" : "";
}

int run_quarantined(const export_options& o)
{
    return view_store(o.file, o.output, [&o](store::post_reader& reader, blocking_output& out) {
        reader.quarantined([&](const store::job_spec& spec, const store::quarantined_row& row, wall_time seen) {
            const bool wanted = (o.account.empty() || spec.account == o.account) &&
                                (o.identifier.empty() || spec.identifier == o.identifier);
            return !wanted || out.write(quarantined_json(spec, row, seen));
        });
    });
}

int run_export(const export_options& o)
{
    return view_store(o.file, o.output, [&o](store::post_reader& reader, blocking_output& out) {
        store::post_filter filter = make_filter(o);
        filter.only_json = o.format != "csv";
        if (filter.only_json) {
            json_lines lines{out};
            reader.posts(filter, [&lines](const store::stored_post& p) { return lines.add(p.json); });
            return lines.finish();
        }
        out.write(csv_header);
        reader.posts(filter, [&out](const store::stored_post& p) {
            append_csv(out.collected(), p, out.is_terminal());
            return out.collected_more();
        });
    });
}

}  // namespace

void add_export(CLI::App& app, runner& run)
{
    CLI::App* command = app.add_subcommand("export", "Write the posts of a store as NDJSON or CSV");
    const auto o = std::make_shared<export_options>();
    command
        ->add_option("--store", o->file,
                     "The store that `unipile harvest` filled: a file, or the URL of a PostgreSQL database")
        ->type_name("STORE")
        ->required();
    CLI::Option* format =
        command
            ->add_option("--format", o->format,
                         "One post a line: its JSON as the server sent it, or the usual columns; without it, the name "
                         "of --output says it: .ndjson, .jsonl or .csv")
            ->type_name("ndjson|csv")
            ->check(CLI::IsMember({"ndjson", "csv"}));
    command->add_option("--account", o->account, "Only posts seen through this account");
    command->add_option("--identifier", o->identifier, "Only posts found in the listings of this identifier");
    CLI::Option* since =
        command
            ->add_option("--since", o->since, "Only posts published at this time or later; those without a time never")
            ->type_name("DATE");
    CLI::Option* until =
        command->add_option("--until", o->until, "Only posts published before this time; those without a time never")
            ->type_name("DATE");
    CLI::Option* without_gone =
        command->add_flag("--without-gone", o->without_gone, "Leave out posts that are gone from their listings");
    CLI::Option* quarantined =
        command->add_flag("--quarantined", o->quarantined,
                          "Instead of posts, the items that are no posts, as NDJSON: account, identifier, "
                          "company, seen, why and "
                          "raw, a text in which bytes that are no UTF-8 are U+FFFD; raw_hex has all bytes then");
    for (CLI::Option* other : {format, since, until, without_gone}) quarantined->excludes(other);
    command->add_option("--output", o->output, "Write to FILE, anew, instead of standard output")->type_name("FILE");
    command->footer(
        "CSV is for spreadsheets: a text that begins with = + - @, with their full-width forms, with a tab or with a "
        "line\n"
        "end gets an apostrophe in front, or a spreadsheet would take it for a formula. NUL characters are left out.\n"
        "NDJSON changes no text. On a terminal, control characters become visible escapes in both.");
    command->callback([&run, o] {
        if (o->format.empty()) o->format = format_named(o->output);
        if (o->format.empty() && !o->quarantined) throw CLI::RequiredError{"--format"};
        run = [o] { return o->quarantined ? run_quarantined(*o) : run_export(*o); };
    });
}

}  // namespace unipile::program
